"""What the bank says of a disbursement: booked, refused, or returned after it had been booked."""

from collections.abc import Mapping
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, AdvanceReceivable, Repayment
from financing.advances.services.rows import book_all, books_of, business_dates, lock_advances
from financing.advances.services.security import give_back
from financing.credit.models import Facility
from financing.ledger.services import LegOf, Posting, reverse
from portal.shared.access import Actor
from portal.shared.database import acting, update_many
from portal.shared.errors import RuleViolation


class ReturnedAfterRepayment(RuleViolation):
    code = "RETURNED_AFTER_REPAYMENT"
    sentence = (
        "The bank returned the payment of advance {advance}, which is repaid in part or overdue already. "
        "Settle it by hand."
    )


class NotBookedYet(RuleViolation):
    """The news of a return was faster than that of the booking; it is heard again after a moment."""

    code, status = "NOT_BOOKED_YET", 409
    sentence = "The booking of advance {advance} has not been heard of yet."


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
        _close_as_failed(actor, due, facilities, reasons, now)
        return due


def take_back(*, actor: Actor, reasons: Mapping[int, str], now: datetime) -> list[Advance]:
    """The bank has returned these payments after booking them (advance id -> reason).

    The cash is back by the booking; what was accrued since is taken back with it, and the advance ends as FAILED.
    Raises ReturnedAfterRepayment where a receipt was applied in the meantime, or it is overdue: that needs a person.
    """
    with acting(actor):
        facilities, advances = lock_advances(reasons)
        if early := [each.id for each in advances if each.status == Advance.Status.DISBURSING]:
            raise NotBookedYet(advance=early[0])
        _require_untouched(advances)
        due = [each for each in advances if each.status == Advance.Status.ACTIVE]
        book_all(actor, [(each.funder_id, entry) for each in due if (entry := _unearned(each))], now)
        for advance in due:
            facilities[advance.facility_id].principal_minor -= advance.amount_minor
            advance.principal_minor = advance.interest_minor = advance.fees_minor = advance.deferred_fee_minor = 0
            advance.interest_carry = 0
        _save(due, "principal_minor", "interest_minor", "fees_minor", "deferred_fee_minor", "interest_carry")
        _close_as_failed(actor, due, facilities, reasons, now)
        return due


def _require_untouched(advances: list[Advance]) -> None:
    """A receipt that paid no more than a fee is a receipt too, and what is overdue has a history of its own."""
    repaid = Repayment.objects.filter(advance__in=advances).values_list("advance_id", flat=True).first()
    undoable = (Advance.Status.ACTIVE, Advance.Status.FAILED)
    touched = repaid or next((each.id for each in advances if each.status not in undoable), None)
    if touched:
        raise ReturnedAfterRepayment(advance=touched)


def _close_as_failed(
    actor: Actor, advances: list[Advance], facilities: dict[int, Facility], reasons: Mapping[int, str], now: datetime
) -> None:
    today = business_dates(each.funder_id for each in advances)
    for advance in advances:
        advance.move_to(Advance.Status.FAILED)
        advance.closed_at, advance.closed_date = now, today[advance.funder_id]
    _save(advances, "closed_at", "closed_date")
    _save_facilities(facilities)
    links = AdvanceReceivable.objects.filter(advance__in=advances, released_at=None)
    receivable_ids = list(links.values_list("receivable_id", flat=True))
    links.update(released_at=now)
    give_back(actor=actor, facility_ids=facilities, candidates=receivable_ids, now=now)
    _reverse_approvals(actor, advances, now)
    record(actor, now, [_news("advance.failed", each, reason=reasons[each.id]) for each in advances])


def _reverse_approvals(actor: Actor, advances: list[Advance], now: datetime) -> None:
    for funder_id, book in sorted(books_of(each.funder_id for each in advances).items()):
        keys = [approval_key(each) for each in advances if each.funder_id == funder_id]
        reverse(actor=actor, book_id=book.id, keys=keys, now=now)


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


def _unearned(advance: Advance) -> Posting | None:
    """The entry that takes back interest and fee of an advance whose payment came back; None where there is nothing."""
    earned_fee = advance.fees_minor - advance.deferred_fee_minor
    legs = (
        LegOf("INTEREST_INCOME", advance.interest_minor),
        LegOf("INTEREST_RECEIVABLE", -advance.interest_minor, advance.facility_id),
        LegOf("FEE_INCOME", earned_fee),
        LegOf("DEFERRED_FEES", advance.deferred_fee_minor, advance.facility_id),
        LegOf("FEES_RECEIVABLE", -advance.fees_minor, advance.facility_id),
    )
    moving = tuple(leg for leg in legs if leg.amount_minor)
    if not moving:
        return None
    return Posting(
        key=f"advance/{advance.id}/return", kind="advance.returned", currency=advance.currency, legs=moving,
        subject_type=Advance._meta.label_lower, subject_id=advance.id,
    )  # fmt: skip


def _news(name: str, advance: Advance, **facts) -> News:
    facts |= {"amount_minor": advance.amount_minor, "currency": advance.currency}
    return News(name, advance, (advance.supplier_id, advance.funder_id), facts)


def _save(advances: list[Advance], *fields: str) -> None:
    update_many(Advance, advances, ["status", *fields])


def _save_facilities(facilities: dict[int, Facility]) -> None:
    update_many(Facility, list(facilities.values()), ["principal_minor", "reserved_minor"])
