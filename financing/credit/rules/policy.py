"""What a funder decides by, as data. Amounts in minor units of the programme's currency, shares as decimals."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from financing.credit.rules.facts import SCORED_FEATURES
from financing.credit.rules.plain import Misshapen, from_plain, to_plain
from portal.shared.money import MAX_MINOR
from portal.shared.sentences import Sentence, Sentences

AUTOMATIC, REFER, DECLINE = "AUTOMATIC", "REFER", "DECLINE"
MAX_POINTS = 1000

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,59}")
_GRADE = re.compile(r"[A-Z][A-Z0-9+-]?")


class PolicyFaults(ValueError):
    """A body that is no policy. `faults`: a sentence for each fault."""

    def __init__(self, faults: list[Sentence]):
        self.faults = faults
        super().__init__(str(Sentences(faults)))


@dataclass(frozen=True, slots=True)
class Eligibility:
    """`cross_age_days`: days past due from which a debtor's balance counts as aged; above `cross_age_share` of aged
    balance nothing that the debtor owes is eligible."""

    max_days_past_due: int
    max_days_from_invoice: int
    return_window_days: int
    min_remaining_days: int
    max_remaining_days: int
    cross_age_days: int
    cross_age_share: Decimal


@dataclass(frozen=True, slots=True)
class Reserves:
    """Held back from the borrowing base: dilution above the free share, and a standing share of what is eligible."""

    dilution_free_share: Decimal
    standing_share: Decimal


@dataclass(frozen=True, slots=True)
class Band:
    """Points for a value of at least this much, up to the next band."""

    at_least: Decimal
    points: int
    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Points where the feature cannot be measured yet."""

    points: int
    code: str


@dataclass(frozen=True, slots=True)
class FeatureScore:
    feature: str
    bands: tuple[Band, ...]
    unknown: Unknown

    @property
    def max_points(self) -> int:
        return max(band.points for band in self.bands)

    def band_of(self, value: Decimal) -> Band:
        return next((band for band in reversed(self.bands) if value >= band.at_least), self.bands[0])


@dataclass(frozen=True, slots=True)
class GradeTerms:
    """Everything that follows from a grade. `limit_multiple` of the monthly amount; basis points a year and once."""

    grade: str
    min_points: int
    authority: str
    advance_rate: Decimal
    limit_multiple: Decimal
    annual_rate_bp: int
    fee_bp: int

    @property
    def annual_rate(self) -> Decimal:
        return Decimal(self.annual_rate_bp).scaleb(-4)


@dataclass(frozen=True, slots=True)
class Amounts:
    max_limit_minor: int
    min_draw_minor: int
    min_fee_minor: int
    due_grace_days: int


@dataclass(frozen=True, slots=True)
class ThinHistory:
    """Below either, a supplier is not scored but declined or referred; a referral is shown on the terms of a grade."""

    min_days: int
    min_lines: int
    authority: str
    terms_of: str


@dataclass(frozen=True, slots=True)
class Authority:
    """What is decided without a person; above it, referred. `max_days_overdue`: above it nothing more is lent."""

    max_amount_minor: int
    max_exposure_minor: int
    max_days_overdue: int


@dataclass(frozen=True, slots=True)
class Policy:
    eligibility: Eligibility
    reserves: Reserves
    score: tuple[FeatureScore, ...]
    grades: tuple[GradeTerms, ...]
    thin_history: ThinHistory
    amounts: Amounts
    authority: Authority

    @classmethod
    def from_body(cls, body: dict) -> "Policy":
        """Raises PolicyFaults with everything that is wrong with the body."""
        try:
            policy = from_plain(cls, body)
        except Misshapen as misshapen:
            raise PolicyFaults(misshapen.faults) from None
        if faults := list(_faults(policy)):
            raise PolicyFaults(faults)
        return policy

    def to_body(self) -> dict:
        return to_plain(self)

    def terms_of(self, grade: str) -> GradeTerms:
        """Terms of a grade; of a supplier with thin history (no grade), those that the policy names for it."""
        wanted = grade or self.thin_history.terms_of
        return next(terms for terms in self.grades if terms.grade == wanted)

    def grade_at(self, points: int) -> GradeTerms:
        """Grades are ordered from the best; the last one takes what no other does."""
        return next((terms for terms in self.grades if points >= terms.min_points), self.grades[-1])


def _faults(policy: Policy) -> Iterator[Sentence]:
    yield from _eligibility_faults(policy)
    yield from _score_faults(policy.score)
    yield from _grade_faults(policy)
    yield from _amount_faults(policy)


