"""Rows as a file: CSV or XLSX, all that search and filters leave, and never a formula."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import batched

import xlsxwriter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db import models
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from accounts.trail.services import News, record
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound
from portal.shared.money import from_minor
from portal.ui.exports import disarmed
from portal.ui.tables import EXPORT_LIMIT, look_up

KINDS = ("csv", "xlsx")
ROWS_AT_ONCE = 1000
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_DIGITS = 15
"""A spreadsheet's numbers have no more digits; longer ones are written as text."""

Value = str | int | Decimal | bool | None


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
    lines = table(admin, rows)
    if kind == "csv":
        response = StreamingHttpResponse(_csv(lines), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(_xlsx(lines), content_type=XLSX_TYPE)
    name = f"{admin.opts.model_name}-{timezone.localdate(now).isoformat()}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def table(admin, rows: models.QuerySet) -> Iterator[list[Value]]:
    """Heads, then rows: every field that may be seen. A reference is its number and its name, an amount exact."""
    fields = admin.fields_shown
    has_money = any(field.name.endswith("_minor") for field in fields)
    foreign_currency = has_money and admin.currency not in {field.name for field in fields}
    heads = [head for field in fields for head in _heads(field)]
    yield [*heads, "currency"] if foreign_currency else heads
    # In batches that stand in memory together: what they refer to is fetched for all of them at once.
    for batch in batched(rows.iterator(chunk_size=ROWS_AT_ONCE), ROWS_AT_ONCE):
        for row in batch:
            currency = look_up(row, admin.currency.replace("__", ".")) if has_money else ""
            line = [value for field in fields for value in _values(row, field, currency)]
            yield [*line, currency] if foreign_currency else line


def _heads(field: models.Field) -> list[str]:
    if field.is_relation:
        return [field.attname, field.name]
    return [field.name.removesuffix("_minor")]


def _values(row: models.Model, field: models.Field, currency: str) -> list[Value]:
    value = getattr(row, field.attname)
    if field.is_relation:
        return [value, None if value is None else str(getattr(row, field.name))]
    if field.name.endswith("_minor"):
        return [value if value is None or not currency else from_minor(value, currency)]
    if isinstance(value, datetime | date):
        return [value.isoformat()]
    return [json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value]


def _csv(lines: Iterable[list[Value]]) -> Iterator[str]:
    """UTF-8 with a byte order mark for spreadsheets, which would otherwise guess."""

    class Echo:
        def write(self, line: str) -> str:
            return line

    writer = csv.writer(Echo())
    yield "\ufeff"
    for line in lines:
        yield writer.writerow(["" if v is None else disarmed(v) if isinstance(v, str) else str(v) for v in line])


def _xlsx(lines: Iterable[list[Value]]) -> bytes:
    """A sheet whose texts are texts: what begins like a formula is none, what looks like an address is no link."""
    content = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for number, line in enumerate(lines):
            for place, value in enumerate(line):
                _write(sheet, number, place, value)
    return content.getvalue()


def _write(sheet, number: int, place: int, value: Value) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(number, place, value)
    elif isinstance(value, int | Decimal) and len(str(value).strip("-").replace(".", "")) <= MOST_DIGITS:
        sheet.write_number(number, place, value)
    else:
        sheet.write_string(number, place, str(value)[:32_767])
