"""Reads of the trade: what an invoice is held against."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum

from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine, SupplierNumber
from portal.shared.access import Actor


def summed(orders: QuerySet[PurchaseOrder]) -> QuerySet[PurchaseOrder]:
    """With how many lines each has and what they come to: `lines_count`, `amount_minor`, `currency`."""
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by()
    each = lines.values("order")
    return orders.annotate(
        lines_count=Subquery(each.annotate(n=Count("id")).values("n")),
        amount_minor=Subquery(each.annotate(n=Sum("amount_minor")).values("n")),
        currency=Subquery(lines.values("currency")[:1]),
    )


def own_numbers(actor: Actor) -> list[SupplierNumber]:
    """By which the platforms know the acting supplier, with its platforms; one at each."""
    found = SupplierNumber.objects.visible_to(actor).in_force().filter(supplier=actor.party_id)
    return list(found.select_related("platform").order_by("platform__name", "platform"))


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
    rows = ReceiptLine.objects.filter(order_line__in=list(order_line_ids)).order_by("id").select_for_update(no_key=True)
    for row in rows:
        found[row.order_line_id].append(row)
    return found


# OFFSET 0 keeps each look-up by its key, whatever statistics tell of tables that just grew: see credit.queries.
_DELIVERED = """
SELECT o.supplier_id,
       count(*) FILTER (WHERE l.cancelled_at IS NULL AND l.despatch_by < %(until)s),
       count(*) FILTER (WHERE l.cancelled_at IS NULL AND l.despatch_by < %(until)s
                          AND l.despatched_at <= l.despatch_by),
       count(*) FILTER (WHERE l.cancelled_at IS NULL AND o.ordered_at < %(ripe)s),
       count(*) FILTER (WHERE l.cancelled_at IS NULL AND o.ordered_at < %(ripe)s AND arrived.quantity > 0),
       coalesce(sum(l.amount_minor * arrived.quantity / l.quantity), 0), coalesce(sum(back.amount), 0)
FROM orders_purchaseorder o
CROSS JOIN LATERAL (SELECT * FROM orders_orderline WHERE order_id = o.id OFFSET 0) l
CROSS JOIN LATERAL (
    SELECT sum(quantity) AS quantity
    FROM (SELECT quantity FROM orders_receiptline WHERE order_line_id = l.id OFFSET 0) receipt
) arrived
CROSS JOIN LATERAL (
    SELECT sum(amount_minor) AS amount
    FROM (SELECT amount_minor FROM orders_returnline WHERE order_line_id = l.id OFFSET 0) return
) back
WHERE o.platform_id = %(platform)s AND o.supplier_id = ANY(%(suppliers)s)
  AND o.ordered_at >= %(since)s AND o.ordered_at < %(until)s
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """How a supplier delivered what was ordered in a span of time; None where there is nothing to measure."""

    on_time_share: Decimal | None = None
    fulfilled_share: Decimal | None = None
    return_share: Decimal | None = None


def deliveries(
    *, platform_id: int, supplier_ids: Iterable[int], since: datetime, until: datetime, ripe: datetime
) -> dict[int, Deliveries]:
    """By supplier, in one statement that reads each line once. What was ordered after `ripe` may still arrive.

    For lists of suppliers: `credit.queries.features` measures more of each, and takes longer.
    """
    values = {"platform": platform_id, "suppliers": list(supplier_ids), "since": since, "until": until, "ripe": ripe}
    with connection.cursor() as cursor:
        cursor.execute(_DELIVERED, values)
        return {
            supplier: Deliveries(_share(on_time, to_despatch), _share(arrived, ordered), _share(back, delivered))
            for supplier, to_despatch, on_time, ordered, arrived, delivered, back in cursor.fetchall()
        }


def _share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return Decimal(part) / Decimal(whole) if whole else None
