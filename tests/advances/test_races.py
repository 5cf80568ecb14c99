"""Many real clients against one limit, one receivable, one quote and one referral: no interleaving breaks a rule."""

import copy

import pytest
from django.db.models import Count

from financing.advances import services
from financing.advances.models import Advance, AdvanceReceivable, Application
from financing.banking.models import PaymentInstruction
from financing.credit.models import Decision, Facility
from financing.credit.rules import DEFAULT_BODY
from financing.ledger.queries import balance, findings
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.threads import at_once, successes
from tests.world import CURRENCY, NOW, as_member

pytestmark = pytest.mark.usefixtures("committed_db")


def lend(body=None, count=8):
    made = world.lending(body=body)
    world.trade(made.cast.amphora, made.cast.meridian)
    for number in range(count):
        world.receivable(made.cast.amphora, made.cast.meridian, f"INV-{number}", 400_00, due_in=30 + number)
    return made


def quotes(lending, amount_minor, count):
    ana = as_member("ana@amphora.example")
    facility_id = lending.amphora_facility.id
    return [
        services.quote(actor=ana, facility_id=facility_id, amount_minor=amount_minor, now=NOW) for _ in range(count)
    ]


def applications(lending, amount_minor, count):
    ana = as_member("ana@amphora.example")
    return [services.apply(actor=ana, quote_id=each.id, now=NOW) for each in quotes(lending, amount_minor, count)]


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


def test_twelve_applications_at_once_never_exceed_the_limit():
    lending = lend()
    results = decide_each_alone(applications(lending, 600_00, 12))
    assert len(successes(results)) == 12
    assert set(Application.objects.values_list("status", flat=True)) == {"APPROVED", "DECLINED"}
    assert_sound(lending)
    # 8 x 400.00 at 90 % carry 2,880.00, so four of 600.00 fit and a fifth does not.
    assert Advance.objects.count() == 4


def test_the_same_application_decided_by_eight_workers_is_decided_once():
    lending = lend()
    [application] = applications(lending, 600_00, 1)
    decide_each_alone([application] * 8)
    assert (Decision.objects.count(), Advance.objects.count()) == (1, 1)
    assert_sound(lending)


def test_one_receivable_secures_one_advance():
    lending = lend(count=1)
    decide_each_alone(applications(lending, 300_00, 8))
    assert Advance.objects.count() == 1
    assert Receivable.objects.get().assigned_facility_id == lending.amphora_facility.id
    assert_sound(lending)


def test_one_quote_is_taken_up_by_one_of_eight_clients():
    lending = lend()
    [offered] = quotes(lending, 300_00, 1)
    ana = as_member("ana@amphora.example")
    results = at_once(*[lambda: services.apply(actor=ana, quote_id=offered.id, now=NOW)] * 8)
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
    hugo = as_member("hugo@harbour.example")

    def check(outcome):
        told = ["TRADE_TOO_WEAK"] if outcome == "DECLINED" else []
        return lambda: services.decide_referral(
            actor=hugo, application_id=application.id, outcome=outcome, note="", reasons=told, seen_hash=seen, now=NOW
        )

    results = at_once(*[check("APPROVED"), check("DECLINED")] * 3)
    assert len(successes(results)) == 1
    assert Decision.objects.exclude(outcome="REFERRED").count() == 1
    assert Advance.objects.count() == (Application.objects.get().status == "APPROVED")


def test_withdrawal_against_decision_leaves_one_outcome():
    lending = lend()
    found = applications(lending, 100_00, 6)
    ana = as_member("ana@amphora.example")
    works = []
    for each in found:
        works.append(lambda each=each: services.withdraw(actor=ana, application_id=each.id, now=NOW))
        works.append(lambda each=each: services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[each.id], now=NOW))
    at_once(*works)
    approved = Application.objects.filter(status="APPROVED").count()
    assert set(Application.objects.values_list("status", flat=True)) <= {"APPROVED", "WITHDRAWN"}
    assert Advance.objects.count() == approved
    assert_sound(lending)
