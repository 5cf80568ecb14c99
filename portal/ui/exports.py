"""A table's rows as files for a spreadsheet: CSV, and XLSX with numbers as numbers and days as days.

Both hold one row in memory at a time. Text that a spreadsheet would run as a formula is disarmed: by an apostrophe in
CSV, in XLSX by its type.
"""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO

import xlsxwriter
from django.utils import timezone
from xlsxwriter.worksheet import Worksheet

from portal.shared.money import exponent, from_minor
from portal.shared.sheets import disarmed
from portal.ui.states import state

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST = 32_767
"""Characters that a cell of a spreadsheet holds."""
WIDTHS = {
    "money": 16,
    "number": 12,
    "percent": 12,
    "status": 18,
    "instant": 18,
    "day": 12,
    "id": 26,
    "iban": 36,
    "text": 30,
}


def heads(columns: Iterable) -> list[str]:
    """An amount takes two columns: the number and its currency."""
    found = []
    for column in columns:
        found += [str(column.label), "currency"] if column.kind == "money" else [str(column.label)]
    return found


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(columns: Iterable, rows: Iterable[list]) -> Iterator[str]:
    """UTF-8 with a byte order mark, by which spreadsheets know it; amounts are exact."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(heads(columns))
    for cells in rows:
        yield writer.writerow([text for cell in cells for text in as_texts(cell)])


def as_texts(cell) -> list[str]:
    """The cell as fields of a CSV file."""
    value = cell.value
    if cell.column.kind == "money":
        return ["" if value is None else str(from_minor(value, cell.currency)), cell.currency or ""]
    if value is None:
        return [""]
    if isinstance(value, datetime | date) and cell.column.kind != "status":
        return [value.isoformat()]
    return [as_text(cell) if cell.column.numeric else disarmed(as_text(cell))]


def as_text(cell) -> str:
    if cell.column.kind == "status":
        return str(state(cell.value, of=cell.column.of).label)
    return "; ".join(str(each) for each in cell.value) if isinstance(cell.value, list | tuple) else str(cell.value)


# ── XLSX ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def xlsx_file(columns: list, rows: Iterable[list], title: str) -> IO[bytes]:
    """An open temporary file at its beginning; it is gone when it is closed."""
    file = TemporaryFile()  # noqa: SIM115 (handed to the caller)
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_urls": False}) as book:
        formats = {name: book.add_format({"num_format": code}) for name, code in FORMATS.items()}
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet(_sheet_name(title))
        _frame(sheet, columns, bold)
        for number, cells in enumerate(rows, 1):
            at = 0
            for cell in cells:
                at += _write(sheet, number, at, cell, formats)
    file.seek(0)
    return file


FORMATS = {
    "day": "yyyy-mm-dd",
    "instant": "yyyy-mm-dd hh:mm:ss",
    "percent": "0.00%",
    "number": "#,##0.####",
    "money0": "#,##0",
    "money2": "#,##0.00",
    "money3": "#,##0.000",
}


def _frame(sheet: Worksheet, columns: list, bold) -> None:
    """Heads that stay in sight, and columns wide enough for what they hold."""
    at = 0
    for column in columns:
        sheet.set_column(at, at, WIDTHS.get(column.kind, 30))
        if column.kind == "money":
            at += 1
            sheet.set_column(at, at, 10)
        at += 1
    for place, head in enumerate(heads(columns)):
        sheet.write_string(0, place, head, bold)
    sheet.freeze_panes(1, 0)


def _write(sheet: Worksheet, row: int, at: int, cell, formats: dict) -> int:
    """How many columns the cell took."""
    value, kind = cell.value, cell.column.kind
    if kind == "money":
        if value is not None:
            number = from_minor(value, cell.currency)
            sheet.write_number(row, at, float(number), formats[f"money{exponent(cell.currency)}"])
        sheet.write_string(row, at + 1, cell.currency or "")
        return 2
    if value is None:
        return 1
    if isinstance(value, datetime):
        sheet.write_datetime(row, at, timezone.localtime(value).replace(tzinfo=None), formats["instant"])
    elif isinstance(value, date):
        sheet.write_datetime(row, at, value, formats["day"])
    elif kind in ("number", "percent") and isinstance(value, int | float | Decimal):
        sheet.write_number(row, at, float(value), formats[kind])
    else:
        sheet.write_string(row, at, as_text(cell)[:LONGEST])
    return 1


def _sheet_name(title: str) -> str:
    """What a spreadsheet takes as a sheet's name: 31 characters, none of them its own."""
    return "".join(each for each in title if each not in "[]:*?/\\'").strip()[:31] or "Portolan"
