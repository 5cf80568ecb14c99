"""Forty real clients against one limit, one receivable, one quote and one referral: no interleaving breaks a rule.

`test_crowds` has the same by way of HTTP: what people and machines are answered meanwhile.
"""

import copy
from datetime import timedelta
from functools import partial

import pytest
from django.db.models import Count

from financing.advances import services
from financing.advances.models import Advance, AdvanceReceivable, Application
from financing.banking.models import PaymentInstruction
from financing.banking.services import register_account
from financing.credit import services as credit
from financing.credit.models import Decision, Facility, PolicyVersion, Programme
from financing.credit.rules import DEFAULT_BODY
from financing.ledger.queries import balance, findings
from financing.ledger.services import open_book
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import InvalidTransition, Stale
from tests import world
from tests.threads import at_once, deadlocks, successes
from tests.world import CURRENCY, NOW, TODAY, as_member

CLIENTS = 40


@pytest.fixture(autouse=True)
def no_deadlock(committed_db):
    """Not even one that is tried again and reaches nobody."""
    before = deadlocks()
    yield
    assert deadlocks() == before


def lend(body=None, count=8, gross_minor=400_00):
    made = world.lending(body=body)
    world.trade(made.cast.amphora, made.cast.meridian)
    for number in range(count):
        world.receivable(made.cast.amphora, made.cast.meridian, f"INV-{number}", gross_minor, due_in=30 + number)
    return made


def quotes(lending, amount_minor, count, facility=None):
    ana = as_member("ana@amphora.example")
    facility_id = (facility or lending.amphora_facility).id
    return [
        services.quote(actor=ana, facility_id=facility_id, amount_minor=amount_minor, now=NOW) for _ in range(count)
    ]


def applications(lending, amount_minor, count, facility=None):
    ana = as_member("ana@amphora.example")
    offered = quotes(lending, amount_minor, count, facility)
    return [services.apply(actor=ana, quote_id=each.id, now=NOW) for each in offered]


def decide_each_alone(found):
    def decide(application):
        return lambda: services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)

    return at_once(*(decide(each) for each in found))


def assert_sound(lending):
    facility = Facility.objects.get(id=lending.amphora_facility.id)
    lent = sum(Advance.objects.values_list("amount_minor", flat=True))
    assert facility.reserved_minor == lent <= facility.limit_minor
    assert balance(book_id=lending.book.id, kind="ADVANCES", currency=CURRENCY) == lent
    assert PaymentInstruction.objects.count() == Advance.objects.count()
    twice = AdvanceReceivable.objects.values("receivable").annotate(times=Count("id")).filter(times__gt=1)
    assert not twice.exists()
    assert findings(lending.book.id) == []


def test_forty_applications_at_once_draw_no_more_than_the_pool_of_receivables_carries():
    lending = lend()
    results = decide_each_alone(applications(lending, 600_00, CLIENTS))
    assert len(successes(results)) == CLIENTS
    assert set(Application.objects.values_list("status", flat=True)) == {"APPROVED", "DECLINED"}
    assert_sound(lending)
    # 8 x 400.00 at 90 % carry 2,880.00, so four of 600.00 fit and a fifth does not.
    assert Advance.objects.count() == 4


def test_forty_applications_at_once_never_exceed_the_limit():
    lending = lend(gross_minor=2_000_00)
    assert len(successes(decide_each_alone(applications(lending, 600_00, CLIENTS)))) == CLIENTS
    limit = Facility.objects.get(id=lending.amphora_facility.id).limit_minor
    assert limit < 8 * 2_000_00 * 9 // 10, "the receivables carry less than the limit"
    assert Advance.objects.count() == limit // 600_00 > 1
    assert_sound(lending)


def at_another_funder(lending) -> Facility:
    """Crown lends to Amphora on what Meridian owes it, as Harbour does."""
    crown, iban = lending.cast.crown, "GB29NWBK60161331926819"
    register_account(
        actor=SYSTEM_ACTOR, party_id=crown.id, holder="Crown", iban=iban, currency=CURRENCY, connected=True, now=NOW
    )
    open_book(actor=SYSTEM_ACTOR, funder_id=crown.id, business_date=TODAY, now=NOW)
    cleo, carl = as_member("cleo@crown.example"), as_member("carl@crown.example")
    made = credit.propose_policy(actor=cleo, funder_id=crown.id, body=DEFAULT_BODY, effective_from=TODAY, now=NOW)
    credit.approve_policy(actor=carl, policy_id=made.id, seen_hash=made.body_hash, now=NOW)
    programme = Programme.objects.create(
        funder=crown, debtor=lending.cast.meridian, name="Bank", currency=CURRENCY, agreement="RF-2026-2"
    )
    return credit.join_programme(actor=as_member("ana@amphora.example"), programme_id=programme.id, now=NOW)


