"""The operator keeps people and parties out, quickly and by one person; letting in again takes another."""

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from accounts.clients.models import PartyClient
from accounts.clients.services import create_client, remove_client
from accounts.parties import shutting_out
from accounts.parties.models import Membership, Party, User
from accounts.parties.services import end_membership
from accounts.trail.models import Event
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound, OwnWork
from tests.world import NOW, as_member

OUTSIDERS = ("ana@amphora.example", "maya@meridian.example", "hana@harbour.example", "carl@crown.example")


def person(email: str) -> User:
    return User.objects.get(email=email)


def test_one_suspends_and_another_resumes(cast):
    wim, wanda = as_member("wim@watch.example"), as_member("wanda@watch.example")
    shutting_out.suspend_party(actor=wim, party_id=cast.bellows.id, reason="  Papers  ", now=NOW)
    assert Party.objects.get(id=cast.bellows.id).status == "SUSPENDED"
    assert Event.objects.get(name="party.suspended").payload == {"reason": "Papers"}
    with pytest.raises(InvalidTransition):
        shutting_out.suspend_party(actor=wim, party_id=cast.bellows.id, reason="Papers", now=NOW)
    with pytest.raises(Forbidden):
        shutting_out.resume_party(actor=wim, party_id=cast.bellows.id, now=NOW)
    shutting_out.resume_party(actor=wanda, party_id=cast.bellows.id, now=NOW)
    assert Party.objects.get(id=cast.bellows.id).status == "ADMITTED"


def test_who_shuts_out_does_not_let_in_again_in_whatever_role(cast):
    for user in ("wim@watch.example", "wanda@watch.example"):
        Membership.objects.create(user=person(user), party=cast.watch, role="ADMIN", created_at=NOW)
    wim, wanda = as_member("wim@watch.example"), as_member("wanda@watch.example")
    ana = person("ana@amphora.example")
    shutting_out.suspend_party(actor=wim, party_id=cast.bellows.id, reason="Papers", now=NOW)
    shutting_out.deactivate_user(actor=wim, user_id=ana.id, now=NOW)
    with pytest.raises(OwnWork):
        shutting_out.resume_party(actor=wim, party_id=cast.bellows.id, now=NOW)
    with pytest.raises(OwnWork):
        shutting_out.reactivate_user(actor=wim, user_id=ana.id, now=NOW)
    assert (Party.objects.get(id=cast.bellows.id).status, person(ana.email).is_active) == ("SUSPENDED", False)
    shutting_out.reactivate_user(actor=wanda, user_id=ana.id, now=NOW)
    assert person(ana.email).is_active


def test_a_prospect_is_not_admitted_by_resuming_it(cast):
    Party.objects.filter(id=cast.bellows.id).update(status="PROSPECT")
    with pytest.raises(InvalidInput) as refused:
        shutting_out.resume_party(actor=as_member("wanda@watch.example"), party_id=cast.bellows.id, now=NOW)
    assert refused.value.code == "NOT_SUSPENDED"
    assert Party.objects.get(id=cast.bellows.id).status == "PROSPECT"


def test_the_operator_is_not_suspended_and_nobody_without_a_reason(cast):
    wim = as_member("wim@watch.example")
    for party, reason, code in ((cast.watch, "x", "OPERATOR_STAYS"), (cast.bellows, "  ", "REASON_MISSING")):
        with pytest.raises(InvalidInput) as refused:
            shutting_out.suspend_party(actor=wim, party_id=party.id, reason=reason, now=NOW)
        assert refused.value.code == code
    assert not Party.objects.filter(status="SUSPENDED").exists()


def test_a_person_who_is_shut_out_is_signed_out_everywhere(cast):
    ana = person("ana@amphora.example")
    for number in range(2):
        store = SessionStore()
        store["number"] = number
        store.create()
        UserSession.objects.create(user=ana, ip="192.0.2.1", user_agent="Firefox", session_key=store.session_key)
    shutting_out.deactivate_user(actor=as_member("wim@watch.example"), user_id=ana.id, now=NOW)
    assert not person(ana.email).is_active
    assert (UserSession.objects.count(), Session.objects.count()) == (0, 0)
    event = Event.objects.get(name="user.shut_out")
    assert (event.subject_type, event.subject_id, event.payload) == ("parties.user", ana.id, {"sessions": 2})
    told = set(event.parties.values_list("party_id", flat=True))
    assert told == {cast.amphora.id, cast.watch.id} and event.audience == "INTERNAL"


def test_signing_out_everywhere_lets_sign_in_again(cast):
    ana = person("ana@amphora.example")
    UserSession.objects.create(user=ana, ip="192.0.2.1", user_agent="Firefox", session_key="s" * 32)
    assert shutting_out.end_sessions(actor=as_member("wim@watch.example"), user_id=ana.id, now=NOW) == 1
    assert person(ana.email).is_active and not UserSession.objects.exists()


def test_nobody_shuts_themselves_out_nor_the_portals_last_administrator(cast):
    wim, wanda = person("wim@watch.example"), person("wanda@watch.example")
    Membership.objects.create(user=wanda, party=cast.watch, role="ADMIN", created_at=NOW)
    for user, code in ((wim, "OWN_ACCOUNT"), (wanda, "LAST_ADMINISTRATOR")):
        with pytest.raises(InvalidInput) as refused:
            shutting_out.deactivate_user(actor=as_member(wim.email), user_id=user.id, now=NOW)
        assert refused.value.code == code
    assert person(wanda.email).is_active
    Membership.objects.create(user=wim, party=cast.watch, role="ADMIN", created_at=NOW)
    shutting_out.deactivate_user(actor=as_member(wim.email), user_id=wanda.id, now=NOW)
    assert not person(wanda.email).is_active


@pytest.mark.parametrize("email", OUTSIDERS)
def test_for_everybody_else_there_are_no_people_of_others(cast, email):
    actor, ben = as_member(email), person("ben@bellows.example")
    for verb in (shutting_out.deactivate_user, shutting_out.reactivate_user, shutting_out.end_sessions):
        with pytest.raises(NotFound):
            verb(actor=actor, user_id=ben.id, now=NOW)
    with pytest.raises((NotFound, Forbidden)):
        shutting_out.suspend_party(actor=actor, party_id=cast.bellows.id, reason="x", now=NOW)
    assert person(ben.email).is_active and Party.objects.get(id=cast.bellows.id).status == "ADMITTED"


def test_the_operator_ends_what_acts_for_any_party_and_other_parties_see_nothing(cast):
    aldo = Membership.objects.get(user__email="aldo@amphora.example")
    bound, _secret = create_client(actor=SYSTEM_ACTOR, party_id=cast.amphora.id, name="Till", role="MAKER", now=NOW)
    for email, refusal in (("ben@bellows.example", NotFound), ("wanda@watch.example", Forbidden)):
        with pytest.raises(refusal):
            end_membership(actor=as_member(email), membership_id=aldo.id, now=NOW)
        with pytest.raises(refusal):
            remove_client(actor=as_member(email), client_id=bound.client_id, now=NOW)
    assert PartyClient.objects.exists() and Membership.objects.get(id=aldo.id).ended_at is None
    wim = as_member("wim@watch.example")
    end_membership(actor=wim, membership_id=aldo.id, now=NOW)
    remove_client(actor=wim, client_id=bound.client_id, now=NOW)
    assert Membership.objects.get(id=aldo.id).ended_at == NOW and not PartyClient.objects.exists()
