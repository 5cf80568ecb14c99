"""News reach whom they concern, all of them and nobody else."""

import os

import httpx
import psycopg
import pytest
from django.conf import settings

from accounts.notices import services
from accounts.parties.models import Membership
from portal.middleware import acting_for
from portal.shared import wall
from tests.live.conftest import (
    NOON,
    a_member,
    a_party,
    cookie,
    happened,
    listening,
    signed_in,
    test_database_url,
    web_process,
)

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def mill(committed_db):
    return a_party("Mill")


@pytest.fixture
def session(mill):
    return signed_in(a_member(mill), mill)


def known_until(mill) -> int:
    """The position of a page that is made now."""
    return acting_for(Membership.objects.get(party=mill).user, mill.id)[1][0].known_until


def insert(connection: psycopg.Connection, name: str, party_id: int) -> None:
    (event_id,) = connection.execute(
        "INSERT INTO trail_event (name, subject_type, subject_id, audience, payload, actor_client_id, request_id,"
        " recorded_at, effective_at) VALUES (%s, 'parties.party', %s, 'PUBLIC_TO_PARTIES', '{}', '', '', %s, %s)"
        " RETURNING id",
        [name, party_id, NOON, NOON],
    ).fetchone()
    connection.execute("INSERT INTO trail_eventparty (party_id, event_id) VALUES (%s, %s)", [party_id, event_id])


def test_a_stranger_is_turned_away_without_a_word(portal):
    answer = httpx.get(f"{portal}/live/")
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (401, b"", "no-store")


def test_a_session_that_never_was_opens_no_stream(portal):
    answer = httpx.get(
        f"{portal}/live/", headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}=abcdefghijklmnopqrstuvwxyz"}
    )
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_user_without_a_party_has_nothing_to_listen_to(portal, mill):
    user = a_member(mill)
    Membership.objects.update(ended_at=NOON)
    assert httpx.get(f"{portal}/live/", headers=cookie(signed_in(user, mill))).status_code == 401


def test_a_stream_is_only_read(portal, session):
    assert httpx.post(f"{portal}/live/", headers=cookie(session)).status_code == 405


def test_a_message_names_what_moved_and_nothing_else(portal, mill, session):
    with listening(portal, session) as stream:
        stream.opened()
        (event,) = happened(mill, "mill.turned")
        event.refresh_from_db()
        (message,) = stream.take(1)
    assert message.id == f"{event.transaction}-{event.id}"
    assert message.event == "news"
    assert message.data == {
        "name": "mill.turned",
        "subject_type": "parties.party",
        "subject_id": mill.id,
        "at": "2026-03-02T12:00:00+00:00",
    }


def test_a_stream_is_neither_kept_nor_held_up_on_its_way(portal, session):
    with listening(portal, session) as stream:
        headers = stream.response.headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"


def test_news_reach_their_party_and_no_other(portal, mill, session):
    weaver = a_party("Weaver")
    with listening(portal, session) as at_mill, listening(portal, signed_in(a_member(weaver), weaver)) as at_weaver:
        at_mill.opened(), at_weaver.opened()
        happened(mill, "mill.first")
        happened(weaver, "weaver.first")
        happened(mill, "mill.last", internal=True)
        assert [message.name for message in at_weaver.take(1)] == ["weaver.first"]
        assert [message.name for message in at_mill.take(2)] == ["mill.first", "mill.last"]


def test_of_two_parties_a_member_hears_the_one_it_acts_for(portal, mill):
    weaver, user = a_party("Weaver"), a_member(mill)
    Membership.objects.create(user=user, party=weaver, role=Membership.Role.MAKER, created_at=NOON)
    with listening(portal, signed_in(user, weaver)) as stream:
        stream.opened()
        happened(mill, "mill.first")
        happened(weaver, "weaver.first")
        assert [message.name for message in stream.take(1)] == ["weaver.first"]


def test_what_commits_late_is_told_in_its_turn(portal, mill, session):
    with listening(portal, session) as stream, psycopg.connect(test_database_url(), **wall.AS_THE_PORTAL) as late:
        stream.opened()
        insert(late, "mill.began_first", mill.id)
        happened(mill, "mill.ended_first")
        # A heartbeat, a second later: the stream is alive and tells nothing past what is still under way.
        assert [next(stream.blocks).event for _ in range(2)] == ["", ""]
        late.commit()
        assert [message.name for message in stream.take(2)] == ["mill.began_first", "mill.ended_first"]


def test_news_wait_for_an_older_transaction_that_tells_nothing(portal, mill, session):
    with listening(portal, session) as stream, psycopg.connect(test_database_url(), **wall.AS_THE_PORTAL) as older:
        stream.opened()
        older.execute("SELECT pg_current_xact_id()")
        happened(mill, "mill.turned")
        assert [next(stream.blocks).event for _ in range(2)] == ["", ""]
        older.rollback()  # notifies nobody
        assert [message.name for message in stream.take(1)] == ["mill.turned"]


def test_what_is_rolled_back_is_never_told(portal, mill, session):
    with listening(portal, session) as stream, psycopg.connect(test_database_url(), **wall.AS_THE_PORTAL) as doomed:
        stream.opened()
        insert(doomed, "mill.burned", mill.id)
        doomed.rollback()
        happened(mill, "mill.turned")
        assert [message.name for message in stream.take(1)] == ["mill.turned"]


