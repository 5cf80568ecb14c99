"""Trade history comes in: what is true enters once, what is not is reported row by row."""

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import batched
from operator import itemgetter
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.intake import replaying
from accounts.intake import services as intake
from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.services import News, record
from logistics.orders.rules import MAPPINGS, FileMapping, Row, RowRefused, TradeLine, check
from logistics.orders.writing import write
from portal.shared.access import Actor, require
from portal.shared.database import acting, lock_name
from portal.shared.errors import InvalidInput, NotFound, TooLarge
from portal.shared.sentences import Sentence, kept, told

MAX_BYTES = 64 * 1024**2
MAX_UNPACKED_BYTES = 512 * 1024**2
ROWS_AT_ONCE = 5_000
REPORTED_ROWS = 20_000


@dataclass(slots=True)
class Report:
    """What became of a file: rows read, lines new, lines that an earlier import knew, of these how many were updated.

    `not_yet`: rows of the time after `known_until`. `refused`: line of the file, code and reason.
    """

    lines: int = 0
    new: int = 0
    known: int = 0
    updated: int = 0
    receipts: int = 0
    returns: int = 0
    suppliers: int = 0
    not_yet: int = 0
    refused: list[dict] = field(default_factory=list)
    codes: Counter = field(default_factory=Counter)

    def refuse(self, line: int, code: str, reason: Sentence) -> None:
        self.codes[code] += 1
        if len(self.refused) < REPORTED_ROWS:
            self.refused.append({"line": line, "code": code, "reason": kept(reason)})

    def as_json(self) -> dict:
        names = ("lines", "new", "known", "updated", "receipts", "returns", "suppliers", "not_yet")
        return {name: getattr(self, name) for name in names} | {
            "refused_lines": self.codes.total(),
            "refused_by_code": dict(self.codes.most_common()),
            "refused": sorted(self.refused, key=itemgetter("line")),
        }


