"""The suppliers' trade, line by line. Pure: the same seed and the same day give the same trade."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from logistics.orders.rules import Receipt, Return, TradeLine
from portal.sandbox.world.characters import CATEGORIES, Supplier
from portal.shared.money import to_minor

MONTH = 30
DESPATCH_DAYS = 3
COLUMNS = (
    "order", "line", "supplier", "supplier_name", "supplier_country", "sku", "category", "quantity", "unit_price",
    "currency", "ordered_at", "despatch_by", "despatched_at", "cancelled_at", "receipt", "received_at", "return",
    "returned_at", "returned_quantity", "return_reason",
)  # fmt: skip
REASONS = ("damaged in transit", "not as described", "changed their mind", "wrong size")


@dataclass(frozen=True, slots=True)
class Item:
    sku: str
    category: str
    price: Decimal


def trade_of(suppliers: Iterable[Supplier], *, until: date, currency: str, seed: int = 1492) -> list[TradeLine]:
    """All order lines of the suppliers until that day, with all that will become of them, oldest first."""
    lines = [
        line
        for supplier in suppliers
        for line in _lines(supplier, until, currency, Random(f"{seed}/{supplier.reference}"))
    ]
    return sorted(lines, key=lambda line: (line.ordered_at, line.order))


def _lines(supplier: Supplier, until: date, currency: str, random: Random) -> Iterable[TradeLine]:
    character = supplier.character
    items = _items(supplier, random)
    days = character.months * MONTH
    peak = random.randrange(365)
    due, number = 0.0, 0
    for age in range(days, 0, -1):
        day = until - timedelta(days=age)
        elapsed = (days - age) / days
        season = 1 + (1 - character.season) * math.cos(2 * math.pi * (day.timetuple().tm_yday - peak) / 365)
        usual = character.lines_a_month / MONTH * (1 + (character.growth - 1) * elapsed)
        due += usual * season * random.uniform(0.4, 1.6)
        while due >= 1:
            due -= 1
            number += 1
            yield _line(supplier, number, day, random.choice(items), currency, random)


def _items(supplier: Supplier, random: Random) -> list[Item]:
    low, high = supplier.character.prices
    chosen = random.sample(sorted(CATEGORIES), supplier.character.categories)
    return [
        Item(
            f"{supplier.reference}-{name[:3].upper()}{number}",
            category,
            Decimal(random.randint(low * 100, high * 100)) / 100,
        )
        for category in chosen
        for number, name in enumerate(CATEGORIES[category], 1)
    ]


def _line(supplier: Supplier, number: int, day: date, item: Item, currency: str, random: Random) -> TradeLine:
    character = supplier.character
    ordered_at = datetime.combine(day, time(random.randrange(7, 22), random.randrange(60)), UTC)
    quantity = Decimal(random.choice((4, 6, 8, 10, 12, 20, 24)))
    despatched_at = cancelled_at = receipt = returned = None
    if random.random() < character.cancelled:
        cancelled_at = ordered_at + timedelta(hours=random.randint(2, 40))
    else:
        in_time = random.random() < character.on_time
        hours = random.randint(8, 60) if in_time else random.randint(80, 160)
        despatched_at = ordered_at + timedelta(hours=hours)
        if random.random() < character.fulfilled:
            receipt = Receipt("1", quantity, despatched_at + timedelta(hours=random.randint(20, 90)))
            if random.random() < character.returned:
                returned = _return(receipt, item.price, currency, random)
    return TradeLine(
        order=f"PO-{supplier.reference[2:]}-{number:05d}", line="1", supplier=supplier.reference,
        supplier_name=supplier.name, country=supplier.country, sku=item.sku, category=item.category, quantity=quantity,
        unit="H87", unit_price=item.price, amount_minor=to_minor(quantity * item.price, currency), currency=currency,
        ordered_at=ordered_at, despatch_by=ordered_at + timedelta(days=DESPATCH_DAYS), despatched_at=despatched_at,
        cancelled_at=cancelled_at, receipt=receipt, returned=returned,
    )  # fmt: skip


def _return(receipt: Receipt, price: Decimal, currency: str, random: Random) -> Return:
    quantity = Decimal(max(1, int(receipt.quantity * Decimal(random.choice((25, 50, 100))) / 100)))
    at = receipt.at + timedelta(days=random.randint(2, 12), hours=random.randint(0, 9))
    return Return("1", quantity, to_minor(quantity * price, currency), random.choice(REASONS), at)


def happened(line: TradeLine, after: datetime, until: datetime) -> bool:
    """Whether anything of the line became known in that time."""
    times = (
        line.ordered_at, line.despatched_at, line.cancelled_at, line.receipt and line.receipt.at,
        line.returned and line.returned.at,
    )  # fmt: skip
    return any(at and after < at <= until for at in times)


def to_csv(lines: Sequence[TradeLine], known_until: datetime) -> bytes:
    """The lines in Portolan's own columns, as a file of that time knew them."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(_cells(line, known_until) for line in lines if line.ordered_at <= known_until)
    return text.getvalue().encode()


def _cells(line: TradeLine, known_until: datetime) -> dict[str, object]:
    def known(at: datetime | None) -> str:
        return at.isoformat() if at and at <= known_until else ""

    cells: dict[str, object] = {
        "order": line.order, "line": line.line, "supplier": line.supplier, "supplier_name": line.supplier_name,
        "supplier_country": line.country, "sku": line.sku, "category": line.category, "quantity": line.quantity,
        "unit_price": line.unit_price, "currency": line.currency, "ordered_at": line.ordered_at.isoformat(),
        "despatch_by": line.despatch_by.isoformat() if line.despatch_by else "",
        "despatched_at": known(line.despatched_at), "cancelled_at": known(line.cancelled_at),
    }  # fmt: skip
    if line.receipt and line.receipt.at <= known_until:
        cells |= {"receipt": line.receipt.number, "received_at": line.receipt.at.isoformat()}
        if line.returned and line.returned.at <= known_until:
            back = line.returned
            cells |= {"return": back.number, "returned_at": back.at.isoformat(), "returned_quantity": back.quantity}
            cells |= {"return_reason": back.reason}
    return cells
