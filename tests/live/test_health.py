"""Health and readiness, asked of a real web process by whoever comes."""

import asyncio

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import OperationalError, connections

from portal import health
from portal.hub import listening
from portal.runtime.world import until
from portal.settings import database
from portal.shared import wall
from tests.conftest import _urls, _with_database
from tests.live.conftest import test_database_url, web_process

pytestmark = pytest.mark.usefixtures("committed_db")
ELSEWHERE = {"Host": "10.0.0.7"}
"""A probe calls by address: none of ALLOWED_HOSTS."""


def asked(address: str, path: str) -> tuple[int, dict]:
    answer = httpx.get(address + path, headers=ELSEWHERE, timeout=20)
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()


def test_strangers_learn_that_it_serves_and_nothing_else(portal):
    assert asked(portal, "/health/live") == (200, {"status": "live"})
    ready = {"status": "ready", "database": "answers", "migrations": "applied", "broker": "answers"}
    assert asked(portal, "/health/ready") == (200, ready)
    assert httpx.head(f"{portal}/health/ready", timeout=20).content == b""
    assert httpx.post(f"{portal}/health/live", timeout=20).status_code == 405


def test_without_a_broker_it_serves_on_and_says_so(free_address):
    with web_process(BROKER_URL=f"redis://{free_address}/0") as (address, _):
        status, said = asked(address, "/health/ready")

    assert (status, said["status"], said["broker"], said["database"]) == (200, "degraded", "unreachable", "answers")
    assert said["detail"] == "Work waits in the database and is done when the broker is back."


def test_without_a_database_it_lives_and_is_not_ready(free_address):
    with web_process(DATABASE_URL=f"postgres://app:secret@{free_address}/nowhere") as (address, _):
        assert asked(address, "/health/live") == (200, {"status": "live"})
        answer = httpx.get(f"{address}/health/ready", timeout=20)

    status, said = answer.status_code, answer.json()
    assert (status, said["status"], said["database"]) == (503, "unavailable", "unreachable")
    assert "secret" not in answer.text and "nowhere" not in answer.text


def test_what_the_address_of_the_database_asks_of_the_server_holds_for_the_listener_too(monkeypatch):
    known = settings.DATABASES["default"]
    url = f"{test_database_url()}?options=-c%20statement_timeout=4321&application_name=here"
    monkeypatch.setitem(known, "OPTIONS", database(url)["OPTIONS"])

    for arguments in (listening(), {**known["OPTIONS"]} | plain(known)):
        with psycopg.connect(**arguments) as connection:
            assert connection.execute("SHOW statement_timeout").fetchone() == ("4321ms",)
    with psycopg.connect(**listening()) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (wall.PORTAL,)


def test_while_its_password_is_changed_the_database_takes_the_present_one_or_the_next(monkeypatch):
    known = settings.DATABASES["default"]
    django = connections["default"].copy()
    monkeypatch.setitem(django.settings_dict, "PASSWORD", "of before")
    with pytest.raises(OperationalError):
        django.ensure_connection()
    monkeypatch.setitem(django.settings_dict, "NEXT_PASSWORD", known["PASSWORD"])
    django.ensure_connection()
    django.close()

    monkeypatch.setitem(known, "NEXT_PASSWORD", known["PASSWORD"])
    monkeypatch.setitem(known, "PASSWORD", "of before")
    assert asyncio.run(health.applied_migrations()) >= health.expected_migrations()


def plain(known: dict) -> dict:
    names = {"host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD", "dbname": "NAME"}
    return {name: known[key] for name, key in names.items()}


@pytest.fixture
def unapplied():
    """A database that knows one migration less than the code."""
    with psycopg.connect(_with_database(_urls()["owner"], settings.DATABASES["default"]["NAME"])) as owner:
        row = owner.execute("DELETE FROM django_migrations WHERE app = 'advances' RETURNING *").fetchall()
        owner.commit()
        yield
        with owner.cursor() as cursor:
            cursor.executemany("INSERT INTO django_migrations VALUES (%s, %s, %s, %s)", row)


def test_code_that_is_newer_than_its_database_is_not_ready(portal, unapplied):
    until(lambda: asked(portal, "/health/ready")[0] == 503, 10)  # what was found out is kept for a second

    _, said = asked(portal, "/health/ready")
    assert (said["status"], said["database"], said["migrations"]) == ("unavailable", "answers", "missing")


def test_a_crowd_of_strangers_costs_one_question(monkeypatch):
    monkeypatch.setattr(health, "_asking", None)

    async def crowd() -> list[dict]:
        return await asyncio.gather(*(health.readiness() for _ in range(50)))

    answers = asyncio.run(crowd())

    assert {id(each) for each in answers} == {id(answers[0])}
