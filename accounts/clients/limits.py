"""How much one caller may ask for in a minute, counted by all web processes together.

One statement on a table that is not logged: it costs what a SELECT of the same rows does (measured), no file is synced,
and a crash forgets a minute's counts. In the database and not at the broker, which may be no Redis at all, and whose
loss would add its time-out to every request.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.clients.models import Window
from portal.shared.errors import RateLimited

SECONDS = 60


def counting(names: str, now: str) -> str:
    """SQL that counts one request under each of `names` (SQL of a name and its place), at the instant `now` (SQL).

    In their order: whoever shares the last one's row waits for nothing else.
    """
    return f"""
INSERT INTO clients_window AS w (name, began_at, taken)
SELECT name, {now}, 1 FROM {names} ORDER BY place
ON CONFLICT (name) DO UPDATE SET
    taken = CASE WHEN w.began_at <= {now} - interval '{SECONDS} s' THEN 1 ELSE w.taken + 1 END,
    began_at = CASE WHEN w.began_at <= {now} - interval '{SECONDS} s' THEN excluded.began_at ELSE w.began_at END
RETURNING name, taken, began_at
"""


TAKE = counting("unnest(%(names)s::text[]) WITH ORDINALITY AS asked (name, place)", now="%(now)s")


@dataclass(frozen=True, slots=True)
class Limit:
    """`quota` requests in SECONDS for whoever is counted under `name`; `policy` is what the headers call it."""

    policy: str
    name: str
    quota: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A limit, how much of it was taken in this window, and in how many seconds the next begins."""

    limit: Limit
    taken: int
    resets_in: int

    @property
    def is_above(self) -> bool:
        return self.taken > self.limit.quota


def take(limits: Sequence[Limit], now: datetime) -> list[Standing]:
    """Count one request under each limit, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"now": now, "names": [each.name for each in limits]})
        return standings(limits, now, cursor.fetchall())


def standings(limits: Sequence[Limit], now: datetime, counted: Iterable[tuple[str, int, datetime]]) -> list[Standing]:
    """Where the limits stand by what was counted: name, how much was taken, since when; nothing is nothing taken."""
    found = {name: (taken, began_at) for name, taken, began_at in counted}
    return [_standing(each, now, *found.get(each.name, (0, now))) for each in limits]


def look(limits: Sequence[Limit], now: datetime) -> list[Standing]:
    """Where the limits stand, without counting."""
    rows = Window.objects.filter(name__in=[each.name for each in limits])
    return standings(limits, now, rows.values_list("name", "taken", "began_at"))


def _standing(limit: Limit, now: datetime, taken: int, began_at: datetime) -> Standing:
    passed = int((now - began_at).total_seconds())
    if passed >= SECONDS:
        return Standing(limit, 0, SECONDS)
    return Standing(limit, taken, max(1, SECONDS - max(0, passed)))


def headers(standings: Sequence[Standing]) -> dict[str, str]:
    """RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers)."""
    return {
        "RateLimit-Policy": ", ".join(f'"{each.limit.policy}";q={each.limit.quota};w={SECONDS}' for each in standings),
        "RateLimit": ", ".join(
            f'"{each.limit.policy}";r={max(0, each.limit.quota - each.taken)};t={each.resets_in}' for each in standings
        ),
    }


def refusal(standings: Sequence[Standing]) -> RateLimited | None:
    """Where one is above its limit: until all of those have begun anew."""
    above = [each.resets_in for each in standings if each.is_above]
    return RateLimited(wait=max(above)) if above else None
