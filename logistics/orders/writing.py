"""A chunk of a trade file into the tables: a few statements, whatever its size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.services import News, record
from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine, ReturnLine
from logistics.orders.numbers import enter_numbers, known_by
from logistics.orders.rules import TradeLine
from portal.shared.access import Actor

ORDER, LINE = PurchaseOrder._meta.db_table, OrderLine._meta.db_table
RECEIPT, RETURN = ReceiptLine._meta.db_table, ReturnLine._meta.db_table

TIMES = ("despatch_by", "despatched_at", "cancelled_at")
LINE_COLUMNS = ("line", "sku", "category", "quantity", "unit", "unit_price", "amount_minor", "currency", *TIMES)

ORDERS = f"""
INSERT INTO {ORDER} (platform_id, supplier_id, number, ordered_at, recorded_at)
SELECT DISTINCT ON (supplier, number) %s, supplier, number, ordered_at, %s
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS t(supplier, number, ordered_at)
ORDER BY supplier, number, ordered_at
ON CONFLICT (platform_id, number, supplier_id) DO NOTHING
"""

# Found by lists of keys, not by joins with unnest: whatever the statistics of a table that just grew say, each list is
# hashed or looked up in an index, and no plan multiplies the rows of the chunk with those of the table.
ORDER_IDS = f"SELECT supplier_id, number, id FROM {ORDER} WHERE platform_id = %s AND number = ANY(%s)"

KNOWN = f"""
SELECT order_id, line_number, id,
       sku, quantity, unit, unit_price, amount_minor, currency, despatch_by, despatched_at, cancelled_at
FROM {LINE} WHERE order_id = ANY(%s)
"""

NEW_LINES = f"""
INSERT INTO {LINE} (order_id, line_number, sku, category, quantity, unit, unit_price, amount_minor, currency,
                    despatch_by, despatched_at, cancelled_at, document_id, recorded_at)
SELECT t.*, %s, %s
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::numeric[], %s::text[], %s::numeric[],
            %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[]) AS t
RETURNING order_id, line_number, id
"""

UPDATES = f"""
UPDATE {LINE} l SET despatch_by = t.despatch_by, despatched_at = t.despatched_at, cancelled_at = t.cancelled_at
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
     AS t(id, despatch_by, despatched_at, cancelled_at)
WHERE l.id = t.id
"""

RECEIPTS = f"""
INSERT INTO {RECEIPT} (order_line_id, number, quantity, invoiced_quantity, received_at, recorded_at)
SELECT id, number, quantity, 0, at, %s
FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::timestamptz[]) AS t(id, number, quantity, at)
ON CONFLICT (order_line_id, number) DO NOTHING RETURNING order_line_id
"""

RETURNS = f"""
INSERT INTO {RETURN} (order_line_id, number, quantity, amount_minor, reason, returned_at, recorded_at)
SELECT id, number, quantity, amount, reason, at, %s
FROM unnest(%s::bigint[], %s::text[], %s::numeric[], %s::bigint[], %s::text[], %s::timestamptz[])
     AS t(id, number, quantity, amount, reason, at)
ON CONFLICT (order_line_id, number) DO NOTHING RETURNING order_line_id
"""


@dataclass(slots=True)
class Kept:
    """A line as the table will know it: `id` is None until it is there, `line` carries what the chunk's rows add."""

    line: TradeLine
    id: int | None = None
    is_changed: bool = False

    def learn(self, later: TradeLine) -> None:
        """What became known first stays: a later version of the line fills gaps."""
        gaps = {name: getattr(later, name) for name in TIMES if getattr(self.line, name) is None}
        gaps = {name: at for name, at in gaps.items() if at is not None}
        if gaps:
            self.line = replace(self.line, **gaps)
            self.is_changed = True


def write(
    actor: Actor, platform: Party, document: Document, rows: Sequence[tuple[int, TradeLine]], report, now: datetime
) -> None:
    """Enter rows (line of the file, line of trade) and count in the report what became of them."""
    suppliers = _suppliers(actor, platform, {line.supplier: line for _, line in rows}, report, now)
    with connection.cursor() as cursor:
        orders = _orders(cursor, platform, suppliers, [line for _, line in rows], now)
        lines = _known(cursor, orders, [line for _, line in rows])
        entered = _compare(rows, lines, report)
        new = [each for each in lines.values() if each.id is None]
        _insert(cursor, document, orders, new, now)
        changed = [each for each in lines.values() if each.is_changed and each not in new]
        _update(cursor, changed)
        received = _receipts(cursor, entered, lines, now)
        returned = _returns(cursor, entered, lines, now)
    fresh = {each.id for each in new}
    report.new += len(new)
    report.receipts += len(received)
    report.returns += len(returned)
    report.updated += len(({each.id for each in changed} | set(received) | set(returned)) - fresh)


