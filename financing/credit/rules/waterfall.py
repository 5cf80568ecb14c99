"""From what the debtor owes to what can be had now, step by step: one list for pages and machines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from financing.credit.rules.borrowing import OTHER_CURRENCY, Base, BaseLine

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


def falls(base: Base, alike: Mapping[int, int] | None = None) -> list[Fall]:
    """In order; a reason is told once, by the first that a receivable is left out for, the largest first.

    `alike`: for how many receivables each line stands, by its id, where it may be several.
    """
    here = [line for line in base.lines if OTHER_CURRENCY not in line.reasons]
    left_out: dict[str, list[BaseLine]] = {}
    for line in here:
        if line.reasons and line.counted_minor:
            left_out.setdefault(line.reasons[0], []).append(line)
    fallen = [_of_invoices(code, lines, alike, sign=-1) for code, lines in left_out.items()]
    steps = [
        _of_invoices(OPEN_INVOICES, here, alike, is_total=True),
        *sorted(fallen, key=lambda each: each.amount_minor),
        _of_invoices(ELIGIBLE, [line for line in here if line.is_eligible], alike, is_total=True),
        Fall(NOT_LENT, base.gross_minor - base.eligible_minor),
        Fall(RESERVE, -base.reserve_minor),
        Fall(CARRIED, base.base_minor, is_total=True),
        Fall(OVER_LIMIT, min(0, base.limit_minor - base.base_minor)),
        Fall(OWED_ALREADY, -base.exposure_minor),
        Fall(AVAILABLE, base.available_minor, is_total=True),
    ]
    return [each for each in steps if each.amount_minor or each.code not in (RESERVE, OVER_LIMIT, OWED_ALREADY)]


def _of_invoices(
    code: str, lines: Iterable[BaseLine], alike: Mapping[int, int] | None, *, is_total: bool = False, sign: int = 1
) -> Fall:
    amount = count = 0
    for line in lines:
        amount += line.counted_minor
        count += alike[line.receivable_id] if alike else 1
    return Fall(code, sign * amount, is_total, count)
