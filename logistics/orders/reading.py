"""A trade file as it lies: plain or gzip, rows by column. What the rows say is checked elsewhere."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from portal.shared.errors import InvalidInput

MAX_UNPACKED_BYTES = 512 * 1024**2
MAX_ROW_LETTERS = 256 * 1024
"""A row is read whole: one without an end would fill the memory of the process."""

_FAULTS = (csv.Error, OSError, EOFError, zlib.error)


class Unreadable(InvalidInput):
    """The file is not what its type says."""

    code, status = "FILE_UNREADABLE", 400


class UnpacksTooLarge(InvalidInput):
    """The file itself is not, and was kept whole."""

    code, status = "TOO_LARGE", 413
    sentence = "The file unpacks to more than {limit_megabytes} MB."


def _unreadable(fault: Exception) -> Unreadable:
    return Unreadable("The file cannot be read: {error}.", error=str(fault))


def count(content: bytes) -> int:
    """Lines below the first one: how many rows to expect. Raises Unreadable, TooLarge."""
    source, lines, ends = _unpacked(content), 0, True
    try:
        while piece := source.read(1 << 20):
            lines, ends = lines + piece.count(b"\n"), piece.endswith(b"\n")
    except _FAULTS as fault:
        raise _unreadable(fault) from None
    return max(lines - 1 + (not ends), 0)


def rows(content: bytes, required: Iterable[str]) -> Iterator[tuple[int, dict | None]]:
    """Line number and cells by column; None where a row is broken. Raises InvalidInput where the file is none."""
    lines = _Lines(_unpacked(content))
    reader = csv.reader(lines)
    try:
        columns = [each.strip() for each in next(reader, [])]
        missing = sorted(set(required) - set(columns))
        if missing:
            _refuse_other_forms(columns)
            raise InvalidInput("The file has no column {missing}.", code="COLUMNS_MISSING", missing=", ".join(missing))
        while True:
            lines.of_row = 0
            try:
                row = next(reader)
            except csv.Error:
                yield reader.line_num, None
                continue
            except StopIteration:
                return
            if row:
                yield reader.line_num, dict(zip(columns, row, strict=False)) if len(row) <= len(columns) else None
    except _FAULTS as fault:
        raise _unreadable(fault) from None


class _Lines:
    """The lines of a file; `of_row` counts the letters of those that make up one row."""

    def __init__(self, source: BinaryIO):
        self._text = io.TextIOWrapper(source, "utf-8-sig", errors="surrogateescape", newline="")
        self.of_row = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._text.readline(MAX_ROW_LETTERS):
            self.of_row += len(line)
            if self.of_row >= MAX_ROW_LETTERS:
                raise Unreadable("A row is longer than {most} letters.", most=MAX_ROW_LETTERS)
            yield line


def _refuse_other_forms(columns: list[str]) -> None:
    """What lacks columns because it is no CSV with commas at all."""
    head = ",".join(columns)
    if any(not letter.isprintable() and letter != "\t" for letter in head):
        raise Unreadable("This is no text in UTF-8.")
    if len(columns) == 1 and {";", "\t", "|"} & set(head):
        raise InvalidInput(
            "The columns of the first line are not separated by commas: write the file with commas.",
            code="COLUMNS_MISSING",
        )


class _Bounded(io.RawIOBase):
    """What a file unpacks to, up to the limit: a small file that unpacks without end is refused."""

    def __init__(self, source: BinaryIO):
        self._source, self._left = source, MAX_UNPACKED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        size = self._source.readinto(buffer)
        self._left -= size
        if self._left < 0:
            raise UnpacksTooLarge(limit_megabytes=MAX_UNPACKED_BYTES // 1024**2)
        return size


def _unpacked(content: bytes) -> BinaryIO:
    source = io.BytesIO(content)
    if content.startswith(b"\x1f\x8b"):
        return io.BufferedReader(_Bounded(gzip.GzipFile(fileobj=source)), 256 * 1024)
    return source
