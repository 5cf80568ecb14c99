"""A settlement comes back after it went through the waterfall: what it had paid is owed again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, Repayment, ReturnedRepayment
from financing.advances.services.accrue import ACCRUED_FIELDS, bring_up_to_date
from financing.advances.services.receipts import Receipt, booked_keys, receipts_of, told_of
from financing.advances.services.rows import book_all, books_of, business_dates, lock_facilities
from financing.credit.models import Facility
from financing.ledger.queries import balances
from financing.ledger.services import LegOf, Posting
from financing.receivables.models import Assignment, SettlementPayment
from financing.receivables.services import Transfer, assign_many, is_assignable, lock
from portal.shared.access import Actor
from portal.shared.database import acting, update_many
from portal.shared.errors import RuleViolation

Status = Advance.Status


class NotTakenBackYet(RuleViolation):
    """The same news is on its way to the receivables; tried again after a moment."""

    code, status = "NOT_TAKEN_BACK_YET", 409
    sentence = "The receivables that settlement payment {payment} paid are not open again yet."


def undo_receipts(*, actor: Actor, reasons: Mapping[int, str], now: datetime) -> list[Repayment]:
    """The bank took these settlement payments back from the funder's account (payment id -> reason). Repeatable.

    Fees, interest and principal that they paid are owed again, by advances that are open again; interest runs on from
    today, as the money was there until today. A fee that was earned by an early repayment stays earned. The remainder,
    and what was given back since of an advance that FAILED, is taken from what is held for the supplier; what was paid
    to it already it owes, and it is made good from what it gets next. The receivables are security again. Payments that
    were never applied are left out.
    Returns the repayments undone. Raises NotTakenBackYet.
    """
    with acting(actor):
        receipts = receipts_of(reasons)
        facilities = lock_facilities(each.facility.id for each in receipts)
        receipts = _applied_and_not_undone(receipts)
        for each in receipts:
            each.facility = facilities[each.facility.id]
            if each.payment.status != SettlementPayment.Status.FAILED:
                raise NotTakenBackYet(payment=each.payment.id)
        repayments = _repayments_of(receipts)
        advances = _lock(repayments)
        today = business_dates(each.funder_id for each in facilities.values())
        owing = [each for each in repayments if advances[each.advance_id].status != Status.FAILED]
        advances = {each.advance_id: advances[each.advance_id] for each in owing}
        postings = _reopen(advances.values(), today)
        _owe_again(owing, advances, facilities)
        _restate(advances.values(), today)
        postings += _entries(receipts, owing)
        _save(advances.values(), facilities.values())
        ReturnedRepayment.objects.bulk_create(
            ReturnedRepayment(repayment=each, reason=reasons[each.payment_id][:140], recorded_at=now)
            for each in repayments
        )
        book_all(actor, postings, now)
        _secure_again(actor, receipts, now)
        back = [told_of("advance.repayment_returned", each) for each in owing]
        record(actor, now, [*back, *(_told_owing(each) for each in receipts if each.remainder_minor)])
        return repayments


def _applied_and_not_undone(receipts: list[Receipt]) -> list[Receipt]:
    booked = booked_keys(receipts)
    return [each for each in receipts if each.key in booked and each.key_of_undoing not in booked]


def _repayments_of(receipts: Sequence[Receipt]) -> list[Repayment]:
    rows = Repayment.objects.filter(
        payment__in={each.payment.id for each in receipts},
        advance__facility__in={each.facility.id for each in receipts},
    )
    wanted = {(each.payment.id, each.facility.id) for each in receipts}
    found = rows.select_related("advance").order_by("id")
    return [each for each in found if (each.payment_id, each.advance.facility_id) in wanted]


def _lock(repayments: Sequence[Repayment]) -> dict[int, Advance]:
    rows = Advance.objects.select_for_update(no_key=True).filter(id__in={each.advance_id for each in repayments})
    return {row.id: row for row in rows.order_by("id")}


def _reopen(advances: Iterable[Advance], today: Mapping[int, date]) -> list[tuple[int, Posting]]:
    """Interest of those that were open until now; those that were repaid owe none for the days since."""
    postings = []
    for advance in advances:
        if advance.status == Status.REPAID:
            advance.accrued_until = today[advance.funder_id]
        else:
            postings += bring_up_to_date([advance], today[advance.funder_id])
    return postings


def _owe_again(
    repayments: Sequence[Repayment], advances: Mapping[int, Advance], facilities: Mapping[int, Facility]
) -> None:
    for each in repayments:
        advance = each.advance = advances[each.advance_id]
        advance.fees_minor += each.fees_minor
        advance.interest_minor += each.interest_minor
        advance.principal_minor += each.principal_minor
        facility = facilities[advance.facility_id]
        facility.principal_minor += each.principal_minor
        # The bank did it, nobody drew: where the limit was lent again meanwhile, it follows the position.
        facility.limit_minor = max(facility.limit_minor, facility.principal_minor + facility.reserved_minor)


def _restate(advances: Iterable[Advance], today: Mapping[int, date]) -> None:
    for advance in advances:
        if advance.status == Status.REPAID and advance.owed_minor:
            is_late = advance.due_date < today[advance.funder_id]
            advance.move_to(Status.OVERDUE if is_late else Status.ACTIVE)
            advance.closed_at = advance.closed_date = None


def _entries(receipts: Sequence[Receipt], repayments: Sequence[Repayment]) -> list[tuple[int, Posting]]:
    """Entries with the id of their funder; the remainders that are owed back are added to the facilities."""
    paid: dict[tuple[int, int], list[Repayment]] = defaultdict(list)
    for each in repayments:
        paid[each.payment_id, each.advance.facility_id].append(each)
    held = _held(receipts)
    return [(each.facility.funder_id, _entry(each, paid[each.payment.id, each.facility.id], held)) for each in receipts]


def _held(receipts: Sequence[Receipt]) -> dict[int, int]:
    """What is held for the supplier, per facility."""
    found: dict[int, int] = defaultdict(int)
    for book in books_of(each.facility.funder_id for each in receipts).values():
        facility_ids = [each.facility.id for each in receipts]
        kept = balances(book_id=book.id, kinds=["CASH_COLLATERAL"], facility_ids=facility_ids)
        for (_, _, facility_id), balance in kept.items():
            found[facility_id] -= balance
    return found


def _entry(receipt: Receipt, repayments: Sequence[Repayment], held: dict[int, int]) -> Posting:
    facility = receipt.facility
    fees = sum(each.fees_minor for each in repayments)
    interest = sum(each.interest_minor for each in repayments)
    principal = sum(each.principal_minor for each in repayments)
    receipt.remainder_minor = receipt.amount_minor - fees - interest - principal
    from_held = min(receipt.remainder_minor, held[facility.id])
    held[facility.id] -= from_held
    overpaid = receipt.remainder_minor - from_held
    facility.overpaid_minor += overpaid
    legs = (
        LegOf("SETTLEMENT_CLEARING", -receipt.amount_minor),
        LegOf("FEES_RECEIVABLE", fees, facility.id),
        LegOf("INTEREST_RECEIVABLE", interest, facility.id),
        LegOf("ADVANCES", principal, facility.id),
        LegOf("CASH_COLLATERAL", from_held, facility.id),
        LegOf("DUE_TO_SUPPLIER", overpaid, facility.id),
    )
    return Posting(
        key=receipt.key_of_undoing, kind="settlement.undone", currency=receipt.currency,
        legs=tuple(leg for leg in legs if leg.amount_minor),
        subject_type=SettlementPayment._meta.label_lower, subject_id=receipt.payment.id,
    )  # fmt: skip


def _save(advances: Iterable[Advance], facilities: Iterable[Facility]) -> None:
    fields = ["status", "principal_minor", "fees_minor", "closed_at", "closed_date", *ACCRUED_FIELDS]
    update_many(Advance, list(advances), fields)
    update_many(Facility, list(facilities), ["principal_minor", "overpaid_minor", "limit_minor"])


def _secure_again(actor: Actor, receipts: Sequence[Receipt], now: datetime) -> None:
    """What was given back to the supplier as free, and can be had, secures the facility as before."""
    wanted = {line.receivable_id: each.facility for each in receipts for line in each.lines}
    free = [row.id for row in lock(wanted).values() if is_assignable(row)]
    agreements = dict(
        Assignment.objects.filter(receivable__in=free, facility_id__in=[each.id for each in wanted.values()])
        .order_by("id")
        .values_list("receivable_id", "agreement")
    )
    transfers = [Transfer(each, wanted[each].id, wanted[each].funder_id, agreements[each]) for each in free]
    if transfers:
        assign_many(actor=actor, transfers=transfers, now=now)


def _told_owing(receipt: Receipt) -> News:
    facility = receipt.facility
    facts = {"amount_minor": receipt.remainder_minor, "currency": receipt.currency}
    return News("remainder.owed_back", facility, (facility.supplier_id, facility.funder_id), facts)
