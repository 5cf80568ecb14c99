"""Reads of receivables for pages and API: what there is, what waits for the platform, what falls due."""

from datetime import date

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Collate
from django.db.models.lookups import StartsWith

from accounts.parties.models import Party
from accounts.parties.queries import named
from financing.receivables.models import OrderedLine, Receivable, Settlement
from financing.receivables.rules import beginning_of_number, normalise_number
from portal.shared.access import Actor

S = Receivable.Status

PAYABLE = (S.ACCEPTED, S.ASSIGNED)
UNVERIFIED = Q(status=S.ACCEPTED, supplier__in=Party.objects.exclude(status=Party.Status.ADMITTED).values("id"))
"""What would be paid to a supplier that is not verified, or suspended: owed, and not yet payable. By the few that are
not: asked row by row, the suppliers of all that is payable are looked up."""
IS_PROPOSED = Exists(
    OrderedLine.objects.filter(receivable=OuterRef("pk"), settlement__status=Settlement.Status.PROPOSED)
)
"""What a settlement is to pay that waits for a second person."""


def receivables(
    *, actor: Actor, status: str | None = None, match: str | None = None, supplier_id: int | None = None,
    debtor_id: int | None = None, currency: str | None = None, due_from: date | None = None,
    due_until: date | None = None, search: str = "",
) -> QuerySet[Receivable]:  # fmt: skip
    """What the actor may see, the newest first. `search`: any spelling of a number, or a part of a party's name."""
    rows = Receivable.objects.visible_to(actor).select_related("supplier", "debtor", "funder")
    exact = {"status": status, "match": match, "supplier": supplier_id, "debtor": debtor_id, "currency": currency,
             "due_date__gte": due_from, "due_date__lte": due_until}  # fmt: skip
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    if search.strip():
        of_number = Q(normalised_number=normalise_number(search)) | Q(number__icontains=search.strip())
        rows = rows.filter(
            of_number | Q(supplier__name__icontains=search.strip()) | Q(debtor__name__icontains=search.strip())
        )
    return rows.order_by("-id")


def found_by(text: str) -> Q:
    """What a search asks of very many receivables: a number that begins so, or a supplier with the text in its name.

    Either is found in an index; parts of a number would be looked for in all of them.
    """
    asked = Q(supplier__in=named(text))
    if begins := beginning_of_number(text):
        asked |= Q(StartsWith(Collate("normalised_number", "C"), begins))
    return asked


def financeable(*, actor: Actor) -> QuerySet[Receivable]:
    """Accepted, free, not being paid: what a supplier could offer as security. Eligibility is the policy's."""
    rows = Receivable.objects.visible_to(actor).filter(status=S.ACCEPTED, settling_minor=0, open_minor__gt=0)
    return rows.filter(assigned_facility_id=None).select_related("debtor").order_by("due_date", "id")


def acceptance_queue(*, actor: Actor) -> QuerySet[Receivable]:
    """What waits for the platform's hand, the oldest first: not matched, similar to another, or disputed."""
    rows = Receivable.objects.visible_to(actor).filter(status__in=[S.RECEIVED, S.DISPUTED])
    return rows.select_related("supplier", "debtor").order_by("received_at", "id")


def similar_to(*, actor: Actor, receivable: Receivable) -> QuerySet[Receivable]:
    """The other documents of the same supplier and debtor with the same amount: what a person compares it with."""
    return (
        Receivable.objects.visible_to(actor)
        .filter(
            supplier=receivable.supplier_id,
            debtor=receivable.debtor_id,
            currency=receivable.currency,
            gross_minor=receivable.gross_minor,
        )
        .exclude(id=receivable.id)
        .order_by("-issue_date")
    )


def due_settlements(*, actor: Actor, until: date | None = None) -> QuerySet:
    """What the debtor has to pay per due date and currency: due_date, currency, count, payable_minor.

    Payable is what is open, neither instructed nor proposed yet, of accepted and assigned receivables.
    """
    rows = _payable(actor)
    if until:
        rows = rows.filter(due_date__lte=until)
    totals = rows.values("due_date", "currency").annotate(count=Count("id"), payable_minor=Sum("left_minor"))
    return totals.order_by("due_date", "currency")


def payable_on(*, actor: Actor, due_date: date, currency: str) -> QuerySet[Receivable]:
    """The receivables behind one row of `due_settlements`; what to pay of each stands in `left_minor`."""
    rows = _payable(actor).filter(due_date=due_date, currency=currency)
    return rows.select_related("supplier", "funder").order_by("id")


def _payable(actor: Actor) -> QuerySet[Receivable]:
    rows = Receivable.objects.visible_to(actor).filter(status__in=PAYABLE).exclude(IS_PROPOSED)
    return rows.annotate(left_minor=F("open_minor") - F("settling_minor")).filter(left_minor__gt=0)