def import_trade(
    *, actor: Actor, platform_id: int, content: bytes | BinaryIO, mapping: str, now: datetime,
    known_until: datetime | None = None, file_name: str = "",
) -> dict:  # fmt: skip
    """Enter the order lines of a CSV file (gzip or plain), with what is known of despatch, receipt and return.

    `mapping` names the columns (MAPPINGS). With `known_until` the file is read as it stood then: orders after it do
    not enter yet, and of the others nothing that happened after it. Imported again, lines are known, and only what
    became known since is added. Unknown suppliers are registered as prospects.

    Returns Report.as_json() and the id of the kept "document". Raises Forbidden, NotFound, InvalidInput
    (MAPPING_UNKNOWN) before the file is kept, and TooLarge, InvalidInput (FILE_UNREADABLE, COLUMNS_MISSING) after.
    """
    require(actor, "orders.import_trade")
    platform = _platform(actor, platform_id)
    if mapping not in MAPPINGS:
        raise InvalidInput(
            "There is no mapping '{mapping}'; known: {mappings}.",
            code="MAPPING_UNKNOWN",
            mapping=mapping,
            mappings=", ".join(MAPPINGS),
        )
    # Never more than the limit in memory; what is above it is kept by its beginning, and refused below.
    content = content if isinstance(content, bytes) else content.read(MAX_BYTES + 1)
    document = intake.keep(
        actor=actor, kind=Document.Kind.TRADE_HISTORY, content=content, media_type=_media_type(content),
        file_name=file_name, now=now, limit=MAX_BYTES,
        asked={"platform": platform.id, "mapping": mapping, "known_until": known_until and known_until.isoformat()},
    )  # fmt: skip
    try:
        if intake.is_oversized(document):
            raise TooLarge(limit_megabytes=MAX_BYTES // 1024**2)
        with acting(actor):
            return _enter(actor, platform, document, content, MAPPINGS[mapping], known_until, now)
    except InvalidInput as refusal:
        intake.conclude(document, Document.Outcome.REFUSED, refusal.code, refusal.said)
        raise


def replay(*, actor: Actor, document_id: int, now: datetime) -> Document:
    """Run a kept file through again as it was asked for the first time: lines that entered are known. For operators.

    Raises NotFound, Forbidden, NotReplayable.
    """
    with acting(actor):
        document = replaying.reopen(actor=actor, document_id=document_id, now=now)
        asked = document.report.get("asked")
        if asked is None:
            raise replaying.NotKnownHow()
        platform = Party.objects.get(id=asked["platform"])
        known_until = asked["known_until"] and datetime.fromisoformat(asked["known_until"])
        on_behalf, content = replaying.in_the_name_of(document, actor), bytes(document.content)
        try:
            with transaction.atomic():
                _enter(on_behalf, platform, document, content, MAPPINGS[asked["mapping"]], known_until, now)
        except InvalidInput as refusal:
            intake.conclude(document, Document.Outcome.REFUSED, refusal.code, refusal.sentence)
        return replaying.replayed(actor, document, now)


def _enter(
    actor: Actor, platform: Party, document: Document, content: bytes, mapping: FileMapping,
    known_until: datetime | None, now: datetime,
) -> dict:  # fmt: skip
    # One import of a platform at a time: two that bring the same lines would wait for each other in a circle.
    lock_name("orders.import_trade", platform.id)
    report = Report()
    lines = _lines(content, mapping, ZoneInfo(platform.time_zone), known_until, now, report)
    for chunk in batched(lines, ROWS_AT_ONCE):
        write(actor, platform, document, chunk, report, now)
    outcome = _outcome(report)
    first = report.refused[0] if report.refused else {"code": "", "reason": ""}
    intake.conclude(document, outcome, first["code"], told(first["reason"]), report.as_json())
    facts = {name: getattr(report, name) for name in ("lines", "new", "updated")} | {"refused": report.codes.total()}
    record(actor, now, [News("trade.imported", document, (platform.id, actor.party_id), facts)])
    return document.report_said | {"document": document.id}


def _platform(actor: Actor, platform_id: int) -> Party:
    found = Party.objects.visible_to(actor).filter(id=platform_id, kind=Party.Kind.PLATFORM).first()
    if found is None or (actor.party_kind == Party.Kind.PLATFORM and actor.party_id != platform_id):
        raise NotFound()
    return found


def _media_type(content: bytes) -> str:
    return "application/gzip" if content.startswith(b"\x1f\x8b") else "text/csv"


def _lines(
    content: bytes, mapping: FileMapping, zone: ZoneInfo, known_until: datetime | None, now: datetime, report: Report
) -> Iterator[tuple[int, TradeLine]]:
    """The rows that are true, as far as they are known, with their line in the file; the others go to the report."""
    for number, cells in _rows(content, mapping.required):
        report.lines += 1
        try:
            if cells is None:
                raise RowRefused("BROKEN_ROW", "The row has more cells than the file has columns, or cannot be read.")
            line = _as_known(mapping.read(Row(cells, zone)), known_until)
            if line is None:
                report.not_yet += 1
            else:
                yield number, check(line, now)
        except RowRefused as refusal:
            report.refuse(number, refusal.code, refusal.said)


def _as_known(line: TradeLine, known_until: datetime | None) -> TradeLine | None:
    """The line as it stood at that time; None where it was not ordered yet."""
    if known_until is None:
        return line
    if line.ordered_at > known_until:
        return None

    def before(at: datetime | None) -> datetime | None:
        return at if at and at <= known_until else None

    return replace(
        line,
        despatched_at=before(line.despatched_at),
        cancelled_at=before(line.cancelled_at),
        receipt=line.receipt if line.receipt and line.receipt.at <= known_until else None,
        returned=line.returned if line.returned and line.returned.at <= known_until else None,
    )


def _rows(content: bytes, required: Iterable[str]) -> Iterator[tuple[int, dict | None]]:
    """Line number and cells by column; None where a row is broken. Raises InvalidInput where the file is none."""
    reader = csv.reader(io.TextIOWrapper(_unpacked(content), "utf-8-sig", errors="surrogateescape", newline=""))
    try:
        columns = [each.strip() for each in next(reader, [])]
        missing = sorted(set(required) - set(columns))
        if missing:
            raise InvalidInput("The file has no column {missing}.", code="COLUMNS_MISSING", missing=", ".join(missing))
        while True:
            try:
                row = next(reader)
            except csv.Error:
                yield reader.line_num, None
                continue
            except StopIteration:
                return
            if row:
                yield reader.line_num, dict(zip(columns, row, strict=False)) if len(row) <= len(columns) else None
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        raise InvalidInput("The file cannot be read: {error}.", code="FILE_UNREADABLE", error=str(error)) from None


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
            raise InvalidInput(
                "The file unpacks to more than {limit_megabytes} MB.",
                code="TOO_LARGE",
                limit_megabytes=MAX_UNPACKED_BYTES // 1024**2,
            )
        return size


def _unpacked(content: bytes) -> BinaryIO:
    source = io.BytesIO(content)
    if content.startswith(b"\x1f\x8b"):
        return io.BufferedReader(_Bounded(gzip.GzipFile(fileobj=source)), 256 * 1024)
    return source


def _outcome(report: Report) -> str:
    outcomes = Document.Outcome
    if not report.codes:
        return outcomes.ACCEPTED
    return outcomes.PARTLY if report.codes.total() < report.lines else outcomes.REFUSED
