"""Lists of the API as CSV: the rows that the filters leave, under the names that its fields have in JSON.

    id,supplier.id,supplier.name,amount_minor,currency
    17,4,Amphora,90000,EUR

Amounts stay integers of the minor unit, instants UTC; what is a list itself is JSON in its cell, nothing is empty.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Sheet:
    """A file that grows by rows; `serializer` shows one row."""

    def __init__(self, serializer: serializers.Serializer):
        self._serializer, self._paths, self._file = serializer, columns(serializer), io.StringIO()
        self._writer = csv.writer(self._file)
        self._writer.writerow([".".join(path) for path in self._paths])

    def add(self, rows: Iterable) -> None:
        for row in rows:
            shown = self._serializer.to_representation(row)
            self._writer.writerow([_cell(_look_up(shown, path)) for path in self._paths])

    @property
    def text(self) -> str:
        return self._file.getvalue()


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
