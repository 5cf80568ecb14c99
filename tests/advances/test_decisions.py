"""Who decides: the policy within its authority, otherwise a maker and a checker; and what is refused on the way."""

import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from accounts.parties.models import Membership
from accounts.parties.second import LetInLately
from accounts.trail.models import Event
from financing.advances import services
from financing.advances.models import Advance, Application, Quote
from financing.advances.services.apply import FacilityNotActive, QuoteExpired
from financing.advances.services.quote import AmountNotAvailable, NotOffered
from financing.advances.services.refer import NoLongerPossible, NoRecommendation
from financing.credit import services as credit
from financing.credit.models import Decision, Facility
from financing.credit.rules import DEFAULT_BODY
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound, OwnWork, Stale
from portal.shared.sentences import in_api
from portal.ui import formats
from tests import world
from tests.world import NOW, as_member

pytestmark = pytest.mark.django_db


def lend(body=None):
    return world.with_trade(world.lending(body=body))


@pytest.fixture
def lending():
    return lend()


@pytest.fixture
def careful():
    """A policy whose authority ends at 500.00."""
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 500_00
    return lend(body)


def quote(lending, amount_minor=900_00, now=NOW):
    ana = as_member("ana@amphora.example")
    return services.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=amount_minor, now=now)


def apply(lending, amount_minor=900_00):
    return services.apply(actor=as_member("ana@amphora.example"), quote_id=quote(lending, amount_minor).id, now=NOW)


def decide(application):
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
    application.refresh_from_db()
    return application


def referred(lending):
    return decide(apply(lending))


def facts(application):
    return Application.objects.get(id=application.id).seen_hash


def told(outcome):
    return {"reasons": ["TRADE_TOO_WEAK"]} if outcome == "DECLINED" else {}


def recommend(application, who="hana@harbour.example", outcome="APPROVED", seen=None, **said):
    return services.recommend(
        actor=as_member(who), application_id=application.id, outcome=outcome, note="looks sound",
        seen_hash=seen or facts(application), now=NOW, **(said or told(outcome)),
    )  # fmt: skip


def check(application, who="hugo@harbour.example", outcome="APPROVED", seen=None, **said):
    return services.decide_referral(
        actor=as_member(who), application_id=application.id, outcome=outcome, note="agreed",
        seen_hash=seen or facts(application), now=NOW, **(said or told(outcome)),
    )  # fmt: skip


def test_an_amount_above_authority_is_referred_and_moves_no_money(careful):
    application = referred(careful)
    assert application.status == "REFERRED"
    assert Decision.objects.get().reasons == ["AMOUNT_ABOVE_AUTHORITY"]
    assert not Advance.objects.exists()
    assert not Receivable.objects.filter(status="ASSIGNED").exists()


def test_a_maker_recommends_and_a_checker_approves(careful):
    application = referred(careful)
    recommend(application)
    check(application)
    application.refresh_from_db()
    final = Decision.objects.get(application_id=application.id, outcome="APPROVED")
    hana, hugo = as_member("hana@harbour.example"), as_member("hugo@harbour.example")
    assert application.status == "APPROVED"
    assert (final.recommended_by, final.decided_by) == (hana.identity, hugo.identity)
    assert Advance.objects.get().status == "DISBURSING"


def test_a_checker_may_decline_what_a_maker_recommends(careful):
    application = referred(careful)
    recommend(application)
    check(application, outcome="DECLINED")
    application.refresh_from_db()
    assert application.status == "DECLINED"
    assert not Advance.objects.exists()


@pytest.mark.parametrize("said", [{"reasons": []}, {"reasons": (), "explanation": " \n"}])
def test_nobody_declines_without_saying_why_to_whom_it_concerns(careful, said):
    application = referred(careful)
    for judge in (recommend, check):
        with pytest.raises(InvalidInput) as refused:
            judge(application, outcome="DECLINED", **said)
        assert refused.value.code == "REASON_MISSING"
        application.refresh_from_db()
        assert (application.status, application.decision.outcome) == ("REFERRED", "REFERRED")
        if judge is recommend:
            assert application.recommended_by == ""
            recommend(application)


@pytest.mark.parametrize(("outcome", "reasons"), [("DECLINED", ["GRADE_DECLINED"]), ("APPROVED", ["REPAID_LATE"])])
def test_reasons_are_those_of_persons_and_of_what_is_declined(careful, outcome, reasons):
    application = referred(careful)
    with pytest.raises(InvalidInput):
        recommend(application, outcome=outcome, reasons=reasons)
    application.refresh_from_db()
    assert application.recommended_by == ""


