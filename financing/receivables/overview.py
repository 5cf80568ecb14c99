"""What a platform sees of its payables at a glance: what waits, what is due, what was matched, what is financed."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db.models import Count, Min, Q, Sum

from accounts.parties.models import Party
from financing.receivables.models import Receivable
from financing.receivables.queries import acceptance_queue, due_settlements
from portal.shared.access import Actor

PACE_DAYS = 30
SOON_DAYS = 7

S = Receivable.Status


def waiting(actor: Actor) -> dict:
    """The queue in figures: how many wait, since when, how many of them are disputed, and what they are worth.

    `unverified`: how many are of suppliers that are not, whom nobody pays until they are.
    """
    rows = acceptance_queue(actor=actor).order_by()
    totals = list(
        rows.values("currency").annotate(
            count=Count("id"), amount_minor=Sum("open_minor"), since=Min("received_at"),
            disputed=Count("id", filter=Q(status=S.DISPUTED)),
            unverified=Count("id", filter=~Q(supplier__status=Party.Status.ADMITTED)),
        )
    )  # fmt: skip
    return {
        "count": sum(each["count"] for each in totals),
        "disputed": sum(each["disputed"] for each in totals),
        "unverified": sum(each["unverified"] for each in totals),
        "since": min((each["since"] for each in totals), default=None),
        "amounts": sorted(totals, key=lambda each: -each["amount_minor"]),
    }


def matched_share(actor: Actor, now: datetime) -> dict:
    """Of what was accepted in thirty days: how many by the match of order, receipt and invoice, with no hand."""
    recent = Receivable.objects.visible_to(actor).filter(accepted_at__gte=now - timedelta(days=PACE_DAYS))
    counts = recent.aggregate(count=Count("id"), by_match=Count("id", filter=Q(accepted_by="system")))
    return counts | {"share": counts["by_match"] / counts["count"] if counts["count"] else None}


def due_by_day(actor: Actor, today: date) -> list[dict]:
    """What falls due within a week (or already has), day by day: the rows of `due_settlements`."""
    return list(due_settlements(actor=actor, until=today + timedelta(days=SOON_DAYS)))


def due_soon(actor: Actor, today: date) -> list[dict]:
    """What falls due within a week (or already has), per currency."""
    return by_currency(due_by_day(actor, today))


def by_currency(due: Iterable[dict]) -> list[dict]:
    """Sums of the rows of `due_settlements`, the largest first."""
    sums: dict[str, dict] = {}
    for row in due:
        total = sums.setdefault(row["currency"], {"currency": row["currency"], "amount_minor": 0, "count": 0})
        total["amount_minor"] += row["payable_minor"]
        total["count"] += row["count"]
    return sorted(sums.values(), key=lambda each: -each["amount_minor"])


def financed(actor: Actor) -> list[dict]:
    """Per currency what of the actor's payables is assigned to funders now: as debtor it is notified of that."""
    rows = Receivable.objects.visible_to(actor).filter(status=S.ASSIGNED)
    totals = rows.values("currency").annotate(count=Count("id"), amount_minor=Sum("open_minor"))
    return sorted(totals, key=lambda each: -each["amount_minor"])