def _suppliers(
    actor: Actor, platform: Party, lines: dict[str, TradeLine], report, now: datetime
) -> dict[str, int]:  # fmt: skip
    """Ids by the platform's number; those whom it names for the first time are registered, and they can read of it.

    Under the lock of the platform's imports: nobody else enters its numbers.
    """
    found = known_by(platform_id=platform.id, numbers=lines)
    missing = [lines[each] for each in sorted(set(lines) - set(found))]
    if missing:
        new = Party.objects.bulk_create(
            Party(kind=Party.Kind.SUPPLIER, name=each.supplier_name, country=each.country, created_at=now)
            for each in missing
        )
        named = {line.supplier: party for line, party in zip(missing, new, strict=True)}
        enter_numbers(actor=actor, platform_id=platform.id, suppliers=named, now=now)
        facts = {"kind": Party.Kind.SUPPLIER}
        record(actor, now, [News("party.registered", each, (each.id,), facts) for each in new])
        report.suppliers += len(missing)
        found |= {number: party.id for number, party in named.items()}
    return found


def _orders(cursor, platform: Party, suppliers: dict[str, int], lines: list[TradeLine], now) -> dict[tuple, int]:
    """Ids of the chunk's orders by supplier (its number at the platform) and number; those nobody knew are entered."""
    owners, numbers = [suppliers[x.supplier] for x in lines], [x.order for x in lines]
    cursor.execute(ORDERS, [platform.id, now, owners, numbers, [x.ordered_at for x in lines]])
    cursor.execute(ORDER_IDS, [platform.id, list(set(numbers))])
    found = {(supplier, number): id_ for supplier, number, id_ in cursor.fetchall()}
    return {(x.supplier, x.order): found[suppliers[x.supplier], x.order] for x in lines}


def _known(cursor, orders: dict[tuple, int], lines: list[TradeLine]) -> dict[tuple, Kept]:
    """Lines of the chunk that are in the table already, by key."""
    cursor.execute(KNOWN, [list(set(orders.values()))])
    by_id = {(orders[line.supplier, line.order], line.line): line for line in lines}
    found = {}
    for order, number, id_, *terms, despatch_by, despatched_at, cancelled_at in cursor.fetchall():
        line = by_id.get((order, number))
        if line is None:
            continue
        names = ("sku", "quantity", "unit", "unit_price", "amount_minor", "currency")
        times = {"despatch_by": despatch_by, "despatched_at": despatched_at, "cancelled_at": cancelled_at}
        found[line.key] = Kept(replace(line, **dict(zip(names, terms, strict=True)), **times), id_)
    return found


def _compare(rows: Sequence[tuple[int, TradeLine]], lines: dict[tuple, Kept], report) -> list[TradeLine]:
    """The rows that enter: new lines, and later versions of known ones; a row with other terms is refused."""
    entered = []
    for number, line in rows:
        kept = lines.get(line.key)
        if kept is None:
            lines[line.key] = Kept(line)
        elif kept.line.terms != line.terms:
            reason = "The line is known with another item, quantity, unit, price or currency."
            report.refuse(number, "TERMS_CHANGED", reason)
            continue
        else:
            report.known += 1
            kept.learn(line)
        entered.append(line)
    return entered


def _insert(cursor, document: Document, orders: dict[tuple, int], new: list[Kept], now) -> None:
    lines = [each.line for each in new]
    columns = [[getattr(x, name) for x in lines] for name in LINE_COLUMNS]
    cursor.execute(NEW_LINES, [document.id, now, [orders[x.supplier, x.order] for x in lines], *columns])
    ids = {(order, number): id_ for order, number, id_ in cursor.fetchall()}
    for each in new:
        each.id = ids[orders[each.line.supplier, each.line.order], each.line.line]


def _update(cursor, changed: list[Kept]) -> None:
    columns = [[getattr(each.line, name) for each in changed] for name in TIMES]
    cursor.execute(UPDATES, [[each.id for each in changed], *columns])


def _receipts(cursor, entered: list[TradeLine], lines: dict[tuple, Kept], now) -> list[int]:
    rows = [(lines[x.key].id, x.receipt.number, x.receipt.quantity, x.receipt.at) for x in entered if x.receipt]
    return _add(cursor, RECEIPTS, rows, 4, now)


def _returns(cursor, entered: list[TradeLine], lines: dict[tuple, Kept], now) -> list[int]:
    back = [(lines[x.key].id, x.returned) for x in entered if x.returned]
    rows = [(id_, r.number, r.quantity, r.amount_minor, r.reason, r.at) for id_, r in back]
    return _add(cursor, RETURNS, rows, 6, now)


def _add(cursor, statement: str, rows: list[tuple], width: int, now) -> list[int]:
    """Order lines to which something was added."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * width
    cursor.execute(statement, [now, *columns])
    return [id_ for (id_,) in cursor.fetchall()]
