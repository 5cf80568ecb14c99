"""What credit does when work was asked for that takes longer than a page waits."""

from django.utils import timezone

from accounts.trail.models import Event
from financing.credit import services


def replay(events: list[Event]) -> None:
    """Subscriber "credit.replay" of "policy.replay_requested": called again, it goes on where it was."""
    for event in events:
        while services.replay_some(replay_id=event.subject_id, now=timezone.now()):
            pass
