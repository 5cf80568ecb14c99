"""Reads of the trade: what an invoice is held against."""

from collections import defaultdict
from collections.abc import Iterable

from logistics.orders.models import OrderLine, ReceiptLine


def order_lines(
    *, trades: Iterable[tuple[int, int]], numbers: Iterable[str]
) -> dict[tuple[int, int, str], list[OrderLine]]:
    """Order lines by (supplier, platform, order number), for these pairs of supplier and platform."""
    trades = set(trades)
    found = defaultdict(list)
    rows = (
        OrderLine.objects.filter(
            order__platform__in={platform for _, platform in trades},
            order__number__in=set(numbers),
            order__supplier__in={supplier for supplier, _ in trades},
        )
        .select_related("order")
        .order_by("id")
    )
    for row in rows:
        found[row.order.supplier_id, row.order.platform_id, row.order.number].append(row)
    return found


def receipts_locked(*, order_line_ids: Iterable[int]) -> dict[int, list[ReceiptLine]]:
    """Receipts by order line, oldest first, locked in the order of their ids: what is invoiced is counted there."""
    found = defaultdict(list)
    rows = ReceiptLine.objects.filter(order_line__in=list(order_line_ids)).order_by("id").select_for_update()
    for row in rows:
        found[row.order_line_id].append(row)
    return found
