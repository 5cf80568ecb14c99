"""What a funder sees at a glance: what waits for its people, what it holds and has lent, and its pace."""

from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from financing.advances.models import Advance, Application, Repayment
from financing.ledger.models import Book
from financing.ledger.queries import balances
from portal.shared.access import Actor

PACE_DAYS = 30


def referrals(actor: Actor) -> QuerySet[Application]:
    """Applications that wait for a person, the longest waiting first."""
    return (
        Application.objects.visible_to(actor)
        .filter(status=Application.Status.REFERRED)
        .select_related("supplier", "decision", "quote")
        .order_by("submitted_at")
    )


def waiting(actor: Actor) -> dict:
    """How many wait for a maker and for a checker, since when the oldest does, and how much is asked for."""
    for_maker = Count("id", filter=Q(recommended_by=""))
    found = referrals(actor).order_by().aggregate(count=Count("id"), for_maker=for_maker, since=Min("submitted_at"))
    return found | {"for_checker": found["count"] - found["for_maker"]}


def position(actor: Actor, book: Book) -> list[dict]:
    """Per currency: cash, lent out, what suppliers are owed; minor units."""
    found = balances(book_id=book.id, kinds=["CASH", "ADVANCES", "DUE_TO_SUPPLIER"])
    sums: dict[str, dict] = {}
    for (kind, currency, _facility), amount in found.items():
        line = sums.setdefault(currency, {"currency": currency, "cash": 0, "lent": 0, "due": 0})
        key, sign = {"CASH": ("cash", 1), "ADVANCES": ("lent", 1), "DUE_TO_SUPPLIER": ("due", -1)}[kind]
        line[key] += sign * amount
    return sorted(sums.values(), key=lambda line: -line["lent"])


def overdue(actor: Actor, on: date) -> dict[str, int]:
    """Principal of advances past their due date on the book's business date, by currency; minor units."""
    rows = Advance.objects.visible_to(actor).overdue(on)
    return dict(rows.values_list("currency").annotate(Sum("principal_minor")).order_by("currency"))


def repaid(actor: Actor, currency: str, since: date) -> dict:
    """What has come back since a value date: principal, and the interest and fees with it. Minor units.

    What the bank took back again is not counted.
    """
    rows = Repayment.objects.filter(
        advance__funder_id=actor.party_id, advance__currency=currency, value_date__gte=since, returned__isnull=True
    )
    earned = Sum(F("interest_minor") + F("fees_minor"))
    return rows.aggregate(principal=Coalesce(Sum("principal_minor"), 0), earned=Coalesce(earned, 0))


def falls_due(actor: Actor, currency: str, *, days: int) -> list[dict]:
    """The next days on which something is due at the latest: `due_date`, `count`, `owed_minor`; the late ones too."""
    rows = Advance.objects.visible_to(actor).filter(
        funder_id=actor.party_id, currency=currency, status__in=Advance.OPEN
    )
    owed = Sum(F("principal_minor") + F("interest_minor") + F("fees_minor"))
    return list(rows.values("due_date").annotate(count=Count("id"), owed_minor=owed).order_by("due_date")[:days])


_PACE = """
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), percentile_disc(0.99) WITHIN GROUP (ORDER BY ms), count(*)
FROM (SELECT extract(epoch FROM v.funded_at - a.submitted_at) * 1000 AS ms
      FROM advances_advance v JOIN advances_application a ON a.id = v.application_id
                              JOIN credit_decision d ON d.id = a.decision_id
      WHERE v.funder_id = %s AND v.funded_at >= %s AND d.decided_by = 'system') timed
"""


def pace(actor: Actor, now: datetime) -> dict:
    """The last thirty days: how many were decided, by whom, and how fast the money came."""
    since = now - timedelta(days=PACE_DAYS)
    decided = Application.objects.visible_to(actor).filter(decided_at__gte=since).exclude(status="WITHDRAWN")
    counts = decided.aggregate(
        all=Count("id"), by_hand=Count("id", filter=~Q(decision__decided_by="system")),
        declined=Count("id", filter=Q(status="DECLINED")), lent=Sum("amount_minor", filter=Q(status="APPROVED")),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_PACE, [actor.party_id, since])
        median, slowest, funded = cursor.fetchone()
    automatic = None if not counts["all"] else (counts["all"] - counts["by_hand"]) / counts["all"]
    return counts | {
        "automatic_share": automatic,
        "median_ms": None if median is None else round(median),
        "p99_ms": None if slowest is None else round(slowest),
        "funded": funded,
    }
