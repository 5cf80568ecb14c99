"""Periodic and woken work of the trail."""

from celery import shared_task
from django.utils import timezone

from accounts.trail import delivery

TURN_SECONDS = 1.0
"""Time of a worker that one subscriber has before the next one's turn."""


@shared_task(name="trail.drain")
def drain(name: str) -> None:
    delivery.drain(name, timezone.now(), TURN_SECONDS)


@shared_task(name="trail.sweep")
def sweep() -> None:
    delivery.sweep(timezone.now())
