"""Which documents are the same, and whether order, receipt and invoice agree. Pure: no Django, no database."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from decimal import Decimal

from portal.shared.money import exponent
from portal.shared.sentences import Sentence

MATCHED, NO_ORDER, NOT_RECEIVED = "MATCHED", "NO_ORDER", "NOT_RECEIVED"
QUANTITY, PRICE, SIMILAR = "QUANTITY", "PRICE", "SIMILAR"

GRAVEST_FIRST = (SIMILAR, NO_ORDER, NOT_RECEIVED, QUANTITY, PRICE)

PRICE_TOLERANCE = Decimal("0.005")
"""Share by which an invoiced price may be above the ordered one."""

MAX_TAX_RATE = Decimal("0.30")
"""Tax above this share of the net amount is looked at by a person."""

SIMILAR_DAYS = 7
"""The same amount under another number within these days of each other may be one document handed in twice."""


def normalise_number(number: str) -> str:
    """One spelling per document number: 'inv 0012', 'INV-12' and full-width digits are the same number.

    Runs of letters and of digits are told apart and joined by hyphens, so that 1-11 and 11-1 stay different.
    """
    text = unicodedata.normalize("NFKC", number).upper()
    runs = re.findall(r"[^\W\d_]+|\d+", text)
    return "-".join((run.lstrip("0") or "0") if run.isdigit() else run for run in runs)[:80]


def beginning_of_number(text: str) -> str:
    """The beginning of a document's number in its one spelling: "inv 001" begins INV-0012; "" where it begins none.

    Zeros at the end are left out: more digits may follow, and leading zeros count for nothing.
    """
    return re.sub(r"(^|-)0$", r"\1", normalise_number(text))


def fiscal_year(issue_date: date) -> int:
    return issue_date.year


@dataclass(frozen=True, slots=True)
class ReceiptFact:
    """Received goods of one order line; `invoiced` is what earlier invoices counted of them."""

    id: int
    quantity: Decimal
    invoiced: Decimal
    received_on: date


@dataclass(frozen=True, slots=True)
class OrderLineFact:
    order_number: str
    line_number: str
    sku: str
    quantity: Decimal
    unit_price: Decimal
    currency: str
    is_cancelled: bool = False
    receipts: tuple[ReceiptFact, ...] = ()

    @classmethod
    def of(cls, row, received: Iterable[tuple], zone: tzinfo) -> "OrderLineFact":
        """From a kept order line, with each kept receipt of it and what is invoiced of that; days are of `zone`."""
        return cls(
            order_number=row.order.number,
            line_number=row.line_number,
            sku=row.sku,
            quantity=row.quantity,
            unit_price=row.unit_price,
            currency=row.currency,
            is_cancelled=row.cancelled_at is not None,
            receipts=tuple(
                ReceiptFact(each.id, each.quantity, invoiced, each.received_at.astimezone(zone).date())
                for each, invoiced in received
            ),
        )


@dataclass(frozen=True, slots=True)
class InvoicedLine:
    number: str
    quantity: Decimal
    unit_price: Decimal
    order_number: str
    order_line_number: str
    sku: str


@dataclass(frozen=True, slots=True)
class Invoiced:
    """What the match looks at: lines, and what comes on top of them. Amounts are decimals of `currency`."""

    currency: str
    lines: Sequence[InvoicedLine]
    net: Decimal
    tax: Decimal = Decimal(0)
    charges: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Claim:
    """Quantity of a receipt that the line at `position` counts as its own."""

    position: int
    receipt_id: int
    quantity: Decimal


@dataclass(slots=True)
class Matching:
    """`match` is the gravest finding; `notes` say in plain words what was found; claims hold whatever the match."""

    match: str = MATCHED
    notes: list[Sentence] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    received_on: date | None = None

    def find(self, match: str, note: str, /, **facts) -> None:
        self.notes.append(Sentence(note, **facts))
        if self.match == MATCHED or GRAVEST_FIRST.index(match) < GRAVEST_FIRST.index(self.match):
            self.match = match


def three_way_match(
    invoice: Invoiced,
    orders: Mapping[str, Sequence[OrderLineFact]],
    *,
    price_tolerance: Decimal = PRICE_TOLERANCE,
    max_tax_rate: Decimal = MAX_TAX_RATE,
) -> Matching:
    """Hold an invoice against what was ordered and received; `orders`: the supplier's order lines by order number.

    MATCHED only where every line finds its order line, all its goods arrived and no other invoice counts them, the
    price is at most the ordered one plus the tolerance, and nothing comes on top but plausible tax.
    """
    found = Matching()
    free = {r.id: r.quantity - r.invoiced for lines in orders.values() for each in lines for r in each.receipts}
    for position, line in enumerate(invoice.lines):
        ordered = order_line_of(line, orders)
        if ordered is None:
            found.find(NO_ORDER, "Line {number}: no such order line is known.", number=line.number)
        elif ordered.is_cancelled:
            found.find(NO_ORDER, "Line {number}: the order line was cancelled.", number=line.number)
        else:
            _goods(position, line, ordered, free, found)
            _price(line, ordered, invoice.currency, price_tolerance, found)
    if invoice.charges > 0:
        found.find(
            PRICE,
            "Charges of {charges} {currency} were not ordered.",
            charges=invoice.charges,
            currency=invoice.currency,
        )
    if invoice.tax > invoice.net * max_tax_rate:
        found.find(PRICE, "The tax is more than {share} of the net amount.", share=f"{max_tax_rate:.0%}")
    return found


def order_line_of(line: InvoicedLine, orders: Mapping[str, Sequence[OrderLineFact]]) -> OrderLineFact | None:
    """By order and line number; without a line number by the one line with this item, or the order's only line."""
    of_order = orders.get(line.order_number, ()) if line.order_number else ()
    if line.order_line_number:
        candidates = [each for each in of_order if each.line_number == line.order_line_number]
    elif line.sku:
        candidates = [each for each in of_order if each.sku == line.sku]
    else:
        candidates = list(of_order)
    return candidates[0] if len(candidates) == 1 else None


