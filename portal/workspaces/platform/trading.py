"""How the platform's suppliers trade with it, by its own records: for its pages and for the API."""

from datetime import timedelta

from django.db.models import Count, DecimalField, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.parties.models import Party
from financing.credit.models import Programme
from financing.credit.queries import FULFILMENT_DAYS, features
from financing.credit.rules import Features
from financing.receivables.models import Receivable
from logistics.orders.models import PurchaseOrder, SupplierNumber
from logistics.orders.queries import Deliveries, deliveries
from portal.shared.access import PLATFORM, SUPPLIER, Actor

S = Receivable.Status


def main_currency(actor: Actor) -> str:
    """The currency of most of what the platform owes: that of its programmes, or else of its invoices."""
    found = Programme.objects.visible_to(actor).order_by("id").values_list("currency", flat=True).first()
    return found or Receivable.objects.visible_to(actor).values_list("currency", flat=True).first() or "EUR"


def suppliers_of(actor: Actor) -> QuerySet[Party]:
    """Suppliers that trade with the actor; `known_as`: its number for each, empty where it has none."""
    claims, orders = _of_supplier(Receivable, actor), _of_supplier(PurchaseOrder, actor)
    number = _numbers(actor).filter(supplier=OuterRef("pk")).values("number")
    found = Party.objects.visible_to(actor).filter(Exists(orders) | Exists(claims), kind=SUPPLIER)
    return found.annotate(known_as=Coalesce(Subquery(number), Value("")))


def called(actor: Actor, text: str) -> Q:
    """Suppliers whose name, or whose number at the actor's platform, has this in it."""
    return Q(name__icontains=text) | Q(pk__in=_numbers(actor).filter(number__icontains=text).values("supplier"))


def _numbers(actor: Actor) -> QuerySet[SupplierNumber]:
    return SupplierNumber.objects.visible_to(actor).in_force().filter(platform=actor.party_id)


def _of_supplier(model: type[Receivable | PurchaseOrder], actor: Actor) -> QuerySet:
    found = model.objects.visible_to(actor).filter(supplier=OuterRef("pk")).order_by()
    # Orders are also seen by their suppliers: counted as the platform's own, they are found in an index alone.
    return found.filter(platform=actor.party_id) if model is PurchaseOrder and actor.party_kind == PLATFORM else found


def trading(actor: Actor, currency: str) -> QuerySet[Party]:
    """With `orders`, `waiting`, and what is owed to each in the currency."""
    claims, orders = _of_supplier(Receivable, actor), _of_supplier(PurchaseOrder, actor)
    waiting = claims.filter(status__in=[S.RECEIVED, S.DISPUTED]).values("supplier").annotate(n=Count("id"))
    owed = claims.filter(currency=currency, status__in=[S.ACCEPTED, S.ASSIGNED]).values("supplier")
    return suppliers_of(actor).annotate(
        orders=Coalesce(Subquery(orders.values("supplier").annotate(n=Count("*")).values("n")), 0),
        waiting=Coalesce(Subquery(waiting.values("n")), 0),
        owed_minor=Coalesce(Subquery(owed.annotate(n=Sum("open_minor")).values("n")), 0,
                            output_field=DecimalField(max_digits=20, decimal_places=0)),
    )  # fmt: skip


def recent_deliveries(actor: Actor, supplier_ids: list[int]) -> dict[int, Deliveries]:
    """What the actor ordered in twelve months: how it was sent, how it arrived, what went back."""
    now = timezone.now()
    return deliveries(
        platform_id=actor.party_id, supplier_ids=supplier_ids, since=now - timedelta(days=360), until=now,
        ripe=now - timedelta(days=FULFILMENT_DAYS),
    )  # fmt: skip


def health(actor: Actor, found: Party, currency: str) -> Features:
    """The supplier's trade with the actor until today, by the actor's own records."""
    measured = features(
        supplier_ids=[found.pk], debtor_id=actor.party_id, currency=currency, as_of=timezone.localdate()
    )
    return measured[found.pk]
