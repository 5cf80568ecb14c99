"""What a person reads of its notices, and what it chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from accounts.notices.models import Notice, Preferences
from accounts.notices.rules import CADENCES, Table, Topic, Words
from accounts.parties.models import Membership
from portal.shared.access import Actor

COUNTED_AT_MOST = 100
"""Beyond that the bell shows "99+", and costs no more."""


@cache
def table() -> Table:
    """Who is told what. Loaded by name: this floor knows nothing of what happens on those above."""
    return import_string(settings.NOTICES)


def unread_count(actor: Actor) -> int:
    """How many notices wait for this person in the party it acts for, counted up to COUNTED_AT_MOST."""
    if actor.user_id is None:
        return 0
    return Notice.objects.visible_to(actor).unread()[:COUNTED_AT_MOST].count()


def notices(actor: Actor, *, unread: bool = False, topic: str = "", before: int | None = None) -> QuerySet[Notice]:
    """A person's notices, newest first, with their events."""
    rows = Notice.objects.visible_to(actor).with_events().order_by("-id")
    rows = rows.unread() if unread else rows
    rows = rows.filter(topic=topic) if topic else rows
    return rows.filter(id__lt=before) if before is not None else rows


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice as its recipient reads it."""

    notice: Notice
    words: Words
    topic: str

    @property
    def is_unread(self) -> bool:
        return self.notice.read_at is None


def words_of(kind: str, notice: Notice) -> Words:
    """A notice, fetched with its event, as somebody of a party of this kind reads it."""
    notice.event.own_facts = notice.own_facts
    return table().words(kind, notice.event)


def in_words(kind: str, rows: Sequence[Notice]) -> list[Shown]:
    """Notices of a party of this kind, in the language of the moment."""
    labels = {topic.code: str(topic.label) for topic in table().topics}
    return [Shown(row, words_of(kind, row), labels.get(row.topic, row.topic)) for row in rows]


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic, and how soon this person is mailed of it; `chosen` is False where it is what is usual for its roles."""

    topic: Topic
    cadence: str
    chosen: bool


def choices(user_id: int) -> tuple[list[Choice], bool]:
    """Every topic that this person can be mailed of, for whichever party; and whether its mails are discreet."""
    kept = Preferences.objects.filter(user_id=user_id).first()
    chosen = kept.cadences if kept else {}
    roles: dict[str, set[str]] = {}
    for kind, role in Membership.objects.filter(user_id=user_id, ended_at=None).values_list("party__kind", "role"):
        roles.setdefault(kind, set()).add(role)
    usual: dict[str, list[str]] = {}
    for kind, held in roles.items():
        for topic in table().open_to(kind, held):
            usual.setdefault(topic.code, []).append(topic.usual(held))
    found = [
        Choice(topic, chosen.get(topic.code) or min(usual[topic.code], key=CADENCES.index), topic.code in chosen)
        for topic in table().topics
        if topic.code in usual
    ]
    return found, bool(kept and kept.discreet)
