"""What a funder has lent now and what it is made of: by supplier, programme, grade, debtor, and days until due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection
from django.db.models import Q

from financing.credit.models import Facility
from financing.ledger.models import Book
from financing.ledger.queries import balance
from portal.shared.access import Actor

BUCKETS: dict[str, tuple[int | None, int | None]] = {
    "OVER_90": (None, -91), "OVER_31_90": (-90, -31), "OVER_1_30": (-30, -1),
    "IN_0_7": (0, 7), "IN_8_30": (8, 30), "IN_31_60": (31, 60), "IN_61": (61, None),
}  # fmt: skip
"""From the first to the last day until due, counted from the business date; below zero: days past due."""
DIMENSIONS = ("supplier", "programme", "grade", "debtor", "bucket")

# One pass over what is open, summed by facility, grade and bucket; and these sums, far fewer, five ways. The grade is
# the one at which it was lent.
_SUMS = """
SELECT CASE WHEN grouping(supplier) = 0 THEN 'supplier' WHEN grouping(programme) = 0 THEN 'programme'
            WHEN grouping(grade) = 0 THEN 'grade' WHEN grouping(debtor) = 0 THEN 'debtor'
            WHEN grouping(bucket) = 0 THEN 'bucket' ELSE '' END,
       coalesce(supplier::text, programme::text, grade, debtor::text, bucket),
       coalesce(sum(count), 0)::bigint, sum(principal)::bigint, sum(interest)::bigint, sum(fees)::bigint
FROM (
    SELECT f.supplier_id AS supplier, f.programme_id AS programme, grade, f.debtor_id AS debtor, bucket,
           count, principal, interest, fees
    FROM (
        SELECT v.facility_id, v.grade, {bucket} AS bucket, count(*) AS count,
               sum(v.principal_minor)::bigint AS principal, sum(v.interest_minor)::bigint AS interest,
               sum(v.fees_minor)::bigint AS fees
        FROM advances_advance v
        WHERE v.funder_id = %(funder)s AND v.currency = %(currency)s
          AND v.status IN ('ACTIVE', 'OVERDUE', 'DEFAULTED')
        GROUP BY 1, 2, 3
    ) lent JOIN credit_facility f ON f.id = lent.facility_id
) open
GROUP BY GROUPING SETS ((supplier), (programme), (grade), (debtor), (bucket), ())
"""
_CURRENCIES = """
SELECT currency FROM credit_facility WHERE funder_id = %s GROUP BY 1 ORDER BY sum(principal_minor) DESC, 1
"""


def _bucket() -> str:
    """SQL: a due date's bucket by the day `today`."""
    whens = [
        f"WHEN v.due_date <= %(today)s::date + {last} THEN '{name}'"
        for name, (_, last) in BUCKETS.items() if last is not None
    ]  # fmt: skip
    return f"CASE {' '.join(whens)} ELSE 'IN_61' END"


@dataclass(frozen=True, slots=True)
class Share:
    """`key`: an id as text, a grade, a bucket. Minor units."""

    key: str
    count: int
    principal_minor: int
    interest_minor: int
    fees_minor: int


@dataclass(frozen=True, slots=True)
class Lent:
    """All of one currency. `on_its_way_minor`: approved and not paid out; `cash_minor`: what the account holds.

    `limit_minor` is what is granted to all facilities. The largest share of each dimension stands first; buckets stand
    in their own order, all of them.
    """

    currency: str
    business_date: date
    total: Share
    by: dict[str, Sequence[Share]]
    on_its_way_minor: int
    limit_minor: int
    cash_minor: int

    @property
    def overdue_minor(self) -> int:
        return sum(each.principal_minor for each in self.by["bucket"] if each.key.startswith("OVER"))

    @property
    def largest_share(self) -> float | None:
        """Of all that is lent, to one supplier."""
        largest = self.by["supplier"][0].principal_minor if self.by["supplier"] else 0
        return largest / self.total.principal_minor if self.total.principal_minor else None


def currencies(*, actor: Actor) -> list[str]:
    """Of the funder's facilities, that in which most is lent first."""
    with connection.cursor() as cursor:
        cursor.execute(_CURRENCIES, [actor.party_id])
        return [currency for (currency,) in cursor.fetchall()]


def lent(*, actor: Actor, book: Book, currency: str) -> Lent:
    """What the acting funder has lent, in three statements however many advances there are."""
    values = {"funder": actor.party_id, "currency": currency, "today": book.business_date}
    found: dict[str, list[Share]] = {name: [] for name in (*DIMENSIONS, "")}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(bucket=_bucket()), values)
        for dimension, key, count, *sums in cursor.fetchall():
            found[dimension].append(Share(key or "", count, *(each or 0 for each in sums)))
    for name in DIMENSIONS:
        found[name].sort(key=lambda each: (-each.principal_minor, each.key))
    known = {each.key: each for each in found["bucket"]}
    found["bucket"] = [known.get(name, Share(name, 0, 0, 0, 0)) for name in BUCKETS]
    granted = Facility.objects.visible_to(actor).filter(funder_id=actor.party_id, currency=currency)
    limits = list(granted.exclude(status=Facility.Status.CLOSED).values_list("reserved_minor", "limit_minor"))
    return Lent(
        currency=currency, business_date=book.business_date, total=found.pop("")[0], by=found,
        on_its_way_minor=sum(reserved for reserved, _ in limits), limit_minor=sum(limit for _, limit in limits),
        cash_minor=balance(book_id=book.id, kind="CASH", currency=currency),
    )  # fmt: skip


def in_bucket(name: str, today: date) -> Q:
    """What is due so many days from `today`."""
    first, last = BUCKETS[name]
    due = Q()
    if first is not None:
        due &= Q(due_date__gte=today + timedelta(days=first))
    if last is not None:
        due &= Q(due_date__lte=today + timedelta(days=last))
    return due


def is_late(told: str, today: date) -> Q:
    """What is past due ("yes"), or is not ("no")."""
    return Q(due_date__lt=today) if told == "yes" else Q(due_date__gte=today)
