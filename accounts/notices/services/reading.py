"""Marking notices as read."""

from datetime import datetime

from django.db import connection

from accounts.notices.models import Notice
from accounts.notices.services.writing import stir
from portal.shared.access import Actor
from portal.shared.database import acting
from portal.shared.errors import NotFound


def mark_read(*, actor: Actor, notice_id: int, now: datetime) -> Notice:
    """The person has read it; read before, it keeps its time. Raises NotFound."""
    with acting(actor):
        notice = Notice.objects.visible_to(actor).select_for_update(no_key=True).filter(id=notice_id).first()
        if notice is None:
            raise NotFound()
        if notice.read_at is None:
            notice.read_at = now
            notice.save(update_fields=["read_at"])
            _stir(actor)
        return notice


def mark_all_read(*, actor: Actor, now: datetime, topic: str = "", up_to: int | None = None) -> int:
    """Everything (of a topic) up to the newest notice that the person saw; returns how many were unread."""
    with acting(actor):
        rows = Notice.objects.visible_to(actor).unread()
        rows = rows.filter(topic=topic) if topic else rows
        rows = rows.filter(id__lte=up_to) if up_to is not None else rows
        marked = rows.update(read_at=now)
        if marked:
            _stir(actor)
        return marked


def _stir(actor: Actor) -> None:
    """The person's other windows count anew."""
    with connection.cursor() as cursor:
        stir(cursor, {actor.party_id})
