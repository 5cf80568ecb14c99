"""From what the debtor owes to what can be had now, step by step: one list for pages and machines."""

from dataclasses import dataclass

from financing.credit.rules.borrowing import OTHER_CURRENCY, Base

OPEN_INVOICES, ELIGIBLE, NOT_LENT, RESERVE = "OPEN_INVOICES", "ELIGIBLE", "NOT_LENT", "RESERVE"
CARRIED, OVER_LIMIT, OWED_ALREADY, AVAILABLE = "CARRIED", "OVER_LIMIT", "OWED_ALREADY", "AVAILABLE"


@dataclass(frozen=True, slots=True)
class Fall:
    """One step: what is added (below zero: taken off), or a total so far. `code`: one of the above, or the reason why
    `invoices` receivables are left out."""

    code: str
    amount_minor: int
    is_total: bool = False
    invoices: int | None = None


def falls(base: Base) -> list[Fall]:
    """In order; a reason is told once, by the first that a receivable is left out for, the largest first."""
    here = [line for line in base.lines if OTHER_CURRENCY not in line.reasons]
    left_out: dict[str, list[int]] = {}
    for line in here:
        if line.reasons and line.counted_minor:
            left_out.setdefault(line.reasons[0], []).append(-line.counted_minor)
    steps = [
        _of_invoices(OPEN_INVOICES, [line.counted_minor for line in here], is_total=True),
        *(_of_invoices(code, each) for code, each in sorted(left_out.items(), key=lambda item: sum(item[1]))),
        _of_invoices(ELIGIBLE, [line.counted_minor for line in here if line.is_eligible], is_total=True),
        Fall(NOT_LENT, base.gross_minor - base.eligible_minor),
        Fall(RESERVE, -base.reserve_minor),
        Fall(CARRIED, base.base_minor, is_total=True),
        Fall(OVER_LIMIT, min(0, base.limit_minor - base.base_minor)),
        Fall(OWED_ALREADY, -base.exposure_minor),
        Fall(AVAILABLE, base.available_minor, is_total=True),
    ]
    return [each for each in steps if each.amount_minor or each.code not in (RESERVE, OVER_LIMIT, OWED_ALREADY)]


def _of_invoices(code: str, amounts: list[int], is_total: bool = False) -> Fall:
    return Fall(code, sum(amounts), is_total, len(amounts))
