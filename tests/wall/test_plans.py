"""A plan that is kept is there for whoever asks by it, whatever became of the connection meanwhile."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.shared import wall
from portal.shared.access import SUPPLIER, SYSTEM_ACTOR, Actor

pytestmark = pytest.mark.usefixtures("committed_db")


def doubled(number: int) -> int:
    with connection.keeping_cursor() as cursor:
        cursor.execute("SELECT %s::bigint * 2", [number])
        return cursor.fetchone()[0]


def kept() -> int:
    """Plans that the server has made for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return cursor.fetchone()[0]


def test_a_plan_is_made_once_for_a_connection():
    connection.close()
    assert [doubled(number) for number in (1, 2)] == [2, 4]
    assert kept() == 1


def test_what_other_cursors_ask_is_not_kept():
    connection.close()
    assert doubled(1) == 2
    for _ in range(3):
        assert kept() == 1
    assert connection.connection.prepare_threshold is None


def test_a_plan_serves_whoever_asks_as_who_asks():
    seen = []
    for actor in (Actor(party_id=7, party_kind=SUPPLIER), None, SYSTEM_ACTOR):
        with wall.facing(actor), connection.keeping_cursor() as cursor:
            cursor.execute("SELECT current_user")
            seen.append(cursor.fetchone()[0])
    assert seen == ["app_supplier", "app", "portal"]


def test_what_fails_or_is_rolled_back_is_asked_again():
    for number in (1, 2):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.keeping_cursor() as cursor:
            cursor.execute("SELECT 1 / %s::bigint", [0])
        assert doubled(number) == 2 * number


def test_a_connection_that_grew_old_takes_its_plans_along():
    assert doubled(1) == 2
    connection.close()
    assert doubled(2) == 4


def test_a_connection_that_was_lost_since_the_last_request_takes_its_plans_along(monkeypatch):
    assert doubled(1) == 2
    monkeypatch.setattr(connection, "health_check_enabled", True)
    monkeypatch.setattr(connection, "health_check_done", False)
    connection.connection.close()  # as when the server has gone: Django has yet to find out
    assert doubled(2) == 4
