"""One decision: everything it was given, and everything that follows from that."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from financing.credit.rules import policy as policies
from financing.credit.rules.borrowing import (
    IN_DISPUTE,
    IN_RETURN_WINDOW,
    NOT_ACCEPTED,
    Base,
    BaseLine,
    borrowing_base,
    choose_security,
)
from financing.credit.rules.inputs import Inputs, Terms
from financing.credit.rules.plain import from_plain, to_plain
from financing.credit.rules.policy import GradeTerms
from financing.credit.rules.pricing import price
from financing.credit.rules.scoring import Score, ScoreLine, limit_of, monthly_amount, score
from portal.shared.money import round_down

APPROVED, REFERRED, DECLINED = "APPROVED", "REFERRED", "DECLINED"

# Reasons to decline.
SUPPLIER_NOT_ADMITTED = "SUPPLIER_NOT_ADMITTED"
VERIFICATION_NOT_VALID = "VERIFICATION_NOT_VALID"
FACILITY_NOT_ACTIVE = "FACILITY_NOT_ACTIVE"
QUOTE_OUTDATED = "QUOTE_OUTDATED"
ADVANCE_OVERDUE = "ADVANCE_OVERDUE"
GRADE_DECLINED = "GRADE_DECLINED"
NO_ELIGIBLE_RECEIVABLE = "NO_ELIGIBLE_RECEIVABLE"
BELOW_MINIMUM = "BELOW_MINIMUM"
ABOVE_LIMIT = "ABOVE_LIMIT"
ABOVE_BASE = "ABOVE_BASE"
# Reasons to refer.
GRADE_REFERRED = "GRADE_REFERRED"
AMOUNT_ABOVE_AUTHORITY = "AMOUNT_ABOVE_AUTHORITY"
EXPOSURE_ABOVE_AUTHORITY = "EXPOSURE_ABOVE_AUTHORITY"
# And to approve.
WITHIN_AUTHORITY = "WITHIN_AUTHORITY"

BY_PERSONS = (
    "AMOUNT_TOO_LARGE", "EXPOSURE_TOO_LARGE", "TRADE_TOO_WEAK", "REPAID_LATE", "INVOICES_UNCLEAR", "FUNDS_SHORT",
    "NO_LONGER_CARRIED",
)  # fmt: skip
"""Reasons that a person may give who declines what the policy has referred: the supplier hears them as it hears those
of the policy."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """Something that would raise what the supplier can have. `now` and `wanted` are values of `feature`, or amounts.

    `points` it would bring; `grade` the grade that these alone would lead to; `gain_minor`: how much more availability
    (for receivables) or limit (for features) it would bring by itself, 0 where it helps only together with others.
    """

    code: str
    feature: str
    now: Decimal | None
    wanted: Decimal
    points: int
    grade: str
    gain_minor: int


@dataclass(frozen=True, slots=True)
class Result:
    """What was decided and why, the deciding reason first. Security and terms only where the amount can be carried."""

    outcome: str
    reasons: tuple[str, ...]
    grade: str
    points: int
    score_lines: tuple[ScoreLine, ...]
    limit_minor: int
    base: Base
    security_ids: tuple[int, ...]
    terms: Terms | None
    improvements: tuple[Improvement, ...]

    def to_json(self) -> dict:
        return to_plain(self)

    @classmethod
    def from_json(cls, data: dict) -> "Result":
        return from_plain(cls, data)


def decide(inputs: Inputs, lines: tuple[BaseLine, ...] | None = None) -> Result:
    """Approve, refer or decline: the same inputs always give the same result.

    `lines`: of the base, where they are known from a decision on the same receivables; there may be thousands.
    """
    scored, grade_terms, base = carried_by(inputs, lines)
    limit_minor = base.limit_minor
    declined = tuple(_reasons_to_decline(inputs, scored, grade_terms, base))
    referred = tuple(_reasons_to_refer(inputs, scored, grade_terms))
    carried = inputs.asked_minor > 0 and inputs.asked_minor <= base.available_minor
    security_ids = choose_security(base, inputs.asked_minor, inputs.quoted_security) if carried else ()
    return Result(
        outcome=DECLINED if declined else REFERRED if referred else APPROVED,
        reasons=(declined + referred) or (WITHIN_AUTHORITY,),
        grade=scored.grade, points=scored.points, score_lines=scored.lines, limit_minor=limit_minor, base=base,
        security_ids=security_ids,
        terms=(inputs.quoted or price(inputs, grade_terms, base, security_ids)) if carried else None,
        improvements=tuple(_improvements(inputs, scored, limit_minor, base)),
    )  # fmt: skip


def carried_by(inputs: Inputs, lines: tuple[BaseLine, ...] | None = None) -> tuple[Score, GradeTerms, Base]:
    """Score, terms of its grade, and the base with the limit: what does not depend on the amount asked for."""
    scored = score(inputs.features, inputs.policy)
    grade_terms = inputs.policy.terms_of(scored.grade)
    limit_minor = limit_of(inputs.features, scored.grade, inputs.policy)
    return scored, grade_terms, borrowing_base(inputs, grade_terms, limit_minor, lines)


def _reasons_to_decline(inputs: Inputs, scored: Score, grade_terms: GradeTerms, base: Base) -> Iterator[str]:
    """Who it is, then how it stands, then how it trades, then what secures it, then how much."""
    rule, asked = inputs.policy, inputs.asked_minor
    if not inputs.is_admitted:
        yield SUPPLIER_NOT_ADMITTED
    if inputs.verification_expires_on is None or inputs.verification_expires_on < inputs.business_date:
        yield VERIFICATION_NOT_VALID
    if not inputs.is_active:
        yield FACILITY_NOT_ACTIVE
    if inputs.quoted and inputs.quoted.due_date <= inputs.business_date:
        yield QUOTE_OUTDATED
    if inputs.position.days_overdue > rule.authority.max_days_overdue:
        yield ADVANCE_OVERDUE
    authority = grade_terms.authority if scored.grade else rule.thin_history.authority
    not_lendable = authority == policies.DECLINE
    if not_lendable:
        yield from scored.reasons or (GRADE_DECLINED,)
    has_security = any(line.is_eligible for line in base.lines)
    if not has_security:
        yield NO_ELIGIBLE_RECEIVABLE
    if asked < rule.amounts.min_draw_minor:
        yield BELOW_MINIMUM
    if not_lendable:
        return  # base and limit are zero because of the grade: the grade is the reason
    if asked + base.exposure_minor > base.limit_minor:
        yield ABOVE_LIMIT
    if has_security and asked + base.exposure_minor > base.base_minor:
        yield ABOVE_BASE


def _reasons_to_refer(inputs: Inputs, scored: Score, grade_terms: GradeTerms) -> Iterator[str]:
    authority = inputs.policy.authority
    if not scored.grade:
        if inputs.policy.thin_history.authority == policies.REFER:
            yield from scored.reasons
    elif grade_terms.authority == policies.REFER:
        yield GRADE_REFERRED
    if inputs.asked_minor > authority.max_amount_minor:
        yield AMOUNT_ABOVE_AUTHORITY
    if inputs.asked_minor + inputs.position.exposure_minor > authority.max_exposure_minor:
        yield EXPOSURE_ABOVE_AUTHORITY


MAX_IMPROVEMENTS = 6


def _improvements(inputs: Inputs, scored: Score, limit_minor: int, base: Base) -> list[Improvement]:
    """What would raise the limit or the availability, what brings most first."""
    found = [*_of_history(inputs, scored), *_of_features(inputs, scored, limit_minor), *_of_receivables(base)]
    found.sort(key=lambda each: (-each.gain_minor, -each.points, each.code))
    return found[:MAX_IMPROVEMENTS]


def _of_history(inputs: Inputs, scored: Score) -> Iterator[Improvement]:
    thin, features = inputs.policy.thin_history, inputs.features
    if scored.grade:
        return
    for feature, wanted in (("days_of_trade", thin.min_days), ("order_lines", thin.min_lines)):
        now = getattr(features, feature)
        if now < wanted:
            yield Improvement("TRADE_MORE", feature, Decimal(now), Decimal(wanted), 0, "", 0)


def _of_features(inputs: Inputs, scored: Score, limit_minor: int) -> Iterator[Improvement]:
    """For each feature the nearest band with more points, and what these points alone would change."""
    rules = {rule.feature: rule for rule in inputs.policy.score}
    for line in scored.lines:
        if line.value is None:
            continue
        better = [band for band in rules[line.feature].bands if band.points > line.points]
        if not better:
            continue
        above = [band for band in better if band.at_least > line.value]
        # Where less is better the nearest better band lies below: the value must come under its upper end.
        wanted = min(above, key=lambda band: band.at_least).at_least if above else _end_below(rules[line.feature], line)
        points = (min(above, key=lambda band: band.at_least) if above else max(better, key=lambda b: b.at_least)).points
        gained = points - line.points
        grade = inputs.policy.grade_at(scored.points + gained).grade
        gain = max(0, limit_of(inputs.features, grade, inputs.policy) - limit_minor) if grade != scored.grade else 0
        code = "RAISE_FEATURE" if above else "LOWER_FEATURE"
        yield Improvement(code, line.feature, line.value, wanted, gained, grade, gain)
    sold = monthly_amount(inputs.features)
    if scored.grade and limit_minor < inputs.policy.amounts.max_limit_minor:
        terms = inputs.policy.terms_of(scored.grade)
        gain = round_down(terms.limit_multiple * (sold // 10))
        if gain:
            yield Improvement("SELL_MORE", "monthly_amount", Decimal(sold), Decimal(sold + sold // 10), 0, "", gain)


def _end_below(rule: policies.FeatureScore, line: ScoreLine) -> Decimal:
    """Threshold of the band that the value is in now: below it the better band begins."""
    return rule.band_of(line.value).at_least


_CURES = {NOT_ACCEPTED: "GET_ACCEPTED", IN_DISPUTE: "SETTLE_DISPUTE", IN_RETURN_WINDOW: "WAIT_RETURN_WINDOW"}


def _of_receivables(base: Base) -> Iterator[Improvement]:
    """Receivables that fail for one reason that can be cured, as far as the limit leaves room for them."""
    for reason, code in _CURES.items():
        waiting = sum(line.counted_minor for line in base.lines if line.reasons == (reason,))
        room = max(0, base.limit_minor - base.exposure_minor - base.available_minor)
        gain = min(room, round_down(waiting * base.lending_share))
        if waiting:
            yield Improvement(code, "receivables", Decimal(0), Decimal(waiting), 0, "", gain)
