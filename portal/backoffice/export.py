"""Rows as a file: CSV or XLSX, all that search and filters leave, and never a formula."""

import json
from collections.abc import Iterator
from itertools import batched

from django.contrib.admin.options import IncorrectLookupParameters
from django.db import models
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from accounts.trail.services import News, record
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound
from portal.ui import exports
from portal.ui.tables import EXPORT_LIMIT, Cell, Column, look_up

KINDS = ("csv", "xlsx")
ROWS_AT_ONCE = 1000
NUMBERS = (models.IntegerField, models.DecimalField)


def answer(admin, request: HttpRequest, kind: str) -> HttpResponse:
    """The file. Who took what is in the trail: an export leaves the house. Raises NotFound, InvalidInput."""
    if kind not in KINDS:
        raise NotFound()
    try:
        rows = admin.get_changelist_instance(request).get_queryset(request)[:EXPORT_LIMIT]
    except IncorrectLookupParameters:
        raise InvalidInput() from None
    now = timezone.now()
    with acting(request.actor):
        facts = {"model": admin.opts.label_lower, "format": kind}
        news = News("backoffice.exported", request.party, (request.party.id,), facts, internal=True)
        record(request.actor, now, [news])
    columns, name = _columns(admin), f"{admin.opts.model_name}-{timezone.localdate(now).isoformat()}"
    cells = _cells(admin, rows, columns)
    if kind == "xlsx":
        file = exports.xlsx_file(columns, cells, str(admin.opts.verbose_name_plural))
        return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=exports.XLSX)
    response = StreamingHttpResponse(exports.csv_lines(columns, cells), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _columns(admin) -> list[Column]:
    """Every field that may be seen, by its own name: what is exported is read by programs, too."""
    found = []
    for field in admin.fields_shown:
        if field.is_relation:
            found += [
                Column(field.attname, field.attname, "text"),
                Column(field.name, field.name, "text", value=_named),
            ]
        else:
            found.append(Column(field.attname, field.name.removesuffix("_minor"), _kind(field)))
    return found


def _kind(field: models.Field) -> str:
    if field.name.endswith("_minor"):
        return "money"
    if isinstance(field, models.DateTimeField):
        return "instant"
    if isinstance(field, models.DateField):
        return "day"
    return "number" if isinstance(field, NUMBERS) and not field.primary_key else "text"


def _named(other: models.Model | None) -> str | None:
    return None if other is None else str(other)


def _cells(admin, rows: models.QuerySet, columns: list[Column]) -> Iterator[list[Cell]]:
    """In batches that stand in memory together: what their rows refer to is fetched for all of them at once."""
    path = admin.currency.replace("__", ".")
    for batch in batched(rows.iterator(chunk_size=ROWS_AT_ONCE), ROWS_AT_ONCE):
        for row in batch:
            yield [_cell(row, column, path) for column in columns]


def _cell(row: models.Model, column: Column, currency_path: str) -> Cell:
    value = getattr(row, column.key)
    if column.kind == "money":
        return Cell(column, value, look_up(row, currency_path) or "")
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return Cell(column, column.value(value) if column.value else value)
