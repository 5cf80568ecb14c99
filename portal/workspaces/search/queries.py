"""Global search: one bounded query per kind of thing, and the pages and deeds that a role has."""

from dataclasses import dataclass, field

from django.db import OperationalError, connection, transaction
from django.utils.functional import Promise

from portal.shared.access import Actor
from portal.shared.database import acting
from portal.workspaces.search.kinds import MOST, Hit, Kind, Query, kinds_for, subject_of_events

EACH = 6
"""Hits shown of one kind: whoever wants more types more."""
PATIENCE_MS = 400
"""A query that no index helps is given up: the palette answers while one types."""


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind. `more`: there are others; `too_many`: the search was given up."""

    name: str
    label: str | Promise
    hits: list[Hit] = field(default_factory=list)
    more: bool = False
    too_many: bool = False


def search(actor: Actor, text: str) -> list[Group]:
    """What the actor may see and its role may look at, by kind, in the order in which it is looked for."""
    query = Query(" ".join(text.split())[:MOST].replace("\x00", ""))
    if not query.is_searchable:
        return []
    with acting(actor):
        found = [_group(actor, kind, query) for kind in kinds_for(actor)]
        if events := subject_of_events(actor, query):
            found.append(Group("event", "", events))
    return [each for each in found if each.hits or each.too_many]


def _group(actor: Actor, kind: Kind, query: Query) -> Group:
    rows = kind.rows(actor, query)
    if rows is None:
        return Group(kind.name, kind.label)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            found = list(rows[: EACH + 1])
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError:
        return Group(kind.name, kind.label, too_many=True)
    hits = [hit for row in found[:EACH] if (hit := kind.hit(actor, row))]
    # The index gives them in no particular order: what was typed in full comes first.
    hits.sort(key=lambda hit: (len(hit.title), hit.title))
    return Group(kind.name, kind.label, hits, more=len(found) > EACH)
