"""Instructing a payment: once per key, to an account that is known, and told to those concerned."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.parties.models import Party
from accounts.trail.models import Event, EventParty
from financing.banking.iso20022 import iban
from financing.banking.models import PaymentInstruction
from financing.banking.services import (
    InstructionConflict,
    NoBankAccount,
    Payment,
    close_account,
    instruct,
    register_account,
    replace_account,
)
from financing.ledger.services import open_book
from portal.shared.access import ADMIN, MAKER, OPERATOR, SUPPLIER, SYSTEM_ACTOR, Actor
from portal.shared.errors import Forbidden, InvalidInput, NotFound

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def party(kind: str, name: str) -> Party:
    return Party.objects.create(kind=kind, name=name, country="DE", status="ADMITTED", created_at=NOW)


def account(of: Party, number: int, **known):
    return register_account(
        actor=SYSTEM_ACTOR, party_id=of.id, holder=of.name, iban=iban.make("DE", f"90000001{number:010d}"),
        currency="EUR", now=NOW, **known,
    )  # fmt: skip


@pytest.fixture
def lender() -> Party:
    lender = party("FINANCIER", "Harbour Capital")
    open_book(actor=SYSTEM_ACTOR, funder_id=lender.id, business_date=date(2026, 3, 2), now=NOW)
    account(lender, 1, connected=True)
    return lender


@pytest.fixture
def supplier() -> Party:
    supplier = party("SUPPLIER", "Aldana Textiles")
    account(supplier, 2)
    return supplier


def disbursement(lender: Party, supplier: Party, number: int = 1, **changed) -> Payment:
    known = {
        "key": f"advance:{number}:disbursement", "purpose": "DISBURSEMENT", "payer_id": lender.id,
        "payee_id": supplier.id, "amount_minor": 97_000, "currency": "EUR", "subject_type": "advances.advance",
        "subject_id": number, "contra_kind": "DISBURSEMENT_CLEARING", "facility_id": 7, "remittance": "Advance 1",
    }  # fmt: skip
    return Payment(**known | changed)


def ask(*payments: Payment) -> list[PaymentInstruction]:
    return instruct(actor=SYSTEM_ACTOR, payments=payments, now=NOW)


def test_an_instruction_holds_what_the_bank_needs_and_is_told_to_payer_and_payee(lender, supplier):
    (instruction,) = ask(disbursement(lender, supplier))

    instruction.refresh_from_db()
    assert instruction.status == "DUE"
    assert instruction.account.iban == iban.make("DE", "900000010000000001")
    assert instruction.creditor_iban == iban.make("DE", "900000010000000002")
    assert (instruction.creditor_name, instruction.amount_minor) == ("Aldana Textiles", 97_000)
    assert len(instruction.end_to_end_id) == 35
    event = Event.objects.get(name="payment.due")
    assert (event.subject_type, event.subject_id) == ("banking.paymentinstruction", instruction.id)
    assert event.payload["subject_id"] == 1
    assert set(EventParty.objects.filter(event=event).values_list("party_id", flat=True)) == {lender.id, supplier.id}


def test_the_same_key_is_the_same_instruction(lender, supplier):
    (first,) = ask(disbursement(lender, supplier))
    second = ask(disbursement(lender, supplier, 2), disbursement(lender, supplier))

    assert second[1].id == first.id
    assert PaymentInstruction.objects.count() == 2
    assert Event.objects.filter(name="payment.due").count() == 2


@pytest.mark.parametrize("changed", [{"amount_minor": 97_001}, {"subject_id": 9}, {"purpose": "REMAINDER"}])
def test_the_same_key_with_other_particulars_is_refused(lender, supplier, changed):
    ask(disbursement(lender, supplier))

    with pytest.raises(InstructionConflict):
        ask(disbursement(lender, supplier, **changed))


def test_two_hundred_instructions_take_as_many_statements_as_one(lender, supplier):
    with CaptureQueriesContext(connection) as one:
        ask(disbursement(lender, supplier))
    with CaptureQueriesContext(connection) as many:
        ask(*[disbursement(lender, supplier, number) for number in range(2, 202)])

    assert len(many) == len(one)
    assert PaymentInstruction.objects.count() == 201


def test_a_party_without_account_cannot_be_paid(lender):
    stranger = party("SUPPLIER", "No Account Ltd")

    with pytest.raises(NoBankAccount) as refused:
        ask(disbursement(lender, stranger))

    assert refused.value.facts == {"party": stranger.id, "currency": "EUR"}
    assert not PaymentInstruction.objects.exists()


def test_money_is_paid_from_connected_accounts_only(lender, supplier):
    with pytest.raises(NoBankAccount):
        ask(disbursement(supplier, lender))


def test_a_funder_names_the_account_of_its_book_that_the_cash_moves_against(lender, supplier):
    with pytest.raises(InvalidInput) as refused:
        ask(disbursement(lender, supplier, contra_kind=""))

    assert refused.value.code == "CONTRA_MISSING"


@pytest.mark.parametrize("amount_minor", [0, -1, 10**15])
def test_an_amount_that_no_message_can_carry_is_refused(lender, supplier, amount_minor):
    with pytest.raises(InvalidInput) as refused:
        ask(disbursement(lender, supplier, amount_minor=amount_minor))

    assert refused.value.code == "AMOUNT_INVALID"


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def administrator(of: Party, role: str = ADMIN) -> Actor:
    return Actor(of.id, of.kind, frozenset({role}), user_id=1)


def test_a_party_registers_its_own_account_and_only_that():
    first, second = party("SUPPLIER", "Aldana Textiles"), party("SUPPLIER", "Bosse Ceramics")
    particulars = {"holder": "Aldana Textiles", "iban": "de89 3704 0044 0532 0130 00", "currency": "eur", "now": NOW}

    registered = register_account(actor=administrator(first), party_id=first.id, **particulars)

    assert (registered.iban, registered.currency) == ("DE89370400440532013000", "EUR")
    assert (registered.status, registered.proposed_by) == ("WAITING", "user:1")
    with pytest.raises(NotFound):
        register_account(actor=administrator(second), party_id=first.id, **particulars)
    with pytest.raises(Forbidden):
        register_account(actor=administrator(first, MAKER), party_id=first.id, **particulars)


def test_an_account_registered_again_is_the_same_account(supplier):
    assert account(supplier, 2) == supplier.bank_accounts.get()


def test_a_party_has_one_open_account_per_currency(supplier):
    with pytest.raises(InvalidInput) as refused:
        account(supplier, 3)

    assert refused.value.code == "ACCOUNT_OPEN"


def test_whoever_names_an_account_first_keeps_it_from_nobody(supplier):
    other = party("SUPPLIER", "Bosse Ceramics")
    assert account(other, 2).party == other
    assert account(supplier, 2).party == supplier


def test_an_account_whose_bookings_come_home_belongs_to_one_party(lender):
    with pytest.raises(InvalidInput) as refused:
        account(party("FINANCIER", "Quay Bank"), 1, connected=True)

    assert refused.value.code == "ACCOUNT_TAKEN"


def test_an_account_replaced_by_itself_stays(supplier):
    old = supplier.bank_accounts.get()
    same = replace_account(actor=administrator(supplier), account_id=old.id, holder=old.holder, iban=old.iban, now=NOW)
    assert same == old and supplier.bank_accounts.get().closed_at is None


def test_nothing_is_closed_where_the_new_account_is_refused(supplier):
    old = supplier.bank_accounts.get()
    with pytest.raises(InvalidInput):
        replace_account(actor=administrator(supplier), account_id=old.id, holder="A", iban="DE00", now=NOW)
    assert supplier.bank_accounts.get().closed_at is None


def test_a_closed_account_is_paid_to_no_more(lender, supplier):
    closed = close_account(actor=administrator(supplier), account_id=supplier.bank_accounts.get().id, now=NOW)
    assert close_account(actor=administrator(supplier), account_id=closed.id, now=NOW).closed_at == NOW
    with pytest.raises(NoBankAccount):
        ask(disbursement(lender, supplier))


def test_nobody_closes_the_account_of_another_or_a_connected_one_or_without_the_role(lender, supplier):
    own, lenders = supplier.bank_accounts.get(), lender.bank_accounts.get()
    operator = party(OPERATOR, "Portolan")
    for actor, chosen, refusal in (
        (administrator(operator), lenders, InvalidInput),
        (administrator(lender), own, NotFound),
        (administrator(supplier), lenders, NotFound),
        (administrator(lender), lenders, InvalidInput),
        (administrator(supplier, MAKER), own, Forbidden),
    ):
        with pytest.raises(refusal):
            close_account(actor=actor, account_id=chosen.id, now=NOW)
    assert {each.closed_at for each in (supplier.bank_accounts.get(), lender.bank_accounts.get())} == {None}


def test_what_takes_the_place_of_a_connected_account_is_connected(lender):
    operator = administrator(party(OPERATOR, "Portolan"))
    new = replace_account(
        actor=operator, account_id=lender.bank_accounts.get().id, holder="H", iban="DE89370400440532013000", now=NOW
    )
    assert (new.status, new.connected) == ("WAITING", True)
    assert lender.bank_accounts.in_force().get().connected


def test_only_the_operator_connects_an_account():
    owner, operator = party(SUPPLIER, "Aldana Textiles"), party(OPERATOR, "Portolan")
    particulars = {"party_id": owner.id, "holder": "A", "iban": "DE89370400440532013000", "currency": "EUR", "now": NOW}

    with pytest.raises(InvalidInput):
        register_account(actor=administrator(owner), connected=True, **particulars)
    assert register_account(actor=administrator(operator), connected=True, **particulars).connected


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"iban": "DE89370400440532013001"}, "IBAN_INVALID"),
        ({"bic": "NOBIC"}, "BIC_INVALID"),
        ({"currency": "EURO"}, "CURRENCY_INVALID"),
        ({"currency": "ZZZ"}, "CURRENCY_INVALID"),
        ({"currency": "XXX"}, "CURRENCY_INVALID"),
    ],
)
def test_particulars_that_no_bank_would_take_are_refused(changed, code):
    owner = party(SUPPLIER, "Aldana Textiles")
    particulars = {"party_id": owner.id, "holder": "A", "iban": "DE89370400440532013000", "currency": "EUR", "now": NOW}

    with pytest.raises(InvalidInput) as refused:
        register_account(actor=administrator(owner), **particulars | changed)

    assert refused.value.code == code


def test_the_payer_of_a_payment_is_whose_account_it_is_made_from(lender, supplier):
    (made,) = instruct(actor=SYSTEM_ACTOR, payments=[disbursement(lender, supplier)], now=NOW)
    assert made.payer_id == lender.id
    another = party("FINANCIER", "Lantern")
    with pytest.raises(IntegrityError, match="instruction_payer_has_account"), transaction.atomic():
        made.pk, made.key, made.end_to_end_id, made.payer = None, "another", "ANOTHER", another
        made.save(force_insert=True)
