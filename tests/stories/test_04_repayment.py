"""The platform settles: the funder is repaid, the supplier gets what is left, and may draw again."""

from financing.advances.models import Advance, Repayment
from financing.banking.models import PaymentInstruction
from tests.stories.house import House


def test_a_settlement_repays_and_what_is_left_goes_to_the_supplier_who_draws_again(house: House):
    supplier = house.supplier("Kestrel", invoices=(1_000_00, 1_000_00))
    assert supplier.available() == 1_800_00
    advance = house.funded(supplier, 900_00)
    assert supplier.available() == 1_800_00 - 900_00 - 2_70
    secured = supplier.receivables()[0]
    meridian_before = house.at_bank(house.iban_of(house.cast.meridian))
    harbour_before = house.at_bank(house.iban_of(house.cast.harbour))

    house.settle("kestrel-1", (secured, None))

    advance = house.advance(advance.application_id, Advance.Status.REPAID)
    repayment = Repayment.objects.get(advance=advance)
    assert (repayment.fees_minor, repayment.interest_minor, repayment.principal_minor) == (2_70, 0, 900_00)
    house.quiet()
    assert house.at_bank(house.iban_of(house.cast.meridian)) == meridian_before - 1_000_00
    assert house.at_bank(house.iban_of(house.cast.harbour)) == harbour_before + 902_70
    assert house.booked_at_bank(supplier.iban) == [900_00, 97_30]
    assert supplier.states() == ["SETTLED", "ACCEPTED"]
    for kind in ("ADVANCES", "FEES_RECEIVABLE", "INTEREST_RECEIVABLE", "DUE_TO_SUPPLIER"):
        assert house.balance(kind, supplier.facility_id) == 0, kind
    assert (supplier.facility.principal_minor, supplier.facility.reserved_minor) == (0, 0)

    assert supplier.available() == 900_00
    second = house.funded(supplier, 500_00)
    assert second.principal_minor == 500_00
    assert house.booked_at_bank(supplier.iban) == [900_00, 97_30, 500_00]
    assert supplier.states() == ["SETTLED", "ASSIGNED"]


def test_one_settlement_pays_each_payee_what_is_theirs(house: House):
    """One supplier's receivable is assigned, the other's is not; a third party to it all learns of neither."""
    lent, own = house.supplier("Larch", invoices=(1_000_00,)), house.supplier("Magpie", invoices=(400_00,))
    advance = house.funded(lent, 500_00)
    said = house.settle("day-2", (lent.receivables()[0], None), (own.receivables()[0], 150_00))
    assert sorted(each["amount_minor"] for each in said["payments"]) == [150_00, 1_000_00]
    house.advance(advance.application_id, Advance.Status.REPAID)
    house.quiet()
    assert house.booked_at_bank(lent.iban) == [500_00, 498_50]
    assert house.booked_at_bank(own.iban) == [150_00]
    assert (lent.states(), own.states()) == (["SETTLED"], ["ACCEPTED"])
    assert own.receivables()[0].open_minor == 250_00


def test_a_settlement_in_parts_repays_in_parts_and_keeps_the_security(house: House):
    supplier = house.supplier("Nutmeg", invoices=(1_000_00,))
    advance = house.funded(supplier, 900_00)
    secured = supplier.receivables()[0]
    house.settle("nutmeg-1", (secured, 400_00))
    advance.refresh_from_db()
    assert (advance.status, advance.principal_minor, advance.fees_minor) == ("ACTIVE", 900_00 - 397_30, 0)
    assert supplier.states() == ["ASSIGNED"]
    house.settle("nutmeg-2", (secured, None))
    advance = house.advance(advance.application_id, Advance.Status.REPAID)
    house.quiet()
    assert house.booked_at_bank(supplier.iban) == [900_00, 97_30]
    assert PaymentInstruction.objects.filter(purpose="REMAINDER", payee=supplier.party).count() == 1
    assert supplier.states() == ["SETTLED"]


def test_the_same_settlement_ordered_twice_pays_once(house: House):
    supplier = house.supplier("Osprey", invoices=(1_000_00,))
    advance = house.funded(supplier, 900_00)
    secured = supplier.receivables()[0]
    first = house.settle("osprey", (secured, 300_00))
    again = house.settle("osprey", (secured, 300_00))
    assert first["id"] == again["id"]
    advance.refresh_from_db()
    assert advance.principal_minor == 900_00 - 297_30
    assert supplier.receivables()[0].open_minor == 700_00
