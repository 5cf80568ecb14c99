import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from accounts.parties.models import Party
from accounts.trail import delivery
from accounts.trail.models import Delivery
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.errors import Forbidden, InvalidTransition, NotFound
from tests.trail import handlers
from tests.trail.conftest import NOW, drain, handled, in_thread, news, states, tell, until

PROJECT = Path(__file__).resolve().parents[2]


def test_what_is_due_is_handed_over_in_batches_and_done_once(committed_db):
    events = tell(*(news("thing.booked", number) for number in range(450)))
    assert drain("applying") == 450
    assert [len(batch) for batch in handlers.calls] == [200, 200, 50]
    assert handled() == [event.id for event in events]
    assert set(states("applying")) == {"DONE"}
    assert drain("applying") == 0
    assert len(handled()) == 450


def test_who_hears_of_payments_for_one_purpose_has_nothing_of_others(committed_db):
    cheques = ({"purpose": "RENT"}, {"purpose": "WAGES"}, {})
    tell(*(news("cheque.written", number, **facts) for number, facts in enumerate(cheques)))
    assert [row.event.subject_id for row in Delivery.objects.filter(subscriber="for one purpose")] == [0]
    assert drain("for one purpose") == 1


def test_what_was_put_off_waits(committed_db):
    tell(news("thing.booked"))
    Delivery.objects.filter(subscriber="applying").update(due_at=NOW, last_error="put off")
    assert drain("applying", NOW - timedelta(seconds=1)) == 0
    assert drain("applying", NOW) == 1


@pytest.mark.parametrize("trouble", ["raises", "breaks a deferred constraint", "breaks the transaction"])
def test_one_failing_event_of_two_hundred_is_parked_and_all_others_are_done(committed_db, trouble):
    events = tell(*(news("thing.booked", n, **({"trouble": trouble} if n == 77 else {})) for n in range(200)))
    good = [event.id for event in events if event.subject_id != 77]

    assert drain("applying") == 199
    assert sorted(handled()) == good
    failed = Delivery.objects.get(event=events[77])
    assert (failed.state, failed.attempts, failed.due_at) == ("WAITING", 1, NOW + timedelta(seconds=1))
    # Halving two hundred down to one: the whole, then two halves of each that failed.
    assert len(handlers.calls) <= 17

    assert drain("applying", NOW + timedelta(seconds=1)) == 0
    assert drain("applying", NOW + timedelta(seconds=6)) == 0
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("PARKED", 3)
    assert failed.last_error
    assert drain("applying", NOW + timedelta(days=1)) == 0
    assert sorted(handled()) == good
    assert states("applying").count("DONE") == 199


def test_a_whole_batch_that_fails_does_not_hold_back_the_next(committed_db):
    tell(*(news("bit.done", n, **({"trouble": "raises"} if n < 10 else {})) for n in range(13)))
    assert drain("few at a time") == 3


def test_a_deferred_constraint_speaks_before_anything_is_marked(committed_db):
    (event,) = tell(news("thing.booked", trouble="breaks a deferred constraint"))
    drain("applying")
    row = Delivery.objects.get(event=event)
    assert (row.state, row.attempts) == ("WAITING", 1)
    assert "IntegrityError" in row.last_error
    assert handled() == []


def test_a_deadlock_retries_the_whole_batch_and_counts_against_nobody(committed_db):
    """Made for real: the handler and another connection lock two rows in opposite orders."""
    first, second = (
        Party.objects.create(kind="BANK", name=f"{number}", country="NL", created_at=NOW) for number in (-1, -2)
    )
    events = tell(*(news("thing.booked", number) for number in range(20)))
    other_has_second, worker_has_first = threading.Event(), threading.Event()
    turns = []

    def lock(party):
        Party.objects.select_for_update().get(id=party.id)

    def cross(_events):
        turns.append(len(_events))
        if len(turns) == 1:
            lock(first)
            worker_has_first.set()
            assert other_has_second.wait(10)
            lock(second)

    def other():
        with transaction.atomic():
            lock(second)
            other_has_second.set()
            assert worker_has_first.wait(10)
            try:
                with transaction.atomic():
                    lock(first)
            except OperationalError:
                return "victim"
        return "survivor"

    handlers.during.append(cross)
    with ThreadPoolExecutor(1) as pool:
        rival = pool.submit(in_thread, other)
        assert drain("applying") == 20
        outcome = rival.result(timeout=20)

    # PostgreSQL chooses whom it cancels; where it was the worker, the whole batch came again.
    assert turns == ([20] if outcome == "victim" else [20, 20])
    assert set(Delivery.objects.values_list("state", "attempts")) == {("DONE", 0)}
    assert sorted(each for each in handled() if each > 0) == [event.id for event in events]


