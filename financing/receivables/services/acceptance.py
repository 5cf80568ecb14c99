"""The platform's word on what it owes: accept, dispute, resolve, cancel. Many at once, with an answer for each."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.parties.second import companies_of
from accounts.trail.services import News, record
from financing.receivables.models import InvoiceLine, ReceiptClaim, Receivable
from financing.receivables.refusals import AlreadyAccepted, PaymentUnderWay
from logistics.orders.models import ReceiptLine
from portal.shared import access
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, InvalidTransition, NotFound, OwnWork, RuleViolation

FREE_GOODS = f"""
WITH mine AS (
    DELETE FROM {ReceiptClaim._meta.db_table} c USING {InvoiceLine._meta.db_table} l
    WHERE c.invoice_line_id = l.id AND l.receivable_id = ANY(%s)
    RETURNING c.receipt_line_id, c.quantity
), freed AS (SELECT receipt_line_id, sum(quantity) AS quantity FROM mine GROUP BY receipt_line_id)
UPDATE {ReceiptLine._meta.db_table} r SET invoiced_quantity = r.invoiced_quantity - freed.quantity
FROM freed WHERE r.id = freed.receipt_line_id
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one receivable among many: `done`, or refused with code and sentence."""

    receivable_id: int
    done: bool
    code: str = ""
    sentence: str = ""


def accept(*, actor: Actor, receivable_ids: Sequence[int], now: datetime) -> list[Answer]:
    """Acknowledge that these are owed as they stand, whatever the match found: from then on they can be financed.

    An answer for each in the order asked, the same for one that is named twice; those refused change nothing and hold
    back no other.
    """

    def move(row: Receivable) -> News:
        if row.status != Receivable.Status.RECEIVED:
            # What is financed, disputed or paid gets back to it as well, but by acts of their own.
            raise InvalidTransition(thing="Receivable", current=row.status, wanted=Receivable.Status.ACCEPTED)
        _refuse_own(actor, row, own)
        row.move_to(Receivable.Status.ACCEPTED)
        row.accepted_at, row.accepted_by = now, actor.identity
        return told("receivable.accepted", row, by="hand", match=row.match)

    own = companies_of(actor)
    return _each(actor, "receivables.accept", receivable_ids, now, move)


def dispute(*, actor: Actor, receivable_id: int, reason: str, now: datetime) -> Receivable:
    """The platform contests what it owes, with a reason that the supplier reads. An assignment stays as it is."""

    def move(row: Receivable) -> News:
        if row.settling_minor:
            raise PaymentUnderWay(number=row.number)
        row.move_to(Receivable.Status.DISPUTED)
        row.dispute_reason = text
        return told("receivable.disputed", row, reason=text)

    text = _reason(reason)
    return _one(actor, "receivables.dispute", receivable_id, now, move)


def resolve_dispute(*, actor: Actor, receivable_id: int, now: datetime) -> Receivable:
    """The dispute is over and the amount is owed: accepted again, or assigned where it was assigned before."""

    def move(row: Receivable) -> News:
        if row.status != Receivable.Status.DISPUTED:
            raise InvalidTransition(thing="Receivable", current=row.status, wanted=Receivable.Status.ACCEPTED)
        row.move_to(Receivable.Status.ASSIGNED if row.assigned_facility_id else Receivable.Status.ACCEPTED)
        if row.accepted_at is None:
            # A dispute that ends is an acceptance too, where there was none before.
            _refuse_own(actor, row, own)
            row.accepted_at, row.accepted_by = now, actor.identity
        row.dispute_reason = ""
        return told("receivable.dispute_resolved", row)

    own = companies_of(actor)
    return _one(actor, "receivables.accept", receivable_id, now, move)


def _refuse_own(actor: Actor, row: Receivable, companies: Collection[int]) -> None:
    if row.document.received_from == actor.identity and not actor.is_system:
        raise OwnWork("You handed this in, so somebody else has to accept it.")
    if row.supplier_id in companies:
        raise OwnWork("You belong to this company, so somebody else has to accept what it is owed.")


def cancel(*, actor: Actor, receivable_id: int, reason: str, now: datetime) -> Receivable:
    """Take an invoice out that was never accepted: by its supplier or by the platform.

    What was accepted is reduced by a credit note instead. The goods it counted as its own are free to be invoiced.
    """

    def move(row: Receivable) -> News:
        if row.accepted_at or row.assigned_facility_id:
            raise AlreadyAccepted(number=row.number)
        row.move_to(Receivable.Status.CANCELLED)
        free_goods([row.id])
        return told("receivable.cancelled", row, reason=text)

    text = _reason(reason)
    permission = "receivables.submit" if actor.party_kind == access.SUPPLIER else "receivables.dispute"
    return _one(actor, permission, receivable_id, now, move)


def free_goods(receivable_ids: Sequence[int]) -> None:
    """Give back the received goods that these invoices counted as theirs."""
    claims = ReceiptClaim.objects.filter(invoice_line__receivable__in=receivable_ids)
    receipts = (
        ReceiptLine.objects.filter(id__in=claims.values("receipt_line")).order_by("id").select_for_update(no_key=True)
    )
    list(receipts.values_list("id"))
    with connection.cursor() as cursor:
        cursor.execute(FREE_GOODS, [list(receivable_ids)])


def told(name: str, row: Receivable, **facts) -> News:
    """An event for the receivable's supplier, debtor and, where assigned, funder."""
    payload = {"number": row.number, "currency": row.currency, "open_minor": row.open_minor, **facts}
    return News(name, row, (row.supplier_id, row.debtor_id, row.funder_id), payload)


def _reason(text: str) -> str:
    text = text.strip()
    if not text or len(text) > 200:
        raise InvalidInput("Give a reason of 1 to 200 characters.", code="REASON_MISSING")
    return text


FIELDS = ["status", "accepted_at", "accepted_by", "dispute_reason"]


def _one(actor: Actor, permission: str, receivable_id: int, now: datetime, move: Callable) -> Receivable:
    with acting(actor):
        row = _locked(actor, [receivable_id]).get(receivable_id)
        if row is None:
            raise NotFound()
        require(actor, permission)
        news = move(row)
        row.save(update_fields=FIELDS)
        record(actor, now, [news])
        return row


def _each(actor: Actor, permission: str, receivable_ids: Sequence[int], now: datetime, move: Callable) -> list[Answer]:
    with acting(actor):
        found = _locked(actor, receivable_ids)
        require(actor, permission)
        answers, moved, news = {}, [], []
        for receivable_id in dict.fromkeys(receivable_ids):
            try:
                if receivable_id not in found:
                    raise NotFound()
                news.append(move(found[receivable_id]))
            except RuleViolation as refusal:
                answers[receivable_id] = Answer(receivable_id, False, refusal.code, refusal.sentence)
            else:
                moved.append(found[receivable_id])
                answers[receivable_id] = Answer(receivable_id, True)
        Receivable.objects.bulk_update(moved, FIELDS)
        record(actor, now, news)
        return [answers[receivable_id] for receivable_id in receivable_ids]


def _locked(actor: Actor, receivable_ids: Iterable[int]) -> dict[int, Receivable]:
    rows = (
        Receivable.objects.visible_to(actor)
        .filter(id__in=set(receivable_ids))
        .select_related("document")
        .defer("document__content")
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
    )
    return {row.id: row for row in rows}
