"""The bank's day against ours: what agrees is silent, what does not is counted and named."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from financing.banking import queries, services
from financing.banking.iso20022 import camt053
from financing.banking.iso20022.entries import Direction, Entry
from financing.banking.iso20022.errors import UnreadableMessage
from financing.banking.models import Statement
from financing.ledger.services import LegOf, Posting, post
from portal.shared.access import BANK, MAKER, SUPPLIER, SYSTEM_ACTOR, VIEWER, Actor
from portal.shared.errors import Forbidden, NotFound
from tests.banking.conftest import NOW, OPENING, TODAY, World, until


def harbours(world: World) -> Actor:
    return Actor(world.harbour.id, "FINANCIER", frozenset({MAKER}), user_id=1)


def stated(world: World, closing: int, *entries: Entry, message_id: str = "S1", day=TODAY) -> bytes:
    account = world.account(world.harbour)
    of_account = camt053.AccountStatement("S", account.iban, "EUR", day, OPENING, closing, entries)
    return camt053.build(camt053.Statement(message_id, NOW, (of_account,)))


def test_the_command_says_that_all_agrees(world: World):
    world.pay()
    world.becomes("SETTLED")
    said = StringIO()

    call_command("reconcile", TODAY.isoformat(), stdout=said)

    assert "bank 99030.00 ledger 99030.00 unmatched 0" in said.getvalue()
    assert queries.unreconciled(actor=SYSTEM_ACTOR) == []


def test_cash_that_the_bank_does_not_know_is_named(world: World):
    legs = (LegOf("CASH", 500), LegOf("UNAPPLIED_RECEIPTS", -500))
    post(actor=SYSTEM_ACTOR, book_id=world.book_id, postings=[Posting("by hand", "slip", "EUR", legs)], now=NOW)

    with pytest.raises(CommandError):
        call_command("reconcile", TODAY.isoformat(), stdout=StringIO())

    (found,) = queries.unreconciled(actor=harbours(world))
    assert found.difference_minor == -500
    assert [(each.side, each.reference, each.amount_minor) for each in found.entries] == [("LEDGER", "by hand", 500)]


def test_money_that_left_without_a_payment_of_ours_is_named(world: World):
    charge = Entry("B9", 250, "EUR", Direction.DEBIT, TODAY, TODAY)

    (statement,) = services.reconcile(content=stated(world, OPENING - 250, charge), now=NOW)

    assert (statement.difference_minor, statement.unmatched) == (0, 1)
    assert world.balance("UNAPPLIED_RECEIPTS") == 250
    (found,) = queries.unreconciled(actor=harbours(world))
    assert [(each.side, each.reference, each.amount_minor) for each in found.entries] == [("BANK", "B9", -250)]


def test_a_booking_that_the_statement_does_not_have_is_named(world: World):
    world.pay()
    world.becomes("SETTLED")

    (statement,) = services.reconcile(content=stated(world, OPENING), now=NOW)

    assert (statement.difference_minor, statement.unmatched) == (97_000, 1)
    (found,) = queries.unreconciled(actor=harbours(world))
    assert [each.side for each in found.entries] == ["PORTAL"]


def test_bookings_of_later_days_do_not_disturb_an_earlier_statement(world: World):
    tomorrow = TODAY + timedelta(days=1)
    later = Entry("B9", 250, "EUR", Direction.CREDIT, tomorrow, tomorrow)
    services.reconcile(content=stated(world, OPENING + 250, later, message_id="S2", day=tomorrow), now=NOW)

    (statement,) = services.reconcile(content=stated(world, OPENING), now=NOW)

    assert (statement.difference_minor, statement.unmatched) == (0, 0)


def test_a_statement_that_comes_again_is_the_same_statement(world: World):
    first = services.reconcile(content=stated(world, OPENING), now=NOW)
    again = services.reconcile(content=stated(world, OPENING), now=NOW)

    assert first == again
    assert Statement.objects.count() == 1


def test_a_statement_that_does_not_add_up_is_not_used(world: World):
    with pytest.raises(UnreadableMessage):
        services.reconcile(content=stated(world, OPENING + 1), now=NOW)

    assert services.receive(content=stated(world, OPENING + 1), now=NOW).code == "TOTALS_DIFFER"
    assert not Statement.objects.exists()


# ── who sees what ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_payer_sees_the_messages_of_a_payment_and_the_payee_does_not(world: World):
    (instruction,) = world.pay()
    world.becomes("SETTLED")
    until(lambda: queries.trail(actor=SYSTEM_ACTOR, instruction_id=instruction.id).bookings)

    payers = queries.trail(actor=harbours(world), instruction_id=instruction.id)
    payee = Actor(world.amphora.id, SUPPLIER, frozenset({MAKER}), user_id=2)
    payees = queries.trail(actor=payee, instruction_id=instruction.id)

    assert payers.messages[0].kind == "pain.001"
    assert {each.kind for each in payers.messages} == {"pain.001", "pain.002", "camt.054"}
    assert [each.amount_minor for each in payers.bookings] == [-97_000]
    assert (payees.instruction, payees.messages, payees.bookings) == (instruction, [], [])
    with pytest.raises(NotFound):
        queries.trail(actor=Actor(999, BANK, frozenset({MAKER})), instruction_id=instruction.id)


def test_an_account_shows_what_the_bank_last_said(world: World):
    world.reconciled()
    world.pay()
    world.becomes("SETTLED")

    (account,) = queries.accounts(actor=harbours(world))

    assert account.balance_minor == OPENING - 97_000


def test_a_person_may_ask_the_bank_about_a_payment_now(world: World):
    (instruction,) = world.instruct()
    services.claim(instruction_ids=[instruction.id], now=NOW)

    assert services.inquire(actor=harbours(world), instruction_id=instruction.id, now=NOW).status == "DUE"
    with pytest.raises(Forbidden):
        viewer = Actor(world.harbour.id, "FINANCIER", frozenset({VIEWER}), user_id=3)
        services.inquire(actor=viewer, instruction_id=instruction.id, now=NOW)
