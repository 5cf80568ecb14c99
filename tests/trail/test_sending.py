"""Subscribers that do I/O: a lease instead of a lock, and the outcome afterwards."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import OperationalError, connection, transaction

from accounts.trail.models import Delivery
from tests.trail import handlers
from tests.trail.conftest import NOW, drain, in_thread, news, states, tell
from tests.trail.test_applying import CRASH, PROJECT

AFTER_THE_LEASE = NOW + timedelta(seconds=120)


def letters(count, **more):
    return tell(*(news("letter.due", number, **more) for number in range(count)))


def sent() -> list[int]:
    return [subject_id for batch in handlers.calls for subject_id in batch]


def test_letters_are_sent_in_batches_with_no_transaction_open_and_once(committed_db):
    letters(120)
    assert drain("sending") == 120
    assert [len(batch) for batch in handlers.calls] == [50, 50, 20]
    assert sent() == list(range(120))
    assert drain("sending", AFTER_THE_LEASE) == 0
    assert set(Delivery.objects.values_list("state", "leased_until")) == {("DONE", None)}


def test_nothing_is_locked_while_the_socket_is_open(committed_db):
    letters(3)

    def look(_events):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_thread, lock_all).result(timeout=10)

    def lock_all():
        with transaction.atomic():
            assert len(Delivery.objects.select_for_update(nowait=True)) == 3

    handlers.during.append(look)
    assert drain("sending") == 3


def test_what_is_leased_is_nobody_elses_until_the_lease_ends(committed_db):
    letters(60)
    inside, go_on = threading.Event(), threading.Event()

    def hold(_events):
        if len(handlers.calls) == 1:
            inside.set()
            assert go_on.wait(10)

    handlers.during.append(hold)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_thread, drain, "sending")
        assert inside.wait(10)
        assert drain("sending") == 10
        assert drain("sending", NOW + timedelta(seconds=59)) == 0
        assert drain("sending", AFTER_THE_LEASE) == 50
        go_on.set()
        first.result(timeout=10)
    assert sent() == [*range(50), *range(50, 60), *range(50)]
    assert set(states("sending")) == {"DONE"}


def test_a_lease_from_before_the_clock_was_set_back_holds_nothing_up(committed_db):
    letters(2)
    Delivery.objects.filter(event__subject_id=0).update(leased_until=NOW + timedelta(hours=1))
    assert drain("sending") == 2


def test_what_was_written_by_a_clock_that_is_ahead_is_due_at_once(committed_db):
    letters(2)
    Delivery.objects.filter(event__subject_id=0).update(due_at=NOW + timedelta(hours=1))
    Delivery.objects.filter(event__subject_id=1).update(due_at=NOW + timedelta(hours=1), attempts=1)
    assert drain("sending") == 1  # the other one was put off
    assert sent() == [0]


def test_one_letter_that_fails_is_parked_and_the_others_are_marked(committed_db):
    tell(*(news("letter.due", n, **({"trouble": "raises"} if n == 7 else {})) for n in range(20)))
    assert drain("sending") == 19
    failed = Delivery.objects.exclude(state="DONE").get()
    assert (failed.event.subject_id, failed.attempts, failed.leased_until) == (7, 1, None)
    drain("sending", NOW + timedelta(seconds=1))
    drain("sending", NOW + timedelta(seconds=6))
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("PARKED", 3)


def test_a_database_that_fails_after_the_sending_sends_again_and_blames_nobody(committed_db):
    """So a sender writes down what it is about to send, and sends it under the same name again."""
    letters(2)

    def fail_once(_events):
        if len(handlers.calls) == 1:
            raise OperationalError("server closed the connection unexpectedly")

    handlers.during.append(fail_once)
    assert drain("sending") == 2
    assert handlers.calls == [[0, 1], [0, 1]]
    assert set(Delivery.objects.values_list("state", "attempts")) == {("DONE", 0)}


def test_letters_of_a_process_that_is_killed_are_sent_when_its_lease_has_ended(committed_db):
    letters(5)
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    program = "from django.conf import settings; settings.SUBSCRIPTIONS = 'tests.trail.handlers.SUBSCRIPTIONS'"
    crash = CRASH.format(where="before the mark").replace('"applying"', '"sending"')
    process = subprocess.run(
        [sys.executable, "-c", program + crash],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert drain("sending") == 0
    assert set(states("sending")) == {"WAITING"}
    assert drain("sending", AFTER_THE_LEASE) == 5


def test_pages_of_one_subject_are_sent_in_order(committed_db):
    tell(*(news("page.due", subject_id, page=page) for page in range(3) for subject_id in (1, 2)))
    order = []
    handlers.during.append(lambda events: order.extend((each.subject_id, each.payload["page"]) for each in events))
    assert drain("sending in order") == 6
    assert order == [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (2, 2)]


def test_a_page_that_is_committed_late_is_not_sent_beside_a_later_one(committed_db):
    """The later one is leased: the earlier, which nobody could see then, waits for its end."""
    late, _ = tell(news("page.due", 1), news("page.due", 1))
    later = Delivery.objects.exclude(event=late).get()
    Delivery.objects.filter(id=later.id).update(leased_until=NOW + timedelta(seconds=60))
    assert drain("sending in order") == 0
    assert drain("sending in order", AFTER_THE_LEASE) == 2
