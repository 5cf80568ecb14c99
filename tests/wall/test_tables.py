"""Row-level security, by plain SQL: what `app` reads of every table with no party set, and with each party set."""

from collections.abc import Iterator
from itertools import groupby, islice

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, models, transaction

from accounts.parties.models import Membership, Party
from portal.engine import walls
from portal.shared import access, wall
from portal.shared.access import ADMIN, Actor
from tests.walks import stage

WIDER = {"parties_party", "credit_programme"}
"""What pages read beyond `visible_to`, and their `wall.py` says why."""
BELONGS = [
    ("parties_beneficialowner", "verification_id", "parties_businessverification", "id"),
    ("clients_clientsecret", "party_client_id", "clients_partyclient", "id"),
    ("allauth_idp_oidc_client", "id", "clients_partyclient", "client_id"),
    ("orders_orderline", "order_id", "orders_purchaseorder", "id"),
    ("orders_receiptline", "order_line_id", "orders_orderline", "id"),
    ("orders_returnline", "order_line_id", "orders_orderline", "id"),
    ("receivables_invoiceline", "receivable_id", "receivables_receivable", "id"),
    ("receivables_receiptclaim", "invoice_line_id", "receivables_invoiceline", "id"),
    ("receivables_assignment", "receivable_id", "receivables_receivable", "id"),
    ("receivables_settlementline", "payment_id", "receivables_settlementpayment", "id"),
    ("receivables_orderedline", "settlement_id", "receivables_settlement", "id"),
    ("credit_replayeddecision", "replay_id", "credit_policyreplay", "id"),
    ("advances_advancereceivable", "advance_id", "advances_advance", "id"),
    ("advances_repayment", "advance_id", "advances_advance", "id"),
    ("advances_returnedrepayment", "repayment_id", "advances_repayment", "id"),
]

MAY_CHANGE = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
  AND (has_table_privilege(%s, oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
       OR has_any_column_privilege(%s, oid, 'INSERT, UPDATE'))
"""


@pytest.fixture(scope="module")
def filled(django_db_setup, django_db_blocker) -> Iterator[list[Actor]]:
    """A world in which most tables have rows of several parties; two people of each of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        stage.set_up()
        members = Membership.objects.select_related("party").order_by("party_id", "user_id")
        some = [each for _, those in groupby(members, lambda each: each.party_id) for each in islice(those, 2)]
        yield [Actor(each.party_id, each.party.kind, frozenset({ADMIN}), each.user_id) for each in some]
        transaction.set_rollback(True)


def tables() -> list[str]:
    return sorted(name for name in connection.introspection.table_names())


def ask(sql: str, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def keys(model: type[models.Model], rows=None) -> set:
    return set((model._base_manager.all() if rows is None else rows).values_list("pk", flat=True))


def as_app(actor: Actor):
    """As whoever has the password of `app` and sets a party: without the role of its kind."""
    return wall._as(wall.Asking(wall.APP, str(actor.party_id), str(actor.user_id)))


def watched() -> list[type[models.Model]]:
    found = [each for each in apps.get_models() if hasattr(each._default_manager.all(), "visible_to")]
    assert len(found) > 25
    return found


@pytest.mark.django_db
def test_every_table_has_row_level_security_and_a_line_in_a_wall():
    """A new table: a line in the `wall.py` of its feature (docs/extend.md), then `migrate`."""
    unprotected = ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relrowsecurity"
    )
    said = walls.shown().keys()
    assert (unprotected, set(tables()) - said, said - set(tables())) == ([], set(), set())


def test_with_no_party_set_no_row_of_any_table_is_there(filled):
    rows = {name: ask(f'SELECT count(*) FROM "{name}"')[0][0] for name in tables()}
    assert sum(count > 0 for count in rows.values()) > 45
    with wall.facing(None):
        assert {name: ask(f'SELECT count(*) FROM "{name}"')[0][0] for name in tables()} == dict.fromkeys(rows, 0)
    with wall._as(wall.Asking(wall.APP, "999999", "999999")):
        assert {name: ask(f'SELECT count(*) FROM "{name}"')[0][0] for name in tables()} == dict.fromkeys(rows, 0)


@pytest.mark.parametrize("asked", [wall.facing, as_app])
def test_each_party_is_shown_what_it_may_see_and_nothing_else(filled, asked):
    seen = 0
    for actor in filled:
        if asked is wall.facing and actor.party_kind == access.OPERATOR:
            continue  # reads as the portal
        for model in watched():
            expected = keys(model, model._default_manager.visible_to(actor))
            with asked(actor):
                shown = keys(model)
            if model._meta.db_table in WIDER:
                assert shown >= expected, (model, actor)
            else:
                assert shown == expected, (model, actor)
            seen += len(shown)
    assert seen > 300


def test_both_ways_of_asking_show_the_same_of_every_table(filled):
    for actor in (each for each in filled if each.party_kind != access.OPERATOR):
        for name in tables():
            with wall.facing(actor):
                by_kind = ask(f'SELECT ctid FROM "{name}" ORDER BY ctid')
            with as_app(actor):
                assert ask(f'SELECT ctid FROM "{name}" ORDER BY ctid') == by_kind, (name, actor)


@pytest.mark.parametrize(("table", "column", "parent", "key"), BELONGS, ids=[each[0] for each in BELONGS])
def test_what_belongs_to_a_row_is_shown_with_it_and_to_nobody_else(filled, table, column, parent, key):
    everything = ask(f'SELECT ctid::text, {column} FROM "{table}"')
    for actor in filled:
        with as_app(actor):
            parents = {value for (value,) in ask(f'SELECT {key} FROM "{parent}"')}
            shown = {place for (place,) in ask(f'SELECT ctid::text FROM "{table}"')}
        assert shown == {place for place, value in everything if value in parents}, actor


def test_what_is_a_persons_is_shown_to_that_person_alone(filled):
    for actor in filled:
        with as_app(actor):
            for name in ("mfa_authenticator", "account_emailaddress", "usersessions_usersession"):
                assert {user for (user,) in ask(f'SELECT user_id FROM "{name}"')} <= {actor.user_id}
            assert ask("SELECT * FROM django_session") == ask("SELECT * FROM allauth_idp_oidc_token") == []


def test_no_party_changes_a_row_of_any_table(filled):
    for role in (wall.APP, *wall.OF_KIND.values()):
        assert ask(MAY_CHANGE, role, role) == [], role
    supplier = next(each for each in filled if each.party_kind == access.SUPPLIER)
    for name in tables():
        for statement in (f'INSERT INTO "{name}" DEFAULT VALUES', f'DELETE FROM "{name}"'):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(), as_app(supplier):
                ask(statement)


def test_suppliers_who_never_trade_with_each_other_see_no_name_of_the_other(filled):
    suppliers = {each.party_id: each for each in filled if each.party_kind == access.SUPPLIER}
    assert len(suppliers) >= 2
    for party_id, actor in suppliers.items():
        with wall.facing(actor):
            assert {each.id for each in Party.objects.filter(kind=access.SUPPLIER)} == {party_id}
