"""Invoices and credit notes come in: one or many, each entered or refused on its own, the document kept in any case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.intake import replaying
from accounts.intake import services as intake
from accounts.intake.models import Document
from accounts.trail.services import record
from financing.receivables import json_documents, ubl
from financing.receivables.documents import ANY, CREDIT_NOTE, NOTES, DocumentRefused, Reading, check
from financing.receivables.services.counterparties import Counterparties
from financing.receivables.services.crediting import CreditNotes
from financing.receivables.services.entry import Entered, Invoices, Named
from logistics.orders.numbers import NUMBERS
from portal.shared.access import PLATFORM, Actor, require
from portal.shared.database import acting, lock_name
from portal.shared.sentences import Sentence, kept


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one document of a submission; `index` counts from 0 in the order handed in.

    Entered ones tell their receivable, its state and what the match found; refused ones code and sentence.
    """

    index: int
    accepted: bool
    type: str
    number: str
    document_id: int
    code: str = ""
    sentence: str | Sentence = ""
    receivable_id: int | None = None
    credit_note_id: int | None = None
    status: str = ""
    match: str = ""


def submit(
    *, actor: Actor, content: bytes, media_type: str, file_name: str = "", types: tuple[str, ...] = ANY, now: datetime
) -> list[ItemResult]:
    """Enter the invoices and credit notes in the content: one UBL 2.1 document, or JSON with one or many.

    `types` are those that are taken here; others are refused (WRONG_DOCUMENT_TYPE). Never raises for what the content
    says: each item is answered, and the content is kept with its hash first.
    The number of statements does not depend on the number of items. Raises Forbidden.
    """
    require(actor, "receivables.submit")
    kind = Document.Kind.CREDIT_NOTE if types == NOTES else Document.Kind.INVOICE
    document = intake.keep(actor=actor, kind=kind, content=content, media_type=media_type, file_name=file_name, now=now)
    readings = [_taken(each, types) for each in _read(document, content, types)]
    with acting(actor):
        results = _enter(actor, document, readings, now)
        _conclude(document, results)
    return results


def replay(*, actor: Actor, document_id: int, now: datetime) -> Document:
    """Run a refused submission through again, in the name of the party that handed it in. For operators.

    Raises NotFound, Forbidden, NotReplayable.
    """
    with acting(actor):
        document = replaying.reopen(actor=actor, document_id=document_id, now=now)
        types = NOTES if document.kind == Document.Kind.CREDIT_NOTE else ANY
        readings = _read(document, bytes(document.content), types)
        _conclude(document, _enter(replaying.in_the_name_of(document, actor), document, readings, now))
        return replaying.replayed(actor, document, now)


def _taken(reading: Reading, types: tuple[str, ...]) -> Reading:
    """The reading, or its refusal where documents of its type are handed in elsewhere."""
    if reading.document is None or reading.document.type in types:
        return reading
    if types == NOTES:
        refusal = DocumentRefused("WRONG_DOCUMENT_TYPE", "This is no credit note: hand it in at receivables/.")
    else:
        refusal = DocumentRefused("WRONG_DOCUMENT_TYPE", "This is a credit note: hand it in at credit-notes/.")
    return Reading(None, refusal.code, refusal.sentence, number=reading.number, type=reading.type)


def _read(document: Document, content: bytes, types: tuple[str, ...]) -> list[Reading]:
    try:
        if intake.is_oversized(document):
            megabytes = intake.MAX_BYTES // 1024**2
            raise DocumentRefused(
                "TOO_LARGE", "The document is larger than {limit_megabytes} MB.", limit_megabytes=megabytes
            )
        if not content.strip():
            raise DocumentRefused("EMPTY", "There is no document in this.")
        start = content[:200].decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")[:1]
        if start in ("{", "["):
            return json_documents.read_all(content, types[0])
        if start == "<" or "xml" in document.media_type.lower():
            found = ubl.read(content)
            kept = Reading(found, number=found.number, type=found.type)
            ubl.check_type(found)
            return [kept]
        if "json" in document.media_type.lower():
            return json_documents.read_all(content, types[0])
        raise DocumentRefused("UNSUPPORTED_FORMAT", "This is neither UBL 2.1 XML nor JSON.")
    except DocumentRefused as refusal:
        return [Reading(None, refusal.code, refusal.sentence)]


