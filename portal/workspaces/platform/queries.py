"""What the platform sees at a glance: what waits for its hand, what it has to pay, what came of its imports."""

from datetime import date, datetime, timedelta

from django.db.models import BigIntegerField, Case, Count, F, Min, Q, QuerySet, Sum, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from accounts.intake.models import Document
from financing.receivables.models import Receivable, Settlement, SettlementLine, SettlementPayment
from financing.receivables.queries import PAYABLE, acceptance_queue, due_settlements
from portal.shared.access import Actor

PACE_DAYS = 30
SOON_DAYS = 7

S = Receivable.Status
P = SettlementPayment.Status


def waiting(actor: Actor) -> dict:
    """The queue in figures: how many wait, since when, how many of them are disputed, and what they are worth."""
    rows = acceptance_queue(actor=actor).order_by()
    totals = list(
        rows.values("currency").annotate(
            count=Count("id"), amount_minor=Sum("open_minor"), since=Min("received_at"),
            disputed=Count("id", filter=Q(status=S.DISPUTED)),
        )
    )  # fmt: skip
    return {
        "count": sum(each["count"] for each in totals),
        "disputed": sum(each["disputed"] for each in totals),
        "since": min((each["since"] for each in totals), default=None),
        "amounts": sorted(totals, key=lambda each: -each["amount_minor"]),
    }


def matched_share(actor: Actor, now: datetime) -> dict:
    """Of what was accepted in thirty days: how many by the match of order, receipt and invoice, with no hand."""
    recent = Receivable.objects.visible_to(actor).filter(accepted_at__gte=now - timedelta(days=PACE_DAYS))
    counts = recent.aggregate(count=Count("id"), by_match=Count("id", filter=Q(accepted_by="system")))
    return counts | {"share": counts["by_match"] / counts["count"] if counts["count"] else None}


def due_soon(actor: Actor, today: date) -> list[dict]:
    """What falls due within a week (or already has), per currency."""
    sums: dict[str, dict] = {}
    for row in due_settlements(actor=actor, until=today + timedelta(days=SOON_DAYS)):
        total = sums.setdefault(row["currency"], {"currency": row["currency"], "amount_minor": 0, "count": 0})
        total["amount_minor"] += row["payable_minor"]
        total["count"] += row["count"]
    return sorted(sums.values(), key=lambda each: -each["amount_minor"])


def payable_until(actor: Actor, until: date, currency: str) -> QuerySet[Receivable]:
    """What is payable of each receivable due until then stands in `left_minor`, who gets it in `payee_id`."""
    return (
        Receivable.objects.visible_to(actor)
        .filter(status__in=PAYABLE, due_date__lte=until, currency=currency)
        .annotate(
            left_minor=F("open_minor") - F("settling_minor"),
            payee_id=Case(When(status=S.ASSIGNED, then=F("funder_id")), default=F("supplier_id")),
            payee_name=Case(When(status=S.ASSIGNED, then=F("funder__name")), default=F("supplier__name")),
        )
        .filter(left_minor__gt=0)
        .order_by("id")
    )


def settlements(actor: Actor) -> QuerySet[Settlement]:
    """With what each pays, to how many, and how many of its payments are under way, booked and failed."""
    of_state = {state.lower(): Count("payments", filter=Q(payments__status=state)) for state in P.values}
    return Settlement.objects.visible_to(actor).annotate(
        amount_minor=Sum("payments__amount_minor"), payees=Count("payments"), **of_state
    )


def payments_of(actor: Actor, settlement: Settlement) -> QuerySet[SettlementPayment]:
    rows = SettlementPayment.objects.visible_to(actor).filter(settlement=settlement)
    return rows.select_related("payee", "instruction", "settlement")


def lines_of(settlement: Settlement) -> QuerySet[SettlementLine]:
    """The receivables that a settlement pays, with their payment and its payee. The caller has been let in to it."""
    rows = SettlementLine.objects.filter(payment__settlement=settlement)
    return rows.select_related("receivable__supplier", "payment__payee", "payment__settlement")


def imports(actor: Actor) -> QuerySet[Document]:
    """Trade files as they came; the counts of their reports without the reports, which may name thousands of rows."""
    counts = {
        name: Cast(KeyTextTransform(name, "report"), BigIntegerField())
        for name in ("lines", "new", "known", "updated", "refused_lines")
    }
    rows = Document.objects.visible_to(actor).filter(kind=Document.Kind.TRADE_HISTORY)
    return rows.annotate(**{f"rows_{name}": count for name, count in counts.items()}).defer("content", "report")


def financed(actor: Actor) -> list[dict]:
    """Per currency what of the actor's payables is assigned to funders now: as debtor it is notified of that."""
    rows = Receivable.objects.visible_to(actor).filter(status=S.ASSIGNED)
    totals = rows.values("currency").annotate(count=Count("id"), amount_minor=Sum("open_minor"))
    return sorted(totals, key=lambda each: -each["amount_minor"])
