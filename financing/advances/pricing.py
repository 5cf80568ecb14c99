"""What an offer comes to, as pages and API tell it beside its terms."""

from decimal import Decimal

from financing.advances.services.quote import Offer
from financing.credit.rules import DECLINED


def least_of(offer: Offer) -> int:
    """The smallest advance that the policy makes."""
    return int(offer.policy.body["amounts"]["min_draw_minor"])


def offered_minor(offer: Offer) -> int:
    """What can be had now: nothing where the policy says no, whatever the invoices would carry."""
    return 0 if offer.result.outcome == DECLINED else offer.result.base.available_minor


def at_once_minor(offer: Offer) -> int:
    """The most that needs no person to decide; 0 where a person decides whatever the amount."""
    if set(offer.result.reasons) - {"AMOUNT_ABOVE_AUTHORITY", "EXPOSURE_ABOVE_AUTHORITY"}:
        return 0
    authority, exposure = offer.policy.body["authority"], offer.result.base.exposure_minor
    most = min(int(authority["max_amount_minor"]), int(authority["max_exposure_minor"]) - exposure)
    return most if most >= least_of(offer) else 0


def average_days(*, amount_minor: int, interest_minor: int, annual_rate: Decimal, day_count: str) -> int | None:
    """For how many days the whole amount is owed on average: it is paid back in parts, as invoices fall due."""
    a_day = Decimal(amount_minor) * annual_rate / (360 if "360" in day_count else 365)
    days = round(interest_minor / a_day) if a_day else 0
    return days or None


def effective_rate(*, amount_minor: int, cost_minor: int, days: int | None) -> Decimal | None:
    """What the cost comes to in a year, fee and interest together, compounded; None where no day passes.

    `days`: for how many the whole amount is owed on average.
    """
    if not days:
        return None
    return (1 + Decimal(cost_minor) / amount_minor) ** (Decimal(365) / days) - 1


def said(amount_minor: int, terms) -> dict:
    """`average_days` and `effective_rate` of an amount on terms or as quoted; both None where there are no terms."""
    if terms is None:
        return {"average_days": None, "effective_rate": None}
    days = average_days(
        amount_minor=amount_minor, interest_minor=terms.interest_minor, annual_rate=terms.annual_rate,
        day_count=terms.day_count,
    )  # fmt: skip
    cost_minor = terms.fee_minor + terms.interest_minor
    rate = effective_rate(amount_minor=amount_minor, cost_minor=cost_minor, days=days)
    return {"average_days": days, "effective_rate": rate}
