"""Colleagues are let in by a letter to their mailbox: invite, revoke, accept."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.parties.models import Invitation, Membership, Party, User
from accounts.trail.services import News, record
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound, RateLimited

HOLDS = timedelta(days=7)
DAY = timedelta(days=1)
MOST_A_DAY = 100
"""Invitations of one party."""


def invite(*, actor: Actor, party_id: int, email: str, role: str, now: datetime) -> Invitation:
    """Write to a mailbox whose owner may then act for the party in the role. The letter waits for a worker (mailing).

    The party's own administrator invites; from outside the operator's does, and only the first administrator of a party
    that has none. Raises InvalidInput (EMAIL_INVALID, ROLE_UNKNOWN, ALREADY_MEMBER, ALREADY_INVITED,
    ADMINISTRATOR_EXISTS), RateLimited.
    """
    with acting(actor):
        party = _party(actor, party_id)
        require(actor, "parties.manage_members")
        _refuse_flood(party, now)
        is_first = not actor.is_system and party.id != actor.party_id
        _check(party, email := _mailbox(email), role, is_first)
        invitation = _write(actor, party, email, role, is_first, now)
        record(actor, now, [News("party.member_invited", party, (party.id,), {"role": role}, True)])
        return invitation


def revoke(*, actor: Actor, invitation_id: int, now: datetime) -> Invitation:
    """Raises NotFound, Forbidden, InvalidTransition (INVITATION_CONCLUDED)."""
    with acting(actor):
        found = Invitation.objects.select_for_update(no_key=True).visible_to(actor).filter(id=invitation_id).first()
        if found is None:
            raise NotFound()
        require(actor, "parties.manage_members")
        if found.accepted_at or found.revoked_at:
            raise InvalidTransition(_("This invitation is over already."), code="INVITATION_CONCLUDED")
        found.revoked_at = now
        found.save(update_fields=["revoked_at"])
        news = News("party.invitation_revoked", found.party, (found.party_id,), {"role": found.role}, True)
        record(actor, now, [news])
        return found


def standing(*, token: str, now: datetime) -> Invitation:
    """The open invitation of this token. Raises NotFound (INVITATION_INVALID) for all that is not."""
    found = Invitation.objects.open(now).select_related("party").filter(token_hash=hashed(token)).first()
    if found is None or (found.for_first_administrator and _administrators(found.party).exists()):
        raise _invalid()
    return found


def accept(*, user: User, token: str, now: datetime) -> Membership:
    """The owner of the mailbox comes in: once.

    Raises NotFound (INVITATION_INVALID), Forbidden (INVITATION_FOR_ANOTHER).
    """
    with acting(Actor(None, "", frozenset(), user_id=user.id)):
        # The party before the invitation, as invite does: of two first administrators one comes too late.
        party_id = Invitation.objects.filter(token_hash=hashed(token)).values_list("party_id", flat=True).first()
        party = Party.objects.select_for_update(no_key=True).filter(id=party_id).first()
        Invitation.objects.select_for_update(no_key=True).filter(token_hash=hashed(token)).first()
        invitation = standing(token=token, now=now)
        if not is_for(user, invitation):
            raise Forbidden(_("This invitation was sent to another address."), code="INVITATION_FOR_ANOTHER")
        invitation.accepted_at, invitation.accepted_by = now, user
        invitation.save(update_fields=["accepted_at", "accepted_by"])
        member, created = Membership.objects.get_or_create(
            user=user, party=party, role=invitation.role, ended_at=None, defaults={"created_at": now}
        )
        if created:
            payload = {"user": user.id, "role": member.role}
            actor = Actor(party.id, party.kind, frozenset({member.role}), user_id=user.id)
            record(actor, now, [News("party.member_added", party, (party.id,), payload, True)])
        return member


def is_for(user: User, invitation: Invitation) -> bool:
    return user.email.lower() == invitation.email.lower()


def lacks_administrator(party: Party) -> bool:
    return not _administrators(party).exists()


def _refuse_flood(party: Party, now: datetime) -> None:
    """Anybody can sign a company up, and would have the portal write to whole lists of strangers."""
    if party.invitations.filter(created_at__gt=now - DAY).count() >= MOST_A_DAY:
        raise RateLimited(wait=3600)


def _administrators(party: Party):
    return Membership.objects.filter(party=party, role=Membership.Role.ADMIN, ended_at=None)


def _party(actor: Actor, party_id: int) -> Party:
    """Locked: who is its first administrator is decided once."""
    party = Party.objects.select_for_update(no_key=True).visible_to(actor).filter(id=party_id).first()
    invites = actor.is_system or actor.party_kind == Party.Kind.OPERATOR or party_id == actor.party_id
    if party is None or not invites:
        raise NotFound()
    return party


def _mailbox(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise InvalidInput(_("This is no e-mail address."), code="EMAIL_INVALID") from None
    return email


def _check(party: Party, email: str, role: str, is_first: bool) -> None:
    if role not in Membership.Role.values:
        raise InvalidInput(_("There is no such role."), code="ROLE_UNKNOWN")
    if is_first and (role != Membership.Role.ADMIN or not lacks_administrator(party)):
        raise InvalidInput(
            _("From outside only the first administrator is invited; who is there lets the others in."),
            code="ADMINISTRATOR_EXISTS",
        )
    if Membership.objects.filter(party=party, user__email__iexact=email, role=role, ended_at=None).exists():
        raise InvalidInput(_("This person acts in this role already."), code="ALREADY_MEMBER")


def _write(actor: Actor, party: Party, email: str, role: str, is_first: bool, now: datetime) -> Invitation:
    """One that expired makes room. Nobody has its token before the letter is sent."""
    same = Invitation.objects.filter(party=party, email__iexact=email, role=role, accepted_at=None, revoked_at=None)
    same.filter(expires_at__lte=now).update(revoked_at=now)
    try:
        with transaction.atomic():
            return Invitation.objects.create(
                party=party, email=email, role=role, for_first_administrator=is_first, invited_by_id=actor.user_id,
                token_hash=hashed(new_token()), created_at=now, expires_at=now + HOLDS, mail_due_at=now,
                language=get_language() or "",
            )  # fmt: skip
    except IntegrityError:
        raise InvalidInput(
            _("This address is invited in this role already. Withdraw that invitation to send another."),
            code="ALREADY_INVITED",
        ) from None


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _invalid() -> NotFound:
    return NotFound(_("This invitation no longer holds. Ask whoever sent it for another."), code="INVITATION_INVALID")
