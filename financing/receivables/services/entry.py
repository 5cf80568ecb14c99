"""Invoices become receivables: held against earlier ones, against order and receipt, and accepted where all agrees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.services import News
from financing.receivables.documents import TradeDocument, minor
from financing.receivables.models import CreditNote, InvoiceLine, ReceiptClaim, Receivable
from financing.receivables.rules import (
    SIMILAR,
    Invoiced,
    InvoicedLine,
    Matching,
    OrderLineFact,
    fiscal_year,
    is_similar,
    normalise_number,
    three_way_match,
)
from financing.receivables.services.acceptance import told
from logistics.orders.models import ReceiptLine
from logistics.orders.queries import order_lines, receipts_locked
from portal.shared.access import Actor
from portal.shared.sentences import Sentence, Sentences


@dataclass(frozen=True, slots=True)
class Named:
    """A document that could be read, with the parties it means."""

    index: int
    document: TradeDocument
    supplier: Party
    debtor: Party

    @property
    def key(self) -> tuple:
        """What makes two documents one: the columns of the unique constraints."""
        d = self.document
        return (self.supplier.id, self.debtor.id, d.type, normalise_number(d.number), fiscal_year(d.issue_date))


@dataclass(slots=True)
class Entered:
    """What became of a document: a receivable, a credit note on one, or a refusal."""

    receivable: Receivable | None = None
    credit_note: CreditNote | None = None
    code: str = ""
    sentence: str | Sentence = ""


class Invoices:
    """One submission's invoices. Every read and every write is one statement for all of them."""

    def __init__(self, actor: Actor, document: Document, named: Sequence[Named], now: datetime):
        self.actor, self.document, self.named, self.now = actor, document, named, now
        self.news: list[News] = []
        self._lines: list[InvoiceLine] = []
        self._claims: list[tuple[InvoiceLine, int, Decimal]] = []

    def enter(self) -> dict[int, Entered]:
        """By index. The caller holds the pairs of supplier and debtor."""
        if not self.named:
            return {}
        known, by_amount = self._earlier()
        trade = Trade(self.named)
        entered = {}
        for each in self.named:
            if each.key in known:
                entered[each.index] = self._second(known[each.key])
                continue
            matching = trade.match(each)
            self._compare(each, matching, by_amount)
            row = self._receivable(each, matching)
            known[each.key] = row
            by_amount[_amount_key(row)].append((row.normalised_number, row.issue_date))
            self._add_lines(row, each.document, matching)
            entered[each.index] = Entered(receivable=row)
        self._save([each.receivable for each in entered.values() if not each.code])
        return entered

    def _earlier(self) -> tuple[dict[tuple, Receivable], dict[tuple, list]]:
        """Receivables with the same numbers, and numbers and dates of those with the same amounts."""
        suppliers = {each.supplier.id for each in self.named}
        numbers = {each.key[3] for each in self.named}
        amounts = {_gross(each.document) for each in self.named}
        rows = Receivable.objects.filter(
            Q(normalised_number__in=numbers) | Q(gross_minor__in=amounts), supplier__in=suppliers
        )
        known, by_amount = {}, defaultdict(list)
        for row in rows:
            known[row.supplier_id, row.debtor_id, row.document_type, row.normalised_number, row.fiscal_year] = row
            if row.status != Receivable.Status.CANCELLED:
                by_amount[_amount_key(row)].append((row.normalised_number, row.issue_date))
        return known, by_amount

    def _second(self, first: Receivable) -> Entered:
        """Whoever sees the first one learns that it is there; everybody else only that this cannot be had."""
        if self.actor.is_system or self.actor.party_id in (first.supplier_id, first.debtor_id):
            when = f"{first.received_at:%Y-%m-%d}"
            return Entered(
                code="DUPLICATE_DOCUMENT",
                sentence=Sentence("{number} was handed in before, on {date}.", number=first.number, date=when),
            )
        return Entered(
            code="NOT_AVAILABLE_AS_SECURITY", sentence=Sentence("This document is not available as security.")
        )

    def _compare(self, each: Named, matching: Matching, by_amount: dict) -> None:
        """A similar amount refers what order and receipt do not prove: goods that are counted once are no double."""
        if matching.match == "MATCHED":
            return
        number, issued = each.key[3], each.document.issue_date
        key = (each.supplier.id, each.debtor.id, each.document.currency, _gross(each.document))
        if any(is_similar(number, issued, *other) for other in by_amount[key]):
            matching.find(SIMILAR, "An invoice of the same amount and about the same date is known by another number.")

    def _receivable(self, each: Named, matching: Matching) -> Receivable:
        d = each.document
        row = Receivable(
            supplier=each.supplier,
            debtor=each.debtor,
            document_type=d.type,
            number=d.number,
            normalised_number=each.key[3],
            fiscal_year=each.key[4],
            issue_date=d.issue_date,
            due_date=d.due_date,
            goods_received_date=matching.received_on,
            currency=d.currency,
            gross_minor=_gross(d),
            deductions_minor=minor(d.deductions, d.currency),
            match=matching.match,
            match_note=Sentences(matching.notes),
            document=self.document,
            received_at=self.now,
        )
        if matching.match == Receivable.Match.MATCHED:
            row.move_to(Receivable.Status.ACCEPTED)
            row.accepted_at, row.accepted_by = self.now, "system"
        return row

    def _add_lines(self, row: Receivable, d: TradeDocument, matching: Matching) -> None:
        lines = [
            InvoiceLine(
                receivable=row,
                line_number=line.number[:20],
                order_number=line.order_number[:80],
                order_line_number=line.order_line_number[:20],
                sku=line.sku[:80],
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price.quantize(Decimal("0.0001")),
                amount_minor=minor(line.amount, d.currency),
            )
            for line in d.lines
        ]
        self._lines += lines
        self._claims += [(lines[claim.position], claim.receipt_id, claim.quantity) for claim in matching.claims]

    def _save(self, rows: list[Receivable]) -> None:
        Receivable.objects.bulk_create(rows)
        InvoiceLine.objects.bulk_create(self._lines)
        ReceiptClaim.objects.bulk_create(
            ReceiptClaim(invoice_line=line, receipt_line_id=receipt_id, quantity=quantity)
            for line, receipt_id, quantity in self._claims
        )
        _count_invoiced(self._claims)
        for row in rows:
            self.news.append(told("receivable.received", row, match=row.match, due_date=row.due_date.isoformat()))
            if row.status == Receivable.Status.ACCEPTED:
                self.news.append(told("receivable.accepted", row, by="match", match=row.match))