def _goods(position: int, line: InvoicedLine, ordered: OrderLineFact, free: dict, found: Matching) -> None:
    if line.quantity <= 0:
        found.find(QUANTITY, "Line {number}: the quantity is not above zero.", number=line.number)
        return
    missing = line.quantity
    for receipt in ordered.receipts:
        taken = min(missing, free[receipt.id])
        if taken > 0:
            free[receipt.id] -= taken
            missing -= taken
            found.claims.append(Claim(position, receipt.id, taken))
        if found.received_on is None or receipt.received_on > found.received_on:
            found.received_on = receipt.received_on
    received = sum((each.quantity for each in ordered.receipts), Decimal(0))
    if not received:
        found.find(NOT_RECEIVED, "Line {number}: the goods have not been received.", number=line.number)
    elif missing and received >= line.quantity:
        found.find(
            SIMILAR,
            "Line {number}: received goods of this order line are invoiced under another number.",
            number=line.number,
        )
    elif missing:
        found.find(
            QUANTITY,
            "Line {number}: {quantity} invoiced, {received} received.",
            number=line.number,
            quantity=plain(line.quantity),
            received=plain(received),
        )
    if line.quantity > ordered.quantity:
        found.find(
            QUANTITY,
            "Line {number}: {quantity} invoiced, {ordered} ordered.",
            number=line.number,
            quantity=plain(line.quantity),
            ordered=plain(ordered.quantity),
        )


def _price(line: InvoicedLine, ordered: OrderLineFact, currency: str, tolerance: Decimal, found: Matching) -> None:
    if ordered.currency != currency:
        found.find(
            PRICE,
            "Line {number}: ordered in {ordered}, invoiced in {invoiced}.",
            number=line.number,
            ordered=ordered.currency,
            invoiced=currency,
        )
    elif line.unit_price > ordered.unit_price * (1 + tolerance):
        found.find(
            PRICE,
            "Line {number}: invoiced at {invoiced}, ordered at {ordered} a unit.",
            number=line.number,
            invoiced=price(line.unit_price, currency),
            ordered=price(ordered.unit_price, currency),
        )


def plain(value: Decimal) -> str:
    """As a person writes it: 8, not 8.000 and not 8E+0."""
    return f"{value.normalize():f}"


def price(value: Decimal, currency: str) -> str:
    """Of a unit: all its decimals, and at least those of the currency: 89.20, 0.0125."""
    return f"{value.normalize():.{max(exponent(currency), -value.normalize().as_tuple().exponent)}f}"


def is_similar(number: str, issued: date, other_number: str, other_issued: date, days: int = SIMILAR_DAYS) -> bool:
    """Whether two documents of one supplier and debtor with the same amount may be the same claim twice.

    Numbers are normalised. The same number in another fiscal year counts whatever the distance.
    """
    return number == other_number or abs((issued - other_issued).days) <= days
