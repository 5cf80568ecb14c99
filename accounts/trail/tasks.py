"""Periodic and woken work of the trail."""

from celery import shared_task
from django.utils import timezone

from accounts.trail import delivery


@shared_task(name="trail.drain")
def drain(name: str) -> None:
    delivery.drain(name, timezone.now())


@shared_task(name="trail.sweep")
def sweep() -> None:
    delivery.sweep(timezone.now())
