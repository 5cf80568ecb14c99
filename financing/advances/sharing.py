"""What a funder shares with a programme's debtor: totals, and of no supplier its borrowing.

A debtor sees what it owes and to whom; what its suppliers borrow, at which grade and how fast, is between them and the
funder. Where the funder shares its figures (`Programme.figures_shared`), the debtor sees totals of at least FEWEST
suppliers: fewer would tell of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from financing.advances.models import Advance
from financing.credit.models import Facility, Programme
from financing.ledger.models import Book
from financing.ledger.queries import balances
from portal.shared import wall
from portal.shared.access import Actor

FEWEST = 3
WEEKS, PACE_DAYS = 12, 30

_PACE = """
SELECT a.programme_id, {group}, count(*), count(DISTINCT a.supplier_id), count(*) FILTER (WHERE a.by_policy),
       percentile_disc(0.5) WITHIN GROUP (ORDER BY a.ms) FILTER (WHERE a.by_policy),
       percentile_disc(0.99) WITHIN GROUP (ORDER BY a.ms) FILTER (WHERE a.by_policy)
FROM (
    SELECT f.programme_id, a.supplier_id, a.decided_at, d.decided_by = 'system' AS by_policy,
           extract(epoch FROM a.decided_at - a.submitted_at) * 1000 AS ms
    FROM advances_application a
    JOIN credit_facility f ON f.id = a.facility_id
    JOIN credit_decision d ON d.id = a.decision_id
    WHERE f.programme_id = ANY(%(programmes)s) AND a.status IN ('APPROVED', 'DECLINED')
      AND a.decided_at >= %(since)s AND a.decided_at <= %(until)s
) a
GROUP BY 1, 2
"""
_GRADES = """
SELECT programme_id, grade, count(*) FROM (
    SELECT DISTINCT ON (p.id, s.supplier_id) p.id AS programme_id, s.grade
    FROM credit_programme p
    JOIN credit_facility f ON f.programme_id = p.id AND f.status <> 'CLOSED'
    JOIN credit_assessment s ON s.funder_id = p.funder_id AND s.debtor_id = p.debtor_id
                            AND s.currency = p.currency AND s.supplier_id = f.supplier_id
    WHERE p.id = ANY(%(programmes)s)
    ORDER BY p.id, s.supplier_id, s.as_of DESC, s.id DESC
) latest
GROUP BY 1, 2 ORDER BY grade = '', grade
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many were decided, and of those with no hand: their share and how long they took. None: too few to tell."""

    begins_on: date | None
    decided: int | None
    automatic_share: Decimal | None
    median_ms: int | None
    p99_ms: int | None


@dataclass(frozen=True, slots=True)
class Shared:
    """`grades`: grade and how many suppliers have it, None where fewer than FEWEST do. Amounts in minor units;
    `left_minor`: what the funder's account holds of the programme's currency, None where it keeps no book."""

    programme: Programme
    suppliers: int
    lent_minor: int | None
    left_minor: int | None
    funded_today: int | None
    funded_today_minor: int | None
    month: Pace
    weeks: Sequence[Pace]
    grades: Sequence[tuple[str, int | None]]


def shared_figures(*, actor: Actor, now: datetime) -> list[Shared]:
    """Of each programme on the actor's own payables whose funder shares them. Statements: constant per programme."""
    rows = Programme.objects.visible_to(actor).filter(debtor_id=actor.party_id, figures_shared=True)
    return figures_of(list(rows.select_related("funder").order_by("id")), now)


@wall.inside()  # the figures are the funder's, who shares these
def figures_of(programmes: Sequence[Programme], now: datetime) -> list[Shared]:
    """What the debtor of each sees, or would see."""
    if not programmes:
        return []
    ids = [each.id for each in programmes]
    weeks = _pace("date_trunc('week', a.decided_at)::date", ids, _monday(now) - timedelta(weeks=WEEKS - 1), now)
    month = _pace("NULL::date", ids, now - timedelta(days=PACE_DAYS), now)
    grades = _grades(ids)
    return [_shared(each, weeks.get(each.id, {}), month.get(each.id, {}), grades.get(each.id, ()), now)
            for each in programmes]  # fmt: skip


def _monday(now: datetime) -> datetime:
    return (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def _pace(group: str, programmes: list[int], since: datetime, until: datetime) -> dict[int, dict]:
    found: dict[int, dict] = {}
    with connection.cursor() as cursor:
        cursor.execute(_PACE.format(group=group), {"programmes": programmes, "since": since, "until": until})
        for programme, begins_on, decided, suppliers, by_policy, median, p99 in cursor.fetchall():
            told = Pace(begins_on, None, None, None, None)
            if suppliers >= FEWEST:
                share = Decimal(by_policy) / decided
                told = Pace(begins_on, decided, share, _whole(median), _whole(p99))
            found.setdefault(programme, {})[begins_on] = told
    return found


def _whole(milliseconds: Decimal | None) -> int | None:
    return None if milliseconds is None else max(1, round(milliseconds))


def _grades(programmes: list[int]) -> dict[int, list[tuple[str, int | None]]]:
    found: dict[int, list[tuple[str, int | None]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GRADES, {"programmes": programmes})
        for programme, grade, number in cursor.fetchall():
            found.setdefault(programme, []).append((grade, number if number >= FEWEST else None))
    return found


def _shared(programme: Programme, weeks: dict, month: dict, grades: Sequence, now: datetime) -> Shared:
    monday = _monday(now).date()
    days = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    facilities = Facility.objects.filter(programme=programme).exclude(status=Facility.Status.CLOSED)
    owing = facilities.filter(principal_minor__gt=0).aggregate(lent=Sum("principal_minor"))
    borrowers = facilities.filter(principal_minor__gt=0).count()
    today = Advance.objects.filter(facility__programme=programme, funded_at__gte=_midnight(now))
    funded = list(today.values_list("supplier_id", "amount_minor"))
    is_many = len({supplier for supplier, _ in funded}) >= FEWEST or not funded
    book = Book.objects.filter(funder_id=programme.funder_id).first()
    cash = balances(book_id=book.id, kinds=["CASH"], currency=programme.currency) if book else {}
    return Shared(
        programme=programme,
        suppliers=facilities.count(),
        lent_minor=(owing["lent"] or 0) if borrowers >= FEWEST or not borrowers else None,
        left_minor=sum(cash.values()) if book else None,
        funded_today=len(funded) if is_many else None,
        funded_today_minor=sum(amount for _, amount in funded) if is_many else None,
        month=month.get(None, Pace(None, None, None, None, None)),
        weeks=[weeks.get(each, Pace(each, None, None, None, None)) for each in days],
        grades=grades,
    )


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
