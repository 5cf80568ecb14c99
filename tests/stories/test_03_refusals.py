"""Who gets nothing, and hears why, in words that a credit officer would stand by."""

from datetime import timedelta

from accounts.parties.models import BusinessVerification
from financing.advances.models import Application, Quote
from financing.receivables.models import Receivable
from tests.stories.house import House, Supplier
from tests.world import TODAY


def refusal(supplier: Supplier, amount_minor: int | None = 100_00) -> dict:
    """The refusal of a quote; nothing has come of it."""
    said = supplier.api.refused("quotes/", {"facility": supplier.facility_id, "amount_minor": amount_minor})
    assert not Quote.objects.filter(supplier=supplier.party).exists()
    assert not Application.objects.filter(supplier=supplier.party).exists()
    return said


def test_thin_history_is_declined_and_never_scored_as_good(house: House):
    supplier = house.supplier("Heron", days=60)
    said = refusal(supplier)
    assert (said["code"], said["facts"]["reasons"]) == ("NOT_OFFERED", ["THIN_HISTORY_DAYS"])
    shown = supplier.api.get(f"facilities/{supplier.facility_id}/availability/")
    assert (shown["grade"], shown["available_minor"], shown["outcome"]) == ("", 0, "DECLINED")


def test_a_verification_that_has_expired_stops_new_money(house: House):
    supplier = house.supplier("Indigo")
    BusinessVerification.objects.filter(party=supplier.party).update(expires_on=TODAY - timedelta(days=1))
    said = refusal(supplier)
    assert said["facts"]["reasons"] == ["VERIFICATION_NOT_VALID"]


def test_an_application_meets_an_expiry_between_quote_and_decision(house: House):
    supplier = house.supplier("Ivory")
    offered = supplier.quote(100_00)
    BusinessVerification.objects.filter(party=supplier.party).update(expires_on=TODAY - timedelta(days=1))
    application = house.decided(supplier.api.post("applications/", {"quote": offered["id"]})["id"])
    assert (application.status, application.decision.reasons) == ("DECLINED", ["VERIFICATION_NOT_VALID"])
    assert supplier.states() == ["ACCEPTED"] * 4
    assert house.booked_at_bank(supplier.iban) == []


def test_without_an_eligible_receivable_nothing_is_lent(house: House):
    supplier = house.supplier("Juniper", invoices=(500_00, 600_00))
    Receivable.objects.filter(supplier=supplier.party).update(status=Receivable.Status.RECEIVED)
    said = refusal(supplier)
    assert (said["code"], said["facts"]["reasons"][0]) == ("NOT_OFFERED", "NO_ELIGIBLE_RECEIVABLE")
    assert said["facts"]["available_minor"] == 0
