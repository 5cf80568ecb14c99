"""A real web process on a free port, and a client that reads its stream."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Event
from accounts.trail.services import News, record
from portal.middleware import SESSION_PARTY
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 45
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_database_url() -> str:
    name = settings.DATABASES["default"]
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(
        **{key: quote(str(value), safe="") for key, value in name.items() if isinstance(value, str)}
    )


test_database_url.__test__ = False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def free_address() -> str:
    """Where nobody listens."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def portal(django_db_setup) -> Iterator[str]:
    """Address of a running web process on the database of the tests."""
    with web_process() as (address, _):
        yield address


@contextlib.contextmanager
def web_process(workers: int = 1, **more: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """`more`: over the environment."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--no-ws"]
    command += ["--workers", str(workers)]
    environment = os.environ | {
        "DATABASE_URL": test_database_url(),
        "WEB_THREADS": "4",
        "LIVE_HEARTBEAT_SECONDS": "1",
        "LIVE_CHECK_SECONDS": "1",
        **more,
    }
    process = subprocess.Popen(
        [*command, "--workers-kill-timeout", "15", "tests.live.served:application"], cwd=PROJECT, env=environment
    )
    try:
        address = f"http://127.0.0.1:{port}"
        with httpx.Client(transport=httpx.HTTPTransport(retries=6)) as client:
            assert client.get(f"{address}/test/ping", timeout=20).text == "pong"
        yield address, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def a_party(name: str) -> Party:
    return Party.objects.create(kind=Party.Kind.SUPPLIER, name=name, country="NL", created_at=NOON)


def a_member(party: Party) -> User:
    user = User.objects.create_user(f"{party.name.lower()}@example.com")
    Membership.objects.create(user=user, party=party, role=Membership.Role.MAKER, created_at=NOON)
    return user


def signed_in(user: User, party: Party) -> SessionStore:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[SESSION_PARTY] = party.id
    session.create()
    return session


def cookie(session: SessionStore) -> dict[str, str]:
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session.session_key}"}


def happened(party: Party, *names: str, internal: bool = False) -> list[Event]:
    """Record events that only this party may know, in one transaction."""
    with acting(SYSTEM_ACTOR):
        return record(SYSTEM_ACTOR, NOON, [News(name, party, (party.id,), {"secret": 1}, internal) for name in names])


@dataclass(frozen=True)
class Block:
    """One block of a stream: a message, a heartbeat or an id alone."""

    id: str = ""
    event: str = ""
    data: dict | None = None

    @property
    def name(self) -> str:
        return self.data["name"] if self.event == "news" else self.event


def blocks(lines: Iterator[str]) -> Iterator[Block]:
    fields = {}
    for line in lines:
        if line:
            key, _, value = line.partition(": ")
            fields[key] = value
            continue
        data = json.loads(fields["data"]) if "data" in fields else None
        yield Block(fields.get("id", ""), fields.get("event", ""), data)
        fields = {}


class Stream:
    def __init__(self, response: httpx.Response):
        self.response = response
        self.blocks = blocks(response.iter_lines())

    def take(self, count: int) -> list[Block]:
        """The next messages, heartbeats left out.

        A long transaction of anybody on the same server holds news back: then this says so instead of waiting on.
        """
        taken, until = [], time.monotonic() + PATIENCE_SECONDS
        while len(taken) < count:
            block = next(self.blocks)
            if block.event:
                taken.append(block)
            assert time.monotonic() < until, f"{len(taken)} of {count} messages came in {PATIENCE_SECONDS} s"
        return taken

    def opened(self) -> Block:
        """The first block, after which the stream hears everything."""
        return next(self.blocks)


@contextlib.contextmanager
def listening(address: str, session: SessionStore, after: str = "", page: str = "") -> Iterator[Stream]:
    """`after`: the id that was seen last; `page`: the position that the page was made at."""
    headers = cookie(session) | ({"Last-Event-ID": after} if after else {})
    path = f"{address}/live/" + (f"?from={page}" if page else "")
    with httpx.Client(timeout=20) as client, client.stream("GET", path, headers=headers) as response:
        yield Stream(response)
