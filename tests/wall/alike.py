"""Every question that is asked of the database before the wall, asked beside it as the portal, too.

Where the wall takes rows away that the page counted on, the page shows less and says nothing: a sum of nothing is zero.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from portal.shared import wall

READS = re.compile(
    r"[\s(]*(SELECT|WITH)\b(?!.*\b(FOR (NO KEY )?UPDATE|nextval|set_config)\b)", re.IGNORECASE | re.DOTALL
)


@contextmanager
def compared() -> Iterator[list[str]]:
    """Statements of this connection that the wall answered with other rows than the portal would be told."""
    differing: list[str] = []

    def ask(execute, sql, params, many, context):
        asking = wall.asking()
        if not many and asking != wall.THE_PORTAL and READS.match(sql):
            shown = _rows(context["connection"], sql, params)
            with wall.inside():
                is_alike = shown == _rows(context["connection"], sql, params)
            if not is_alike:
                differing.append(f"{asking.role}: {sql} {params}"[:2000])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(ask):
        yield differing


def _rows(db, sql: str, params) -> list[str]:
    """Beside Django's cursors, so that nobody's counted statements move."""
    db.ensure_connection()
    db.tell()
    with db.wrap_database_errors, db.connection.cursor() as cursor:
        cursor.execute(sql, params)
        return sorted(map(repr, cursor.fetchall()))
