"""What suppliers invoice for what was delivered, and credit for what went back: JSON documents. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from logistics.orders.rules import TradeLine

CENT = Decimal("0.01")
MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Terms:
    """`commission`: share that the platform keeps. `days`: from the invoice to the first payment run after them."""

    platform: str
    commission: Decimal = Decimal("0.12")
    days: int = 35


def invoices(
    lines: Iterable[TradeLine], *, after: datetime, until: datetime, issued: date, due: date, terms: Terms
) -> list[dict]:
    """One invoice per supplier for what arrived in that time, net of commission."""
    arrived = defaultdict(list)
    for line in lines:
        if line.receipt and after < line.receipt.at <= until:
            arrived[line.supplier].append(line)
    return [
        _invoice(supplier, part, number, issued, due, terms)
        for supplier, its_lines in sorted(arrived.items())
        for number, part in enumerate(_parts(its_lines), 1)
    ]


def _parts(lines: Sequence[TradeLine]) -> Iterable[Sequence[TradeLine]]:
    return (lines[start : start + MOST_LINES] for start in range(0, len(lines), MOST_LINES))


def invoice_number(supplier: str, issued: date, part: int = 1) -> str:
    return f"{supplier.removeprefix('olist:')[:12]}-{issued:%Y%m%d}" + (f"-{part}" if part > 1 else "")


def _invoice(supplier: str, lines: Sequence[TradeLine], part: int, issued: date, due: date, terms: Terms) -> dict:
    gross = sum((line.receipt.quantity * line.unit_price for line in lines), Decimal(0))
    return {
        "type": "INVOICE",
        "number": invoice_number(supplier, issued, part),
        "issue_date": issued.isoformat(),
        "due_date": due.isoformat(),
        "currency": lines[0].currency,
        "supplier": supplier,
        "debtor": terms.platform,
        "lines": [_line(line) for line in lines],
        "deductions": _deductions(gross, terms),
        "payable": f"{gross:.2f}",
    }


def overcharged(document: dict, terms: Terms) -> dict:
    """The invoice as a careless supplier writes it: the first line dearer than it was ordered."""
    first, *others = document["lines"]
    dearer = (Decimal(first["unit_price"]) * Decimal("1.06")).quantize(CENT, ROUND_HALF_EVEN)
    first = first | {"unit_price": str(dearer), "amount": f"{Decimal(first['quantity']) * dearer:.2f}"}
    gross = sum((Decimal(line["amount"]) for line in (first, *others)), Decimal(0))
    return document | {"lines": [first, *others], "payable": f"{gross:.2f}", "deductions": _deductions(gross, terms)}


def _deductions(gross: Decimal, terms: Terms) -> list[dict]:
    commission = (gross * terms.commission).quantize(CENT, ROUND_HALF_EVEN)
    return [{"kind": "commission", "amount": f"{commission:.2f}"}] if commission else []


def _line(line: TradeLine) -> dict:
    return {
        "order": line.order,
        "order_line": line.line,
        "sku": line.sku,
        "description": line.category,
        "quantity": str(line.receipt.quantity),
        "unit_price": str(line.unit_price),
        "amount": f"{line.receipt.quantity * line.unit_price:.2f}",
    }


def credit_notes(
    lines: Iterable[TradeLine], *, after: datetime, until: datetime, issued: date,
    invoice_of: Callable[[tuple[str, str]], str | None], terms: Terms,
) -> list[dict]:  # fmt: skip
    """One note per line that went back in that time, net of commission.

    `invoice_of`: number of the invoice by order and line, None where there is none.
    """
    notes = []
    for line in lines:
        back = line.returned
        if not (back and after < back.at <= until and (invoice := invoice_of((line.order, line.line)))):
            continue
        amount = (back.quantity * line.unit_price * (1 - terms.commission)).quantize(CENT, ROUND_HALF_EVEN)
        notes.append({
            "type": "CREDIT_NOTE",
            "number": f"CN-{line.order}-{line.line}",
            "issue_date": issued.isoformat(),
            "currency": line.currency,
            "supplier": line.supplier,
            "debtor": terms.platform,
            "invoice": invoice,
            "reason": back.reason or "returned",
            "payable": f"{amount:.2f}",
        })  # fmt: skip
    return notes


def next_run(after: date, days: int) -> date:
    """The first payment run (the 10th, the 20th and the last of the month) at least so many days after."""
    day = after + timedelta(days=days)
    while not is_run(day):
        day += timedelta(days=1)
    return day


def is_run(day: date) -> bool:
    return day.day in (10, 20) or (day + timedelta(days=1)).month != day.month
