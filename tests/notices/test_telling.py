"""Who is told what: those whom it concerns, once, and never who did it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.notices import services
from accounts.notices.models import Notice
from accounts.notices.rules import AT_ONCE, DAILY, NEVER
from accounts.parties.models import Membership, User
from accounts.trail import delivery
from accounts.trail.models import Delivery, Event
from accounts.trail.subscribers import subscribers
from financing.advances.models import Application
from financing.banking.models import PaymentInstruction
from financing.credit.models import PolicyVersion
from financing.receivables.models import Receivable
from portal.shared.access import CHECKER, MAKER, VIEWER
from portal.told import EVENTS, UNTOLD
from portal.workspaces.sentences import SENTENCES
from tests.notices.conftest import everybody, funded, happened, told
from tests.world import NOW, as_member


def test_every_event_is_told_to_somebody_or_left_out_on_purpose():
    assert EVENTS.keys() & UNTOLD == set()
    assert EVENTS.keys() | UNTOLD == SENTENCES.keys()


def test_a_supplier_hears_of_its_money_and_nobody_else_does(cast):
    assert told(funded(cast)) == [("advance.funded", "aldo"), ("advance.funded", "ana")]


def test_makers_and_checkers_of_the_funder_hear_of_a_referral_and_its_viewer_does_not(cast):
    event = happened(
        "application.referred", Application(id=1), cast.amphora, cast.harbour, amount_minor=1, currency="EUR"
    )
    assert told(event) == [("application.referred", name) for name in ("ana", "hana", "hugo")]


def test_who_did_it_is_not_told(cast):
    hugo = User.objects.get(email="hugo@harbour.example")
    Membership.objects.create(user=hugo, party=cast.harbour, role=MAKER, created_at=NOW)
    event = happened(
        "policy.proposed", PolicyVersion(id=1), cast.harbour, by=as_member("hugo@harbour.example"), number=2
    )
    assert told(event) == []
    other = happened(
        "policy.proposed", PolicyVersion(id=1), cast.harbour, by=as_member("hana@harbour.example"), number=2
    )
    assert told(other) == [("policy.proposed", "hugo")]


def test_a_party_that_may_not_know_an_event_is_not_told_whatever_its_kind(cast):
    event = happened(
        "receivable.disputed", Receivable(id=1), cast.amphora, cast.meridian, reason="Broken", number="A-1"
    )
    assert told(event) == [("receivable.disputed", "ana")]


def test_only_what_a_hand_accepted_is_told(cast):
    parties = (cast.amphora, cast.meridian)
    by_match, by_hand = (
        happened("receivable.accepted", Receivable(id=1), *parties, payload={"by": way, "number": "A-1"})
        for way in ("match", "hand")
    )
    assert told(by_match) == []
    assert told(by_hand) == [("receivable.accepted", "ana")]


def test_whoever_left_or_was_shut_out_is_told_no_more(cast):
    Membership.objects.filter(user__email="ana@amphora.example").update(ended_at=NOW)
    User.objects.filter(email="aldo@amphora.example").update(is_active=False)
    assert told(funded(cast)) == []


def test_an_event_that_is_delivered_twice_is_told_once(cast):
    event = funded(cast)
    assert services.write(events=[event], now=NOW) == 2
    assert services.write(events=[event], now=NOW) == 0
    assert services.write(events=[event, event], now=NOW) == 0
    assert Notice.objects.count() == 2


def test_a_person_of_two_roles_is_told_once_and_as_soon_as_the_more_eager_one(cast):
    aldo = User.objects.get(email="aldo@amphora.example")
    Membership.objects.create(user=aldo, party=cast.amphora, role=CHECKER, created_at=NOW)
    told(funded(cast))
    assert list(Notice.objects.filter(user=aldo).values_list("mail", flat=True)) == [DAILY]
    Membership.objects.create(user=aldo, party=cast.amphora, role=MAKER, created_at=NOW)
    told(funded(cast, 2))
    assert list(Notice.objects.filter(user=aldo).order_by("id").values_list("mail", flat=True)) == [DAILY, AT_ONCE]


def test_what_a_person_chose_goes_before_what_is_usual_but_mails_nothing_that_is_never_mailed(cast):
    ana = as_member("ana@amphora.example")
    services.choose(actor=ana, cadences={"money": DAILY}, discreet=False, now=NOW)
    told(funded(cast))
    happened_quietly = happened("advance.repaid", Application(id=3), cast.amphora, cast.harbour)
    told(happened_quietly)
    assert list(Notice.objects.filter(user_id=ana.user_id).order_by("id").values_list("mail", flat=True)) == [
        DAILY,
        NEVER,
    ]


def test_a_thousand_people_are_told_by_as_many_statements_as_one(cast):
    with CaptureQueriesContext(connection) as few:
        services.write(events=[funded(cast)], now=NOW)
    people = User.objects.bulk_create(User(email=f"p{n}@amphora.example", password="!") for n in range(1_000))
    Membership.objects.bulk_create(
        Membership(user=user, party=cast.amphora, role=VIEWER, created_at=NOW) for user in people
    )
    events = [funded(cast, number) for number in range(5)]
    with CaptureQueriesContext(connection) as many:
        assert services.write(events=events, now=NOW) == 5 * 1_002
    assert len(many) <= len(few)


def test_the_delivery_of_an_event_writes_its_notices_and_marks_it_done(cast):
    funded(cast)
    assert "notices.write" in subscribers()
    delivery.drain("notices.write", NOW)
    assert everybody() == [("advance.funded", "aldo"), ("advance.funded", "ana")]
    assert list(Delivery.objects.filter(subscriber="notices.write").values_list("state", flat=True)) == ["DONE"]


@pytest.mark.parametrize("name", ["payment.rejected", "payment.returned"])
def test_the_operator_hears_of_payments_that_failed(cast, name):
    event = happened(name, PaymentInstruction(id=1), cast.harbour, cast.watch, amount_minor=1, currency="EUR")
    assert told(event) == [(name, "hana"), (name, "wim")]


def test_what_cannot_be_delivered_is_told_to_the_operator_once_it_is_parked(cast):
    event = funded(cast)
    waiting = Delivery.objects.get(event=event, subscriber="notices.write")
    waiting.attempts = 7
    waiting.save()
    delivery._put_off(subscribers()["notices.write"], waiting.id, NOW, ValueError("broken"))
    parked = Event.objects.get(name="delivery.parked")
    assert parked.payload == {"subscriber": "notices.write", "event": "advance.funded", "attempts": 8}
    assert list(parked.parties.values_list("party_id", flat=True)) == [cast.watch.id]
    assert told(parked) == [("delivery.parked", "wim")]
    # That this could not be told either is told to nobody.
    again = Delivery.objects.get(event=parked, subscriber="notices.write")
    again.attempts = 7
    again.save()
    delivery._put_off(subscribers()["notices.write"], again.id, NOW, ValueError("broken"))
    assert Event.objects.filter(name="delivery.parked").count() == 1
