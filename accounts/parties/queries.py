"""Reads that others ask of the parties."""

from accounts.parties.models import Party


def operators() -> tuple[int, ...]:
    """Ids of the parties that run the portal."""
    return tuple(Party.objects.filter(kind=Party.Kind.OPERATOR).values_list("id", flat=True))
