"""The server is told who asks before whatever is asked of it, and never takes one for another afterwards."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.shared import wall
from portal.shared.access import CHECKER, OPERATOR, SUPPLIER, SYSTEM_ACTOR, Actor
from portal.shared.database import acting
from tests.threads import at_once

A = Actor(party_id=7, party_kind=SUPPLIER, roles=frozenset({CHECKER}), user_id=3)
B = Actor(party_id=8, party_kind=SUPPLIER, client_id="b")
AS_A, AS_B = ("app_supplier", "7", "3"), ("app_supplier", "8", "")
AS_PORTAL, AS_NOBODY = ("portal", "", ""), ("app", "", "")


def told() -> tuple[str, str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('app.party', true), current_setting('app.user', true)")
        return cursor.fetchone()


pytestmark = pytest.mark.usefixtures("committed_db")


class Undone(Exception):
    pass


def test_a_party_is_told_by_itself_operator_and_portal_as_the_portal_and_a_stranger_as_nobody():
    seen = []
    for actor in (A, B, Actor(party_id=1, party_kind=OPERATOR, user_id=2), SYSTEM_ACTOR, None):
        with wall.facing(actor):
            seen.append(told())
    assert seen == [AS_A, AS_B, AS_PORTAL, AS_PORTAL, AS_NOBODY]
    assert told() == AS_PORTAL


def test_a_service_works_inside_and_comes_back_to_who_asked():
    with wall.facing(A):
        before = told()
        with acting(B):
            within = told()
            with wall.facing(B):
                again = told()
        assert (before, within, again, told()) == (AS_A, AS_PORTAL, AS_B, AS_A)


def test_what_a_rollback_undoes_is_told_anew():
    with wall.facing(A):
        with pytest.raises(Undone), acting(A):
            assert told() == AS_PORTAL
            raise Undone
        assert told() == AS_A
        with transaction.atomic():
            with pytest.raises(Undone), transaction.atomic(), wall.facing(B):
                assert told() == AS_B
                raise Undone
            assert told() == AS_A
            with pytest.raises(Undone), acting(A), wall.facing(B), transaction.atomic():
                assert told() == AS_B
                raise Undone
            assert told() == AS_A
    assert told() == AS_PORTAL


def test_a_statement_that_fails_leaves_nobody_in_anothers_place():
    with pytest.raises(DatabaseError), acting(A), wall.facing(B), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    assert told() == AS_PORTAL
    # Caught with no savepoint: COMMIT rolls back, and says nothing.
    with transaction.atomic(), wall.facing(A), pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    with wall.facing(B):
        assert told() == AS_B
    with wall.facing(A):
        assert told() == AS_A


def test_a_cursor_opened_for_one_asks_as_who_uses_it():
    with connection.cursor() as cursor:
        for actor, expected in ((A, "app_supplier"), (None, "app"), (SYSTEM_ACTOR, "portal")):
            with wall.facing(actor):
                cursor.execute("SELECT current_user")
                assert cursor.fetchone() == (expected,)
    with wall.facing(A), connection.chunked_cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app_supplier",)


def test_a_new_connection_and_a_new_thread_begin_as_the_portal_whoever_was_asked_for():
    with wall.facing(A):
        assert told() == AS_A
        connection.close()
        assert told() == AS_A
        assert at_once(told) == [AS_PORTAL]
    connection.close()
    assert told() == AS_PORTAL


def test_in_a_transaction_the_server_is_told_only_of_changes():
    with transaction.atomic(), wall.facing(A):
        told()
        beside_django("RESET ROLE")
        assert told() == ("app", *AS_A[1:])


def test_outside_of_one_it_is_told_of_the_portal_for_good_and_of_a_party_for_one_statement():
    told()
    with wall.facing(A):
        assert told() == AS_A
        assert beside_django("SELECT current_user") == "portal"
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        assert told() == AS_A
    assert told() == AS_PORTAL
    beside_django("RESET ROLE")
    assert told() == ("app", "", "")
    connection.close()


def beside_django(statement: str) -> str | None:
    """Asked of the server as it stands: nobody is told of it."""
    answer = connection.connection.execute(statement)
    return answer.fetchone()[0] if answer.description else None
