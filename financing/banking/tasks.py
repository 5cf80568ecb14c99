"""Periodic work with the bank."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from financing.banking import services


@shared_task(name="banking.ask")
def ask() -> None:
    services.ask(now=timezone.now())


@shared_task(name="banking.collect_statements")
def collect_statements() -> None:
    """Of the day that has ended (UTC)."""
    now = timezone.now()
    services.collect_statements(now=now, date=now.date() - timedelta(days=1))
