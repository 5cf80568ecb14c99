"""Periodic work with machines."""

from celery import shared_task
from django.utils import timezone

from accounts.clients import services


@shared_task(name="clients.forget")
def forget() -> None:
    services.forget_keys(now=timezone.now())
    services.forget_tokens(now=timezone.now())
    services.forget_windows(now=timezone.now())
