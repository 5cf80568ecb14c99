"""What would raise limit and availability, in figures: the same decision once more, with one fact changed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from financing.credit.rules import borrowing
from financing.credit.rules.decision import Improvement, Result, carried_by
from financing.credit.rules.facts import ACCEPTED, Features
from financing.credit.rules.inputs import Inputs

_LEAST = Decimal("0.000001")
"""Features are measured to six places: just below a threshold is one of these below it."""
_MONTHLY = ("monthly_delivered_3m_minor", "monthly_delivered_6m_minor", "monthly_accepted_3m_minor")
_CURED = {
    "GET_ACCEPTED": borrowing.NOT_ACCEPTED,
    "SETTLE_DISPUTE": borrowing.IN_DISPUTE,
    "WAIT_RETURN_WINDOW": borrowing.IN_RETURN_WINDOW,
}


@dataclass(frozen=True, slots=True)
class Gain:
    """How much more limit and availability the improvement brings by itself; both 0 where it takes others, too."""

    improvement: Improvement
    limit_minor: int
    available_minor: int


def gains(inputs: Inputs, result: Result) -> tuple[Gain, ...]:
    """Each improvement of a result decided again with that fact alone changed, what brings most first.

    Where dilution costs a reserve, bringing it down to the policy's free share is one of them.
    """
    found = [*result.improvements, *_of_dilution(inputs, result)]
    told = [_gain(inputs, result, each) for each in found]
    return tuple(sorted(told, key=lambda each: (-each.available_minor, -each.limit_minor, each.improvement.code)))


def _of_dilution(inputs: Inputs, result: Result) -> Iterable[Improvement]:
    free, now = inputs.policy.reserves.dilution_free_share, inputs.features.dilution
    if now is not None and now > free and not any(each.feature == "dilution" for each in result.improvements):
        yield Improvement("LOWER_FEATURE", "dilution", now, free, 0, "", 0)


def _gain(inputs: Inputs, result: Result, each: Improvement) -> Gain:
    if each.code in _CURED:
        again = carried_by(inputs, _cured(each.code, inputs, result))[-1]
    elif changed := changed_by(each, inputs):
        again = carried_by(changed, result.base.lines)[-1]
    else:
        return Gain(each, 0, 0)
    return Gain(
        each,
        limit_minor=max(0, again.limit_minor - result.limit_minor),
        available_minor=max(0, again.available_minor - result.base.available_minor),
    )


def changed_by(each: Improvement, inputs: Inputs) -> Inputs | None:
    """The inputs as they would be with another trade; None where the improvement is no single fact of it."""
    if each.code == "SELL_MORE":
        more = {name: getattr(inputs.features, name) * 11 // 10 for name in _MONTHLY}
        return replace(inputs, features=replace(inputs.features, **more))
    if each.feature not in Features.__dataclass_fields__:
        return None
    wanted: Decimal | int = each.wanted
    if isinstance(getattr(inputs.features, each.feature), int):
        wanted = int(wanted) - (each.code == "LOWER_FEATURE")
    elif each.code == "LOWER_FEATURE":
        wanted = max(Decimal(0), wanted - _LEAST)
    return replace(inputs, features=replace(inputs.features, **{each.feature: wanted}))


def _cured(code: str, inputs: Inputs, result: Result) -> tuple[borrowing.BaseLine, ...]:
    """Lines of the base as they would be were the receivables that lack this alone without the lack."""
    lack, long_ago = (_CURED[code],), timedelta(days=inputs.policy.eligibility.return_window_days)
    lines = []
    for line, receivable in zip(result.base.lines, inputs.receivables, strict=True):
        if line.reasons == lack:
            if code == "WAIT_RETURN_WINDOW":
                cured = replace(receivable, goods_received_date=inputs.business_date - long_ago)
            else:
                cured = replace(receivable, status=ACCEPTED)
            line = borrowing.line_of(cured, inputs)
        lines.append(line)
    return tuple(lines)
