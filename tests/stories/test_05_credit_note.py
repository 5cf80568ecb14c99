"""Goods come back after they were financed: the receivable shrinks, availability with it, and the rest still repays."""

from financing.advances.models import Advance
from financing.receivables.models import CreditNote
from tests.stories.house import House


def test_a_credit_note_on_what_is_assigned_is_carried_by_the_suppliers_other_receivables(house: House):
    supplier = house.supplier("Pepper", invoices=(1_000_00, 1_000_00))
    first = house.funded(supplier, 900_00)
    second = house.funded(supplier, 500_00)
    assert supplier.states() == ["ASSIGNED", "ASSIGNED"]
    assert supplier.available() == 1_800_00 - 902_70 - 501_50

    note = supplier.credit_note(house.cast.meridian)
    assert supplier.api.post("credit-notes/", note)["entered"] == 1

    diluted, other = supplier.receivables()
    assert (diluted.status, diluted.open_minor, diluted.credited_minor) == ("ASSIGNED", 700_00, 300_00)
    assert CreditNote.objects.get(receivable=diluted).funder == house.cast.harbour
    assert supplier.available() == 1_530_00 - 902_70 - 501_50

    house.settle("pepper-1", (diluted, None))
    first.refresh_from_db()
    assert (first.status, first.principal_minor, first.fees_minor) == ("ACTIVE", 202_70, 0)
    second.refresh_from_db()
    assert second.principal_minor == 500_00
    assert supplier.states() == ["SETTLED", "ASSIGNED"]

    house.settle("pepper-2", (other, None))
    for advance in (first, second):
        house.advance(advance.application_id, Advance.Status.REPAID)
    house.quiet()
    # 1,700.00 paid; 900.00 and 500.00 lent, 2.70 and 1.50 in fees.
    assert house.booked_at_bank(supplier.iban) == [900_00, 500_00, 295_80]
    assert supplier.states() == ["SETTLED", "SETTLED"]
