"""What an instant in a row says of now, where the clock of whoever wrote it may have been another, or was set back."""

from datetime import datetime, timedelta

from django.db.models import Q


def is_free(moment: datetime, lease: timedelta) -> Q:
    """Rows of which nobody holds the lease (`leased_until`).

    No lease reaches further than its length, or twice that where clocks differ: one that seems to was given before a
    clock was set back.
    """
    held = Q(leased_until__gte=moment, leased_until__lte=moment + 2 * lease)
    return Q(leased_until__isnull=True) | ~held


def has_waited(field: str, moment: datetime, length: timedelta) -> Q:
    """Rows for which `length` has passed since `field`; one that lies ahead by more was written before a clock was set
    back, and nobody knows how long it has waited."""
    return Q(**{f"{field}__lte": moment - length}) | Q(**{f"{field}__gt": moment + length})
