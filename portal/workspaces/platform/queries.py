"""What the platform sees at a glance: what waits for its hand, what it has to pay, what came of its imports."""

from datetime import date

from django.db.models import BigIntegerField, Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from accounts.intake.models import Document
from accounts.parties.models import Party
from financing.receivables.models import OrderedLine, Receivable, Settlement, SettlementLine, SettlementPayment
from financing.receivables.queries import IS_PROPOSED, PAYABLE, UNVERIFIED
from financing.receivables.services import payout_accounts
from portal.shared.access import Actor

S = Receivable.Status
P = SettlementPayment.Status


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


def proposed_until(actor: Actor, until: date, currency: str) -> int:
    """How many of them a proposed settlement is to pay already."""
    return payable_until(actor, until, currency).filter(IS_PROPOSED).count()


def unverified_until(actor: Actor, until: date, currency: str) -> list[dict]:
    """Suppliers that are owed something until then and are not verified: name, count and amount_minor of each."""
    rows = payable_until(actor, until, currency).filter(UNVERIFIED).order_by("supplier__name", "supplier_id")
    return list(
        rows.values("supplier_id", name=F("supplier__name")).annotate(count=Count("id"), amount_minor=Sum("left_minor"))
    )


def held_back(actor: Actor, until: date) -> dict[tuple[date, str], tuple[int, int]]:
    """Per day and currency how many payable invoices, and of how many suppliers, wait for these to be verified."""
    rows = Receivable.objects.visible_to(actor).filter(
        UNVERIFIED, due_date__lte=until, open_minor__gt=F("settling_minor")
    )
    counts = rows.exclude(IS_PROPOSED).order_by().values_list("due_date", "currency")
    counted = counts.annotate(Count("id"), Count("supplier", distinct=True))
    return {(day, currency): (invoices, suppliers) for day, currency, invoices, suppliers in counted}


def settlements(actor: Actor) -> QuerySet[Settlement]:
    """With what each pays or would, to how many, and how many of its payments are under way, booked and failed.

    `stage` is its status, and once none of its payments is under way any more, what became of them.
    """
    of_state = {state.lower(): Count("payments", filter=Q(payments__status=state)) for state in P.values}
    ordered = OrderedLine.objects.filter(settlement=OuterRef("pk")).order_by().values("settlement")
    return Settlement.objects.visible_to(actor).annotate(
        amount_minor=Coalesce(
            Sum("payments__amount_minor"), Subquery(ordered.values(total=Sum("amount_minor"))),
        ),
        payees=Count("payments"), **of_state,
        stage=Case(
            When(~Q(status=Settlement.Status.INSTRUCTED) | Q(instructed__gt=0) | Q(payees=0), then=F("status")),
            When(failed=0, then=Value(P.BOOKED)),
            When(booked=0, then=Value(P.FAILED)),
            default=Value("PARTLY_BOOKED"),
        ),
    )  # fmt: skip


def ordered_of(settlement: Settlement) -> QuerySet[OrderedLine]:
    """What a settlement was proposed to pay. The caller has been let in to it."""
    rows = OrderedLine.objects.filter(settlement=settlement)
    return rows.select_related("receivable__supplier", "receivable__funder", "settlement")


def payees_of(settlement: Settlement) -> list[dict]:
    """Who would be paid by a proposed settlement, as of now: id, name, iban, count, amount_minor, currency."""
    payee = Case(When(receivable__status=S.ASSIGNED, then=F("receivable__funder")), default=F("receivable__supplier"))
    rows = ordered_of(settlement).select_related(None).order_by().values(payee=payee)
    rows = list(rows.annotate(count=Count("id"), amount_minor=Sum("amount_minor")))
    ids = [row["payee"] for row in rows]
    names = dict(Party.objects.filter(id__in=ids).values_list("id", "name"))
    ibans = {payee: account.iban for payee, account in payout_accounts(settlement, ids).items()}
    return [
        {
            "id": row["payee"], "name": names[row["payee"]], "iban": ibans.get(row["payee"], ""),
            "count": row["count"], "amount_minor": row["amount_minor"], "currency": settlement.currency,
        }
        for row in rows
    ]  # fmt: skip


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
