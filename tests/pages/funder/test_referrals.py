"""The queue of referrals, and the facts that stand beside the buttons."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Membership
from financing.advances import services
from financing.advances.models import Advance, Application
from financing.advances.standing import standing
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from portal.workspaces.supplier.advances import decided_in
from tests.api.conftest import caller_for
from tests.pages.funder.test_funder import applied, judge, lending  # noqa: F401 (a fixture)
from tests.world import NOW, TODAY, as_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def referred(lending):  # noqa: F811
    """Amphora has drawn 400.00 and asks for 900.00 more."""
    applied(lending, 400_00)
    services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={Advance.objects.get().id: TODAY}, now=NOW)
    return applied(lending, 900_00)


def shown(client, application) -> str:
    return client.get(reverse("funder:application", args=[application.id])).content.decode()


def test_exposure_is_told_before_and_after_over_facility_supplier_programme_and_own_funds(referred):
    found = standing(actor=as_member("hana@harbour.example"), application=referred)
    assert [(each.bound, each.before_minor, each.after_minor) for each in found.exposures] == [
        (bound, 400_00, 1_300_00) for bound in ("FACILITY", "SUPPLIER", "PROGRAMME", "OWN_FUNDS")
    ]
    limit = referred.facility.limit_minor
    assert [each.limit_minor for each in found.exposures[:3]] == [limit] * 3
    assert found.exposures[0].left_minor == limit - 1_300_00


def test_once_it_is_decided_nothing_more_is_added(referred, as_user):
    judge(as_user("hana@harbour.example"), "recommend", referred)
    judge(as_user("hugo@harbour.example"), "decide", referred)
    referred = Application.objects.get(id=referred.id)
    found = standing(actor=as_member("hana@harbour.example"), application=referred)
    assert [(each.before_minor, each.asked_minor) for each in found.exposures] == [(1_300_00, 0)] * 4


def test_the_record_tells_what_was_repaid_and_what_of_it_late(referred):
    Advance.objects.update(
        status="REPAID", principal_minor=0, interest_minor=0, fees_minor=0, deferred_fee_minor=0, due_date=TODAY,
        closed_date=TODAY + timedelta(days=3), closed_at=NOW,
    )  # fmt: skip
    record = standing(actor=as_member("hana@harbour.example"), application=referred).record
    assert (record.advances, record.lent_minor, record.open, record.owed_minor) == (1, 400_00, 0, 0)
    assert (record.repaid, record.repaid_in_time, record.repaid_late, record.late_days) == (1, 0, 1, 3)


def test_what_stands_behind_another_funder_by_now_is_not_available_and_no_more_is_told(referred, lending, as_user):  # noqa: F811
    taken = standing(actor=as_member("hana@harbour.example"), application=referred).behind[0].receivable
    Receivable.objects.filter(id=taken.id).update(
        status="ASSIGNED", assigned_facility_id=lending.bellows_facility.id, funder=lending.cast.crown
    )
    hana = as_user("hana@harbour.example")
    page = shown(hana, referred)
    assert "not available as security any more" in page and f">{taken.number}<" not in page
    address = reverse("funder:offered_receivable", args=[referred.id, taken.id])
    assert hana.get(address).status_code == 404


def test_an_offered_invoice_is_shown_beside_order_and_receipt_and_no_other_one(referred, as_user):
    offered = standing(actor=as_member("hana@harbour.example"), application=referred).behind
    hana = as_user("hana@harbour.example")
    assert all(each.is_security for each in offered[:1])
    address = reverse("funder:offered_receivable", args=[referred.id, offered[0].receivable.id])
    assert offered[0].receivable.number in hana.get(address).content.decode()
    assert hana.get(reverse("funder:offered_receivable", args=[referred.id, 999_999])).status_code == 404


def test_where_a_button_is_missing_the_page_says_why(referred, as_user):
    hana, hugo, vera = (as_user(f"{name}@harbour.example") for name in ("hana", "hugo", "vera"))
    assert "You read only. A maker recommends, then a checker decides." in shown(vera, referred)
    assert "Nobody has recommended yet. A maker does so first; then you decide." in shown(hugo, referred)
    assert 'name="outcome"' in shown(hana, referred)
    judge(hana, "recommend", referred)
    assert "You recommended this yourself, so a colleague decides." in shown(hana, referred)
    assert 'name="outcome"' in shown(hugo, referred)


def test_whoever_declines_says_why_and_the_supplier_reads_it(referred, as_user):
    hana, hugo, ana = (
        as_user(email) for email in ("hana@harbour.example", "hugo@harbour.example", "ana@amphora.example")
    )
    silent = judge(hana, "recommend", referred, "DECLINED")
    assert silent.status_code == 422 and "the supplier is told" in silent.context["form"].errors["reasons"][0]
    told = {"reasons": ["TRADE_TOO_WEAK"], "explanation": "Show us one more month."}
    judge(hana, "recommend", referred, "DECLINED", **told)
    form = hugo.get(reverse("funder:application", args=[referred.id])).context["form"]
    assert {name: form[name].value() for name in told} == told  # to be confirmed, or changed
    judge(hugo, "decide", referred, "DECLINED", reasons=["TRADE_TOO_WEAK", "REPAID_LATE"], explanation="")
    page = ana.get(reverse("supplier:application", args=[referred.id])).text
    assert "Your recent trade on the platform does not carry this amount." in page
    assert "Earlier advances were repaid late." in page and "Show us one more month." not in page
    assert "seen" not in ana.get(reverse("supplier:applications")).text  # the note
    assert "Earlier advances were repaid late." in shown(hugo, referred)


def test_while_a_person_decides_the_supplier_reads_who_since_when_and_how_it_will_hear(referred, as_user):
    page = as_user("ana@amphora.example").get(reverse("supplier:application", args=[referred.id]))
    assert "A person at Harbour decides this" in page.text and "gets a notice" in page.text
    assert f'for a person, since <time datetime="{referred.decided_at.isoformat()}"' in page.text
    assert "any moment" not in page.text
    assert [each.status for each in Application.objects.all() if decided_in(each)] == ["APPROVED"]


def test_what_was_ticked_to_decline_is_no_reason_of_an_approval(referred, as_user):
    ticked = {"reasons": ["TRADE_TOO_WEAK"], "explanation": "Not now."}
    judge(as_user("hana@harbour.example"), "recommend", referred, "DECLINED", **ticked)
    judge(as_user("hugo@harbour.example"), "decide", referred, "APPROVED", **ticked)
    referred.refresh_from_db()
    assert (referred.status, referred.decision.given_reasons, referred.decision.explanation) == ("APPROVED", [], "")


def test_the_queue_says_why_it_waits_for_whom_and_who_recommended_what(referred, as_user, lending):  # noqa: F811
    hugo, second = as_user("hugo@harbour.example"), applied(lending, 600_00)
    judge(as_user("hana@harbour.example"), "recommend", referred)
    page = hugo.get(reverse("funder:home")).content.decode()
    assert "Approved, Hana" in page and "The amount is above the automatic authority." in page
    for waits_for, there, elsewhere in (("CHECKER", referred, second), ("MAKER", second, referred)):
        some = hugo.get(reverse("funder:home"), {"referrals-waits_for": waits_for}).content.decode()
        assert reverse("funder:application", args=[there.id]) in some
        assert reverse("funder:application", args=[elsewhere.id]) not in some
    file = b"".join(hugo.get(reverse("funder:home"), {"referrals-export": "csv"}).streaming_content).decode()
    assert file.count("Amphora") == 2 and "900.00,EUR" in file


def test_a_machine_reads_what_people_judge_by(referred):
    told = caller_for(referred.funder, "VIEWER").get(f"applications/{referred.id}/standing/").json()
    assert [each["after_minor"] for each in told["exposures"]] == [1_300_00] * 4
    assert told["record"]["open"] == 1 and told["behind"][0]["match"] == "MATCHED"


def test_who_was_let_in_lately_is_offered_to_decline_and_reads_why(referred, as_user):
    judge(as_user("hana@harbour.example"), "recommend", referred)
    Membership.objects.filter(user__email="hugo@harbour.example").update(created_at=timezone.now())
    hugo = as_user("hugo@harbour.example")
    page = shown(hugo, referred)
    assert "You were let in a short while ago: your yes counts from" in page
    assert ('value="DECLINED"' in page, 'value="APPROVED"' in page) == (True, False)
    refused = judge(hugo, "decide", referred)
    assert (refused.status_code, "LET_IN_LATELY" in refused.text) == (403, True)
    referred.refresh_from_db()
    assert referred.status == "REFERRED"
