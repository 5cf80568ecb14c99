"""The platform recognises a supplier that came by itself: what it traded under its number becomes the supplier's."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum

from accounts.parties.models import Membership, Party
from accounts.parties.queries import operators
from accounts.parties.second import awaited, require_seasoned
from accounts.trail.services import News, record
from financing.receivables.models import CreditNote, Receivable
from financing.receivables.refusals import NumberClash, NumberTaken, SupplierUnverified
from logistics.orders import numbers
from logistics.orders.models import PurchaseOrder, SupplierNumber
from logistics.orders.services import IMPORTS
from portal.shared.access import Actor, permits, require
from portal.shared.database import acting, lock_name
from portal.shared.errors import OwnWork

Status = SupplierNumber.Status
CONFIRMS = "orders.confirm_number"
OPEN = (Receivable.Status.RECEIVED, Receivable.Status.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Beneath:
    """What a platform's trade holds under a number: whose name, how much. `is_taken`: it cannot go over.

    `doubles`: invoices that the supplier has handed in itself; these stay behind.
    """

    holder: Party | None = None
    is_taken: bool = False
    orders: int = 0
    first_ordered_at: datetime | None = None
    last_ordered_at: datetime | None = None
    invoices: int = 0
    doubles: int = 0
    owed_minor: dict[str, int] = field(default_factory=dict)


def beneath(asked: SupplierNumber) -> Beneath:
    """In a few statements. For the platform that is asked: all of it is of its own trade."""
    holder = _holder(asked)
    if holder is None:
        return Beneath()
    ours = PurchaseOrder.objects.filter(supplier=holder, platform=asked.platform_id)
    found = ours.aggregate(orders=Count("id"), first_ordered_at=Min("ordered_at"), last_ordered_at=Max("ordered_at"))
    owed = Receivable.objects.filter(supplier=holder, debtor=asked.platform_id).order_by().values_list("currency")
    rows = list(owed.annotate(count=Count("id"), open=Sum("open_minor", filter=Q(status__in=OPEN))))
    doubles = Receivable.objects.filter(Exists(_own(asked.supplier)), supplier=holder).count()
    return Beneath(
        holder=holder, doubles=doubles, is_taken=_is_taken(holder, asked), invoices=sum(count for _, count, _ in rows),
        owed_minor={currency: amount for currency, _, amount in rows if amount}, **found,
    )  # fmt: skip


def to_confirm(actor: Actor, now: datetime) -> QuerySet[SupplierNumber]:
    """Numbers that the actor may confirm now (its second factor left aside): of suppliers that are admitted."""
    if not permits(actor, CONFIRMS) or awaited(actor, CONFIRMS, now):
        return SupplierNumber.objects.none()
    asked = SupplierNumber.objects.visible_to(actor).filter(platform=actor.party_id, status=Status.PROPOSED)
    return asked.filter(supplier__status=Party.Status.ADMITTED).exclude(supplier__in=_served_by(actor))


def confirm_number(*, actor: Actor, number_id: int, now: datetime) -> SupplierNumber:
    """The platform knows the supplier by this number: trade under it becomes the supplier's, that of before, too.

    Confirmed by the same person again, it is the same. Raises NotFound, Forbidden, LetInLately, OwnWork,
    InvalidTransition, SupplierUnverified, NumberKnown, NumberTaken, NumberClash.
    """
    with acting(actor):
        asked = numbers.asked_of(actor, number_id)
        require(actor, CONFIRMS)
        if asked.status == Status.CONFIRMED and asked.decided_by == actor.identity:
            return asked
        _refuse_own(actor, asked)
        require_seasoned(actor, CONFIRMS, now)
        # Nothing enters for whoever had the number while it changes hands.
        lock_name(IMPORTS, asked.platform_id)
        lock_name(numbers.NUMBERS, asked.platform_id)
        supplier = Party.objects.select_for_update(no_key=True).get(id=asked.supplier_id)
        if supplier.status != Party.Status.ADMITTED:
            raise SupplierUnverified(name=supplier.name)
        if SupplierNumber.objects.in_force().filter(platform=asked.platform_id, supplier=supplier).exists():
            raise numbers.NumberKnown()
        holder = _holder(asked, locked=True)
        moved = _take_over(asked, holder, supplier) if holder else {}
        asked.taken_over = holder
        numbers.decide(actor, asked, Status.CONFIRMED, now)
        told = [numbers.news("supplier_number.confirmed", asked, **moved)]
        if holder:
            told.append(News("party.closed", holder, operators(), {"to": supplier.id}, True))
        record(actor, now, told)
        return asked


def _take_over(asked: SupplierNumber, holder: Party, supplier: Party) -> dict[str, int]:
    """Move the holder's trade to the supplier, and close what is left of the holder.

    An invoice that the supplier has handed in itself stays behind with its credit notes: it is not owed twice.
    """
    if _is_taken(holder, asked):
        raise NumberTaken(number=asked.number)
    invoices = Receivable.objects.filter(supplier=holder)
    try:
        with transaction.atomic():
            orders = PurchaseOrder.objects.filter(supplier=holder).update(supplier=supplier)
            receivables = invoices.exclude(Exists(_own(supplier))).update(supplier=supplier)
            CreditNote.objects.filter(supplier=holder, receivable__supplier=supplier).update(supplier=supplier)
    except IntegrityError:
        raise NumberClash() from None
    holder.move_to(Party.Status.CLOSED)
    holder.save(update_fields=["status"])
    # Whose it was is told by what is confirmed now (`taken_over`): a number is in force once.
    SupplierNumber.objects.in_force().filter(platform=asked.platform_id, supplier=holder).delete()
    return {"orders": orders, "receivables": receivables, "left": invoices.count()}


def _own(supplier: Party):
    """The supplier's own copies of a receivable."""
    same = {name: OuterRef(name) for name in ("debtor", "document_type", "normalised_number", "fiscal_year")}
    return Receivable.objects.filter(supplier=supplier, **same)


def _holder(asked: SupplierNumber, *, locked: bool = False) -> Party | None:
    """Whom the platform's documents name by the number now."""
    in_force = SupplierNumber.objects.in_force().filter(platform=asked.platform_id, number=asked.number)
    rows = Party.objects.select_for_update(no_key=True) if locked else Party.objects
    return rows.filter(id__in=in_force.values("supplier")).exclude(id=asked.supplier_id).first()


def _is_taken(holder: Party, asked: SupplierNumber) -> bool:
    """More is known of it than this platform's trade: somebody has to find out who it is."""
    elsewhere = ~Q(platform=asked.platform_id)
    return (
        holder.status != Party.Status.PROSPECT
        or holder.memberships.filter(ended_at=None).exists()
        or holder.invitations.filter(revoked_at=None).exists()
        or SupplierNumber.objects.in_force().filter(elsewhere, supplier=holder).exists()
        or PurchaseOrder.objects.filter(elsewhere, supplier=holder).exists()
        or Receivable.objects.filter(~Q(debtor=asked.platform_id), supplier=holder).exists()
    )


def _served_by(actor: Actor) -> QuerySet[int]:
    """Suppliers for which the person acts or once acted."""
    return Membership.objects.filter(user=actor.user_id).values("party")


def _refuse_own(actor: Actor, asked: SupplierNumber) -> None:
    """Whoever acts for the supplier, or did, does not say for the platform that it is one."""
    if asked.proposed_by == actor.identity or _served_by(actor).filter(party=asked.supplier_id).exists():
        raise OwnWork("You belong to this supplier, so somebody else has to confirm it.")
