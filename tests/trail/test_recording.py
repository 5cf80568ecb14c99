import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError

from accounts.parties.models import Party
from accounts.trail.models import Delivery, Event, EventParty
from accounts.trail.services import record
from portal.shared.access import SYSTEM_ACTOR, Actor
from tests.trail.conftest import NOW, in_thread, news, tell, until


@pytest.mark.parametrize("how_many", [1, 300])
def test_events_parties_and_deliveries_are_three_statements_however_many(db, how_many):
    with CaptureQueriesContext(connection) as queries:
        tell(*(news("thing.done", number, (5, 6)) for number in range(how_many)))
    assert len([q for q in queries if q["sql"].startswith("INSERT")]) == 3
    assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) == 3
    counts = Event.objects.count(), EventParty.objects.count(), Delivery.objects.count()
    assert counts == (how_many, 2 * how_many, 2 * how_many)


def test_an_event_keeps_who_did_what_to_what(db):
    actor = Actor(4, "SUPPLIER", frozenset({"MAKER"}), user_id=9, request_id="r-1")
    (event,) = record(actor, NOW, [news("thing.done", 7, (4, 4, None), amount_minor=5)])
    event.refresh_from_db()
    assert (event.subject_type, event.subject_id, event.payload) == ("parties.party", 7, {"amount_minor": 5})
    assert (event.actor_party_id, event.actor_user_id, event.request_id) == (4, 9, "r-1")
    assert (event.recorded_at, event.effective_at, event.audience) == (NOW, NOW, "PUBLIC_TO_PARTIES")
    assert list(event.parties.values_list("party_id", flat=True)) == [4]
    assert set(event.deliveries.values_list("subscriber", "subject", "state")) == {
        ("applying", "parties.party:7", "WAITING"),
        ("listening", "parties.party:7", "WAITING"),
    }


def test_an_event_that_nobody_listens_to_is_recorded_without_deliveries(db):
    tell(news("thing.ignored"))
    assert (Event.objects.count(), Delivery.objects.count()) == (1, 0)


def test_nothing_is_recorded_outside_a_transaction(committed_db):
    with pytest.raises(RuntimeError):
        record(SYSTEM_ACTOR, NOW, [news("thing.done")])
    assert not Event.objects.exists()


def test_a_subscriber_is_woken_once_per_transaction_when_it_commits(committed_db, woken):
    with transaction.atomic():
        record(SYSTEM_ACTOR, NOW, [news("thing.done", 1), news("thing.done", 2)])
        with transaction.atomic():
            record(SYSTEM_ACTOR, NOW, [news("thing.booked", 3)])
        record(SYSTEM_ACTOR, NOW, [news("letter.due", 4)])
        assert woken == []
    assert sorted(woken) == ["applying", "listening", "sending"]


def test_nobody_is_woken_for_what_was_rolled_back(committed_db, woken):
    with transaction.atomic():
        with pytest.raises(ValueError), transaction.atomic():
            record(SYSTEM_ACTOR, NOW, [news("thing.booked", 1)])
            raise ValueError
        record(SYSTEM_ACTOR, NOW, [news("letter.due", 2)])
    assert woken == ["sending"]
    with transaction.atomic():
        with pytest.raises(ValueError), transaction.atomic():
            record(SYSTEM_ACTOR, NOW, [news("letter.due", 3)])
            raise ValueError
        record(SYSTEM_ACTOR, NOW, [news("letter.due", 4)])
    assert woken == ["sending", "sending"]


@pytest.mark.parametrize(
    "error", [OperationalError("away"), ConnectionRefusedError(), TimeoutError(), ValueError("odd")]
)
def test_a_broker_that_fails_undoes_nothing(committed_db, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr("accounts.trail.services.current_app.send_task", fail)
    tell(news("thing.done"))
    assert Delivery.objects.filter(state="WAITING").count() == 2


# Who may see


def test_a_party_sees_the_events_that_name_it_and_no_others(db):
    tell(news("thing.done", 1, (5, 6)), news("thing.done", 2, (6,)), news("thing.done", 3))

    def seen_by(party_id):
        visible = Event.objects.visible_to(Actor(party_id, "SUPPLIER", frozenset({"ADMIN"})))
        return list(visible.order_by("id").values_list("subject_id", flat=True))

    assert (seen_by(5), seen_by(6), seen_by(7)) == ([1], [1, 2], [])
    # Somebody who acts for no party yet is not the same as an event that names none.
    assert seen_by(None) == []
    assert Event.objects.visible_to(SYSTEM_ACTOR).count() == 3


# Order of commit


def test_a_reader_that_remembers_where_it_was_misses_no_late_committer(committed_db):
    recorded, commit = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            record(SYSTEM_ACTOR, NOW, [news("thing.ignored", 1)])
            recorded.set()
            assert commit.wait(10)

    def read(after):
        return list(Event.objects.settled().filter(id__gt=after).order_by("id").values_list("subject_id", flat=True))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(in_thread, slow)
        assert recorded.wait(10)
        tell(news("thing.ignored", 2))
        # The later event is there, but the earlier one is still under way: a reader waits for both.
        assert list(Event.objects.values_list("subject_id", flat=True)) == [2]
        assert read(after=0) == []
        commit.set()
        writing.result(timeout=10)
    # Until then, whoever else is busy on this server may hold the line back a little longer.
    until(lambda: read(after=0) == [1, 2])


def test_an_event_knows_its_transaction(committed_db):
    first, second = tell(news("thing.ignored"), news("thing.ignored"))
    (other,) = tell(news("thing.ignored"))
    numbers = dict(Event.objects.values_list("id", "transaction"))
    assert numbers[first.id] == numbers[second.id] < numbers[other.id]


# History


@pytest.mark.parametrize("table", ["trail_event", "trail_eventparty"])
def test_the_role_that_serves_does_not_rewrite_history(db, table):
    tell(news("thing.done", 1, (5,)))
    column = "name = 'x'" if table == "trail_event" else "party_id = 6"
    for statement in (f"UPDATE {table} SET {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(ProgrammingError) as denied, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert isinstance(denied.value.__cause__, psycopg.errors.InsufficientPrivilege)
    assert Event.objects.get().name == "thing.done"
    assert not Party.objects.exists()


def test_whoever_streams_hears_of_a_commit(committed_db):
    parameters = connection.get_connection_params()
    with psycopg.connect(
        **{k: v for k, v in parameters.items() if k in {"dbname", "user", "password", "host", "port"}}, autocommit=True
    ) as listener:
        listener.execute("LISTEN trail_event")
        tell(news("thing.ignored"), news("thing.ignored"))
        assert [each.channel for each in listener.notifies(timeout=10, stop_after=1)] == ["trail_event"]
