"""Transactions as somebody, and the SQL that guards history."""

import json
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import InterfaceError, OperationalError, connection, migrations, models, transaction

from portal.shared import wall
from portal.shared.access import Actor

SERVING = f"{wall.APP}, {wall.PORTAL}"
BLAMELESS = {"40P01", "40001", "55P03", "57P01", "57P02", "57P03", "53100", "53200", "53300"}
"""SQLSTATEs that are nobody's fault: deadlock, serialisation, lock time-out, a server that restarts or is full (of
connections, or its disk)."""


def is_blameless(error: BaseException | None) -> bool:
    """A deadlock and its like, or a connection that is gone (which has no SQLSTATE): the same may be tried again."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    return state is None or state in BLAMELESS


@contextmanager
def acting(actor: Actor):
    """One transaction of a service, in the name of `actor`: inside the wall, whoever called it (portal.shared.wall).

    What the actor may see and do is for the service to ask. Nested use joins the outer transaction.
    """
    with wall.inside(), transaction.atomic():
        yield


def acting_at_once(actor: Actor):
    """`acting` for one statement, which is whole by itself: in the transaction that there is, or in none.

    Without a savepoint: a statement that fails has to fail the caller's transaction (`mark_for_rollback_on_error`).
    """
    return wall.inside()


def lock_name(*parts: str | int, shared: bool = False) -> None:
    """Hold an advisory lock on a name until the transaction ends: for what has no row yet.

    Those who hold it `shared` do not wait for each other, only for who holds it alone.
    """
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 0))", ["/".join(map(str, parts))])


def append_only(*tables: str, but: str = "") -> migrations.RunSQL:
    """Migration step: the roles that serve may add to these tables and read them, nothing else.

    `but` names columns that may still change, as in "sealed_at, hash".
    """
    forward = []
    for table in tables:
        forward.append(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM {SERVING}')
        if but:
            forward.append(f'GRANT UPDATE ({but}) ON "{table}" TO {SERVING}')
    backward = [f'GRANT UPDATE, DELETE ON "{table}" TO {SERVING}' for table in tables]
    return migrations.RunSQL(forward, backward)


def fill(table: str, sql: str, rows: int = 5000) -> migrations.RunPython:
    """Step of a migration that is not atomic: change a filled table some rows at a time, each part committed by itself.

    `sql` changes the rows whose id is above %(after)s and not above %(until)s. Whoever writes one of them meanwhile
    waits for one part, not for the whole table; and stopped halfway it is simply run again.
    """

    def forward(apps, editor):
        with editor.connection.cursor() as cursor:
            cursor.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"')
            for after in range(0, cursor.fetchone()[0], rows):
                cursor.execute(sql, {"after": after, "until": after + rows})

    return migrations.RunPython(forward, migrations.RunPython.noop)


def insert_many[M: models.Model](rows: Sequence[M]) -> list[M]:
    """Write new rows in one statement and give them their keys.

    They go as one JSON document: an array for each column, as of bulk_create, costs the portal several times as much
    to write down, and most where the columns hold documents themselves.
    """
    if not rows:
        return []
    model = type(rows[0])
    fields = [field for field in model._meta.local_concrete_fields if not field.has_db_default() and field.name != "id"]
    table, columns = quoted(model._meta.db_table), ", ".join(quoted(field.column) for field in fields)
    returning = " RETURNING id" if model._meta.pk.name == "id" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)"
            + returning,
            [as_document(rows, fields)],
        )
        for row, (key,) in zip(rows, cursor.fetchall() if returning else (), strict=bool(returning)):
            row.pk = key
    for row in rows:
        row._state.adding = False
    return list(rows)


def update_many(model: type[models.Model], rows: Sequence[models.Model], fields: Sequence[str]) -> int:
    """Write `fields` of many rows in one statement, by primary key; returns how many rows were changed."""
    if not rows:
        return 0
    columns = [model._meta.get_field(name) for name in fields]
    table, key = quoted(model._meta.db_table), quoted(model._meta.pk.column)
    changes = ", ".join(f"{quoted(field.column)} = new.{quoted(field.column)}" for field in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {changes} FROM json_populate_recordset(NULL::{table}, %s) new"
            f" WHERE {table}.{key} = new.{key}",
            [as_document(rows, [model._meta.pk, *columns])],
        )
        return cursor.rowcount


def as_document(rows: Sequence[models.Model], fields: Sequence[models.Field]) -> str:
    """Rows as PostgreSQL makes records of them: by the names of their columns."""
    names = [(field.column, field.attname) for field in fields]
    plain = [{column: getattr(row, attribute) for column, attribute in names} for row in rows]
    return json.dumps(plain, default=_as_text, ensure_ascii=False)


def _as_text(value: Any) -> str:
    if isinstance(value, (date, Decimal)):  # of a union, a new one would be made for each value
        return str(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"{value!r} cannot be written as one of many rows.")


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)
