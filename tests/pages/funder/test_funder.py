"""The funder's pages: what they show, to whom, and what their buttons do."""

import copy

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.parties.models import Membership, Party, User
from financing.advances import services
from financing.advances.models import Advance, Application
from financing.credit import services as credit
from financing.credit import wording
from financing.credit.rules import DEFAULT_BODY
from financing.ledger.services import open_book
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import NOW, TODAY, as_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def lending():
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 500_00
    return world.with_trade(world.lending(body=body), invoices=6)


def applied(lending, amount_minor):
    ana = as_member("ana@amphora.example")
    quote = services.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=amount_minor, now=NOW)
    application = services.apply(actor=ana, quote_id=quote.id, now=NOW)
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
    application.refresh_from_db()
    return application


def judge(client, verb, application, outcome="APPROVED", seen=None, **told):
    seen = seen or Application.objects.get(id=application.id).seen_hash
    address = reverse(f"funder:{verb}", args=[application.id])
    return client.post(address, {"outcome": outcome, "note": "seen", "seen_hash": seen} | told)


def pages(application, advance, policy):
    return [
        reverse("funder:home"),
        reverse("funder:applications"),
        reverse("funder:application", args=[application.id]),
        reverse("funder:advance", args=[advance.id]),
        reverse("funder:book"),
        reverse("funder:policies"),
        reverse("funder:policy", args=[policy.id]),
    ]


def test_everyone_of_the_funder_reads_and_strangers_find_nothing(lending, as_user):
    referred, automatic = applied(lending, 900_00), applied(lending, 400_00)
    for address in pages(referred, Advance.objects.get(application=automatic), lending.policy):
        for insider in ("hana@harbour.example", "hugo@harbour.example", "vera@harbour.example"):
            assert as_user(insider).get(address).status_code == 200, (insider, address)
        for stranger in ("ana@amphora.example", "maya@meridian.example", "wim@watch.example"):
            assert as_user(stranger).get(address).status_code == 404, (stranger, address)
        assert Client().get(address).status_code == 302


def test_another_funder_does_not_find_this_ones_rows(lending, as_user):
    referred = applied(lending, 900_00)
    cleo = as_user("cleo@crown.example")
    for name, number in (("application", referred.id), ("policy", lending.policy.id)):
        assert cleo.get(reverse(f"funder:{name}", args=[number])).status_code == 404
    assert b"Amphora" not in cleo.get(reverse("funder:applications")).content


def test_a_referral_goes_through_maker_and_checker_on_the_page(lending, as_user):
    referred = applied(lending, 900_00)
    hana, hugo = as_user("hana@harbour.example"), as_user("hugo@harbour.example")
    assert b"Amphora" in hana.get(reverse("funder:home")).content
    assert judge(hana, "recommend", referred).status_code == 302
    assert judge(hugo, "decide", referred).status_code == 302
    referred.refresh_from_db()
    assert referred.status == Application.Status.APPROVED
    assert Advance.objects.get(application=referred).status == "DISBURSING"


def test_a_stale_page_submitted_twice_says_so_and_does_nothing_twice(lending, as_user):
    referred = applied(lending, 900_00)
    judge(as_user("hana@harbour.example"), "recommend", referred)
    hugo = as_user("hugo@harbour.example")
    judge(hugo, "decide", referred)
    again = judge(hugo, "decide", referred)
    assert again.status_code == 409
    assert b"INVALID_TRANSITION" in again.content
    assert Advance.objects.filter(application=referred).count() == 1


def test_a_judgement_shows_what_has_become_of_the_facts_and_a_refusal_says_why_in_words(lending, as_user):
    referred = applied(lending, 900_00)
    judge(as_user("hana@harbour.example"), "recommend", referred)
    hugo, page = as_user("hugo@harbour.example"), reverse("funder:application", args=[referred.id])
    assert "an approval would be refused" not in hugo.get(page).text
    Receivable.objects.update(status="DISPUTED")
    assert "an approval would be refused" in hugo.get(page).text
    refused = judge(hugo, "decide", referred)
    assert (refused.status_code, "NO_LONGER_POSSIBLE" in refused.text) == (409, True)
    assert wording.reason("NO_ELIGIBLE_RECEIVABLE", wording.OFFICER) in refused.text
    assert not Advance.objects.exists()


def test_a_viewer_and_the_wrong_role_are_told_so(lending, as_user):
    referred = applied(lending, 900_00)
    for email, verb in (("vera@harbour.example", "recommend"), ("hana@harbour.example", "decide")):
        response = judge(as_user(email), verb, referred)
        assert response.status_code == 403
        assert b"FORBIDDEN" in response.content
    referred.refresh_from_db()
    assert (referred.status, referred.recommended_by) == ("REFERRED", "")


def test_the_day_is_closed_by_a_checker_and_never_goes_back(lending, as_user):
    address = reverse("funder:advance_business_date")
    assert as_user("hana@harbour.example").post(address, {"to_date": "2026-03-03"}).status_code == 403
    hugo = as_user("hugo@harbour.example")
    assert hugo.post(address, {"to_date": "2026-03-03"}).status_code == 302
    back = hugo.post(address, {"to_date": "2026-03-02"})
    assert back.status_code == 409 and b"LEDGER_DATE_CLOSED" in back.content
    lending.book.refresh_from_db()
    assert lending.book.business_date.isoformat() == "2026-03-03"


@pytest.mark.parametrize("name", ["home", "applications", "book", "policies"])
def test_the_number_of_queries_does_not_grow_with_the_rows(lending, as_user, name):
    hana = as_user("hana@harbour.example")

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert hana.get(reverse(f"funder:{name}")).status_code == 200
        return len(captured)

    for _ in range(2):
        applied(lending, 510_00), applied(lending, 100_00)
    few = queries()
    for _ in range(6):
        applied(lending, 510_00), applied(lending, 100_00)
    assert queries() == few


def test_a_new_funders_first_page_teaches_what_fills_it_each_by_what_they_may_do(as_user):
    quay = Party.objects.create(kind="FINANCIER", name="Quay", country="DE", status="ADMITTED", created_at=NOW)
    for role in ("MAKER", "VIEWER"):
        user = User.objects.create_user(f"{role.lower()}@quay.example")
        Membership.objects.create(user=user, party=quay, role=role, created_at=NOW)
    maker, viewer = (as_user(f"{role}@quay.example") for role in ("maker", "viewer"))
    page = maker.get(reverse("funder:home"))
    assert [(str(each.title), each.is_done) for each in page.context["steps"]] == [
        ("Your book", False), ("Your account", False), ("A policy", False), ("A programme", False),
    ]  # fmt: skip
    propose = reverse("funder:propose_policy")
    assert propose in page.text and propose not in viewer.get(reverse("funder:home")).text
    assert propose in maker.get(reverse("funder:policies")).text
    assert maker.get(propose).status_code == 200
    open_book(actor=SYSTEM_ACTOR, funder_id=quay.id, business_date=TODAY, now=NOW)
    proposed = credit.propose_policy(
        actor=as_member("maker@quay.example"), funder_id=quay.id, body=DEFAULT_BODY, effective_from=TODAY, now=NOW
    )
    steps = maker.get(reverse("funder:home")).context["steps"]
    assert [each.is_done for each in steps] == [True, False, False, False]
    assert steps[2].url == reverse("funder:policy", args=[proposed.id])