def test_the_checkers_reasons_are_kept_with_the_decision_and_the_makers_with_the_application(careful):
    application = referred(careful)
    unread = recommend(application, outcome="DECLINED", reasons=["TRADE_TOO_WEAK"], explanation="One more month.")
    recommend(application, who="hana@harbour.example", outcome="DECLINED", reasons=["REPAID_LATE"])
    assert facts(application) != unread.seen_hash
    check(application, outcome="DECLINED", reasons=["INVOICES_UNCLEAR"], explanation="Order 17 is not yours.")
    application.refresh_from_db()
    final = application.decision
    assert (final.given_reasons, final.explanation) == (["INVOICES_UNCLEAR"], "Order 17 is not yours.")
    assert application.recommended_reasons == ["REPAID_LATE"]
    # What somebody wrote may name people, and an event can never be erased: it has the codes alone.
    declined = Event.objects.get(name="application.declined")
    assert declined.payload["reasons"] == ["INVOICES_UNCLEAR", "AMOUNT_ABOVE_AUTHORITY"]
    assert "Order 17" not in str(declined.payload)


def test_a_checker_decides_only_after_a_makers_recommendation(careful):
    application = referred(careful)
    with pytest.raises(NoRecommendation):
        check(application)


def test_a_maker_is_never_checker_whatever_roles_they_hold(careful):
    application = referred(careful)
    hugo = as_member("hugo@harbour.example")
    both = replace(hugo, roles=frozenset({"MAKER", "CHECKER"}))
    services.recommend(
        actor=both, application_id=application.id, outcome="APPROVED", note="", seen_hash=facts(application), now=NOW
    )
    with pytest.raises(OwnWork):
        check(application)
    application.refresh_from_db()
    assert application.status == "REFERRED"


def test_an_approval_binds_to_the_facts_that_were_seen(careful):
    application = referred(careful)
    with pytest.raises(Stale):
        recommend(application, seen="0" * 64)
    recommend(application)
    with pytest.raises(Stale):
        check(application, seen="0" * 64)


def test_a_recommendation_is_neither_overturned_nor_followed_by_whoever_has_not_read_it(careful):
    application = referred(careful)
    unread = facts(application)
    recommend(application, outcome="APPROVED")
    with pytest.raises(Stale):
        recommend(application, outcome="DECLINED", seen=unread)
    with pytest.raises(Stale):
        check(application, seen=unread)
    application.refresh_from_db()
    assert (application.status, application.recommendation) == ("REFERRED", "APPROVED")
    recommend(application, outcome="DECLINED")
    application.refresh_from_db()
    assert application.recommendation == "DECLINED"


def test_what_an_approval_would_meet_now_is_told_before_it_is_tried(careful):
    application = referred(careful)
    hugo = as_member("hugo@harbour.example")
    prospect = services.prospect(actor=hugo, application_id=application.id, now=NOW)
    assert (prospect.outcome, prospect.reasons) == ("REFERRED", ("AMOUNT_ABOVE_AUTHORITY",))
    Receivable.objects.update(status="DISPUTED")
    prospect = services.prospect(actor=hugo, application_id=application.id, now=NOW)
    assert (prospect.outcome, prospect.base.available_minor) == ("DECLINED", 0)
    assert "NO_ELIGIBLE_RECEIVABLE" in prospect.reasons
    with pytest.raises(NotFound):
        services.prospect(actor=as_member("ana@amphora.example"), application_id=application.id, now=NOW)


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("vera@harbour.example", Forbidden),
        ("hugo@harbour.example", Forbidden),
        ("cleo@crown.example", NotFound),
        ("ana@amphora.example", NotFound),
        ("ben@bellows.example", NotFound),
        ("maya@meridian.example", NotFound),
    ],
)
def test_only_a_maker_of_the_funder_recommends(careful, who, refusal):
    application = referred(careful)
    with pytest.raises(refusal):
        recommend(application, who=who)
    application.refresh_from_db()
    assert application.recommended_by == ""


def test_what_the_policy_declines_outright_cannot_be_approved_by_hand(careful):
    application = referred(careful)
    recommend(application)
    Receivable.objects.update(status="DISPUTED")
    with pytest.raises(NoLongerPossible) as refused:
        check(application)
    assert "NO_ELIGIBLE_RECEIVABLE" in refused.value.facts["reasons"]
    application.refresh_from_db()
    assert application.status == "REFERRED"


def test_a_decided_referral_is_not_decided_again(careful):
    application = referred(careful)
    recommend(application)
    check(application)
    with pytest.raises(InvalidTransition):
        check(application, outcome="DECLINED")


def test_what_changed_between_quote_and_decision_declines(lending):
    application = apply(lending)
    Receivable.objects.update(status="DISPUTED")
    assert decide(application).status == "DECLINED"
    assert not Advance.objects.exists()


