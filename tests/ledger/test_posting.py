from dataclasses import replace
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from financing.ledger.models import Account, Balance, Book, Entry, Leg
from financing.ledger.queries import TrialBalanceLine, balance, balances, findings, trial_balance
from financing.ledger.rules import IsReversal, KeyReused, Unbalanced, ValueDateAhead
from financing.ledger.services import LegOf, Posting
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.errors import InvalidInput, NotFound
from portal.shared.money import MAX_MINOR
from tests.ledger.conftest import TODAY, disbursement, post, reverse

EARLIER = date(2026, 2, 27)
TOMORROW = date(2026, 3, 3)


def test_an_entry_keeps_its_legs_dates_and_author(book):
    (entry_id,) = post(book, disbursement("a-1", 500_00, subject_type="advances.advance", subject_id=3))

    entry = Entry.objects.get(id=entry_id)
    assert (entry.business_date, entry.value_date, entry.recorded_by) == (TODAY, TODAY, "system")
    assert (entry.kind, entry.subject_type, entry.subject_id) == ("advance.disbursed", "advances.advance", 3)
    assert set(entry.legs.values_list("account__kind", "account__facility_id", "amount_minor")) == {
        ("ADVANCES", 7, 500_00),
        ("DISBURSEMENT_CLEARING", 7, -500_00),
    }
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR", facility_id=7) == 500_00
    assert balance(book_id=book.id, kind="DISBURSEMENT_CLEARING", currency="EUR") == -500_00


def test_ids_come_back_in_the_order_of_the_postings(book):
    ids = post(book, disbursement("z", 1), disbursement("a", 2), disbursement("m", 3))
    assert [Entry.objects.get(id=id).key for id in ids] == ["z", "a", "m"]


@pytest.mark.parametrize(("how_many", "savepoints"), [(1, 0), (200, 2)])
def test_booking_is_one_statement_however_many_entries(book, how_many, savepoints):
    post(book, *(disbursement(f"first {number}", 1, 1 + number % 20) for number in range(how_many)))
    with CaptureQueriesContext(connection) as queries:
        post(book, *(disbursement(f"a-{number}", 100 + number, 1 + number % 20) for number in range(how_many)))
    assert len([q["sql"] for q in queries if "SAVEPOINT" in q["sql"]]) == savepoints
    assert len(queries) == 1 + savepoints
    assert Entry.objects.count() == 2 * how_many
    assert findings(book.id) == []


def test_an_entry_alone_is_booked_whole_or_not_at_all_without_a_transaction_around_it(committed_book):
    post(committed_book, disbursement("first", 1))
    with pytest.raises(DataError):
        post(committed_book, replace(disbursement("refused", 5), kind="x" * 41))
    with CaptureQueriesContext(connection) as queries:
        post(committed_book, disbursement("second", 2))
    assert len(queries) == 1
    connection.close()  # what another connection finds is committed
    assert list(Entry.objects.order_by("id").values_list("key", flat=True)) == ["first", "second"]
    assert findings(committed_book.id) == []


def test_an_entry_alone_that_fails_does_not_let_the_transaction_around_it_commit(committed_book):
    with pytest.raises(transaction.TransactionManagementError), transaction.atomic():
        post(committed_book, disbursement("first", 1))
        with pytest.raises(DataError):
            post(committed_book, replace(disbursement("refused", 5), kind="x" * 41))
        post(committed_book, disbursement("second", 2))
    assert not Entry.objects.exists()


def test_whatever_stands_in_a_key_and_however_large_the_amount_it_is_booked_as_it_is(book):
    key = """\\ "quoted" 'so' %s {x} [1] \n é 订单 🚢"""
    (entry_id,) = post(book, disbursement(key, MAX_MINOR))
    assert Entry.objects.get(id=entry_id).key == key
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR") == MAX_MINOR
    assert post(book, disbursement(key, MAX_MINOR)) == [entry_id]


def test_balances_are_kept_per_value_date(book):
    post(book, disbursement("a-1", 500_00, value_date=EARLIER), disbursement("a-2", 20_00))
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR", as_of=date(2026, 2, 26)) == 0
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR", as_of=EARLIER) == 500_00
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR", as_of=TODAY) == 520_00
    assert Balance.objects.count() == 4


