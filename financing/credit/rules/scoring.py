"""Points for each feature, the grade that they add up to, and the limit that follows."""

from dataclasses import dataclass
from decimal import Decimal

from financing.credit.rules.facts import Features
from financing.credit.rules.policy import DECLINE, FeatureScore, Policy
from portal.shared.money import round_down

THIN_DAYS, THIN_LINES = "THIN_HISTORY_DAYS", "THIN_HISTORY_LINES"


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """Points of one feature, and why. `value` is what was measured, None where it could not be."""

    feature: str
    value: Decimal | None
    points: int
    max_points: int
    code: str


@dataclass(frozen=True, slots=True)
class Score:
    """`grade` is empty for a thin history: such a supplier is not scored. `reasons`: why it is thin."""

    points: int
    grade: str
    lines: tuple[ScoreLine, ...] = ()
    reasons: tuple[str, ...] = ()


def score(features: Features, policy: Policy) -> Score:
    """A supplier's points and grade."""
    if reasons := thin_history(features, policy):
        return Score(points=0, grade="", reasons=reasons)
    lines = tuple(_line(features, each) for each in policy.score)
    points = sum(line.points for line in lines)
    return Score(points=points, grade=policy.grade_at(points).grade, lines=lines)


def thin_history(features: Features, policy: Policy) -> tuple[str, ...]:
    """Reason codes for which a supplier is too little known to be scored; empty when it is known enough."""
    thin = policy.thin_history
    found = []
    if features.days_of_trade < thin.min_days:
        found.append(THIN_DAYS)
    if features.order_lines < thin.min_lines:
        found.append(THIN_LINES)
    return tuple(found)


def monthly_amount(features: Features) -> int:
    """What a supplier sells in a month, prudently: the lower of the last three and the last six months' average."""
    return max(0, min(features.monthly_delivered_3m_minor, features.monthly_delivered_6m_minor))


def limit_of(features: Features, grade: str, policy: Policy) -> int:
    """The most that a supplier of this grade may owe, in minor units: none for grades that are declined."""
    terms = policy.terms_of(grade)
    authority = terms.authority if grade else policy.thin_history.authority
    if authority == DECLINE:
        return 0
    return min(policy.amounts.max_limit_minor, round_down(terms.limit_multiple * monthly_amount(features)))


def _line(features: Features, rule: FeatureScore) -> ScoreLine:
    value = getattr(features, rule.feature)
    if value is None:
        return ScoreLine(rule.feature, None, rule.unknown.points, rule.max_points, rule.unknown.code)
    value = Decimal(value)
    band = rule.band_of(value)
    return ScoreLine(rule.feature, value, band.points, rule.max_points, band.code)