def test_a_stream_resumes_where_it_was_cut(portal, mill, session):
    with listening(portal, session) as stream:
        stream.opened()
        happened(mill, "mill.1", "mill.2", "mill.3")
        seen = stream.take(3)
    happened(mill, "mill.4", "mill.5")
    happened(mill, "mill.6")
    with listening(portal, session, after=seen[1].id) as stream:
        stream.opened()
        happened(mill, "mill.7")
        assert [message.name for message in stream.take(5)] == ["mill.3", "mill.4", "mill.5", "mill.6", "mill.7"]


def test_a_stream_cut_before_its_first_news_resumes_too(portal, mill, session):
    with listening(portal, session) as stream:
        position = stream.opened().id
    happened(mill, "mill.1")
    with listening(portal, session, after=position) as stream:
        happened(mill, "mill.2")
        assert [message.name for message in stream.take(2)] == ["mill.1", "mill.2"]


def test_what_happened_since_the_page_was_made_is_told_when_its_stream_opens(portal, mill, session):
    happened(mill, "mill.before")
    page = known_until(mill)
    happened(mill, "mill.meanwhile")
    with listening(portal, session, page=f"{page}-0") as stream:
        stream.opened()
        happened(mill, "mill.after")
        assert [message.name for message in stream.take(2)] == ["mill.meanwhile", "mill.after"]


def test_a_stream_that_goes_on_knows_more_than_its_page(portal, mill, session):
    page = known_until(mill)
    seen = happened(mill, "mill.1")[0]
    seen.refresh_from_db()
    happened(mill, "mill.2")
    with listening(portal, session, after=f"{seen.transaction}-{seen.id}", page=f"{page}-0") as stream:
        assert [message.name for message in stream.take(1)] == ["mill.2"]


def test_who_missed_too_much_is_told_to_reload_and_then_hears_on(portal, mill, session):
    with listening(portal, session) as stream:
        position = stream.opened().id
    happened(mill, *(["mill.turned"] * 501))
    with listening(portal, session, after=position) as stream:
        assert [message.name for message in stream.take(1)] == ["reload"]
        happened(mill, "mill.turned_again")
        assert [message.name for message in stream.take(1)] == ["mill.turned_again"]


def test_too_much_at_once_is_a_reload_for_whoever_listens(portal, mill, session):
    with listening(portal, session) as stream:
        stream.opened()
        happened(mill, *(["mill.turned"] * 501))
        assert [message.name for message in stream.take(1)] == ["reload"]
        happened(mill, "mill.turned_again")
        assert [message.name for message in stream.take(1)] == ["mill.turned_again"]


def test_an_id_of_another_database_is_answered_by_a_reload(portal, mill, session):
    with listening(portal, session, after="999999999999-1") as stream:
        assert [message.name for message in stream.take(1)] == ["reload"]


def test_a_cut_listener_catches_up(portal, mill, session):
    superuser = os.environ["SUPERUSER_DATABASE_URL"]
    with listening(portal, session) as stream, psycopg.connect(superuser, autocommit=True) as server:
        stream.opened()
        cut = server.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'portolan live' AND datname = %s",
            [settings.DATABASES["default"]["NAME"]],
        ).fetchone()
        assert cut == (1,)
        happened(mill, "mill.turned")
        assert [message.name for message in stream.take(1)] == ["mill.turned"]


def test_a_stream_ends_with_its_session(portal, session):
    with listening(portal, session) as stream:
        stream.opened()
        session.delete()
        assert [block.event for block in stream.blocks if block.event] == []


def test_a_stream_ends_with_the_membership(portal, session):
    with listening(portal, session) as stream:
        stream.opened()
        Membership.objects.update(ended_at=NOON)
        assert [block.event for block in stream.blocks if block.event] == []


def test_open_streams_hold_no_database_connection_each(portal, mill, session):
    superuser = os.environ["SUPERUSER_DATABASE_URL"]
    streams = [listening(portal, session) for _ in range(10)]
    opened = [stream.__enter__() for stream in streams]
    for stream in opened:
        stream.opened()
    with psycopg.connect(superuser, autocommit=True) as server:
        (count,) = server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [settings.DATABASES["default"]["NAME"]],
        ).fetchone()
    for stream in streams:
        stream.__exit__(None, None, None)
    # One that listens, two that ask, four of the page threads at most, one of this test.
    assert count <= 8


def test_streams_end_when_the_process_is_told_to_stop(mill, session):
    with web_process() as (address, process), listening(address, session) as stream:
        stream.opened()
        process.terminate()
        assert [block.event for block in stream.blocks if block.event] == []
        assert process.wait(timeout=10) == 0


def test_who_is_told_something_hears_that_there_is_something_and_others_do_not(portal, mill, session):
    other = a_party("Lathe")
    elsewhere = signed_in(a_member(other), other)
    with listening(portal, session) as stream, listening(portal, elsewhere) as others:
        stream.opened(), others.opened()
        Membership.objects.filter(party=mill).update(role="ADMIN")
        (event,) = happened(mill, "client.created")
        assert stream.take(1)[0].name == "client.created"
        services.write(events=[event], now=NOON)
        (heard,) = stream.take(1)
        assert (heard.event, heard.data, heard.id) == ("notices", {}, "")
        happened(other, "lathe.turned")
        assert others.take(1)[0].name == "lathe.turned"
