"""Order, receipt and invoice side by side, as they stand now: what a person of the platform decides by."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from financing.receivables.models import InvoiceLine, ReceiptClaim, Receivable
from financing.receivables.rules import (
    Invoiced,
    InvoicedLine,
    Matching,
    OrderLineFact,
    order_line_of,
    plain,
    three_way_match,
)
from logistics.orders.models import OrderLine, ReceiptLine
from logistics.orders.queries import order_lines


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the invoice beside the order line it names and what arrived of that.

    `match` and `notes` are what the comparison finds today; goods that arrived since the invoice came count.
    """

    invoiced: InvoiceLine
    ordered: OrderLine | None
    receipts: Sequence[ReceiptLine]
    match: str
    notes: Sequence[str]

    @property
    def received_quantity(self) -> str:
        return plain(sum((each.quantity for each in self.receipts), Decimal(0)))

    @property
    def quantity_of_others(self) -> str:
        """Of what was received: what other documents have invoiced; empty where there is none."""
        found = sum((each.of_others for each in self.receipts), Decimal(0))
        return plain(found) if found else ""

    @property
    def last_received(self) -> datetime:
        return max(each.received_at for each in self.receipts)

    @property
    def ordered_quantity(self) -> str:
        return plain(self.ordered.quantity)

    @property
    def ordered_price(self) -> str:
        return price(self.ordered.unit_price)

    @property
    def invoiced_quantity(self) -> str:
        return plain(self.invoiced.quantity)

    @property
    def invoiced_price(self) -> str:
        return price(self.invoiced.unit_price)


def price(value: Decimal) -> str:
    """A unit price with its two decimals, and more only where it has more: 48.00, 0.0375."""
    decimals = max(2, -value.normalize().as_tuple().exponent)
    return f"{value:,.{decimals}f}"


def compare(receivable: Receivable) -> list[Compared]:
    """Every line of the invoice, in five statements at most. Goods are used up from line to line, as in the match."""
    lines = list(receivable.lines.order_by("id"))
    orders = _orders(receivable, lines)
    receipts = _receipts(receivable, [row for rows in orders.values() for row in rows])
    used: dict[int, Decimal] = defaultdict(Decimal)
    zone = ZoneInfo(receivable.debtor.time_zone)
    compared = []
    for line in lines:
        ordered = order_line_of(line, orders)
        found = _match(receivable, line, orders, receipts, used, zone)
        for claim in found.claims:
            used[claim.receipt_id] += claim.quantity
        arrived = receipts.get(ordered.id, []) if ordered else []
        compared.append(Compared(line, ordered, arrived, found.match, found.notes))
    return compared


def _orders(receivable: Receivable, lines: Sequence[InvoiceLine]) -> dict[str, list[OrderLine]]:
    numbers = {line.order_number for line in lines if line.order_number}
    if not numbers:
        return {}
    found = order_lines(trades={(receivable.supplier_id, receivable.debtor_id)}, numbers=numbers)
    return {number: rows for (_, _, number), rows in found.items()}


def _receipts(receivable: Receivable, ordered: Sequence[OrderLine]) -> dict[int, list[ReceiptLine]]:
    """By order line; `of_others` is what documents other than this one count as theirs."""
    if not ordered:
        return {}
    own = defaultdict(Decimal)
    for claim in ReceiptClaim.objects.filter(invoice_line__receivable=receivable):
        own[claim.receipt_line_id] += claim.quantity
    found = defaultdict(list)
    for row in ReceiptLine.objects.filter(order_line__in=ordered).order_by("id"):
        row.of_others = row.invoiced_quantity - own[row.id]
        found[row.order_line_id].append(row)
    return found


def _match(
    receivable: Receivable, line: InvoiceLine, orders: Mapping[str, Sequence[OrderLine]],
    receipts: Mapping[int, Sequence[ReceiptLine]], used: Mapping[int, Decimal], zone: ZoneInfo,
) -> Matching:  # fmt: skip
    asked = InvoicedLine(
        line.line_number, line.quantity, line.unit_price, line.order_number, line.order_line_number, line.sku
    )
    facts = [
        OrderLineFact.of(
            row, ((each, each.of_others + used.get(each.id, 0)) for each in receipts.get(row.id, ())), zone
        )
        for row in orders.get(line.order_number, ())
    ]
    return three_way_match(Invoiced(receivable.currency, [asked], Decimal(0)), {line.order_number: facts})
