"""Reactions to events: people are told."""

from django.utils import timezone

from accounts.notices import services
from accounts.trail.models import Event


def write(events: list[Event]) -> None:
    services.write(events=events, now=timezone.now())
