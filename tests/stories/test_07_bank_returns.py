"""The bank books a payment and sends it back: everything is undone, and the cash is there again."""

from financing.advances.models import Advance
from financing.banking.models import PaymentInstruction, Statement
from tests.stories.house import House
from tests.world import TODAY


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
