"""Reads that others ask of the parties."""

from accounts.parties.models import Party
from portal.shared import access, wall
from portal.shared.access import Actor

MOST_NAMED = 1000
"""Parties that a search looks for the rows of; whoever means one types more of its name."""


def named(text: str) -> list[int]:
    """Ids of parties with the text in their name, in either case: found in an index before the rows that are theirs."""
    with wall.inside():  # before it no index would be asked for a part of a name; what is shown are rows of one's own
        return list(Party.objects.filter(name__icontains=text).values_list("id", flat=True)[:MOST_NAMED])


def operators() -> tuple[int, ...]:
    """Ids of the parties that run the portal."""
    return tuple(Party.objects.filter(kind=Party.Kind.OPERATOR).values_list("id", flat=True))


def is_invoiced_by(actor: Actor, party: Party) -> bool:
    """Whether the actor writes the party's numbers on its invoices: a supplier those of any platform it may see."""
    return actor.party_kind == access.SUPPLIER and party.kind == Party.Kind.PLATFORM


def invoiced_by(actor: Actor) -> list[Party]:
    """Platforms whose numbers the actor writes on its invoices, by name; a few."""
    found = Party.objects.visible_to(actor).filter(kind=Party.Kind.PLATFORM, status=Party.Status.ADMITTED)
    return list(found.order_by("name", "id")[:12])
