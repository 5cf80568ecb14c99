"""Periodic work with notices: mails of the moment, mails of the morning, and what is too old."""

from celery import shared_task
from django.utils import timezone

from accounts.notices import services


@shared_task(name="notices.send")
def send() -> None:
    now = timezone.now()
    services.gather_at_once(now=now)
    services.send_due(now=now)


@shared_task(name="notices.daily")
def daily() -> None:
    services.gather_daily(now=timezone.now())


@shared_task(name="notices.forget")
def forget() -> None:
    services.forget(now=timezone.now())