def test_balances_without_a_facility_are_of_the_whole_kind(book):
    post(book, disbursement("a-1", 5, 7), disbursement("a-2", 6, 8), disbursement("a-3", 9, 8, currency="USD"))
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR") == 11
    assert balances(book_id=book.id, kinds=["ADVANCES"], currency="EUR", facility_ids=[8]) == {
        ("ADVANCES", "EUR", 8): 6
    }
    assert trial_balance(book.id, TODAY) == [
        TrialBalanceLine("ADVANCES", "EUR", 11, 0),
        TrialBalanceLine("DISBURSEMENT_CLEARING", "EUR", 0, 11),
        TrialBalanceLine("ADVANCES", "USD", 9, 0),
        TrialBalanceLine("DISBURSEMENT_CLEARING", "USD", 0, 9),
    ]


def test_one_account_moved_twice_by_an_entry_keeps_both_turnovers(book):
    legs = (LegOf("CASH", 10), LegOf("CASH", -4), LegOf("CAPITAL", -6))
    post(book, Posting("a", "capital.paid_in", "EUR", legs))
    assert Balance.objects.get(account__kind="CASH").debit_minor == 10
    assert Balance.objects.get(account__kind="CASH").credit_minor == 4


def test_a_key_with_the_same_content_returns_the_entry_that_is_there(book):
    first = post(book, disbursement("a-1", 5), disbursement("a-2", 6))
    again = post(book, disbursement("a-2", 6), disbursement("new", 7), disbursement("a-1", 5))
    assert [again[2], again[0]] == first
    assert Entry.objects.count() == 3
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR") == 18


def test_a_key_twice_in_one_call_is_one_entry(book):
    first, second = post(book, disbursement("a-1", 5), disbursement("a-1", 5))
    assert first == second
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR") == 5


@pytest.mark.parametrize(
    "other",
    [
        disbursement("a-1", 6),
        disbursement("a-1", 5, facility_id=8),
        disbursement("a-1", 5, currency="USD"),
        disbursement("a-1", 5, subject_type="advances.advance", subject_id=1),
        disbursement("a-1", 5, value_date=EARLIER),
        Posting("a-1", "other.kind", "EUR", disbursement("a-1", 5).legs),
        Posting("a-1", "advance.disbursed", "EUR", disbursement("a-1", 5).legs * 2),
    ],
)
def test_a_key_with_other_content_is_refused_and_nothing_is_booked(book, other):
    post(book, disbursement("a-1", 5))
    with pytest.raises(KeyReused) as refused:
        post(book, disbursement("b", 1), other)
    assert refused.value.code == "LEDGER_KEY_REUSED"
    assert list(Entry.objects.values_list("key", flat=True)) == ["a-1"]
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR") == 5


def test_one_call_does_not_use_a_key_for_two_movements(book):
    with pytest.raises(KeyReused):
        post(book, disbursement("a-1", 5), disbursement("a-1", 6))
    assert not Entry.objects.exists()


def test_two_books_use_the_same_key(book):
    from tests.ledger.conftest import open_book_of

    other = open_book_of("Harbour Bank")
    assert post(book, disbursement("a-1", 5)) != post(other, disbursement("a-1", 6))
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR") == 5


def test_what_does_not_balance_is_refused(book):
    legs = (LegOf("CASH", 10), LegOf("CAPITAL", -9))
    with pytest.raises(Unbalanced) as refused:
        post(book, disbursement("a", 1), Posting("b", "capital.paid_in", "EUR", legs))
    assert refused.value.facts == {"key": "b", "difference_minor": 1}
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "posting",
    [
        Posting("k", "kind", "EUR", (LegOf("CASH", 0), LegOf("CAPITAL", 0))),
        Posting("k", "kind", "EUR", (LegOf("CASH", 1.0), LegOf("CAPITAL", -1.0))),
        Posting("k", "kind", "EUR", (LegOf("CASH", True), LegOf("CAPITAL", -1))),
        Posting("k", "kind", "EUR", (LegOf("CASH", 10**16), LegOf("CAPITAL", -(10**16)))),
        Posting("k", "kind", "EUR", ()),
        Posting("k", "kind", "euro", (LegOf("CASH", 1), LegOf("CAPITAL", -1))),
        Posting("k", "", "EUR", (LegOf("CASH", 1), LegOf("CAPITAL", -1))),
        Posting("", "kind", "EUR", (LegOf("CASH", 1), LegOf("CAPITAL", -1))),
        Posting("k" * 121, "kind", "EUR", (LegOf("CASH", 1), LegOf("CAPITAL", -1))),
        Posting("reversal of k", "kind", "EUR", (LegOf("CASH", 1), LegOf("CAPITAL", -1))),
        Posting("k", "kind", "EUR", (LegOf("PETTY CASH", 1), LegOf("CAPITAL", -1))),
    ],
)
def test_what_is_no_movement_is_refused(book, posting):
    with pytest.raises(InvalidInput):
        post(book, posting)
    assert not Entry.objects.exists()
    assert not Account.objects.exists()