def test_a_suspended_facility_takes_no_application_and_declines_those_waiting(lending):
    waiting, offered = apply(lending), quote(lending)
    credit.suspend_facility(
        actor=as_member("hugo@harbour.example"), facility_id=lending.amphora_facility.id, reason="KYB review", now=NOW
    )
    with pytest.raises(FacilityNotActive):
        services.apply(actor=as_member("ana@amphora.example"), quote_id=offered.id, now=NOW)
    assert decide(waiting).status == "DECLINED"
    assert Decision.objects.get().reasons == ["FACILITY_NOT_ACTIVE"]


def test_a_quote_is_taken_up_once(lending):
    offered = quote(lending)
    ana = as_member("ana@amphora.example")
    services.apply(actor=ana, quote_id=offered.id, now=NOW)
    with pytest.raises(Stale) as refused:
        services.apply(actor=ana, quote_id=offered.id, now=NOW)
    assert refused.value.code == "QUOTE_TAKEN_UP"
    assert Application.objects.count() == 1


def test_an_expired_quote_is_refused_with_its_time(lending):
    offered = quote(lending)
    late = offered.valid_until + timedelta(seconds=1)
    with pytest.raises(QuoteExpired) as refused:
        services.apply(actor=as_member("ana@amphora.example"), quote_id=offered.id, now=late)
    assert formats.instant(offered.valid_until) in refused.value.sentence
    with in_api(True):
        assert offered.valid_until.isoformat(timespec="seconds") in str(refused.value.said)
    assert not Application.objects.exists()


def test_what_is_booked_is_what_was_quoted_though_the_policy_changed_meanwhile(lending):
    application = apply(lending)
    dearer = copy.deepcopy(DEFAULT_BODY)
    for grade in dearer["grades"]:
        grade["annual_rate_bp"] += 500
    world.approved_policy(lending.cast.harbour, dearer, world.TODAY)
    decide(application)
    advance, offered = Advance.objects.get(), Quote.objects.get()
    assert (advance.annual_rate, advance.fee_minor) == (offered.annual_rate, offered.fee_minor)
    assert Decision.objects.get().policy_id == lending.policy.id
    assert quote(lending, 100_00).annual_rate > offered.annual_rate


def test_more_than_is_available_is_refused_with_what_is(lending):
    with pytest.raises(AmountNotAvailable) as refused:
        quote(lending, 100_000_00)
    available = refused.value.facts["available_minor"]
    assert 0 < available < 100_000_00
    assert quote(lending, available).amount_minor == available
    assert Quote.objects.count() == 1


@pytest.mark.parametrize("amount", [0, -1, 10**18])
def test_an_absurd_amount_is_refused(lending, amount):
    with pytest.raises(InvalidInput):
        quote(lending, amount)


def test_thin_history_is_declined_with_its_reason(lending):
    ben = as_member("ben@bellows.example")
    world.trade(lending.cast.bellows, lending.cast.meridian, days=60)
    world.receivable(lending.cast.bellows, lending.cast.meridian, "B-1")
    with pytest.raises(NotOffered) as refused:
        services.quote(actor=ben, facility_id=lending.bellows_facility.id, amount_minor=100_00, now=NOW)
    assert refused.value.facts["reasons"][0].startswith("THIN_HISTORY")


def test_a_supplier_that_is_not_verified_any_more_gets_nothing(lending):
    lending.cast.amphora.verifications.update(expires_on=world.TODAY - timedelta(days=1))
    with pytest.raises(NotOffered) as refused:
        quote(lending)
    assert refused.value.facts["reasons"] == ["VERIFICATION_NOT_VALID"]


def test_an_application_can_be_withdrawn_until_it_is_decided(lending):
    ana = as_member("ana@amphora.example")
    application = apply(lending)
    services.withdraw(actor=ana, application_id=application.id, now=NOW)
    assert decide(application).status == "WITHDRAWN"
    decided = decide(apply(lending))
    with pytest.raises(InvalidTransition):
        services.withdraw(actor=ana, application_id=decided.id, now=NOW)


def test_strangers_cannot_tell_that_a_quote_or_an_application_exists(lending):
    ben = as_member("ben@bellows.example")
    offered, application = quote(lending), apply(lending)
    with pytest.raises(NotFound):
        services.apply(actor=ben, quote_id=offered.id, now=NOW)
    with pytest.raises(NotFound):
        services.withdraw(actor=ben, application_id=application.id, now=NOW)
    with pytest.raises(NotFound):
        services.quote(actor=ben, facility_id=lending.amphora_facility.id, now=NOW)
    assert not Event.objects.visible_to(ben).filter(subject_type="advances.application").exists()
    assert (
        not Event.objects.visible_to(as_member("maya@meridian.example")).filter(name__startswith="application").exists()
    )


