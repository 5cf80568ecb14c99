"""Many streams at once, and one that does not read."""

import asyncio
import socket
import threading
import time
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from accounts.parties.models import Membership, User
from accounts.trail.services import News, record
from portal.hub import STREAMS_PER_PERSON
from portal.shared import wall
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting
from tests.live.conftest import (
    NOON,
    PATIENCE_SECONDS,
    Stream,
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
STREAMS, EVENTS = 60, 20


@pytest.fixture
def held():
    """Opens a stream that stays open."""
    with ExitStack() as streams:

        def hold(address: str, session) -> Stream:
            stream = streams.enter_context(listening(address, session))
            stream.opened()
            return stream

        yield hold


class Crowd:
    """Streams read by one thread; `heard` gets (name of the news, when) of every message of every stream."""

    def __init__(self, address: str, cookies: list[dict]):
        self.address, self.cookies = address, cookies
        self.heard: list[tuple[str, float]] = []
        self.all_open = threading.Barrier(2, timeout=30)
        self.open = 0

    def run(self) -> None:
        asyncio.run(self.listen())

    async def listen(self) -> None:
        async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None), timeout=30) as client:
            await asyncio.gather(*(self.one(client, each) for each in self.cookies))

    async def one(self, client: httpx.AsyncClient, headers: dict) -> None:
        async with client.stream("GET", f"{self.address}/live/", headers=headers) as response:
            seen = 0
            async for line in response.aiter_lines():
                if line.startswith("retry"):
                    self.open += 1
                    if self.open == len(self.cookies):
                        await asyncio.to_thread(self.all_open.wait)
                if line.startswith("data: "):
                    self.heard.append((line.split('"')[3], time.monotonic()))
                    seen += 1
                    if seen == EVENTS:
                        return


