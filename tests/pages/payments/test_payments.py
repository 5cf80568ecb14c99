"""Money in and out with what the bank said of it: all of it to who pays, to who is paid that it was paid and when."""

import csv

import pytest
from django.db import transaction
from django.urls import reverse

from financing.banking.models import BankEntry, Statement
from tests.pages.payments.conftest import Told
from tests.world import IBANS, NOW

HOME, STATEMENTS = "/payments/", "/payments/statements/"


@pytest.fixture
def hana(told, as_user):
    return as_user("hana@harbour.example")


@pytest.fixture
def ana(told, as_user):
    return as_user("ana@amphora.example")


@pytest.fixture
def undone(told):
    """What a test adds to the world that all share is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def page(browser, name: str, number: int):
    return browser.get(reverse(f"payments:{name}", args=[number]))


def test_the_payer_reads_every_message_of_a_payment_in_plain_words(told: Told, hana):
    shown = page(hana, "payment", told.booked.id)
    assert [(step.message.kind, step.says) for step in shown.context["steps"]] == [
        ("pain.001", "Asks the bank to pay EUR\xa0100.01 to Amphora."),
        ("pain.002", "The bank accepted the order and is carrying it out."),
        ("camt.054", "EUR\xa0100.01 left the account on Mar 2, 2026."),
        ("camt.053", "The statement of Mar 2, 2026 has it."),
    ]
    assert [each.name for each in shown.context["happenings"]] == ["payment.due", "payment.accepted", "payment.settled"]


@pytest.mark.usefixtures("undone")
def test_a_statement_that_has_what_left_and_what_came_back_is_told_of_once(told: Told, hana):
    back = BankEntry.objects.get(instruction=told.booked, account=told.booked.account)
    back.pk, back.bank_reference, back.return_reason, back.amount_minor = None, "BACK-1", "AC04", -back.amount_minor
    back.save()
    assert [step.says for step in page(hana, "payment", told.booked.id).context["steps"]][2:] == [
        "EUR\xa0100.01 left the account on Mar 2, 2026. "
        "EUR\xa0100.01 came back on Mar 2, 2026: the account is closed (AC04).",
        "The statement of Mar 2, 2026 has it.",
    ]


def test_the_payer_is_told_why_the_bank_refused(told: Told, hana):
    shown = page(hana, "payment", told.refused.id)
    assert [step.says for step in shown.context["steps"]][1:] == [
        "The bank refused the order: there was not enough money (AM04)."
    ]
    assert "No cover" in shown.text


def test_the_payee_sees_that_it_was_paid_and_nothing_of_the_payers_account_or_bank(told: Told, ana):
    paid, refused = page(ana, "payment", told.booked.id), page(ana, "payment", told.refused.id)
    assert [each.sentence for each in paid.context["happenings"]] == [
        "The payment to you was ordered", "The payer's bank booked it",
    ]  # fmt: skip
    assert paid.context["steps"] == refused.context["steps"] == []
    for shown in (paid, refused):
        assert IBANS["harbour"] not in shown.text
        assert not any(word in shown.text for word in ("AM04", "No cover", "not enough money", "ORDER-1"))


def test_messages_and_statements_are_the_account_owners_alone(told: Told, hana, ana, as_user):
    places = [("message", told.message(kind).id) for kind in ("pain.001", "pain.002", "camt.054", "camt.053")]
    places += [("content", told.message("pain.001").id), ("statement", told.statement.id)]
    for name, number in places:
        assert page(hana, name, number).status_code == 200
        for other in (ana, as_user("maya@meridian.example"), as_user("cleo@crown.example")):
            assert page(other, name, number).status_code == 404


def test_a_message_about_many_accounts_shows_each_owner_its_own_part(told: Told, hana, as_user):
    notice = told.message("camt.054")
    assert b"MERIDIANS-OWN" in bytes(notice.content)
    shown, file = page(hana, "message", notice.id), page(hana, "content", notice.id)
    assert shown.context["is_part"] and "B-1" in shown.text
    assert "MERIDIANS-OWN" not in shown.text + file.text and IBANS["meridian"] not in shown.text + file.text


def test_a_message_of_one_account_is_downloaded_byte_for_byte(told: Told, hana):
    answer = told.message("pain.002")
    file = page(hana, "content", answer.id)
    assert file.content == bytes(answer.content)
    assert file["Content-Disposition"] == f'attachment; filename="pain.002-{answer.message_id}.xml"'


def test_payments_are_narrowed_by_direction_state_and_day_searched_and_exported(told: Told, hana, ana):
    def shown(browser, **asked) -> set[int]:
        return {row.record.id for row in browser.get(HOME, asked).context["table"].rows}

    everything = {told.refused.id, told.booked.id, told.waiting.id}
    assert shown(hana, **{"payments-direction": "OUT"}) == shown(ana, **{"payments-direction": "IN"}) == everything
    assert shown(hana, **{"payments-direction": "IN"}) == set()
    assert shown(hana, **{"payments-status": "REJECTED"}) == {told.refused.id}
    assert shown(hana, **{"payments-q": "Advance 2"}) == {told.booked.id}
    since = dict(hana.get(HOME).context["table"].filters[2].choices)
    recent = min(since)
    assert shown(hana, **{"payments-since": recent}) == (everything if recent <= "2026-03-02" else set())
    exported = hana.get(HOME, {"payments-export": "csv", "payments-status": "SETTLED"})
    rows = list(csv.reader(b"".join(exported).decode("utf-8-sig").splitlines()))
    assert len(rows) == 2 and told.booked.end_to_end_id in rows[1]


def test_accounts_tell_what_bank_and_book_say_of_them(told: Told, hana, ana):
    (own,) = hana.get(HOME).context["accounts"]
    assert (own.account.balance_minor, own.ledger_minor) == (899_99, -100_01)
    (paid_to,) = ana.get(HOME).context["accounts"]
    assert (paid_to.account.iban, paid_to.ledger_minor) == (IBANS["amphora"], None)


def test_a_day_tells_opening_closing_entries_and_what_does_not_agree(told: Told, hana):
    (row,) = hana.get(STATEMENTS).context["table"].rows
    assert row.record.id == told.statement.id
    shown = page(hana, "statement", told.statement.id)
    assert [each.record.bank_reference for each in shown.context["table"].rows] == ["B-1"]
    assert shown.context["statement"].difference_minor == 1_000_00
    assert shown.context["odd"] is None


@pytest.mark.usefixtures("undone")
def test_a_day_that_one_side_alone_knows_is_told_in_pages_and_whole_as_a_file(told: Told, hana, as_user):
    told_of = [
        BankEntry(
            account=told.statement.account, bank_reference=f"ODD-{number:03}", amount_minor=-1_00 - number,
            currency="EUR", booking_date=told.statement.date, value_date=told.statement.date,
            message=told.message("camt.053"), statement=told.statement, recorded_at=NOW,
        )
        for number in range(30)
    ]  # fmt: skip
    BankEntry.objects.bulk_create(told_of)
    Statement.objects.filter(id=told.statement.id).update(unmatched=30)
    for browser, address in ((hana, "payments:statement"), (as_user("wim@watch.example"), "operator:statement")):
        shown = browser.get(reverse(address, args=[told.statement.id]))
        first = shown.context["odd"].rows
        assert [row.record.reference for row in first] == [f"ODD-{number:03}" for number in range(25)]
        assert "the bank, not the book" in shown.text
        second = browser.get(shown.context["odd"].next_url).context["odd"].rows
        assert [row.record.amount_minor for row in second] == [-1_00 - number for number in range(25, 30)]
        file = b"".join(browser.get(shown.request["PATH_INFO"], {"odd-export": "csv"})).decode("utf-8-sig")
        assert file.count("ODD-") == 30


def test_who_has_no_account_is_told_what_comes_here(told: Told, as_user):
    empty = as_user("cleo@crown.example").get(HOME)
    assert empty.context["accounts"] == [] and "No account yet" in empty.text
    assert "No statement yet" in as_user("cleo@crown.example").get(STATEMENTS).text
