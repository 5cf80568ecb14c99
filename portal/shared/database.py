"""Transactions as somebody, and the SQL that guards history."""

from collections.abc import Sequence
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, connection, migrations, models, transaction

from portal.shared.access import Actor

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
    """One transaction in the name of `actor`: the only place where the database learns who acts.

    Nested use joins the outer transaction and keeps its actor, so that a service called by a service acts for the same
    party.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('app.party', %s, true)", [str(actor.party_id or "")])
        yield


def lock_name(*parts: str | int, shared: bool = False) -> None:
    """Hold an advisory lock on a name until the transaction ends: for what has no row yet.

    Those who hold it `shared` do not wait for each other, only for who holds it alone.
    """
    lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(hashtextextended(%s, 0))", ["/".join(map(str, parts))])


def append_only(*tables: str, but: str = "") -> migrations.RunSQL:
    """Migration step: the role that serves may add to these tables and read them, nothing else.

    `but` names columns that may still change, as in "sealed_at, hash".
    """
    forward = []
    for table in tables:
        forward.append(f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM app')
        if but:
            forward.append(f'GRANT UPDATE ({but}) ON "{table}" TO app')
    backward = [f'GRANT UPDATE, DELETE ON "{table}" TO app' for table in tables]
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


def update_many(model: type[models.Model], rows: Sequence[models.Model], fields: Sequence[str]) -> int:
    """Write `fields` of many rows in one statement, by primary key; returns how many rows were changed.

    Rows are joined to arrays (UPDATE ... FROM unnest), several times faster than a CASE per row.
    """
    if not rows:
        return 0
    columns = [model._meta.get_field(name) for name in fields]
    keys = [model._meta.pk, *columns]
    arrays = [[field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows] for field in keys]
    names = [connection.ops.quote_name(field.column) for field in keys]
    table = connection.ops.quote_name(model._meta.db_table)
    statement = (
        f"UPDATE {table} SET {', '.join(f'{name} = new.{name}' for name in names[1:])} "
        f"FROM unnest({', '.join(f'%s::{_array_type(field)}' for field in keys)}) AS new({', '.join(names)}) "
        f"WHERE {table}.{names[0]} = new.{names[0]}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, arrays)
        return cursor.rowcount


def _array_type(field: models.Field) -> str:
    return f"{field.cast_db_type(connection).split('(')[0]}[]"