def test_a_value_date_after_the_business_date_is_refused(book):
    with pytest.raises(ValueDateAhead):
        post(book, disbursement("a", 1), disbursement("b", 1, value_date=TOMORROW))
    assert not Entry.objects.exists()


def test_a_book_that_is_not_there_is_not_found(book):
    with pytest.raises(NotFound):
        post(Book(id=book.id + 1), disbursement("a", 1))


def test_nothing_to_book_books_nothing(book):
    assert post(book) == []


def test_a_funder_sees_its_own_book_only(book):
    post(book, disbursement("a-1", 5))
    funder = Actor(book.funder_id, "FINANCIER", frozenset({"VIEWER"}))
    stranger = Actor(book.funder_id + 1, "BANK", frozenset({"ADMIN"}))
    for model, count in ((Book, 1), (Account, 2), (Entry, 1), (Leg, 2), (Balance, 2)):
        assert model.objects.visible_to(funder).count() == count
        assert model.objects.visible_to(SYSTEM_ACTOR).count() == count
        assert model.objects.visible_to(stranger).count() == 0


# Reversal


def test_a_reversal_mirrors_its_entry_on_the_same_value_date(book):
    (original,) = post(book, disbursement("a-1", 5, value_date=EARLIER))
    (reversal,) = reverse(book, "a-1")
    entry = Entry.objects.get(id=reversal)
    assert (entry.key, entry.reverses_id, entry.value_date) == ("reversal of a-1", original, EARLIER)
    assert set(entry.legs.values_list("account__kind", "amount_minor")) == {
        ("ADVANCES", -5),
        ("DISBURSEMENT_CLEARING", 5),
    }
    assert set(balances(book_id=book.id, as_of=EARLIER).values()) == {0}
    assert findings(book.id) == []


def test_a_reversal_takes_another_value_date_where_one_is_named(book):
    post(book, disbursement("a-1", 5, value_date=EARLIER))
    reverse(book, "a-1", value_date=TODAY)
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR", as_of=EARLIER) == 5
    assert balance(book_id=book.id, kind="ADVANCES", currency="EUR") == 0
    with pytest.raises(KeyReused):
        reverse(book, "a-1")


def test_an_entry_is_reversed_once_however_often_asked(book):
    post(book, disbursement("a-1", 5), disbursement("a-2", 6))
    first = reverse(book, "a-1")
    assert reverse(book, "a-1", "a-2", "a-1") == [first[0], Entry.objects.latest("id").id, first[0]]
    assert Entry.objects.count() == 4


def test_a_reversal_is_not_reversed(book):
    post(book, disbursement("a-1", 5))
    reverse(book, "a-1")
    with pytest.raises(IsReversal):
        reverse(book, "reversal of a-1")


def test_what_was_not_booked_is_not_reversed(book):
    post(book, disbursement("a-1", 5))
    with pytest.raises(NotFound):
        reverse(book, "a-1", "a-2")
    assert Entry.objects.count() == 1


# Verification


def test_a_kept_balance_that_differs_from_the_legs_is_found(book, capsys):
    post(book, disbursement("a-1", 5))
    call_command("verify_ledger")
    assert "Book of Meridian Funding: 1 entries, no findings" in capsys.readouterr().out

    Balance.objects.filter(account__kind="ADVANCES").update(debit_minor=6)
    with pytest.raises(CommandError) as found:
        call_command("verify_ledger", book=book.id)
    assert found.value.returncode == 1
    account = Account.objects.get(kind="ADVANCES")
    expected = f"kept balance differs from its legs: account {account.id} on 2026-03-02: kept 6/0, booked 5/0"
    assert expected in capsys.readouterr().out
