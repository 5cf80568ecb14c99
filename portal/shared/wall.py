"""The wall before the database: what a page of a party, or its API method, reads is cut down by PostgreSQL itself.

Whoever asks is known to the server as one of the roles below, and row-level security (a `wall.py` in each feature) says
which rows that role is shown for the party. The portal at its own work (services, workers, signing in) stands `inside`.

Pure: no Django, no database. `portal.engine` tells the server who asks before each statement, where that has changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from portal.shared import access
from portal.shared.access import Actor

APP, PORTAL = "app", "portal"
"""As what all processes log in: it is shown nothing before a party is set. As what the portal itself works."""
KINDS = {
    access.SUPPLIER: "supplier",
    access.PLATFORM: "platform",
    access.FINANCIER: "funder",
    access.BANK: "funder",
    access.SUPERVISOR: "supervisor",
}
"""What sees alike. A role for each of them: its policies name one column, and plans stay as they are without any."""
OF_KIND = {kind: f"app_{kind}" for kind in KINDS.values()}

ME = "NULLIF(current_setting('app.party', true), '')::bigint"
PERSON = "NULLIF(current_setting('app.user', true), '')::bigint"
"""In SQL: the party that asks, and the person who asks for it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Which rows of a table each kind of party is shown, as a condition in SQL; none where there is no condition.

    `operator` holds only for who asks as `app`: on pages the operator reads as the portal.
    """

    supplier: str = "false"
    platform: str = "false"
    funder: str = "false"
    supervisor: str = "false"
    operator: str = "true"


NO_PARTY = Shown()
"""A table that the portal alone reads and writes, and the operator through it."""


def to_all(condition: str, operator: str = "true") -> Shown:
    """The same condition for every kind of party."""
    return Shown(condition, condition, condition, condition, operator)


def mostly(condition: str) -> str:
    """The condition, of which the server reckons that nearly all rows meet it.

    For what other rows are joined to, as debtors are to what they owe: whoever is shown the one is shown the other.
    Reckoning with few, it would read all that there is instead of the first page.
    """
    return f"NULLIF(({condition}), false) IS NOT NULL"


def along_with(table: str, parent: str, by: str, key: str = "id") -> Shown:
    """Rows whose parent is shown: whoever sees the one sees the other."""
    return to_all(f"EXISTS (SELECT FROM {parent} parent WHERE parent.{key} = {table}.{by})")


@dataclass(frozen=True, slots=True)
class Asking:
    """As whom the server is asked: a role and, as text, the ids of party and person (empty for none)."""

    role: str
    party: str = ""
    person: str = ""


THE_PORTAL = Asking(PORTAL)
NOBODY = Asking(APP)
_asking: ContextVar[Asking] = ContextVar("asking", default=THE_PORTAL)


def asking() -> Asking:
    return _asking.get()


def as_the_portal(*, options: str = "", **others: Any) -> dict[str, Any]:
    """Arguments of `psycopg.connect`, where a connection of `app` is opened beside Django's.

    `options`: what else the server is asked for as it begins, as in libpq.
    """
    return others | {"options": f"{options} -c role={PORTAL}".strip()}


AS_THE_PORTAL = as_the_portal()


def of(actor: Actor | None) -> Asking:
    """As whom an actor reads. The operator and the portal see all; a stranger sees nothing."""
    if actor is None:
        return NOBODY
    if actor.is_system or actor.party_kind == access.OPERATOR:
        return THE_PORTAL
    role = OF_KIND.get(KINDS.get(actor.party_kind, ""), APP)
    return Asking(role, str(actor.party_id or ""), str(actor.user_id or ""))


@contextmanager
def _as(asking: Asking) -> Iterator[None]:
    before = _asking.set(asking)
    try:
        yield
    finally:
        _asking.reset(before)


def inside():
    """A context in which the portal reads and writes for itself, whoever asked it to."""
    return _as(THE_PORTAL)


def face(actor: Actor | None) -> None:
    """From here to the end of the context that surrounds this, ask for this actor: its token says who it is."""
    _asking.set(of(actor))


def facing(actor: Actor | None):
    """A context in which the database shows what the actor's party may see, and changes nothing for it."""
    return _as(of(actor))