class Trade:
    """The orders and locked receipts that a submission's invoices name; goods are used up as invoices are matched."""

    def __init__(self, named: Sequence[Named]):
        numbers = {line.order_number for each in named for line in each.document.lines if line.order_number}
        trades = {(each.supplier.id, each.debtor.id) for each in named}
        self._orders = order_lines(trades=trades, numbers=numbers) if numbers else {}
        ids = [row.id for rows in self._orders.values() for row in rows]
        self._receipts = receipts_locked(order_line_ids=ids) if ids else {}
        self._invoiced = {row.id: row.invoiced_quantity for rows in self._receipts.values() for row in rows}

    def match(self, each: Named) -> Matching:
        d = each.document
        numbers = {line.order_number for line in d.lines if line.order_number}
        zone = ZoneInfo(each.debtor.time_zone)
        orders = {
            number: [self._fact(row, zone) for row in self._orders.get((each.supplier.id, each.debtor.id, number), ())]
            for number in numbers
        }
        lines = [
            InvoicedLine(x.number, x.quantity, x.unit_price, x.order_number, x.order_line_number, x.sku)
            for x in d.lines
        ]
        found = three_way_match(Invoiced(d.currency, lines, d.before_tax, d.tax, d.charges), orders)
        for claim in found.claims:
            self._invoiced[claim.receipt_id] += claim.quantity
        return found

    def _fact(self, row, zone: ZoneInfo) -> OrderLineFact:
        return OrderLineFact.of(row, ((each, self._invoiced[each.id]) for each in self._receipts.get(row.id, ())), zone)


def _gross(d: TradeDocument) -> int:
    return minor(d.payable, d.currency)


def _amount_key(row: Receivable) -> tuple:
    return (row.supplier_id, row.debtor_id, row.currency, row.gross_minor)


def _count_invoiced(claims: Sequence[tuple[InvoiceLine, int, Decimal]]) -> None:
    """Raise what is invoiced of each receipt; the table refuses more than was received."""
    if not claims:
        return
    total = defaultdict(Decimal)
    for _, receipt_id, quantity in claims:
        total[receipt_id] += quantity
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE {ReceiptLine._meta.db_table} r SET invoiced_quantity = r.invoiced_quantity + claim.quantity
            FROM unnest(%s::bigint[], %s::numeric[]) AS claim(id, quantity) WHERE r.id = claim.id
            """,
            [list(total), list(total.values())],
        )
