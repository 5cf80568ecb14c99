"""What the bank says of a disbursement: booked, or refused."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, AdvanceReceivable
from financing.advances.services.accrue import ACCRUED_FIELDS
from financing.advances.services.rows import book_all, books_of, business_dates, lock_advances
from financing.advances.services.security import give_back
from financing.banking.services import why
from financing.credit.models import Facility
from financing.ledger.models import Entry
from financing.ledger.services import LegOf, Posting, reverse
from portal.shared.access import Actor
from portal.shared.database import acting, update_many


def approval_key(advance: Advance) -> str:
    """Key of the ledger entry that books the principal when the advance is approved."""
    return f"advance/{advance.id}/approve"


def confirm_funding(*, actor: Actor, value_dates: Mapping[int, date], now: datetime) -> list[Advance]:
    """The bank has booked these disbursements (advance id -> value date): the advances are funded from that date."""
    with acting(actor):
        facilities, advances = lock_advances(value_dates)
        due = [each for each in advances if each.status == Advance.Status.DISBURSING]
        today = business_dates(each.funder_id for each in due)
        for advance in due:
            advance.move_to(Advance.Status.ACTIVE)
            advance.funded_at = now
            advance.funded_date = advance.accrued_until = min(value_dates[advance.id], today[advance.funder_id])
            advance.principal_minor = advance.amount_minor
            advance.fees_minor = advance.deferred_fee_minor = advance.fee_minor
            facility = facilities[advance.facility_id]
            facility.reserved_minor -= advance.amount_minor
            facility.principal_minor += advance.amount_minor
        _save(due, "funded_at", "funded_date", "accrued_until", "principal_minor", "fees_minor", "deferred_fee_minor")
        _save_facilities(facilities)
        book_all(actor, [(each.funder_id, _fee_entry(each)) for each in due if each.fee_minor], now)
        record(actor, now, [_news("advance.funded", each, value_date=each.funded_date.isoformat()) for each in due])
        return due


def fail(*, actor: Actor, reasons: Mapping[int, str], now: datetime) -> list[Advance]:
    """The bank has refused these disbursements (advance id -> reason): limit and receivables are free again.

    Receivables that other advances of the facility stand on as well stay assigned to it.
    """
    with acting(actor):
        facilities, advances = lock_advances(reasons)
        due = [each for each in advances if each.status == Advance.Status.DISBURSING]
        for advance in due:
            facilities[advance.facility_id].reserved_minor -= advance.amount_minor
        close_as_failed(actor, due, facilities, reasons, now)
        return due


def close_as_failed(
    actor: Actor, advances: list[Advance], facilities: dict[int, Facility], reasons: Mapping[int, str], now: datetime,
    *, came_back: bool = False,
) -> None:  # fmt: skip
    """End them, locked, as if they had never been: what was booked is taken back, what secured them is free."""
    today = business_dates(each.funder_id for each in advances)
    for advance in advances:
        advance.move_to(Advance.Status.FAILED)
        advance.closed_at, advance.closed_date = now, today[advance.funder_id]
    _save(advances, "closed_at", "closed_date", "principal_minor", "fees_minor", *ACCRUED_FIELDS)
    _save_facilities(facilities)
    candidates = _let_go(advances, now)
    give_back(actor=actor, facility_ids=facilities, candidates=candidates, now=now)
    _reverse_entries(actor, advances, now)
    record(actor, now, [_failed(each, reasons[each.id], came_back) for each in advances])


def _failed(advance: Advance, reason: str, came_back: bool) -> News:
    facts, own = why(reason, payers=[advance.funder_id], came_back=came_back)
    return replace(_news("advance.failed", advance, **facts), own=own)


def _let_go(advances: list[Advance], now: datetime) -> list[int]:
    """Unlink what secured them; ids of those receivables that secure no other advance by now."""
    links = AdvanceReceivable.objects.filter(advance__in=advances)
    links.filter(released_at=None).update(released_at=now)
    ids = set(links.values_list("receivable_id", flat=True))
    still = AdvanceReceivable.objects.filter(receivable__in=ids, released_at=None)
    return sorted(ids.difference(still.values_list("receivable_id", flat=True)))


def _reverse_entries(actor: Actor, advances: list[Advance], now: datetime) -> None:
    """Of each all that was booked: principal, fee, interest; to every date as if it had never been."""
    for funder_id, book in sorted(books_of(each.funder_id for each in advances).items()):
        mine = {each.id: approval_key(each) for each in advances if each.funder_id == funder_id}
        booked = Entry.objects.filter(
            book=book, subject_type=Advance._meta.label_lower, subject_id__in=mine, reverses=None
        )
        later = booked.exclude(key__in=mine.values()).order_by("id").values_list("key", flat=True)
        reverse(actor=actor, book_id=book.id, keys=[*mine.values(), *later], now=now)


def _fee_entry(advance: Advance) -> Posting:
    return Posting(
        key=f"advance/{advance.id}/fee",
        kind="fee.charged",
        currency=advance.currency,
        value_date=advance.funded_date,
        legs=(
            LegOf("FEES_RECEIVABLE", advance.fee_minor, advance.facility_id),
            LegOf("DEFERRED_FEES", -advance.fee_minor, advance.facility_id),
        ),
        subject_type=Advance._meta.label_lower,
        subject_id=advance.id,
    )


def _news(name: str, advance: Advance, **facts) -> News:
    facts |= {"amount_minor": advance.amount_minor, "currency": advance.currency}
    return News(name, advance, (advance.supplier_id, advance.funder_id), facts)


def _save(advances: list[Advance], *fields: str) -> None:
    update_many(Advance, advances, ["status", *fields])


def _save_facilities(facilities: dict[int, Facility]) -> None:
    update_many(Facility, list(facilities.values()), ["principal_minor", "reserved_minor", "overpaid_minor"])
