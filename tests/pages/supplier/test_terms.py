"""Programmes and facilities in plain words, with the very figures that the first page shows."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from financing.advances.services.quote import offer
from financing.credit.models import Facility
from financing.credit.services import suspend_facility
from tests import world
from tests.world import NOW, as_member


def page_of(browser, path) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_facility_tells_limit_use_what_is_left_terms_and_what_happened(trading, ana):
    facility = trading.amphora_facility
    found = offer(actor=as_member("ana@amphora.example"), facility_id=facility.id, now=NOW)
    answer = ana.get(f"/supplier/facilities/{facility.id}/")
    shown = answer.context
    assert (shown["limit_minor"], shown["used_minor"], shown["available_minor"]) == (
        found.result.limit_minor, 0, found.result.base.available_minor,
    )  # fmt: skip
    page = " ".join(answer.content.decode().split())
    assert "Harbour pays you today what Meridian owes you later." in page and "At most 120 days." in page
    assert "If Meridian does not pay an invoice, you pay the advance back yourself." in page
    assert "Joined the programme" in page and "Get paid now" in page


def test_who_bears_the_risk_without_recourse_is_said(trading, aldo):
    trading.programme.with_recourse = False
    trading.programme.save()
    page = page_of(aldo, f"/supplier/programmes/{trading.programme.id}/")
    assert "the loss is Harbour" in page and "Your facility" in page


def test_a_suspended_facility_offers_nothing_and_says_since_when_and_why(trading, ana):
    facility = trading.amphora_facility
    checker = as_member("hugo@harbour.example")
    suspend_facility(actor=checker, facility_id=facility.id, reason="Accounts under review", now=NOW)
    page = page_of(ana, f"/supplier/facilities/{facility.id}/")
    assert "Facility suspended: Accounts under review" in page and "?facility=" not in page
    assert Facility.objects.get(id=facility.id).status == "SUSPENDED"


def test_a_programme_is_read_before_it_is_joined_and_joined_by_whoever_may(trading, ana, ben):
    Facility.objects.filter(supplier=trading.cast.bellows).delete()
    assert "Join" in page_of(ben, f"/supplier/programmes/{trading.programme.id}/")
    assert ben.get(f"/supplier/facilities/{trading.amphora_facility.id}/").status_code == 404
    page = page_of(ana, "/supplier/verification/")
    assert f"/supplier/facilities/{trading.amphora_facility.id}/" in page
    trading.programme.is_open = False
    trading.programme.save()
    assert ben.get(f"/supplier/programmes/{trading.programme.id}/").status_code == 404


def test_the_statements_of_a_facility_do_not_depend_on_its_invoices(trading, ana):
    path = f"/supplier/facilities/{trading.amphora_facility.id}/"
    ana.get(path)

    def counted() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert ana.get(path).status_code == 200
        return len(captured)

    before = counted()
    for number in range(5):
        world.receivable(trading.cast.amphora, trading.cast.meridian, f"MORE-{number}")
    assert counted() == before <= 20