def test_one_receivable_wanted_at_two_funders_secures_one_advance():
    lending = lend(count=1)
    wanted = [
        each
        for facility in (lending.amphora_facility, at_another_funder(lending))
        for each in applications(lending, 300_00, CLIENTS // 2, facility)
    ]
    assert len(successes(decide_each_alone(wanted))) == CLIENTS
    assert Receivable.objects.get().assigned_facility_id == Advance.objects.get().facility_id
    assert Application.objects.filter(status="DECLINED").count() == CLIENTS - 1


def test_the_same_application_decided_by_forty_workers_is_decided_once():
    lending = lend()
    [application] = applications(lending, 600_00, 1)
    assert len(successes(decide_each_alone([application] * CLIENTS))) == CLIENTS
    assert (Decision.objects.count(), Advance.objects.count()) == (1, 1)
    assert_sound(lending)


def test_one_quote_is_taken_up_by_one_of_forty_clients():
    lending = lend()
    [offered] = quotes(lending, 300_00, 1)
    ana = as_member("ana@amphora.example")
    results = at_once(*[lambda: services.apply(actor=ana, quote_id=offered.id, now=NOW)] * CLIENTS)
    assert len(successes(results)) == 1
    assert {each.code for each in results if isinstance(each, Exception)} == {"QUOTE_TAKEN_UP"}
    assert Application.objects.count() == 1


def test_one_referral_is_decided_by_one_of_two_checkers():
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 100_00
    lending = lend(body)
    [application] = applications(lending, 300_00, 1)
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
    seen = services.recommend(
        actor=as_member("hana@harbour.example"), application_id=application.id, outcome="APPROVED", note="",
        seen_hash=Application.objects.get().seen_hash, now=NOW,
    ).seen_hash  # fmt: skip
    world.member("heidi@harbour.example", lending.cast.harbour, "CHECKER", since=NOW - timedelta(days=30))
    checkers = [as_member(f"{name}@harbour.example") for name in ("hugo", "heidi")]

    def check(hand, outcome):
        told = ["TRADE_TOO_WEAK"] if outcome == "DECLINED" else []
        return lambda: services.decide_referral(
            actor=hand, application_id=application.id, outcome=outcome, note="", reasons=told, seen_hash=seen, now=NOW
        )

    both = [check(hand, outcome) for hand in checkers for outcome in ("APPROVED", "DECLINED")]
    results = at_once(*both * (CLIENTS // len(both)))
    assert len(successes(results)) == 1
    assert {type(each) for each in results if isinstance(each, Exception)} <= {InvalidTransition, Stale}
    assert Decision.objects.exclude(outcome="REFERRED").count() == 1
    assert Advance.objects.count() == (Application.objects.get().status == "APPROVED")


def test_withdrawal_against_decision_leaves_one_outcome():
    lending = lend()
    found = applications(lending, 100_00, CLIENTS // 2)
    ana = as_member("ana@amphora.example")
    works = []
    for each in found:
        works.append(lambda each=each: services.withdraw(actor=ana, application_id=each.id, now=NOW))
        works.append(lambda each=each: services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[each.id], now=NOW))
    refused = [each for each in at_once(*works) if isinstance(each, Exception)]
    assert {type(each) for each in refused} <= {InvalidTransition}
    approved = Application.objects.filter(status="APPROVED").count()
    assert set(Application.objects.values_list("status", flat=True)) <= {"APPROVED", "WITHDRAWN"}
    assert Advance.objects.count() == approved
    assert_sound(lending)


def test_one_policy_approved_rejected_and_withdrawn_at_once_has_one_end_and_each_decision_one_version():
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 100_00  # by it the same applications go to people
    lending = lend()
    hana, hugo = (as_member(f"{name}@harbour.example") for name in ("hana", "hugo"))
    found = applications(lending, 200_00, 10)
    proposed = credit.propose_policy(
        actor=hana, funder_id=lending.cast.harbour.id, body=body, effective_from=TODAY, now=NOW
    )
    acts = (
        partial(credit.approve_policy, actor=hugo, policy_id=proposed.id, seen_hash=proposed.body_hash, now=NOW),
        partial(credit.reject_policy, actor=hugo, policy_id=proposed.id, now=NOW),
        partial(credit.withdraw_policy, actor=hana, policy_id=proposed.id, now=NOW),
    )
    decisions = [
        partial(services.decide_waiting, actor=SYSTEM_ACTOR, application_ids=[each.id], now=NOW) for each in found
    ]
    results = at_once(*acts * 10, *decisions)
    assert len(successes(results[: len(acts) * 10])) == 1
    assert {type(each) for each in results if isinstance(each, Exception)} == {InvalidTransition}
    assert PolicyVersion.objects.get(id=proposed.id).status in {"APPROVED", "REJECTED", "WITHDRAWN"}
    by_version = {lending.policy.id: "APPROVED", proposed.id: "REFERRED"}
    assert [by_version[each.policy_id] for each in Decision.objects.all()] == [
        each.outcome for each in Decision.objects.all()
    ]
    assert Decision.objects.count() == len(found)
    assert_sound(lending)
