"""The bank is late, silent, doubled or away: whatever it does, it pays once, and the advance is funded in the end."""

import pytest

from accounts.trail.models import Event
from financing.advances.models import Advance
from financing.banking.models import BankEntry, PaymentInstruction
from tests.stories.house import House, Supplier, eventually


def assert_paid_once(house: House, supplier: Supplier, application_id: int) -> None:
    """Funded, by exactly one payment in the bank's own book and one entry in ours."""
    advance = house.advance(application_id)
    house.quiet()
    assert advance.principal_minor == 900_00
    assert house.booked_at_bank(supplier.iban) == [900_00]
    assert BankEntry.objects.filter(instruction=advance.instruction_id).count() == 1
    assert house.balance("ADVANCES", supplier.facility_id) == 900_00
    assert Event.objects.filter(name="advance.funded", subject_id=advance.id).count() == 1


def waiting(house: House, application_id: int, *states: str) -> PaymentInstruction:
    """The payment, once it is in one of these states; its advance is not funded."""
    advance = house.advance(application_id, Advance.Status.DISBURSING)
    return eventually(
        lambda: PaymentInstruction.objects.filter(id=advance.instruction_id, status__in=states).first(),
        f"the payment is {states}",
    )


def test_late_the_advance_waits_for_the_booking_and_is_funded_by_it(house: House):
    supplier = house.supplier("Teal", invoices=(1_000_00,))
    house.fault("late", match={"creditor_iban": supplier.iban})
    application_id = supplier.apply(900_00)
    waiting(house, application_id, "ACCEPTED")
    assert house.booked_at_bank(supplier.iban) == []
    assert (supplier.facility.principal_minor, supplier.facility.reserved_minor) == (0, 900_00)
    assert supplier.available() == 0
    house.bank.control("POST", "/faults/release")
    assert_paid_once(house, supplier, application_id)


@pytest.mark.parametrize(
    ("name", "fault"), [("Umber", "twice"), ("Violet", "booking_before_status"), ("Walnut", "out_of_order")]
)
def test_a_booking_that_is_told_twice_too_early_or_out_of_order_counts_once(house: House, name, fault):
    supplier = house.supplier(name, invoices=(1_000_00,))
    harbour = house.iban_of(house.cast.harbour)
    of_payment = {"creditor_iban": supplier.iban}
    house.fault(fault, match=of_payment if fault == "booking_before_status" else {"iban": harbour})
    assert_paid_once(house, supplier, supplier.apply(900_00))


def test_where_the_bank_took_a_payment_and_did_not_say_so_its_booking_tells(house: House):
    supplier = house.supplier("Xenon", invoices=(1_000_00,))
    house.fault("timeout_after_acceptance", match={"creditor_iban": supplier.iban})
    assert_paid_once(house, supplier, supplier.apply(900_00))


def test_where_the_bank_dropped_a_payment_unread_it_is_asked_and_paid_through(house: House):
    supplier = house.supplier("Yarrow", invoices=(1_000_00,))
    house.fault("timeout_before_acceptance", match={"creditor_iban": supplier.iban})
    application_id = supplier.apply(900_00)
    advance = house.advance(application_id, Advance.Status.DISBURSING)
    silence = Event.objects.filter(name="payment.unanswered", subject_id=advance.instruction_id)
    eventually(silence.exists, "the portal gives up waiting for an answer")
    assert house.booked_at_bank(supplier.iban) == []
    house.ask_the_bank()
    assert_paid_once(house, supplier, application_id)


def test_a_bank_that_is_down_is_paid_through_when_it_is_back(house: House):
    supplier = house.supplier("Zircon", invoices=(1_000_00,))
    house.fault("down", count=None)
    application_id = supplier.apply(900_00)
    waiting(house, application_id, "UNKNOWN")
    house.ask_the_bank()
    assert house.booked_at_bank(supplier.iban) == []
    house.bank.control("DELETE", "/faults")
    house.ask_the_bank()
    assert_paid_once(house, supplier, application_id)


def test_a_bank_that_is_killed_and_comes_back_pays_once(house: House):
    supplier = house.supplier("Amber", invoices=(1_000_00,))
    bank = house.world.processes["bank"]
    bank.kill()
    application_id = supplier.apply(900_00)
    house.decided(application_id)
    bank.wait_ready()
    house.ask_the_bank()
    assert_paid_once(house, supplier, application_id)


def test_a_booking_of_which_the_news_was_lost_is_found_by_asking(house: House):
    supplier = house.supplier("Beryl", invoices=(1_000_00,))
    house.fault("lost_push", match={"iban": house.iban_of(house.cast.harbour)})
    application_id = supplier.apply(900_00)
    waiting(house, application_id, "ACCEPTED")
    eventually(lambda: house.booked_at_bank(supplier.iban) == [900_00])
    house.ask_the_bank()
    assert_paid_once(house, supplier, application_id)
