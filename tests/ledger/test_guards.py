"""The database refuses by itself: plain SQL as the role that serves, past every service."""

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from financing.ledger.models import Account, Balance, Book, Entry, Leg
from tests.ledger.conftest import disbursement, open_book_of, post, reverse

ENTRY = """INSERT INTO ledger_entry (book_id, key, kind, business_date, value_date, recorded_at, recorded_by,
                                     subject_type, subject_id, reverses_id)
           SELECT id, %s, 'plain', business_date - %s, business_date - 9, now(), 'psql', '', NULL, %s
           FROM ledger_book WHERE id = %s RETURNING id"""
WHOLE = f"""WITH entry AS ({ENTRY})
            INSERT INTO ledger_leg (entry_id, account_id, amount_minor)
            SELECT entry.id, account, amount FROM entry, unnest(%s::bigint[], %s::bigint[]) AS legs (account, amount)"""


def sql(statement, parameters=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def insert(book, accounts, amounts, *, key="plain", days_ago=0, reverses=None):
    """A whole entry by one statement of plain SQL."""
    sql(WHOLE, [key, days_ago, reverses, book.id, accounts, amounts])


def refused_by(constraint, error=IntegrityError):
    """The statement fails on the constraint of this name."""

    class Refusal:
        def __enter__(self):
            self.savepoint = transaction.atomic()
            self.savepoint.__enter__()

        def __exit__(self, kind, value, trace):
            self.savepoint.__exit__(kind, value, trace)
            assert kind is not None, f"nothing was refused; expected {constraint}"
            assert issubclass(kind, error), value
            assert value.__cause__.diag.constraint_name == constraint
            return True

    return Refusal()


@pytest.fixture
def accounts(book):
    """Ids of advances and disbursement clearing, which one entry has moved."""
    post(book, disbursement("booked", 5))
    return [Account.objects.get(kind=kind).id for kind in ("ADVANCES", "DISBURSEMENT_CLEARING")]


def test_a_balanced_entry_of_plain_sql_enters(book, accounts):
    insert(book, accounts, [3, -3])
    assert Entry.objects.get(key="plain").legs.count() == 2


@pytest.mark.parametrize("amounts", [[3, -2], [3, 3], [-1, -1]])
def test_an_unbalanced_entry_is_refused(book, accounts, amounts):
    with refused_by("ledger_entry_balances"):
        insert(book, accounts, amounts)
    assert list(Entry.objects.values_list("key", flat=True)) == ["booked"]


def test_an_entry_without_legs_is_refused(book):
    with refused_by("ledger_entry_balances"):
        sql(ENTRY, ["plain", 0, None, book.id])


def test_a_leg_alone_is_refused(book, accounts):
    with refused_by("ledger_leg_moves_something"):
        insert(book, accounts[:1], [0])
    with refused_by("ledger_entry_balances"):
        insert(book, accounts[:1], [3])


def test_legs_of_two_currencies_are_refused(book, accounts):
    post(book, disbursement("dollars", 5, currency="USD"))
    dollars = Account.objects.get(kind="ADVANCES", currency="USD").id
    with refused_by("ledger_entry_balances"):
        insert(book, [accounts[0], dollars], [3, -3])


def test_legs_on_accounts_of_another_book_are_refused(book, accounts):
    other = open_book_of("Harbour Bank")
    with refused_by("ledger_entry_balances"):
        insert(other, accounts, [3, -3])
    post(other, disbursement("booked", 5))
    foreign = Account.objects.get(book=other, kind="ADVANCES").id
    with refused_by("ledger_entry_balances"):
        insert(book, [accounts[0], foreign], [3, -3])


def test_no_legs_are_added_to_an_entry_that_was_booked_before(book, accounts):
    entry = Entry.objects.get(key="booked")
    with refused_by("ledger_leg_of_new_entry"):
        Leg.objects.bulk_create(
            [
                Leg(entry=entry, account_id=account, amount_minor=sign)
                for account, sign in zip(accounts, (1, -1), strict=True)
            ]
        )
    assert entry.legs.count() == 2


def test_an_entry_of_a_closed_or_future_business_date_is_refused(book, accounts):
    for days_ago in (1, -1):
        with refused_by("ledger_entry_in_open_day"):
            insert(book, accounts, [3, -3], days_ago=days_ago)


def test_a_value_date_after_the_business_date_is_refused(book, accounts):
    with refused_by("ledger_entry_value_date"):
        sql(WHOLE.replace("business_date - 9", "business_date + 1"), ["plain", 0, None, book.id, accounts, [3, -3]])


def test_the_business_date_of_a_book_does_not_go_back(book):
    with refused_by("ledger_day_only_forward"):
        sql("UPDATE ledger_book SET business_date = business_date - 1")


def test_a_reversal_that_is_no_mirror_is_refused(book, accounts):
    booked = Entry.objects.get(key="booked").id
    with refused_by("ledger_reversal_mirrors"):
        insert(book, accounts, [-4, 4], reverses=booked)
    insert(book, accounts, [-5, 5], reverses=booked)


def test_a_second_reversal_is_refused(book, accounts):
    reverse(book, "booked")
    with refused_by("ledger_entry_reverses_id_key"):
        insert(book, accounts, [-5, 5], reverses=Entry.objects.get(key="booked").id)


def test_a_reversal_of_a_reversal_is_refused(book, accounts):
    (reversal,) = reverse(book, "booked")
    with refused_by("ledger_reversal_mirrors"):
        insert(book, accounts, [5, -5], reverses=reversal)


@pytest.mark.parametrize("table", ["ledger_entry", "ledger_leg", "ledger_account", "ledger_balance", "ledger_book"])
def test_the_role_that_serves_does_not_delete(book, accounts, table):
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(ProgrammingError) as denied, transaction.atomic():
            sql(statement)
        assert isinstance(denied.value.__cause__, psycopg.errors.InsufficientPrivilege)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger_entry SET kind = 'x'",
        "UPDATE ledger_leg SET amount_minor = amount_minor * 2",
        "UPDATE ledger_account SET kind = 'CASH'",
        "UPDATE ledger_balance SET value_date = value_date - 1",
        "UPDATE ledger_book SET funder_id = 0",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "DROP TRIGGER ledger_entries_are_sound ON ledger_entry",
        "SET session_replication_role = replica",
    ],
)
def test_the_role_that_serves_does_not_rewrite_history_or_lift_its_guards(book, accounts, change):
    with pytest.raises(DatabaseError) as denied, transaction.atomic():
        sql(change)
    assert isinstance(denied.value.__cause__, psycopg.errors.InsufficientPrivilege)


def test_the_orm_is_refused_as_well(book, accounts):
    for change in (
        lambda: Entry.objects.update(kind="x"),
        lambda: Leg.objects.all().delete(),
        Entry.objects.first().save,
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()
    assert Entry.objects.get().kind == "advance.disbursed"
    assert Book.objects.get().id == book.id
    assert Balance.objects.count() == 2