def _enter(actor: Actor, document: Document, readings: Sequence[Reading], now: datetime) -> list[ItemResult]:
    if actor.party_kind == PLATFORM:
        # A supplier is found by its number, and entered for below: its number does not change hands in between.
        lock_name(NUMBERS, actor.party_id, shared=True)
    named, refused = _named(actor, readings, now)
    _hold_pairs(named)
    invoices = Invoices(actor, document, [each for each in named if not each.document.is_credit_note], now)
    notes = CreditNotes(actor, document, [each for each in named if each.document.is_credit_note], now)
    # Receivables before receipts, as everywhere; a credit note may also reduce an invoice of the same submission.
    notes.lock()
    entered = invoices.enter() | notes.enter()
    record(actor, now, [*invoices.news, *notes.news])
    entered |= refused
    return [_result(index, reading, document, entered[index]) for index, reading in enumerate(readings)]


def _named(actor: Actor, readings: Sequence[Reading], now: datetime) -> tuple[list[Named], dict[int, Entered]]:
    """The readable documents with their parties, and the refusals of the rest, by index."""
    parties = Counterparties.load(actor, [each.document for each in readings if each.document])
    named, refused = [], {}
    for index, reading in enumerate(readings):
        try:
            if reading.document is None:
                raise DocumentRefused(reading.code, reading.sentence)
            supplier, debtor = parties.resolve(reading.document)
            check(reading.document, now.date())
            named.append(Named(index, reading.document, supplier, debtor))
        except DocumentRefused as refusal:
            refused[index] = Entered(code=refusal.code, sentence=refusal.sentence)
    return named, refused


def _hold_pairs(named: Sequence[Named]) -> None:
    """One submission at a time per supplier and debtor: what is compared with earlier documents stays true.

    Taken in one statement, in one order, so that two batches never wait for each other in a circle.
    """
    pairs = sorted({f"receivables/{each.supplier.id}/{each.debtor.id}" for each in named})
    if pairs:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_advisory_xact_lock(hashtextextended(pair, 0))) FROM unnest(%s::text[]) AS pair",
                [pairs],
            )


def _result(index: int, reading: Reading, document: Document, entered: Entered) -> ItemResult:
    return ItemResult(
        index=index,
        accepted=not entered.code,
        type=reading.type,
        number=reading.number,
        document_id=document.id,
        code=entered.code,
        sentence=entered.sentence,
        receivable_id=entered.receivable.id if entered.receivable else None,
        credit_note_id=entered.credit_note.id if entered.credit_note else None,
        status=entered.receivable.status if entered.receivable else "",
        match=entered.receivable.match if entered.receivable and not entered.credit_note else "",
    )


def _conclude(document: Document, results: Sequence[ItemResult]) -> None:
    refused = [each for each in results if not each.accepted]
    outcomes = Document.Outcome
    outcome = outcomes.ACCEPTED if not refused else outcomes.PARTLY if len(refused) < len(results) else outcomes.REFUSED
    only_notes = all(each.type == CREDIT_NOTE for each in results)
    intake.conclude(
        document,
        outcome,
        code=refused[0].code if refused else "",
        explanation=refused[0].sentence if refused else "",
        report={
            "items": len(results),
            "entered": len(results) - len(refused),
            "refused": [
                {"line": r.index + 1, "number": r.number, "code": r.code, "reason": kept(r.sentence)} for r in refused
            ],
        },
        kind=Document.Kind.CREDIT_NOTE if only_notes else "",
    )
