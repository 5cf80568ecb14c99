"""What the operator does to keep somebody out at once, and to let them in again.

One person may shut out: it has to be quick, and harms nobody for long. To let in again takes another person.
"""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.utils.translation import gettext as _

from accounts.parties.models import Membership, Party, User
from accounts.parties.queries import operators
from accounts.trail.models import Event
from accounts.trail.services import News, record
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound, OwnWork

REASON_LENGTH = 200


def suspend_party(*, actor: Actor, party_id: int, reason: str, now: datetime) -> Party:
    """No new financing for a party until it is resumed; what was lent stays as it is. The party reads the reason.

    Raises NotFound, Forbidden, InvalidInput (REASON_MISSING, OPERATOR_STAYS), InvalidTransition.
    """
    with acting(actor):
        party = _party(actor, party_id)
        require(actor, "parties.shut_out")
        reason = reason.strip()[:REASON_LENGTH]
        if not reason:
            raise InvalidInput(_("Say why: the party reads it."), code="REASON_MISSING")
        if party.kind == Party.Kind.OPERATOR:
            raise InvalidInput(_("The operator cannot be suspended."), code="OPERATOR_STAYS")
        party.move_to(Party.Status.SUSPENDED)
        party.save(update_fields=["status"])
        record(actor, now, [News("party.suspended", party, (party.id, *operators()), {"reason": reason})])
        return party


def resume_party(*, actor: Actor, party_id: int, now: datetime) -> Party:
    """Raises NotFound, Forbidden, OwnWork, InvalidTransition."""
    with acting(actor):
        party = _party(actor, party_id)
        require(actor, "parties.let_in")
        if party.status != Party.Status.SUSPENDED:
            # A prospect is admitted by its verification, not from here.
            raise InvalidInput(_("This party is not suspended."), code="NOT_SUSPENDED")
        _refuse_own_work(actor, party, "party.suspended")
        party.move_to(Party.Status.ADMITTED)
        party.save(update_fields=["status"])
        record(actor, now, [News("party.resumed", party, (party.id, *operators()))])
        return party


def deactivate_user(*, actor: Actor, user_id: int, now: datetime) -> User:
    """A person can sign in no more and is signed out everywhere. Memberships stay: they are theirs when let in again.

    Raises NotFound, Forbidden, InvalidInput (OWN_ACCOUNT, ALREADY_OUT, LAST_ADMINISTRATOR).
    """
    with acting(actor):
        user = _user(actor, user_id)
        require(actor, "parties.shut_out")
        if user.id == actor.user_id:
            raise InvalidInput(_("Nobody shuts themselves out. Ask a colleague."), code="OWN_ACCOUNT")
        if not user.is_active:
            raise InvalidInput(_("This person is shut out already."), code="ALREADY_OUT")
        _keep_an_administrator(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        ended = _end_sessions(user)
        record(actor, now, [News("user.shut_out", user, _told(user), {"sessions": ended}, internal=True)])
        return user


def reactivate_user(*, actor: Actor, user_id: int, now: datetime) -> User:
    """Raises NotFound, Forbidden, OwnWork, InvalidInput (ALREADY_IN)."""
    with acting(actor):
        user = _user(actor, user_id)
        require(actor, "parties.let_in")
        if user.is_active:
            raise InvalidInput(_("This person is not shut out."), code="ALREADY_IN")
        _refuse_own_work(actor, user, "user.shut_out")
        user.is_active = True
        user.save(update_fields=["is_active"])
        record(actor, now, [News("user.let_in", user, _told(user), internal=True)])
        return user


def end_sessions(*, actor: Actor, user_id: int, now: datetime) -> int:
    """Sign a person out everywhere; they may sign in again. Returns how many sessions there were."""
    with acting(actor):
        user = _user(actor, user_id)
        require(actor, "parties.shut_out")
        ended = _end_sessions(user)
        record(actor, now, [News("user.sessions_ended", user, _told(user), {"sessions": ended}, internal=True)])
        return ended


def _party(actor: Actor, party_id: int) -> Party:
    party = Party.objects.select_for_update(no_key=True).visible_to(actor).filter(id=party_id).first()
    if party is None:
        raise NotFound()
    return party


def _user(actor: Actor, user_id: int) -> User:
    """People of all parties are the operator's to see alone."""
    if not (actor.is_system or actor.party_kind == Party.Kind.OPERATOR):
        raise NotFound()
    user = User.objects.select_for_update(no_key=True).filter(id=user_id).first()
    if user is None:
        raise NotFound()
    return user


def _keep_an_administrator(user: User) -> None:
    """The operator's last administrator stays: nobody could let anyone in again. Others are let in by the operator."""
    roles = Membership.objects.filter(ended_at=None, role=Membership.Role.ADMIN, party__kind=Party.Kind.OPERATOR)
    for party_id in roles.filter(user=user).values_list("party_id", flat=True):
        # One lock for all of the party's administrators: two who shut each other out at once would leave none.
        Party.objects.select_for_update(no_key=True).get(id=party_id)
        if not roles.filter(party=party_id, user__is_active=True).exclude(user=user).exists():
            raise InvalidInput(_("Somebody has to remain administrator of the portal."), code="LAST_ADMINISTRATOR")


def _end_sessions(user: User) -> int:
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    return len(sessions)


def _refuse_own_work(actor: Actor, subject: Party | User, name: str) -> None:
    last = Event.objects.about(subject._meta.label_lower, subject.pk).filter(name=name).order_by("-id").first()
    if last is not None and actor.user_id is not None and last.actor_user_id == actor.user_id:
        raise OwnWork(_("You shut this out, so somebody else has to let it in again."))


def _told(user: User) -> tuple[int, ...]:
    """The parties that the person acts for, and the operators."""
    own = Membership.objects.filter(user=user, ended_at=None).values_list("party_id", flat=True)
    return (*own.distinct(), *operators())
