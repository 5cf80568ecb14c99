"""Where the database cannot serve for a moment, people and machines hear that they may come again, and when."""

import psycopg
import pytest
from django.db import connection
from django.test import Client

from accounts.parties.models import User
from portal.shared import wall
from tests import world
from tests.api.conftest import Caller, caller_for


@pytest.fixture
def held(committed_db):
    """Somebody holds the programmes and does not let go, and nobody waits for longer than a moment."""
    lending = world.lending()
    known = connection.settings_dict
    where = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "password": known["PASSWORD"]}
    with psycopg.connect(**where, dbname=known["NAME"], **wall.AS_THE_PORTAL) as other, connection.cursor() as cursor:
        other.execute("LOCK TABLE credit_programme IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '50ms'")
        yield lending.cast
        other.rollback()
        cursor.execute("RESET lock_timeout")


def test_a_machine_hears_that_it_may_ask_again_and_when(held):
    caller = Caller(caller_for(held.amphora).token, Client(raise_request_exception=False))
    answer = caller.get("programmes/")
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "UNAVAILABLE", "2")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_person_is_asked_for_a_moment_and_no_fault_is_told(held):
    browser = Client(raise_request_exception=False)
    browser.force_login(User.objects.get(email="ana@amphora.example"))
    page = browser.get("/")
    page = browser.get(page.url) if page.status_code == 302 else page
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert "One moment, please" in page.text and "Something went wrong" not in page.text
