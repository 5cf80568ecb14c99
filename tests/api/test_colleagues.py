"""A machine or an administrator brings nobody in: it invites, and learns nothing of who uses the portal."""

from accounts.parties import inviting, mailing
from accounts.parties.models import Invitation, Membership, User
from accounts.trail.models import Event
from tests.accounts.test_inviting import token_of
from tests.api.conftest import caller_for
from tests.world import NOW, as_member

UNKNOWN = "iris@elsewhere.example"
KNOWN = "ben@bellows.example"


def invited(caller, email: str):
    answer = caller.post("members/", {"email": email, "role": "MAKER"})
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_who_is_invited_is_no_member_before_it_accepts(lending, mailoutbox):
    ana = caller_for(lending.cast.amphora, "ADMIN")
    before = Membership.objects.count()
    said = invited(ana, KNOWN)
    assert Membership.objects.count() == before
    assert list(Event.objects.filter(name="party.member_added")) == []
    mailing.send_due(now=Invitation.objects.get(id=said["id"]).created_at)
    ben = User.objects.get(email=KNOWN)
    member = inviting.accept(user=ben, token=token_of(mailoutbox[-1]), now=NOW)
    shown = {each["email"]: each["role"] for each in ana.get("members/").json()["results"]}
    assert (member.party, shown[KNOWN]) == (lending.cast.amphora, "MAKER")


def test_the_answer_is_the_same_whether_or_not_the_portal_knows_the_address(lending):
    User.objects.filter(email=KNOWN).update(full_name="Ben Belling")
    people = User.objects.count()
    ana = caller_for(lending.cast.amphora, "ADMIN")
    known, unknown = invited(ana, KNOWN), invited(ana, UNKNOWN)
    assert User.objects.count() == people
    assert set(known) == set(unknown) == {
        "id", "email", "role", "created_at", "expires_at", "accepted_at", "revoked_at",
    }  # fmt: skip
    own = {"id", "email", "created_at", "expires_at"}
    assert {key: known[key] for key in known.keys() - own} == {key: unknown[key] for key in unknown.keys() - own}
    for email in (KNOWN, UNKNOWN):
        again = ana.post("members/", {"email": email, "role": "MAKER"})
        assert (again.status_code, again.json()["code"]) == (422, "ALREADY_INVITED")


def test_it_is_the_act_of_the_page(lending):
    """One letter, whichever way it was asked for."""
    said = invited(caller_for(lending.cast.amphora, "ADMIN"), UNKNOWN)
    ana = as_member("ana@amphora.example")
    (seen,) = Invitation.objects.visible_to(ana)
    assert (seen.id, seen.email, seen.role, seen.mail_due_at) == (said["id"], UNKNOWN, "MAKER", seen.created_at)
