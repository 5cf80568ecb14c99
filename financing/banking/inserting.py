"""Adding what is not there yet, for one row and for two hundred."""

from collections.abc import Sequence

from django.db import connection, models

from portal.shared.database import as_document, quoted


def insert_new[M: models.Model](objects: Sequence[M], *unique: str) -> list[M]:
    """Insert the objects whose `unique` columns are not taken, in one statement; returns those, with their ids.

    Unlike bulk_create(ignore_conflicts=True) it tells which rows are new. It waits for another transaction that is
    inserting the same row; give the objects in one order everywhere, so that two such transactions do not wait for
    each other. `unique` holds attribute names ("account_id"), and the objects do not repeat one another.
    """
    if not objects:
        return []
    model = type(objects[0])
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    table, columns = quoted(model._meta.db_table), ", ".join(quoted(field.column) for field in fields)
    named = {field.attname: quoted(field.column) for field in fields}
    conflict = ", ".join(named[name] for name in unique)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)"
            f" ON CONFLICT ({conflict}) DO NOTHING RETURNING id, {conflict}",
            [as_document(objects, fields)],
        )
        ids = {tuple(key): row_id for row_id, *key in cursor.fetchall()}
    new = []
    for each in objects:
        each.pk = ids.get(tuple(getattr(each, name) for name in unique))
        if each.pk is not None:
            each._state.adding = False
            new.append(each)
    return new
