"""A plan that is kept is there for whoever asks by it, whatever became of the connection meanwhile."""

import pytest
from django.db import connection

pytestmark = pytest.mark.usefixtures("committed_db")


def doubled(number: int) -> int:
    connection.keep_plan("doubled", "(bigint) AS SELECT $1 * 2")
    with connection.cursor() as cursor:
        cursor.execute("EXECUTE doubled (%s)", [number])
        return cursor.fetchone()[0]


def test_a_plan_is_made_once_for_a_connection():
    assert [doubled(number) for number in (1, 2)] == [2, 4]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = 'doubled'")
        assert cursor.fetchone() == (1,)


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
