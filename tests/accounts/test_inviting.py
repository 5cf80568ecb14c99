"""Colleagues come in by a letter to their mailbox: who may write it, whom it lets in, and that it does so once."""

import hashlib
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.parties import inviting, mailing
from accounts.parties.models import Invitation, Membership, Party, User
from accounts.trail.models import Event
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound, RateLimited
from tests.threads import at_once, successes
from tests.world import NOW, as_member

IRIS = "iris@amphora.example"


@pytest.fixture
def letters(mailoutbox):
    """Invites, lets the letter go, and returns the token that it carries."""

    def send(**given) -> str:
        made = inviting.invite(**{"role": "MAKER", "email": IRIS, "now": NOW} | given)
        assert mailing.send_due(now=made.created_at) == 1
        return token_of(mailoutbox[-1])

    return send


def token_of(mail) -> str:
    return re.search(r"/invitation/([\w-]+)/", mail.body)[1]


def ana():
    return as_member("ana@amphora.example")


def watch_administrator(cast):
    user = User.objects.create_user("will@watch.example")
    Membership.objects.create(user=user, party=cast.watch, role="ADMIN", created_at=NOW)
    return as_member(user.email)


def deserted(cast) -> Party:
    Membership.objects.filter(party=cast.bellows).update(ended_at=NOW)
    return cast.bellows


def refusal(**given) -> str:
    before = Invitation.objects.count(), Event.objects.count()
    with pytest.raises(InvalidInput) as refused:
        inviting.invite(**{"role": "MAKER", "email": IRIS, "now": NOW} | given)
    assert (Invitation.objects.count(), Event.objects.count()) == before
    return refused.value.code


def test_nobody_has_the_portal_write_to_lists_of_strangers(cast, monkeypatch):
    monkeypatch.setattr(inviting, "MOST_A_DAY", 3)
    for number in range(3):
        inviting.invite(actor=ana(), party_id=cast.amphora.id, email=f"p{number}@x.example", role="MAKER", now=NOW)
    with pytest.raises(RateLimited):
        inviting.invite(actor=ana(), party_id=cast.amphora.id, email="p4@x.example", role="MAKER", now=NOW)
    assert Invitation.objects.count() == 3
    tomorrow = NOW + timedelta(days=1)
    inviting.invite(actor=ana(), party_id=cast.amphora.id, email="p4@x.example", role="MAKER", now=tomorrow)


def test_an_administrator_writes_to_a_mailbox_and_its_owner_comes_in_once(cast, letters, mailoutbox):
    token = letters(actor=ana(), party_id=cast.amphora.id, email=" Iris@Amphora.example ")
    kept = Invitation.objects.get()
    assert (kept.email, kept.token_hash) == (IRIS, hashlib.sha256(token.encode()).hexdigest())
    assert kept.expires_at == NOW + timedelta(days=7)
    assert (mailoutbox[0].to, mailoutbox[0].subject) == ([IRIS], "Act for Amphora")
    iris = User.objects.create_user(IRIS)
    inviting.accept(user=iris, token=token, now=NOW)
    assert list(iris.memberships.values_list("party_id", "role", "ended_at")) == [(cast.amphora.id, "MAKER", None)]
    kept.refresh_from_db()
    assert (kept.accepted_at, kept.accepted_by) == (NOW, iris)
    with pytest.raises(NotFound) as refused:
        inviting.accept(user=iris, token=token, now=NOW)
    assert refused.value.code == "INVITATION_INVALID"


def test_what_is_told_of_it_names_nobody(cast, letters):
    token = letters(actor=ana(), party_id=cast.amphora.id)
    iris = User.objects.create_user(IRIS)
    inviting.accept(user=iris, token=token, now=NOW)
    told = Event.objects.filter(name__startswith="party.member").order_by("id").values_list("name", "payload")
    assert list(told) == [
        ("party.member_invited", {"role": "MAKER"}),
        ("party.member_added", {"user": iris.id, "role": "MAKER"}),
    ]
    assert set(Event.objects.filter(name__startswith="party.member").values_list("audience", flat=True)) == {"INTERNAL"}


@pytest.mark.parametrize("email", ["aldo@amphora.example", "abel@amphora.example"])
def test_whoever_is_no_administrator_invites_nobody(cast, email):
    if not User.objects.filter(email=email).exists():
        user = User.objects.create_user(email)
        Membership.objects.create(user=user, party=cast.amphora, role="CHECKER", created_at=NOW)
    with pytest.raises(Forbidden):
        inviting.invite(actor=as_member(email), party_id=cast.amphora.id, email=IRIS, role="ADMIN", now=NOW)
    assert not Invitation.objects.exists()


def test_nobody_invites_into_anothers_party(cast):
    for party in (cast.bellows, cast.meridian):
        with pytest.raises(NotFound):
            inviting.invite(actor=ana(), party_id=party.id, email=IRIS, role="ADMIN", now=NOW)
    assert not Invitation.objects.exists()


def test_what_cannot_be_an_invitation_is_refused(cast, letters):
    amphora = {"actor": ana(), "party_id": cast.amphora.id}
    assert refusal(**amphora, email="iris") == "EMAIL_INVALID"
    assert refusal(**amphora, role="KING") == "ROLE_UNKNOWN"
    assert refusal(**amphora, email="ANA@amphora.example", role="ADMIN") == "ALREADY_MEMBER"
    letters(**amphora)
    assert refusal(**amphora, email=IRIS.upper()) == "ALREADY_INVITED"
    letters(**amphora, role="VIEWER")


