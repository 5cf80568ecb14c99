"""Telling people: notices are written, read, chosen and mailed."""

from accounts.notices.services.choosing import choose, turn_off
from accounts.notices.services.keeping import forget
from accounts.notices.services.mailing import gather_at_once, gather_daily, send_due
from accounts.notices.services.reading import mark_all_read, mark_read
from accounts.notices.services.writing import write

__all__ = [
    "choose",
    "forget",
    "gather_at_once",
    "gather_daily",
    "mark_all_read",
    "mark_read",
    "send_due",
    "turn_off",
    "write",
]
