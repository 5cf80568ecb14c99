"""The second person: whose word counts beside that of who made or proposed a thing, and from when on."""

from datetime import datetime, timedelta

from allauth.idp.oidc.models import Client
from django.db.models import Min, Q, QuerySet

from accounts.parties.models import Membership
from portal.shared.access import PERMISSIONS, Actor
from portal.shared.errors import Forbidden

SEASONED = timedelta(days=3)
"""How long a person must have been trusted with it before its word counts as the second one.

Whoever has taken one person's place could otherwise let itself in as the other. Its colleagues are told of everybody
who is let in, and have these days to see it.
"""


class LetInLately(Forbidden):
    """`until`: from when on the person's word counts."""

    code = "LET_IN_LATELY"
    sentence = "You were let in a short while ago. Your word as the second person counts from {until} on."


class MadeByNewcomer(LetInLately):
    sentence = "Whoever made this was let in a short while ago. It can be approved from {until} on."


def trusted(permission: str) -> QuerySet[Membership]:
    """Memberships in force that carry the permission."""
    pairs = [Q(party__kind=kind, role=role) for kind, role in PERMISSIONS[permission]]
    return Membership.objects.filter(Q.create(pairs, Q.OR), ended_at=None, user__is_active=True)


def seasoned(permission: str, now: datetime) -> QuerySet[Membership]:
    """Those of them whose word counts."""
    return trusted(permission).filter(created_at__lte=now - SEASONED)


def counts_from(actor: Actor, permission: str) -> datetime | None:
    """From when on the word of a person counts for the party it acts for; None of who is not trusted with it."""
    held = trusted(permission).filter(party=actor.party_id, user=actor.user_id)
    since = held.aggregate(since=Min("created_at"))["since"]
    return since + SEASONED if since else None


def awaited(actor: Actor, permission: str, now: datetime, *, founders: bool = True) -> datetime | None:
    """From when on the actor's word will count; None where it counts by now, or never will.

    `founders`: who came first counts at once. Nobody of the party can have let it in, and a party that has just begun
    would have no second person at all. Not where somebody from outside says the second word in its first days.
    """
    begins = counts_from(actor, permission) if actor.user_id else None
    return begins if begins and _counts_later(actor, begins, now, founders) else None


def _counts_later(actor: Actor, begins: datetime, now: datetime, founders: bool) -> bool:
    return begins > now and not (founders and _came_first(actor, begins - SEASONED))


def _came_first(actor: Actor, since: datetime) -> bool:
    others = Membership.objects.filter(party=actor.party_id, created_at__lt=since).exclude(user=actor.user_id)
    return not others.exists()


def companies_of(actor: Actor) -> set[int]:
    """Parties that the person belongs to, whichever of them it acts for now; none of a machine's."""
    if actor.user_id is None:
        return set()
    return set(Membership.objects.filter(user=actor.user_id, ended_at=None).values_list("party_id", flat=True))


def require_seasoned(actor: Actor, permission: str, now: datetime, *, maker: str = "", founders: bool = True) -> None:
    """Both words have to be of people or machines that their colleagues have had time to see.

    `maker`: the identity of who made or proposed it. A taken-over account that may approve could otherwise let in
    another to make what it approves, or two machines that do both. Raises Forbidden, LetInLately, MadeByNewcomer.
    """
    if actor.user_id is not None:
        begins = counts_from(actor, permission)
        if begins is None:
            raise Forbidden(permission=permission)
        if _counts_later(actor, begins, now, founders):
            raise LetInLately(until=begins.isoformat(timespec="minutes"))
    elif until := _newcomer_until(actor.identity, actor.party_id, now):
        raise LetInLately(until=until.isoformat(timespec="minutes"))
    if until := _newcomer_until(maker, actor.party_id, now):
        raise MadeByNewcomer(until=until.isoformat(timespec="minutes"))


def _newcomer_until(identity: str, party_id: int | None, now: datetime) -> datetime | None:
    """Until when a person or machine is new to a party that has others who are not; None of who is none of it."""
    kind, _, number = identity.partition(":")
    members = Membership.objects.filter(party=party_id)
    if kind == "user":
        since = members.filter(user=number).aggregate(since=Min("created_at"))["since"]
        members = members.exclude(user=number)
    else:
        since = Client.objects.filter(id=number).values_list("created_at", flat=True).first()
    if since is None or since + SEASONED <= now or not members.filter(created_at__lte=now - SEASONED).exists():
        return None
    return since + SEASONED
