"""Old notices go; the events that they told stay for ever."""

from datetime import datetime, timedelta

from accounts.notices.models import Mailing, Notice
from accounts.notices.rules import NEVER

READ_KEPT_DAYS, KEPT_DAYS = 90, 400
MAILED_WITHIN_DAYS = 2
"""What could not be mailed by then is no news any more; the notice centre shows it all the same."""


def forget(*, now: datetime) -> int:
    """Take back what is too old to be mailed, then drop what is too old to be shown; returns how many were dropped."""
    stale = now - timedelta(days=MAILED_WITHIN_DAYS)
    waiting = Notice.objects.unread().filter(mailing=None).exclude(mail=NEVER)
    waiting.filter(created_at__lt=stale).update(mail=NEVER)
    dropped, _ = Notice.objects.filter(read_at__lt=now - timedelta(days=READ_KEPT_DAYS)).delete()
    others, _ = Notice.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS)).delete()
    Mailing.objects.filter(created_at__lt=now - timedelta(days=KEPT_DAYS)).delete()
    return dropped + others
