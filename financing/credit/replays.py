"""What a replay found: how many would be decided otherwise, over which amounts, at which income, in which grades."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Case, F, QuerySet, When

from financing.credit.models import Decision, PolicyReplay, ReplayedDecision

APPROVED, REFERRED, DECLINED = (each.value for each in (Decision.Outcome))


@dataclass(slots=True)
class Side:
    """What one of the two policies makes of all that was asked. Amounts of what it approves with no hand, minor units;
    `limit_minor`: the suppliers' latest limits together."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((APPROVED, REFERRED, DECLINED), 0))
    amount_minor: int = 0
    income_minor: int = 0
    limit_minor: int = 0

    @property
    def decisions(self) -> int:
        return sum(self.counts.values())

    @property
    def automatic_share(self) -> float | None:
        return (self.decisions - self.counts[REFERRED]) / self.decisions if self.decisions else None

    @property
    def approved(self) -> int:
        return self.counts[APPROVED]

    @property
    def referred(self) -> int:
        return self.counts[REFERRED]

    @property
    def declined(self) -> int:
        return self.counts[DECLINED]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, of all of one currency or of one grade of it."""

    currency: str
    grade: str = ""
    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)


_SUMS = """
SELECT currency, grade_before, grade_after, outcome_before, outcome_after, count(*)::int, sum(amount_minor)::bigint,
       coalesce(sum(income_before_minor), 0)::bigint, coalesce(sum(income_after_minor), 0)::bigint
FROM credit_replayeddecision WHERE replay_id = %s AND outcome_after <> ''
GROUP BY 1, 2, 3, 4, 5
"""

_LIMITS = """
SELECT currency, grade_before, grade_after, sum(limit_before_minor)::bigint, sum(limit_after_minor)::bigint
FROM (SELECT DISTINCT ON (facility_id) * FROM credit_replayeddecision
      WHERE replay_id = %s AND outcome_after <> '' ORDER BY facility_id, decision_id DESC) latest
GROUP BY 1, 2, 3
"""


def totals(replay: PolicyReplay) -> tuple[list[Comparison], list[Comparison]]:
    """Before and after per currency, and per currency and grade (each side by the grade that it gave).

    Two statements, however many decisions.
    """
    whole: dict[str, Comparison] = {}
    graded: dict[tuple[str, str], Comparison] = {}

    def sides(currency: str, before: str, after: str) -> Iterable[tuple[Side, Side]]:
        known = whole.setdefault(currency, Comparison(currency))
        yield known.before, known.after
        yield (
            graded.setdefault((currency, before), Comparison(currency, before)).before,
            graded.setdefault((currency, after), Comparison(currency, after)).after,
        )

    for currency, *grades, was, would, count, amount, income_was, income_would in _rows(_SUMS, replay):
        for before, after in sides(currency, *grades):
            _add(before, was, count, amount, income_was)
            _add(after, would, count, amount, income_would)
    for currency, *grades, limit_was, limit_would in _rows(_LIMITS, replay):
        for before, after in sides(currency, *grades):
            before.limit_minor += limit_was
            after.limit_minor += limit_would
    # Not scored (thin history) comes last.
    return [whole[each] for each in sorted(whole)], [
        graded[each] for each in sorted(graded, key=lambda key: (key[0], key[1] or "~"))
    ]


def _add(side: Side, outcome: str, count: int, amount: int, income: int) -> None:
    side.counts[outcome] += count
    if outcome == APPROVED:
        side.amount_minor += amount
        side.income_minor += income


def _rows(sql: str, replay: PolicyReplay) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [replay.id])
        return cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Move:
    """How many went from one outcome to another, and over how much."""

    currency: str
    before: str
    after: str
    count: int
    amount_minor: int


def moves(replay: PolicyReplay) -> list[Move]:
    """Outcomes that would be others, the most frequent first."""
    found: dict[tuple[str, str, str], list[int]] = {}
    for currency, _was, _would, before, after, count, amount, *_income in _rows(_SUMS, replay):
        if before != after:
            sums = found.setdefault((currency, before, after), [0, 0])
            sums[0] += count
            sums[1] += amount
    return sorted((Move(*key, *sums) for key, sums in found.items()), key=lambda move: -move.count)


def changes(replay: PolicyReplay) -> QuerySet[ReplayedDecision]:
    """Who would be decided otherwise, or at another grade, limit or price.

    `other_answer` is 0 for those whose outcome differs, 1 for the rest; `gain_minor`: what income would change by.
    """
    found = ReplayedDecision.objects.filter(replay=replay, is_changed=True).select_related("supplier", "decision")
    return found.defer("decision__inputs", "decision__result").annotate(
        other_answer=Case(When(outcome_before=F("outcome_after"), then=1), default=0),
        gain_minor=F("income_after_minor") - F("income_before_minor"),
    )


def unreadable(replay: PolicyReplay) -> int:
    """Decisions whose facts can no longer be read."""
    return ReplayedDecision.objects.filter(replay=replay, outcome_after="").count()