def _eligibility_faults(policy: Policy) -> Iterator[Sentence]:
    rule, reserves = policy.eligibility, policy.reserves
    for name in ("max_days_past_due", "max_days_from_invoice", "return_window_days", "cross_age_days"):
        if not 0 <= getattr(rule, name) <= 3650:
            yield Sentence("eligibility.{name} is not between 0 and 3650 days.", name=name)
    if not -365 <= rule.min_remaining_days <= rule.max_remaining_days <= 3650:
        yield Sentence("eligibility: min_remaining_days is above max_remaining_days, or one of them is absurd.")
    for place, share in (
        ("eligibility.cross_age_share", rule.cross_age_share),
        ("reserves.dilution_free_share", reserves.dilution_free_share),
        ("reserves.standing_share", reserves.standing_share),
    ):
        if not 0 <= share <= 1:
            yield Sentence("{place} is not between 0 and 1.", place=place)


def _score_faults(scores: tuple[FeatureScore, ...]) -> Iterator[Sentence]:
    names = [each.feature for each in scores]
    if len(set(names)) != len(names):
        yield Sentence("score names a feature twice.")
    if not names:
        yield Sentence("score names no feature.")
    for each in scores:
        if each.feature not in SCORED_FEATURES:
            yield Sentence("score: {feature} is no feature that can be scored.", feature=each.feature)
        thresholds = [band.at_least for band in each.bands]
        if not thresholds or thresholds != sorted(set(thresholds)):
            yield Sentence("score.{feature}: the bands are empty or do not rise.", feature=each.feature)
        if any(not 0 <= band.points <= MAX_POINTS for band in (*each.bands, each.unknown)):
            yield Sentence(
                "score.{feature}: points are not between 0 and {max_points}.",
                feature=each.feature,
                max_points=MAX_POINTS,
            )
        if any(not _CODE.fullmatch(band.code) for band in (*each.bands, each.unknown)):
            yield Sentence(
                "score.{feature}: a reason code is not made of capitals, digits and underscores.", feature=each.feature
            )


def _grade_faults(policy: Policy) -> Iterator[Sentence]:
    grades, thin = policy.grades, policy.thin_history
    points = [terms.min_points for terms in grades]
    if not grades or points != sorted(set(points), reverse=True) or points[-1] != 0:
        yield Sentence("grades are not ordered from the best, down to one that begins at 0 points.")
    if len({terms.grade for terms in grades}) != len(grades) or not all(
        _GRADE.fullmatch(each.grade) for each in grades
    ):
        yield Sentence("grades: a name is used twice, or is not a capital, alone or with a digit or sign after it.")
    for terms in grades:
        if terms.authority not in (AUTOMATIC, REFER, DECLINE):
            yield Sentence("grades.{grade}: authority is not AUTOMATIC, REFER or DECLINE.", grade=terms.grade)
        if not 0 <= terms.advance_rate <= 1:
            yield Sentence("grades.{grade}: advance_rate is not between 0 and 1.", grade=terms.grade)
        if not 0 <= terms.limit_multiple <= 24:
            yield Sentence("grades.{grade}: limit_multiple is not between 0 and 24 months.", grade=terms.grade)
        if not (0 <= terms.annual_rate_bp <= 10_000 and 0 <= terms.fee_bp <= 10_000):
            yield Sentence("grades.{grade}: rate or fee is not between 0 and 10000 basis points.", grade=terms.grade)
    if thin.terms_of not in {terms.grade for terms in grades}:
        yield Sentence("thin_history.terms_of names no grade.")
    if thin.authority not in (REFER, DECLINE):
        yield Sentence("thin_history.authority is not REFER or DECLINE: a thin history is never decided as good.")
    if not (0 <= thin.min_days <= 3650 and thin.min_lines >= 0):
        yield Sentence("thin_history: min_days or min_lines is not plausible.")


def _amount_faults(policy: Policy) -> Iterator[Sentence]:
    if policy.amounts.min_draw_minor == 0:
        yield Sentence("amounts.min_draw_minor is zero.")
    for place, group in (("amounts", policy.amounts), ("authority", policy.authority)):
        for name, value in to_plain(group).items():
            most = 3650 if name.endswith("_days") or name == "max_days_overdue" else MAX_MINOR
            if not 0 <= value <= most:
                yield Sentence("{place}.{name} is not between 0 and {most}.", place=place, name=name, most=most)
