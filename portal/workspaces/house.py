"""What every party's first page may tell of the party itself: its people, and the last that happened."""

from accounts.parties.models import Membership
from accounts.trail.models import Event
from portal.shared.access import Actor
from portal.workspaces.sentences import Happening, tell

LATEST = 8


def people(actor: Actor) -> list[Membership]:
    """Who acts for the party, by name, each role a line."""
    found = Membership.objects.filter(party_id=actor.party_id, ended_at=None).select_related("user")
    return list(found.order_by("user__full_name", "role")[:50])


def latest(actor: Actor, most: int = LATEST) -> list[Happening]:
    """The last events that the party may know, newest first."""
    return tell(actor, list(Event.objects.visible_to(actor).order_by("-id")[:most]))
