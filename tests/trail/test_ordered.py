"""Events of one subject, one after the other; other subjects do not wait for them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection, transaction

from accounts.trail import delivery
from accounts.trail.models import Delivery, Event
from accounts.trail.services import record
from portal.shared.access import SYSTEM_ACTOR
from tests.trail import handlers
from tests.trail.conftest import NOW, drain, handled, in_thread, news, states, tell


def steps(*subject_ids, **more):
    return tell(*(news("step.done", subject_id, **more) for subject_id in subject_ids))


def handled_of(subject_id: int) -> list[int]:
    mine = set(Event.objects.filter(subject_id=subject_id).values_list("id", flat=True))
    return [event_id for event_id in handled() if event_id in mine]


def test_events_of_one_subject_are_handled_in_order_one_per_batch(committed_db):
    events = steps(1, 1, 2, 1, 2)
    assert drain("ordered") == 5
    assert handlers.calls == [[1, 2], [1, 2], [1]]
    assert handled() == [events[number].id for number in (0, 2, 1, 4, 3)]


def test_a_later_event_waits_while_an_earlier_one_is_put_off(committed_db):
    (first,) = steps(1, trouble="raises")
    second, other = steps(1, 2)
    assert drain("ordered") == 1
    assert handled() == [other.id]
    assert states("ordered") == ["WAITING", "WAITING", "DONE"]
    assert Delivery.objects.get(event=second).attempts == 0
    assert Delivery.objects.get(event=first).attempts == 1


def test_a_parked_event_holds_back_its_own_subject_only(committed_db):
    steps(1, trouble="raises")
    drain("ordered")
    drain("ordered", NOW + timedelta(seconds=1))
    later, other = steps(1, 2)
    assert drain("ordered", NOW + timedelta(days=1)) == 1
    assert handled() == [other.id]
    assert states("ordered") == ["PARKED", "WAITING", "DONE"]

    # Once an operator has dealt with it, the subject goes on.
    Delivery.objects.filter(state="PARKED").update(state="DONE", done_at=NOW)
    assert drain("ordered", NOW + timedelta(days=1)) == 1
    assert handled() == [other.id, later.id]


def test_a_worker_leaves_a_subject_to_the_one_who_is_at_it(committed_db):
    first, second, other = steps(1, 1, 2)
    Delivery.objects.filter(event=other).update(due_at=NOW + timedelta(seconds=5), last_error="put off")
    inside, go_on = threading.Event(), threading.Event()

    def hold(events):
        if events[0].id == first.id:
            inside.set()
            assert go_on.wait(10)

    handlers.during.append(hold)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(in_thread, drain, "ordered")
        assert inside.wait(10)
        assert drain("ordered", NOW + timedelta(seconds=5)) == 1
        assert handled() == [other.id]
        go_on.set()
        assert slow.result(timeout=10) == 2
    assert handled_of(1) == [first.id, second.id]


def test_an_event_that_is_committed_late_is_not_handled_beside_a_later_one_of_its_subject(committed_db):
    """Its id is lower, but the worker that took the later event could not see it."""
    recorded, commit = threading.Event(), threading.Event()
    inside, go_on = threading.Event(), threading.Event()

    def record_slowly():
        with transaction.atomic():
            record(SYSTEM_ACTOR, NOW, [news("step.done", 1, late=True)])
            recorded.set()
            assert commit.wait(10)

    def hold(events):
        if not events[0].payload.get("late"):
            inside.set()
            assert go_on.wait(10)

    handlers.during.append(hold)
    with ThreadPoolExecutor(2) as pool:
        recording = pool.submit(in_thread, record_slowly)
        assert recorded.wait(10)
        steps(1)
        at_work = pool.submit(in_thread, drain, "ordered")
        assert inside.wait(10)
        commit.set()
        recording.result(timeout=10)
        assert drain("ordered") == 0, "two workers are at one subject"
        go_on.set()
        assert at_work.result(timeout=10) == 2
    assert states("ordered") == ["DONE", "DONE"]


def test_three_workers_at_once_reorder_nothing(committed_db):
    """Recorded while it is worked off, with failures in between."""
    subjects = range(1, 5)
    at_work: set[int] = set()
    overlapping: list[int] = []
    guard = threading.Lock()

    def alone(events):
        mine = {event.subject_id for event in events}
        with guard:
            overlapping.extend(mine & at_work)
            at_work.update(mine)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.002)")
        with guard:
            at_work.difference_update(mine)

    handlers.during.append(alone)
    writing = threading.Event()

    def write():
        for turn in range(8):
            steps(*subjects, turn=turn)
        writing.set()

    def work():
        while not writing.is_set() or Delivery.objects.filter(state="WAITING").exists():
            delivery.drain("ordered", NOW)

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(in_thread, write), *(pool.submit(in_thread, work) for _ in range(4))]
        for each in running:
            each.result(timeout=120)

    assert overlapping == []
    for subject_id in subjects:
        done = handled_of(subject_id)
        assert len(done) == 8
        assert done == sorted(done)
