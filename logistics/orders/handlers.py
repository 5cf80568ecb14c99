"""What orders does when a file was handed in that takes longer to enter than a page waits."""

from django.utils import timezone

from accounts.trail.models import Event
from logistics.orders import services


def enter(events: list[Event]) -> None:
    """Subscriber "orders.enter" of "trade.handed_in": called again, it goes on where it was."""
    for event in events:
        while services.enter_some(document_id=event.subject_id, now=timezone.now()):
            pass
