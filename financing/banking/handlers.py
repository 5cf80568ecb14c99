"""What the bank's side does when others have something to pay."""

from django.utils import timezone

from accounts.trail.models import Event
from financing.banking import services


def send(events: list[Event]) -> None:
    """Subscriber "banking.send" of "payment.due": may be called again with the same events at any time.

    A bank that is down leaves messages prepared or unanswered; `services.ask` comes back to them.
    """
    claimed = services.claim(instruction_ids=[event.subject_id for event in events], now=timezone.now())
    messages = [(message_id, True) for message_id in claimed.earlier] + [(fresh, False) for fresh in claimed.fresh]
    for message_id, ask_first in messages:
        outcome = services.transmit(message_id=message_id, ask_first=ask_first)
        services.record_outcome(message_id=message_id, outcome=outcome, now=timezone.now())
        if outcome.is_down:
            return