def test_sixty_streams_hear_twenty_events_each(portal, record_property):
    parties = [a_party(f"Party{number}") for number in range(STREAMS)]
    crowd = Crowd(portal, [cookie(signed_in(a_member(party), party)) for party in parties])
    thread = threading.Thread(target=crowd.run)
    thread.start()
    crowd.all_open.wait()
    ids = tuple(party.id for party in parties)
    recorded = {}
    for number in range(EVENTS):
        with acting(SYSTEM_ACTOR):
            record(SYSTEM_ACTOR, NOON, [News(f"event.{number}", parties[0], ids)])
        recorded[f"event.{number}"] = time.monotonic()
    thread.join(timeout=30)
    assert len(crowd.heard) == STREAMS * EVENTS
    assert {name for name, _ in crowd.heard} == set(recorded)
    delays = sorted(1000 * (at - recorded[name]) for name, at in crowd.heard)
    record_property("p50_ms", delays[len(delays) // 2])
    record_property("p99_ms", delays[len(delays) * 99 // 100])
    print(f"\nevent to client: p50 {delays[len(delays) // 2]:.1f} ms, p99 {delays[len(delays) * 99 // 100]:.1f} ms")


def refused(address: str, session) -> bool:
    """Whether one more stream is."""
    with listening(address, session) as stream:
        status = stream.response.status_code
        assert (status, stream.response.headers.get("retry-after")) in [(200, None), (503, "10")]
        return status == 503


def ends(stream) -> bool:
    return [block.event for block in stream.blocks if block.event] == []


def test_one_person_has_twenty_streams_and_takes_no_colleagues(portal, held):
    mill = a_party("Mill")
    member = a_member(mill)
    session = signed_in(member, mill)
    streams = [held(portal, session) for _ in range(STREAMS_PER_PERSON)]
    assert refused(portal, session) and refused(portal, signed_in(member, mill))
    colleague = User.objects.create_user("colleague@example.com")
    Membership.objects.create(user=colleague, party=mill, role=Membership.Role.MAKER, created_at=NOON)
    assert not refused(portal, signed_in(colleague, mill))
    streams[0].response.close()
    patience = time.monotonic() + PATIENCE_SECONDS
    while refused(portal, session):  # until the portal has heard that it was closed
        assert time.monotonic() < patience


def test_where_all_places_are_taken_whoever_has_most_makes_way_for_whoever_has_less(held):
    mill, weaver, funder = (a_party(name) for name in ("Mill", "Weaver", "Funder"))
    at_mill, at_weaver, at_funder = (signed_in(a_member(party), party) for party in (mill, weaver, funder))
    with web_process(LIVE_STREAMS="6") as (address, _):
        of_mill = [held(address, at_mill) for _ in range(6)]
        assert refused(address, at_mill)
        of_weaver = [held(address, at_weaver) for _ in range(3)]
        assert all(ends(stream) for stream in of_mill[:3])
        assert refused(address, at_weaver) and refused(address, at_mill)
        (of_funder,) = [held(address, at_funder)]
        assert ends(of_mill[3])
        happened(mill, "mill.turned"), happened(weaver, "weaver.turned"), happened(funder, "funder.turned")
        told = [stream.take(1)[0].name for stream in (*of_mill[4:], *of_weaver, of_funder)]
        assert told == ["mill.turned"] * 2 + ["weaver.turned"] * 3 + ["funder.turned"]


def test_of_a_party_that_makes_way_it_is_who_has_most(held):
    mill, funder = a_party("Mill"), a_party("Funder")
    colleague = User.objects.create_user("colleague@example.com")
    Membership.objects.create(user=colleague, party=mill, role=Membership.Role.MAKER, created_at=NOON)
    with web_process(LIVE_STREAMS="3") as (address, _):
        of_one = held(address, signed_in(colleague, mill))
        session = signed_in(a_member(mill), mill)
        of_other = [held(address, session) for _ in range(2)]
        held(address, signed_in(a_member(funder), funder))
        assert ends(of_other[0])
        happened(mill, "mill.turned")
        assert [stream.take(1)[0].name for stream in (of_one, of_other[1])] == ["mill.turned"] * 2


def test_whoever_only_asks_whether_its_session_holds_takes_no_place(held):
    mill = a_party("Mill")
    session = signed_in(a_member(mill), mill)
    with web_process(LIVE_STREAMS="1") as (address, _):
        held(address, session)
        assert httpx.head(f"{address}/live/", headers=cookie(session)).status_code == 200
        session.delete()
        assert httpx.head(f"{address}/live/", headers=cookie(session)).status_code == 401


BURST = """
    WITH burst AS (
        INSERT INTO trail_event (name, subject_type, subject_id, audience, payload, actor_client_id, request_id,
                                 recorded_at, effective_at)
        SELECT repeat('x', 60), repeat('y', 40), 1, 'INTERNAL', '{}', '', '', now(), now() FROM generate_series(1, 400)
        RETURNING id)
    INSERT INTO trail_eventparty (event_id, party_id) SELECT id, %s FROM burst
"""


def test_whoever_does_not_read_is_dropped_and_others_are_not(portal):
    idler, reader = a_party("Idler"), a_party("Reader")
    parts = urlsplit(portal)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(20)
    slow.connect((parts.hostname, parts.port))
    header = cookie(signed_in(a_member(idler), idler))["Cookie"]
    slow.sendall(f"GET /live/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: {header}\r\n\r\n".encode())
    assert slow.recv(12) == b"HTTP/1.1 200"
    with listening(portal, signed_in(a_member(reader), reader)) as stream:
        stream.opened()
        with psycopg.connect(test_database_url(), autocommit=True, **wall.AS_THE_PORTAL) as connection:
            for _ in range(60):
                connection.execute(BURST, [idler.id])
                happened(reader, "reader.heard")  # and with it, that the burst was handed out
                assert [message.name for message in stream.take(1)] == ["reader.heard"]
        read = 0
        while piece := slow.recv(1 << 20):  # until the portal hangs up
            read += piece.count(b"event: news")
    slow.close()
    assert read < 60 * 400