def test_a_connection_that_is_cut_counts_against_nobody(committed_db):
    events = tell(*(news("thing.booked", number) for number in range(5)))

    def cut(_events):
        if len(handlers.calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE; SELECT pg_terminate_backend(pg_backend_pid())")

    handlers.during.append(cut)
    assert drain("applying") == 5
    assert [len(batch) for batch in handlers.calls] == [5, 5]
    assert set(Delivery.objects.values_list("state", "attempts")) == {("DONE", 0)}
    assert handled() == [event.id for event in events]


def test_a_database_that_goes_on_failing_pauses_the_batch_without_using_up_a_try(committed_db):
    tell(*(news("thing.booked", number) for number in range(5)))

    def refuse(_events):
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no lock' USING ERRCODE = '55P03'; END $$")

    handlers.during.append(refuse)
    assert drain("applying") == 0
    assert [len(batch) for batch in handlers.calls] == [5] * 6
    assert set(Delivery.objects.values_list("state", "attempts", "due_at")) == {
        ("WAITING", 0, NOW + timedelta(seconds=5))
    }
    handlers.during.clear()
    assert drain("applying", NOW + timedelta(seconds=5)) == 5


def test_two_workers_share_the_work_and_neither_waits_for_the_other(committed_db):
    events = tell(*(news("thing.booked", number) for number in range(300)))
    inside, go_on = threading.Event(), threading.Event()

    def hold(_events):
        if len(handlers.calls) == 1:
            inside.set()
            assert go_on.wait(10)

    handlers.during.append(hold)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(in_thread, drain, "applying")
        assert inside.wait(10)
        # While the first two hundred are locked by the other, this worker takes what is left, and does not spin.
        assert drain("applying") == 100
        assert [len(batch) for batch in handlers.calls] == [200, 100]
        go_on.set()
        assert first.result(timeout=10) == 200
    assert sorted(handled()) == [event.id for event in events]


# Crashes

CRASH = """
import django; django.setup()
from django.db import connection
from tests.trail.conftest import NOW
from accounts.trail import delivery
from tests.trail import handlers
import os, signal
if {where!r} == "before the mark":
    handlers.during.append(lambda events: os.kill(os.getpid(), signal.SIGKILL))
else:
    def stop(ids, now):
        mark(ids, now)
        os.kill(os.getpid(), signal.SIGKILL)
    mark, delivery._mark_done = delivery._mark_done, stop
delivery.drain("applying", NOW)
"""


@pytest.mark.parametrize("where", ["before the mark", "between the mark and the commit"])
def test_work_of_a_process_that_is_killed_happens_exactly_once(committed_db, where):
    events = tell(*(news("thing.booked", number) for number in range(20)))
    database = connection.settings_dict
    url = "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}?application_name=killed".format(**database)
    program = "from django.conf import settings; settings.SUBSCRIPTIONS = 'tests.trail.handlers.SUBSCRIPTIONS'"
    process = subprocess.run(
        [sys.executable, "-c", program + CRASH.format(where=where)],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()

    until(lambda: not _sessions_of("killed"))
    assert handled() == []
    assert drain("applying") == 20
    assert handled() == [event.id for event in events]


def _sessions_of(application: str) -> int:
    """How many the server still holds open: it notices the end of a process a moment later."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [application])
        return cursor.fetchone()[0]


# Sweep and operators


def test_the_sweep_wakes_whoever_has_work_that_is_due(committed_db, woken):
    tell(news("thing.done"), news("letter.due"))
    Delivery.objects.filter(subscriber="listening").update(due_at=NOW + timedelta(seconds=9), last_error="put off")
    Delivery.objects.filter(subscriber="sending").update(leased_until=NOW + timedelta(seconds=60))
    woken.clear()
    assert delivery.sweep(NOW) == ["applying"]
    assert woken == ["applying"]
    assert delivery.sweep(NOW + timedelta(seconds=10)) == ["applying", "listening"]
    assert delivery.sweep(NOW + timedelta(seconds=61)) == ["applying", "listening", "sending"]
    drain("applying"), drain("listening", NOW + timedelta(seconds=10)), drain("sending", NOW + timedelta(seconds=61))
    assert delivery.sweep(NOW + timedelta(days=1)) == []


def test_a_drain_leaves_what_is_left_after_its_turn_to_a_wake_up_of_its_own(committed_db, woken):
    tell(*(news("bit.done", number) for number in range(25)))
    woken.clear()
    assert delivery.drain("few at a time", NOW, 0) == 10
    assert woken == ["few at a time"]
    assert delivery.drain("few at a time", NOW, 60) == 15
    assert woken == ["few at a time"]


def test_the_sweep_leaves_work_of_a_subscriber_that_is_gone(committed_db, woken):
    tell(news("thing.booked"))
    Delivery.objects.update(subscriber="gone")
    assert delivery.sweep(NOW) == []


def test_an_operator_gives_a_parked_delivery_fresh_tries(committed_db, woken):
    (event,) = tell(news("thing.booked", trouble="raises"))
    for seconds in (0, 1, 6):
        drain("applying", NOW + timedelta(seconds=seconds))
    parked = Delivery.objects.get(event=event)
    assert parked.state == "PARKED"
    operator = Actor(1, "OPERATOR", frozenset({"MAKER"}))
    woken.clear()
    retried = delivery.retry(actor=operator, delivery_id=parked.id, now=NOW)
    assert (retried.state, retried.attempts, woken) == ("WAITING", 0, ["applying"])
    with pytest.raises(InvalidTransition):
        delivery.retry(actor=operator, delivery_id=parked.id, now=NOW)
    with pytest.raises(Forbidden):
        delivery.retry(actor=Actor(2, "SUPPLIER", frozenset({"ADMIN"})), delivery_id=parked.id, now=NOW)
    with pytest.raises(NotFound):
        delivery.retry(actor=SYSTEM_ACTOR, delivery_id=parked.id + 1, now=NOW)
