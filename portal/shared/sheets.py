"""Lists of the API as CSV: every row that the filters leave, under the names that its fields have in JSON.

    id,supplier.id,supplier.name,amount_minor,currency
    17,4,Amphora,90000,EUR

Amounts stay integers of the minor unit, instants UTC; what is a list itself is JSON in its cell, nothing is empty.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from rest_framework import serializers

ROWS_AT_ONCE = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class _Echo:
    def write(self, line: str) -> str:
        return line


def lines(serializer: serializers.Serializer, batches: Iterable[list]) -> Iterator[str]:
    """The file line by line, one batch of rows in memory at a time; `serializer` shows one row."""
    writer, paths = csv.writer(_Echo()), columns(serializer)
    yield writer.writerow([".".join(path) for path in paths])
    for rows in batches:
        for row in rows:
            shown = serializer.to_representation(row)
            yield writer.writerow([_cell(_look_up(shown, path)) for path in paths])


def columns(serializer: serializers.Serializer, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Paths to the fields; those of an object within a row are columns of their own."""
    found: list[tuple[str, ...]] = []
    for name, field in serializer.fields.items():
        path = (*above, name)
        found += columns(field, path) if isinstance(field, serializers.Serializer) else [path]
    return found


def _look_up(shown: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if shown is None:
            return None
        shown = shown.get(name)
    return shown


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return disarmed(value) if isinstance(value, str) and not NUMBER.fullmatch(value) else str(value)


def disarmed(text: str) -> str:
    """Text that a spreadsheet would run as a formula, made plain by an apostrophe."""
    return "'" + text if text.startswith(FORMULA) else text
