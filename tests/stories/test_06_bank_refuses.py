"""The bank does not pay: nothing is owed, limit and receivables are free, and the supplier may ask again."""

import pytest

from financing.advances.models import Advance
from financing.banking.models import PaymentInstruction
from financing.credit.models import Programme
from financing.credit.rules import DEFAULT_BODY
from financing.credit.services import approve_policy, propose_policy
from financing.ledger.models import Entry
from financing.ledger.services import LegOf, Posting, open_book, post
from portal.shared.access import SYSTEM_ACTOR
from tests.stories.house import House, Supplier
from tests.world import CURRENCY, NOW, TODAY, as_member


def assert_undone(house: House, supplier: Supplier, advance: Advance, reason: str, told: str) -> None:
    """`told`: what the supplier learns of the reason, which is the payer's affair unless it speaks of its account."""
    instruction = PaymentInstruction.objects.get(id=advance.instruction_id)
    assert (instruction.status, instruction.reason) == ("REJECTED", reason)
    assert advance.owed_minor == 0
    assert (supplier.facility.principal_minor, supplier.facility.reserved_minor) == (0, 0)
    assert supplier.states() == ["ACCEPTED"] * len(supplier.states())
    assert house.booked_at_bank(supplier.iban) == []
    assert Entry.objects.get(key=f"advance/{advance.id}/approve").reversed_by is not None
    said = supplier.api.get(f"advances/{advance.id}/")
    assert said["status"] == "FAILED"
    failed = [each["payload"] for each in said["timeline"] if each["name"] == "advance.failed"]
    assert [each.get("reason", "") for each in failed] == [told]


@pytest.mark.parametrize(("name", "reason", "told"), [("Quartz", "AC04", "AC04"), ("Raven", "MS03", "")])
def test_a_refused_payment_leaves_nothing_owed_and_the_supplier_asks_again(house: House, name, reason, told):
    supplier = house.supplier(name, invoices=(1_000_00,))
    cash = house.balance("CASH")
    house.fault("refused", reason=reason, match={"creditor_iban": supplier.iban})
    advance = house.advance(supplier.apply(900_00), Advance.Status.FAILED)
    assert_undone(house, supplier, advance, reason, told)
    assert house.balance("CASH") == cash
    assert house.balance("ADVANCES", supplier.facility_id) == 0
    assert supplier.available() == 900_00

    again = house.funded(supplier, 900_00)
    assert again.id != advance.id
    assert house.booked_at_bank(supplier.iban) == [900_00]


@pytest.fixture
def crown(house: House) -> Programme:
    """A programme of Crown's, a bank with no more than 600.00 on the account that it lends from."""
    bank = house.cast.crown
    book = open_book(actor=SYSTEM_ACTOR, funder_id=bank.id, business_date=TODAY, now=NOW)
    house.open_account(bank, 600_00, connected=True)
    legs = (LegOf("CASH", 600_00), LegOf("CAPITAL", -600_00))
    post(actor=SYSTEM_ACTOR, book_id=book.id, postings=[Posting("capital", "capital", CURRENCY, legs)], now=NOW)
    proposed = propose_policy(
        actor=as_member("cleo@crown.example"), funder_id=bank.id, body=DEFAULT_BODY, effective_from=TODAY, now=NOW
    )
    approve_policy(actor=as_member("carl@crown.example"), policy_id=proposed.id, seen_hash=proposed.body_hash, now=NOW)
    return Programme.objects.create(
        funder=bank, debtor=house.cast.meridian, name="Crown lends", currency=CURRENCY, agreement="CR-1"
    )


def test_a_funder_without_the_money_fails_and_lends_what_it_has(house: House, crown: Programme):
    supplier = house.supplier("Saffron", invoices=(1_000_00,), programme=crown)
    advance = house.advance(supplier.apply(900_00), Advance.Status.FAILED)
    assert_undone(house, supplier, advance, "AM04", told="")
    assert house.funded(supplier, 600_00).principal_minor == 600_00
    assert house.booked_at_bank(supplier.iban) == [600_00]
    assert house.at_bank(house.iban_of(house.cast.crown)) == 0
