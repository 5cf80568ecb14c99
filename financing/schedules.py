"""Day counts, daily interest and the payment waterfall. Pure.

Sources: 2006 ISDA Definitions, section 4.16 (b) Actual/Actual, (d) Actual/365 (Fixed), (e) Actual/360, (f) 30/360
(Bond Basis), (g) 30E/360 (Eurobond Basis).
"""

from calendar import monthrange
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.shared.money import round_half_even


def _days_360(start: date, end: date, start_day: int, end_day: int) -> int:
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + end_day - start_day


def days_30_360(start: date, end: date) -> int:
    """30/360 Bond Basis: the 31st of the end counts as the 30th only after a start on the 30th or 31st."""
    start_day = min(start.day, 30)
    return _days_360(start, end, start_day, 30 if end.day == 31 and start_day == 30 else end.day)


def days_30e_360(start: date, end: date) -> int:
    """30E/360: every 31st counts as the 30th."""
    return _days_360(start, end, min(start.day, 30), min(end.day, 30))


def _actual_actual(start: date, end: date) -> Decimal:
    """ACT/ACT ISDA: days in each year by the length of that year."""
    fraction = Decimal(0)
    for year in range(start.year, end.year + 1):
        first, after = date(year, 1, 1), date(year + 1, 1, 1)
        days = (min(end, after) - max(start, first)).days
        fraction += Decimal(days) / (after - first).days
    return fraction


_DAY_COUNTS: dict[str, Callable[[date, date], Decimal]] = {
    "ACT/360": lambda start, end: Decimal((end - start).days) / 360,
    "ACT/365F": lambda start, end: Decimal((end - start).days) / 365,
    "30/360": lambda start, end: Decimal(days_30_360(start, end)) / 360,
    "30E/360": lambda start, end: Decimal(days_30e_360(start, end)) / 360,
    "ACT/ACT ISDA": _actual_actual,
}
DAY_COUNTS = tuple(_DAY_COUNTS)


def year_fraction(day_count: str, start: date, end: date) -> Decimal:
    """Part of a year between two dates, `end` left out. ValueError for an unknown day count or dates in reverse."""
    if day_count not in _DAY_COUNTS:
        raise ValueError(f"{day_count!r} is no day count; known are {', '.join(DAY_COUNTS)}.")
    if end < start:
        raise ValueError(f"{end} is before {start}.")
    return _DAY_COUNTS[day_count](start, end)


def interest(principal_minor: int, annual_rate: Decimal, day_count: str, start: date, end: date) -> Decimal:
    """Unrounded interest in minor units; `annual_rate` 0.125 is 12.5 % a year."""
    return principal_minor * annual_rate * year_fraction(day_count, start, end)


_CARRY = Decimal("1E-12")
"""What is carried is kept to this: the scale of the column that holds it."""


def round_interest(exact: Decimal) -> tuple[int, Decimal]:
    """To the minor unit, half-even, and what is left of it."""
    # A day count such as 17/360 never ends: its last digit must not decide what is exactly half a minor unit.
    kept = exact.quantize(_CARRY)
    minor = round_half_even(kept)
    return minor, kept - minor


def accrue(
    principal_minor: int, annual_rate: Decimal, day_count: str, start: date, end: date, carry: Decimal = Decimal(0)
) -> tuple[int, Decimal]:
    """Interest to book for the days from `start` to `end`, and the unrounded remainder to hand in next time.

    Rounded half-even to the minor unit with the remainder of before, so that many short periods add up to the whole.
    """
    return round_interest(interest(principal_minor, annual_rate, day_count, start, end) + carry)


@dataclass(frozen=True, slots=True)
class Debt:
    """What one advance owes."""

    id: int
    due_date: date
    fees_minor: int
    interest_minor: int
    principal_minor: int
    penalty_minor: int = 0


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one advance gets of a receipt."""

    id: int
    fees_minor: int
    interest_minor: int
    principal_minor: int
    penalty_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.fees_minor + self.penalty_minor + self.interest_minor + self.principal_minor


def waterfall(receipt_minor: int, debts: Iterable[Debt], first: Collection[int] = ()) -> tuple[list[Allocation], int]:
    """Spread a receipt over debts; returns what each one gets (those that get nothing are left out) and the remainder.

    The debts named by `first` (secured by what was settled) come first, then the others; oldest due first in each,
    and within a debt fees, penalty interest, interest, principal.
    """
    if receipt_minor < 0:
        raise ValueError("A receipt is not negative.")
    left = receipt_minor
    allocations = []
    for debt in sorted(debts, key=lambda each: (each.id not in first, each.due_date, each.id)):
        fees = min(left, debt.fees_minor)
        penalty = min(left - fees, debt.penalty_minor)
        interest_part = min(left - fees - penalty, debt.interest_minor)
        principal = min(left - fees - penalty - interest_part, debt.principal_minor)
        allocation = Allocation(debt.id, fees, interest_part, principal, penalty)
        if allocation.total_minor:
            allocations.append(allocation)
            left -= allocation.total_minor
    return allocations, left


def months_before(day: date, months: int) -> date:
    """The same day some months earlier, or the last of that month where it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
