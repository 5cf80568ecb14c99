"""What every party's first page may tell of the party itself: its people, and the last that happened."""

from dataclasses import dataclass

from django.db.models import Count, Window

from accounts.parties.models import Membership
from accounts.trail.models import Event
from portal.shared.access import Actor
from portal.workspaces.sentences import Happening, tell

LATEST = 8
NAMED = 8
"""People of the party that a first page names."""


@dataclass(frozen=True, slots=True)
class People:
    """Who acts for the party: the first by name, each role a line, and how many lines there are besides."""

    named: list[Membership]
    more: int


def people(actor: Actor) -> People:
    found = Membership.objects.filter(party_id=actor.party_id, ended_at=None).select_related("user")
    counted = found.annotate(all_of_them=Window(Count("*")))  # in the same statement
    named = list(counted.order_by("user__full_name", "role", "id")[:NAMED])
    return People(named, named[0].all_of_them - len(named) if named else 0)


def latest(actor: Actor, most: int = LATEST) -> list[Happening]:
    """The last events that the party may know, newest first."""
    return tell(actor, list(Event.objects.visible_to(actor).order_by("-id")[:most]))
