"""What would raise limit and availability, in figures: the same decision once more, with one fact changed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from financing.credit.rules import borrowing
from financing.credit.rules.decision import Improvement, Result, decide
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
    changed = changed_by(each, inputs)
    if changed is None:
        return Gain(each, 0, 0)
    again = decide(changed, _lines(inputs, result, changed))
    return Gain(
        each,
        limit_minor=max(0, again.limit_minor - result.limit_minor),
        available_minor=max(0, again.base.available_minor - result.base.available_minor),
    )


def _lines(inputs: Inputs, result: Result, changed: Inputs) -> tuple[borrowing.BaseLine, ...]:
    """Lines of the base after a change of trade or of receivables: most are what they were."""
    if changed.receivables is inputs.receivables:
        return result.base.lines
    both = zip(result.base.lines, inputs.receivables, changed.receivables, strict=True)
    return tuple(line if new is old else borrowing.line_of(new, changed) for line, old, new in both)


def changed_by(each: Improvement, inputs: Inputs) -> Inputs | None:
    """The inputs as they would be; None where the improvement is no single fact of theirs."""
    if each.code in _CURED:
        return _cured(each.code, inputs)
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


def _cured(code: str, inputs: Inputs) -> Inputs:
    """The receivables that lack this alone, without the lack."""
    reason, long_ago = _CURED[code], timedelta(days=inputs.policy.eligibility.return_window_days)
    cured = []
    for each in inputs.receivables:
        if borrowing.eligibility(each, inputs) == (reason,):
            if code == "WAIT_RETURN_WINDOW":
                each = replace(each, goods_received_date=inputs.business_date - long_ago)
            else:
                each = replace(each, status=ACCEPTED)
        cured.append(each)
    return replace(inputs, receivables=tuple(cured))