def test_the_limit_follows_the_score_and_never_falls_below_what_is_drawn(lending):
    decide(apply(lending))
    facility = Facility.objects.get(id=lending.amphora_facility.id)
    assert facility.limit_minor == Decision.objects.get().result["limit_minor"]
    body = copy.deepcopy(DEFAULT_BODY)
    body["amounts"]["max_limit_minor"] = 500_00
    world.approved_policy(lending.cast.harbour, body, world.TODAY)
    with pytest.raises(NotOffered):
        quote(lending, 50_00)
    facility.refresh_from_db()
    assert facility.limit_minor >= facility.principal_minor + facility.reserved_minor == 900_00


def test_a_receivable_that_is_being_paid_in_part_is_no_security(lending):
    """What is under way goes to the supplier: assigning the rest would make the payment go astray."""
    Receivable.objects.update(settling_minor=100_00)
    with pytest.raises(NotOffered) as refused:
        quote(lending)
    assert refused.value.facts["reasons"][0] == "NO_ELIGIBLE_RECEIVABLE"


def test_a_payment_that_is_instructed_between_quote_and_decision_declines(lending):
    application = apply(lending)
    Receivable.objects.update(settling_minor=100_00)
    assert decide(application).status == "DECLINED"


def test_a_receivable_of_which_a_part_is_being_paid_secures_nothing_until_the_payment_has_arrived(lending):
    first = Receivable.objects.get(number="INV-0")
    application = apply(lending)
    world.settle([(first.id, 1_00)], key="S-1")
    assert decide(application).status == "APPROVED"
    assert list(Receivable.objects.filter(status="ASSIGNED").values_list("number", flat=True)) == ["INV-1"]


def test_whoever_applied_neither_recommends_nor_decides_though_they_belong_to_both_parties(careful):
    application = referred(careful)
    ana, hana, hugo = map(as_member, ("ana@amphora.example", "hana@harbour.example", "hugo@harbour.example"))
    for kind, service in ((hana, services.recommend), (hugo, services.decide_referral)):
        same_person = replace(kind, user_id=ana.user_id)
        with pytest.raises(OwnWork):
            service(
                actor=same_person, application_id=application.id, outcome="APPROVED", note="",
                seen_hash=facts(application), now=NOW,
            )  # fmt: skip
    application.refresh_from_db()
    assert (application.status, application.recommended_by) == ("REFERRED", "")


def test_who_belongs_to_the_supplier_judges_none_of_its_applications(careful):
    application = referred(careful)
    recommend(application)
    for email, service in (
        ("hana@harbour.example", services.recommend),
        ("hugo@harbour.example", services.decide_referral),
    ):
        judge = as_member(email)
        Membership.objects.create(user_id=judge.user_id, party=careful.cast.amphora, role="VIEWER", created_at=NOW)
        with pytest.raises(OwnWork, match="You belong to this company"):
            service(
                actor=judge, application_id=application.id, outcome="APPROVED", note="", seen_hash=facts(application),
                now=NOW,
            )  # fmt: skip
    application.refresh_from_db()
    assert (application.status, application.recommended_by) == ("REFERRED", as_member("hana@harbour.example").identity)
    Membership.objects.filter(party=careful.cast.amphora, user__email="hugo@harbour.example").update(ended_at=NOW)
    check(application)
    assert Advance.objects.exists()


def test_a_referral_that_waited_beyond_its_due_date_is_not_approved_on_old_terms(careful):
    application = referred(careful)
    recommend(application)
    application.refresh_from_db()
    quote = application.quote
    quote.pk, quote.due_date = None, world.TODAY
    quote.save(force_insert=True)
    type(application).objects.filter(id=application.id).update(decision=None, status="SUBMITTED")
    application.pk, application.quote = None, quote
    application.save(force_insert=True)
    with pytest.raises(NoLongerPossible) as refused:
        check(application)
    assert refused.value.facts["reasons"][0] == "QUOTE_OUTDATED"
    assert not Advance.objects.exists()


def test_who_was_let_in_a_moment_ago_declines_a_referral_and_does_not_approve_one(careful):
    application = referred(careful)
    recommend(application)
    hugo = Membership.objects.filter(user__email="hugo@harbour.example")
    hugo.update(created_at=NOW - timedelta(days=2))
    with pytest.raises(LetInLately) as refused:
        check(application)
    assert refused.value.facts == {"until": "2026-03-03T09:00+00:00"}
    application.refresh_from_db()
    assert (application.status, Advance.objects.count()) == ("REFERRED", 0)
    assert check(application, outcome="DECLINED").status == "DECLINED"
