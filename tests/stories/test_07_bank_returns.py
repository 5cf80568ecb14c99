"""The bank books a payment and sends it back: everything is undone, and the cash is there again."""

from django.utils import timezone

from accounts.trail.models import Delivery
from financing.advances.models import Advance
from financing.banking.iso20022 import iban
from financing.banking.models import BankAccount, PaymentInstruction, Statement
from financing.banking.services import replace_account
from portal.shared.access import SYSTEM_ACTOR
from tests.stories.house import House
from tests.world import CURRENCY, TODAY


def test_a_returned_payment_is_undone_to_the_cent_and_reconciled(house: House):
    supplier = house.supplier("Thistle", invoices=(1_000_00,))
    house.quiet()
    kinds = ("CASH", "ADVANCES", "FEES_RECEIVABLE", "DEFERRED_FEES", "FEE_INCOME", "DISBURSEMENT_CLEARING")
    before = {kind: house.balance(kind) for kind in kinds}
    house.fault("returned", reason="AC04", match={"creditor_iban": supplier.iban})

    advance = house.advance(supplier.apply(900_00), Advance.Status.FAILED)
    house.quiet()

    assert (advance.owed_minor, advance.deferred_fee_minor) == (0, 0)
    assert advance.funded_date == TODAY
    instruction = PaymentInstruction.objects.get(id=advance.instruction_id)
    assert (instruction.status, instruction.reason) == ("RETURNED", "AC04")
    assert house.booked_at_bank(supplier.iban) == [900_00, -900_00]
    assert {kind: house.balance(kind) for kind in kinds} == before
    assert (supplier.facility.principal_minor, supplier.facility.reserved_minor) == (0, 0)
    assert supplier.states() == ["ACCEPTED"]
    house.reconcile(TODAY)
    assert {(each.difference_minor, each.unmatched) for each in Statement.objects.filter(date=TODAY)} == {(0, 0)}

    house.funded(supplier, 900_00)
    assert house.booked_at_bank(supplier.iban) == [900_00, -900_00, 900_00]


def test_a_settlement_that_comes_back_after_it_repaid_is_undone_and_the_next_one_repays(house: House):
    """What was lent is owed again, what the supplier got too much is made good, and nobody's money is lost."""
    supplier = house.supplier("Willow", invoices=(1_000_00,))
    advance = house.funded(supplier, 900_00)
    secured = supplier.receivables()[0]
    harbour = house.iban_of(house.cast.harbour)
    before = house.at_bank(harbour)
    made = house.settle("willow-1", (secured, None))
    house.advance(advance.application_id, Advance.Status.REPAID)
    house.quiet()

    paid = PaymentInstruction.objects.get(purpose="SETTLEMENT", subject_id=made["payments"][0]["id"])
    house.bank.control("POST", f"/payments/{paid.end_to_end_id}/return")

    house.advance(advance.application_id, Advance.Status.ACTIVE)
    house.quiet()
    assert house.at_bank(harbour) == before - 97_30
    assert house.booked_at_bank(supplier.iban) == [900_00, 97_30]
    again = house.advance(advance.application_id, Advance.Status.ACTIVE)
    assert (again.principal_minor, again.fees_minor) == (900_00, 2_70)
    assert (supplier.states(), supplier.facility.overpaid_minor) == (["ASSIGNED"], 97_30)

    house.settle("willow-2", (secured, None))

    house.advance(advance.application_id, Advance.Status.REPAID)
    house.quiet()
    assert house.at_bank(harbour) == before + 902_70
    assert house.booked_at_bank(supplier.iban) == [900_00, 97_30]
    assert (supplier.states(), supplier.facility.overpaid_minor) == (["SETTLED"], 0)
    assert Delivery.objects.filter(state=Delivery.State.PARKED).count() == 0


def test_a_payment_that_comes_back_after_it_was_repaid_costs_the_supplier_nothing(house: House):
    """It never had the money: what the platform paid on its invoice is its own, whole, as soon as it can be paid."""
    supplier = house.supplier("Sorrel", invoices=(1_000_00,))
    advance = house.funded(supplier, 900_00)
    harbour = house.iban_of(house.cast.harbour)
    house.settle("sorrel-1", (supplier.receivables()[0], None))
    advance = house.advance(advance.application_id, Advance.Status.REPAID)
    house.quiet()
    before = house.at_bank(harbour)

    house.bank.control("POST", f"/payments/{advance.instruction.end_to_end_id}/return")

    house.advance(advance.application_id, Advance.Status.FAILED)
    house.quiet()
    assert house.at_bank(harbour) == before + 900_00
    assert house.balance("CASH_COLLATERAL", supplier.facility_id) == -902_70
    assert supplier.api.get(f"facilities/{supplier.facility_id}/availability/")["held_minor"] == 902_70
    assert (supplier.states(), supplier.facility.principal_minor) == (["SETTLED"], 0)

    another = iban.make("DE", f"90000002{supplier.party.id:010d}")
    asked = {"holder": "Sorrel", "currency": CURRENCY, "iban": another, "opening_minor": 0, "notified": False}
    house.bank.control("POST", "/accounts", asked)
    account = BankAccount.objects.get(party=supplier.party, closed_at=None)
    replace_account(
        actor=SYSTEM_ACTOR, account_id=account.id, holder="Sorrel", iban=another, now=timezone.now()
    )  # fmt: skip
    house.quiet()

    assert house.booked_at_bank(supplier.iban) == [900_00, 97_30, -900_00]
    assert house.booked_at_bank(another) == [902_70]
    assert house.balance("CASH_COLLATERAL", supplier.facility_id) == 0
    house.reconcile(TODAY)
