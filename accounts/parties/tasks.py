"""Periodic work for parties: letters to who is invited."""

from celery import shared_task
from django.utils import timezone

from accounts.parties import mailing


@shared_task(name="parties.mail_invitations")
def mail_invitations() -> None:
    mailing.send_due(now=timezone.now())
