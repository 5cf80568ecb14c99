"""Trade history comes in: what is true enters once, what is not is reported row by row."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import BinaryIO
from zoneinfo import ZoneInfo

from django.db import transaction

from accounts.intake import replaying
from accounts.intake import services as intake
from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.services import News, record
from logistics.orders import reading
from logistics.orders.rules import MAPPINGS, FileMapping, Row, RowRefused, TradeLine, check
from logistics.orders.writing import write
from portal.shared.access import SYSTEM_ACTOR, Actor, require
from portal.shared.database import acting, lock_name
from portal.shared.errors import InvalidInput, NotFound, TooLarge
from portal.shared.sentences import Sentence, kept, told

MAX_BYTES = 64 * 1024**2
IMPORTS = "orders.import_trade"
"""Name of a platform's lock: one import of its trade at a time."""
ROWS_AT_ONCE = 5_000
REPORTED_ROWS = 20_000
COUNTS = ("lines", "new", "known", "updated", "receipts", "returns", "suppliers", "not_yet")


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

    @classmethod
    def so_far(cls, found: dict) -> "Report":
        """What was written of a file of which a part has entered."""
        counts = {name: found[name] for name in COUNTS if name in found}
        codes = Counter(found.get("refused_by_code", {}))
        return cls(**counts, refused=list(found.get("refused", [])), codes=codes)

    def as_json(self) -> dict:
        return {name: getattr(self, name) for name in COUNTS} | {
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
    platform, document, content = _kept(actor, platform_id, content, mapping, known_until, MAX_BYTES, file_name, now)
    try:
        if intake.is_oversized(document):
            raise TooLarge(limit_megabytes=MAX_BYTES // 1024**2)
        with acting(actor):
            return _enter(actor, platform, document, content, MAPPINGS[mapping], known_until, now)
    except InvalidInput as refusal:
        intake.conclude(document, Document.Outcome.REFUSED, refusal.code, refusal.said)
        raise


def hand_in(
    *, actor: Actor, platform_id: int, content: bytes | BinaryIO, mapping: str, limit: int, now: datetime,
    file_name: str = "",
) -> Document:  # fmt: skip
    """Keep a file that a worker enters afterwards, some thousand rows at a time (`enter_some`).

    Whoever handed it in may go away; the document tells how far it is. `limit` is in bytes. Raises as `import_trade`,
    as far as the first line of the file shows it.
    """
    refusal = None
    with acting(actor):
        platform, document, content = _kept(actor, platform_id, content, mapping, None, limit, file_name, now)
        try:
            if intake.is_oversized(document):
                raise TooLarge(limit_megabytes=limit // 1024**2)
            next(reading.rows(content, MAPPINGS[mapping].required), None)
            record(actor, now, [News("trade.handed_in", document, (platform.id, actor.party_id), internal=True)])
        except InvalidInput as found:
            refusal = found
            intake.conclude(document, Document.Outcome.REFUSED, refusal.code, refusal.said)
    if refusal:
        raise refusal
    return document


def enter_some(*, document_id: int, now: datetime, count: int = ROWS_AT_ONCE) -> bool:
    """Enter the next rows of a file that was handed in; True while there are more.

    Rows and how far it has come are written together: cut short, it goes on where it was, and two at once take turns.
    """
    with acting(SYSTEM_ACTOR):
        rows = Document.objects.select_for_update(no_key=True, of=("self",)).select_related("party")
        document = rows.get(id=document_id)
        if document.outcome != Document.Outcome.RECEIVED:
            return False
        try:
            with transaction.atomic():
                return _enter_part(document, count, now)
        except InvalidInput as refusal:
            intake.conclude(document, Document.Outcome.REFUSED, refusal.code, refusal.said)
            return False


def _enter_part(document: Document, count: int, now: datetime) -> bool:
    asked, content = document.report["asked"], bytes(document.content)
    actor = replaying.in_the_name_of(document, SYSTEM_ACTOR)
    job = _Job(actor, Party.objects.get(id=asked["platform"]), document, MAPPINGS[asked["mapping"]], None, now)
    job.report, expected = Report.so_far(document.report), document.report.get("expected")
    rows = islice(reading.rows(content, job.mapping.required), job.report.lines, job.report.lines + count)
    done = job.enter(rows) < count
    if done:
        job.conclude()
    else:
        so_far = {"expected": reading.count(content) if expected is None else expected}
        document.report = document.report | job.report.as_json() | so_far
        document.save(update_fields=["report"])
    return not done


def _kept(
    actor: Actor, platform_id: int, content: bytes | BinaryIO, mapping: str, known_until: datetime | None,
    limit: int, file_name: str, now: datetime,
) -> tuple[Party, Document, bytes]:  # fmt: skip
    require(actor, "orders.import_trade")
    platform = _platform(actor, platform_id)
    if mapping not in MAPPINGS:
        raise InvalidInput(
            "There is no mapping '{mapping}'; known: {mappings}.",
            code="MAPPING_UNKNOWN",
            mapping=mapping,
            mappings=", ".join(MAPPINGS),
        )
    # Never more than the limit in memory; what is above it is kept by its beginning, and refused by who called.
    content = content if isinstance(content, bytes) else content.read(limit + 1)
    document = intake.keep(
        actor=actor, kind=Document.Kind.TRADE_HISTORY, content=content, media_type=_media_type(content),
        file_name=file_name, now=now, limit=limit,
        asked={"platform": platform.id, "mapping": mapping, "known_until": known_until and known_until.isoformat()},
    )  # fmt: skip
    return platform, document, content


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


@dataclass
class _Job:
    """Rows of a document that enter for a platform. `known_until`: the file is read as it stood then."""

    actor: Actor
    platform: Party
    document: Document
    mapping: FileMapping
    known_until: datetime | None
    now: datetime
    report: Report = field(default_factory=Report)

    def enter(self, rows: Iterable[tuple[int, dict | None]]) -> int:
        """How many rows there were."""
        # One import of a platform at a time: two that bring the same lines would wait for each other in a circle.
        lock_name(IMPORTS, self.platform.id)
        before = self.report.lines
        lines = list(
            _lines(rows, self.mapping, ZoneInfo(self.platform.time_zone), self.known_until, self.now, self.report)
        )
        write(self.actor, self.platform, self.document, lines, self.report, self.now)
        return self.report.lines - before

    def conclude(self) -> dict:
        report = self.report
        first = report.refused[0] if report.refused else {"code": "", "reason": ""}
        intake.conclude(self.document, _outcome(report), first["code"], told(first["reason"]), report.as_json())
        facts = {name: getattr(report, name) for name in ("lines", "new", "updated")}
        facts["refused"] = report.codes.total()
        about = (self.platform.id, self.actor.party_id)
        record(self.actor, self.now, [News("trade.imported", self.document, about, facts)])
        return self.document.report_said | {"document": self.document.id}


def _enter(
    actor: Actor, platform: Party, document: Document, content: bytes, mapping: FileMapping,
    known_until: datetime | None, now: datetime,
) -> dict:  # fmt: skip
    """The whole file, in the caller's transaction."""
    job = _Job(actor, platform, document, mapping, known_until, now)
    rows = reading.rows(content, mapping.required)
    while job.enter(islice(rows, ROWS_AT_ONCE)) == ROWS_AT_ONCE:
        pass
    return job.conclude()


def _platform(actor: Actor, platform_id: int) -> Party:
    found = Party.objects.visible_to(actor).filter(id=platform_id, kind=Party.Kind.PLATFORM).first()
    if found is None or (actor.party_kind == Party.Kind.PLATFORM and actor.party_id != platform_id):
        raise NotFound()
    return found


def _media_type(content: bytes) -> str:
    return "application/gzip" if content.startswith(b"\x1f\x8b") else "text/csv"


def _lines(
    rows: Iterable[tuple[int, dict | None]], mapping: FileMapping, zone: ZoneInfo, known_until: datetime | None,
    now: datetime, report: Report,
) -> Iterator[tuple[int, TradeLine]]:  # fmt: skip
    """The rows that are true, as far as they are known, with their line in the file; the others go to the report."""
    for number, cells in rows:
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


def _outcome(report: Report) -> str:
    outcomes = Document.Outcome
    if not report.codes:
        return outcomes.ACCEPTED
    return outcomes.PARTLY if report.codes.total() < report.lines else outcomes.REFUSED