def test_one_that_expired_makes_room_and_stays_as_history(cast, letters):
    amphora = {"actor": ana(), "party_id": cast.amphora.id}
    old, later = letters(**amphora), NOW + timedelta(days=7)
    iris = User.objects.create_user(IRIS)
    with pytest.raises(NotFound):
        inviting.accept(user=iris, token=old, now=later)
    new = letters(**amphora, now=later)
    assert Invitation.objects.count() == 2
    with pytest.raises(NotFound):
        inviting.accept(user=iris, token=old, now=NOW)
    assert not iris.memberships.exists()
    inviting.accept(user=iris, token=new, now=later)
    assert iris.memberships.count() == 1


def test_one_that_was_withdrawn_lets_nobody_in(cast, letters):
    token = letters(actor=ana(), party_id=cast.amphora.id)
    invitation = Invitation.objects.get()
    for stranger, raised in (("ben@bellows.example", NotFound), ("aldo@amphora.example", Forbidden)):
        with pytest.raises(raised):
            inviting.revoke(actor=as_member(stranger), invitation_id=invitation.id, now=NOW)
    inviting.revoke(actor=ana(), invitation_id=invitation.id, now=NOW)
    iris = User.objects.create_user(IRIS)
    with pytest.raises(NotFound):
        inviting.accept(user=iris, token=token, now=NOW)
    with pytest.raises(InvalidTransition) as refused:
        inviting.revoke(actor=ana(), invitation_id=invitation.id, now=NOW)
    assert refused.value.code == "INVITATION_CONCLUDED"
    assert not iris.memberships.exists()


def test_a_letter_that_another_reads_lets_nobody_in(cast, letters):
    token = letters(actor=ana(), party_id=cast.amphora.id)
    ben = User.objects.get(email="ben@bellows.example")
    with pytest.raises(Forbidden) as refused:
        inviting.accept(user=ben, token=token, now=NOW)
    assert refused.value.code == "INVITATION_FOR_ANOTHER"
    assert not ben.memberships.filter(party=cast.amphora).exists()
    assert Invitation.objects.get().accepted_at is None


def test_the_operator_invites_the_first_administrator_and_nobody_else(cast, letters):
    will, party = watch_administrator(cast), deserted(cast)
    assert refusal(actor=will, party_id=cast.amphora.id, role="ADMIN") == "ADMINISTRATOR_EXISTS"
    assert refusal(actor=will, party_id=party.id, role="MAKER") == "ADMINISTRATOR_EXISTS"
    with pytest.raises(Forbidden):
        inviting.invite(actor=as_member("wim@watch.example"), party_id=party.id, email=IRIS, role="ADMIN", now=NOW)
    first, second = (
        letters(actor=will, party_id=party.id, role="ADMIN", email=e) for e in (IRIS, "ivo@bellows.example")
    )
    iris, ivo = User.objects.create_user(IRIS), User.objects.create_user("ivo@bellows.example")
    inviting.accept(user=iris, token=first, now=NOW)
    with pytest.raises(NotFound):
        inviting.accept(user=ivo, token=second, now=NOW)
    assert list(Membership.objects.filter(party=party, ended_at=None).values_list("user", "role")) == [
        (iris.id, "ADMIN")
    ]


def test_two_who_invite_one_colleague_at_once_send_one_letter(committed_cast):
    party_id, actor = committed_cast.amphora.id, ana()

    def invite():
        return inviting.invite(actor=actor, party_id=party_id, email=IRIS, role="MAKER", now=NOW)

    assert len(successes(at_once(invite, invite, invite))) == 1
    assert Invitation.objects.count() == 1


def test_the_database_keeps_one_open_whatever_the_case_of_letters(cast):
    inviting.invite(actor=SYSTEM_ACTOR, party_id=cast.amphora.id, email=IRIS, role="MAKER", now=NOW)
    with pytest.raises(IntegrityError, match="invitation_open_once"), transaction.atomic():
        Invitation.objects.create(
            party=cast.amphora, email=IRIS.upper(), role="MAKER", token_hash="x", created_at=NOW, expires_at=NOW
        )


def test_two_clicks_at_once_let_in_once(committed_cast, mailoutbox):
    inviting.invite(actor=ana(), party_id=committed_cast.amphora.id, email=IRIS, role="MAKER", now=NOW)
    mailing.send_due(now=NOW)
    token, iris = token_of(mailoutbox[-1]), User.objects.create_user(IRIS)
    results = at_once(*[lambda: inviting.accept(user=iris, token=token, now=NOW)] * 2)
    assert len(successes(results)) == 1
    assert iris.memberships.count() == 1


@pytest.mark.django_db
def test_a_new_installation_gets_its_operator_once_whose_administrator_is_written_to():
    call_command("found_operator", "Harbour Masters", country="nl", email="Olga@masters.example", stdout=StringIO())

    operator = Party.objects.get()
    [letter] = Invitation.objects.all()
    assert (operator.kind, operator.name, operator.country) == ("OPERATOR", "Harbour Masters", "NL")
    assert (letter.party, letter.email, letter.role) == (operator, "olga@masters.example", "ADMIN")
    with pytest.raises(CommandError, match="has its operator already"):
        call_command("found_operator", "Others", country="DE", email="other@masters.example")
    assert (Party.objects.count(), Invitation.objects.count()) == (1, 1)
