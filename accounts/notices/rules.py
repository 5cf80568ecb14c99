"""Who is told what, and how soon it is mailed. The table itself is the entrance's (`settings.NOTICES`)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

AT_ONCE, DAILY, NEVER = CADENCES = ("AT_ONCE", "DAILY", "NEVER")
"""The most eager first."""

MORNING = time(7)
"""When the daily mail is sent, by the party's clock."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a person can choose mails by. `mail`: role -> cadence for who has chosen nothing; a role left out: NEVER."""

    code: str
    label: str
    text: str
    mail: Mapping[str, str]

    def usual(self, roles: Iterable[str]) -> str:
        """The most eager cadence of these roles."""
        return min((self.mail.get(role, NEVER) for role in roles), key=CADENCES.index, default=NEVER)


@dataclass(frozen=True, slots=True)
class Told:
    """Of an event's parties, those of `kind` are told: their people in one of `roles`.

    `mailed=False`: in the notice centre only, whatever anybody chose. `facts`: only where the payload holds these.
    `sentence`: what this kind of party reads, where it is not what its timeline says. `doer`: who did it is told,
    too, in case it was somebody else in their name.
    """

    topic: str
    kind: str
    roles: tuple[str, ...]
    mailed: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""
    doer: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as its recipient reads it; `path` leads to the subject, empty where the kind of party has no page."""

    sentence: str
    detail: str = ""
    state: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """All topics, and event name -> whom it is told. `words(kind, event)`: the event in a recipient's words."""

    topics: tuple[Topic, ...]
    events: Mapping[str, tuple[Told, ...]]
    words: Callable[[str, object], Words]

    def topic(self, code: str) -> Topic:
        return next(topic for topic in self.topics if topic.code == code)

    def open_to(self, kind: str, roles: Iterable[str]) -> tuple[Topic, ...]:
        """The topics of which somebody in these roles of such a party can be told by mail."""
        roles = set(roles)
        rules = [rule for told in self.events.values() for rule in told]
        codes = {rule.topic for rule in rules if rule.mailed and rule.kind == kind and roles & set(rule.roles)}
        return tuple(topic for topic in self.topics if topic.code in codes)


def last_morning(now: datetime, zone: str) -> datetime:
    """The latest morning hour in a zone that is not after `now`: what was written before it is due in its mail."""
    here = now.astimezone(ZoneInfo(zone))
    morning = datetime.combine(here.date(), MORNING, here.tzinfo)
    if morning > here:
        morning = datetime.combine(here.date() - timedelta(days=1), MORNING, here.tzinfo)
    return morning.astimezone(UTC)
