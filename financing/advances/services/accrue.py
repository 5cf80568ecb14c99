"""Interest and fees up to the business date, with the unrounded remainder carried."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from accounts.trail.services import News, record
from financing.advances.models import Advance
from financing.advances.services.rows import book_all
from financing.ledger.models import Book
from financing.ledger.services import LegOf, Posting
from financing.schedules import accrue
from portal.shared.access import Actor
from portal.shared.database import acting, update_many
from portal.shared.money import round_half_even

BATCH = 2000
ACCRUED_FIELDS = ("interest_minor", "interest_carry", "deferred_fee_minor", "accrued_until")


def accrue_book(*, actor: Actor, book_id: int, now: datetime) -> int:
    """Accrue every open advance of a book up to its business date, and mark what is overdue. Repeatable.

    Works in transactions of some thousands; returns how many advances were brought up to date.
    """
    book = Book.objects.get(id=book_id)
    last_id = done = 0
    while True:
        with acting(actor):
            is_behind = Q(accrued_until__lt=book.business_date)
            is_late = Q(status=Advance.Status.ACTIVE, due_date__lt=book.business_date)
            behind = Advance.objects.filter(
                is_behind | is_late, funder_id=book.funder_id, status__in=Advance.OPEN, id__gt=last_id
            )
            # Other writers of an open advance hold its facility first; this one touches nothing else of it.
            advances = list(behind.select_for_update(no_key=True).order_by("id")[:BATCH])
            if not advances:
                break
            book_all(actor, bring_up_to_date(advances, book.business_date), now)
            overdue = _mark_overdue(advances, book.business_date)
            update_many(Advance, advances, ["status", *ACCRUED_FIELDS])
            record(actor, now, [News("advance.overdue", each, (each.supplier_id, each.funder_id)) for each in overdue])
        last_id, done = advances[-1].id, done + len(advances)
    return done


def bring_up_to_date(advances: Iterable[Advance], today: date) -> list[tuple[int, Posting]]:
    """Accrue locked advances in memory until `today`; returns the entries, each with the funder's id."""
    entries = []
    for advance in advances:
        if advance.accrued_until >= today:
            continue
        interest, carry = accrue(
            advance.principal_minor, advance.annual_rate, advance.day_count, advance.accrued_until, today,
            advance.interest_carry,
        )  # fmt: skip
        earned_fee = _earned_fee(advance, today)
        advance.interest_minor += interest
        advance.interest_carry = carry
        advance.deferred_fee_minor -= earned_fee
        advance.accrued_until = today
        if interest or earned_fee:
            entries.append((advance.funder_id, _entry(advance, interest, earned_fee, today)))
    return entries


def _earned_fee(advance: Advance, today: date) -> int:
    """The fee is income over the life of the advance, in equal parts per day; all of it once it is due."""
    days_left = (advance.due_date - advance.accrued_until).days
    days = (today - advance.accrued_until).days
    if days >= days_left:
        return advance.deferred_fee_minor
    return round_half_even(Decimal(advance.deferred_fee_minor) * days / days_left)


def _entry(advance: Advance, interest: int, earned_fee: int, today: date) -> Posting:
    legs = (
        LegOf("INTEREST_RECEIVABLE", interest, advance.facility_id),
        LegOf("INTEREST_INCOME", -interest),
        LegOf("DEFERRED_FEES", earned_fee, advance.facility_id),
        LegOf("FEE_INCOME", -earned_fee),
    )
    return Posting(
        key=f"advance/{advance.id}/accrue/{today.isoformat()}",
        kind="interest.accrued",
        currency=advance.currency,
        legs=tuple(leg for leg in legs if leg.amount_minor),
        subject_type=Advance._meta.label_lower,
        subject_id=advance.id,
    )


def _mark_overdue(advances: list[Advance], today: date) -> list[Advance]:
    overdue = [each for each in advances if each.status == Advance.Status.ACTIVE and each.due_date < today]
    for advance in overdue:
        advance.move_to(Advance.Status.OVERDUE)
    return overdue
