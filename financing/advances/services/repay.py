"""A receipt of the funder goes through the waterfall: fees, interest and principal, then the supplier."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, AdvanceReceivable, Repayment
from financing.advances.services.accrue import ACCRUED_FIELDS, bring_up_to_date
from financing.advances.services.hold import in_arrears
from financing.advances.services.receipts import (
    Receipt,
    booked_keys,
    receipts_of,
    refuse_overtaken,
    refuse_remainder_beside_disbursement,
    told_of,
    without_returned,
)
from financing.advances.services.rows import book_all, books_of, lock_facilities
from financing.banking.services import Payment, instruct
from financing.credit.models import Facility
from financing.ledger.services import LegOf, Posting
from financing.receivables.models import Receivable, SettlementPayment
from financing.receivables.services import book, release
from financing.schedules import Debt, waterfall
from portal.shared.access import Actor
from portal.shared.database import acting, update_many


def apply_receipts(*, actor: Actor, value_dates: Mapping[int, date], now: datetime) -> list[Repayment]:
    """Apply settlement payments that have arrived on the funder's account (payment id -> value date), each once.

    Each line pays first the advance that its receivable secures, then the facility's other advances, oldest due
    first; in each fees, interest, principal. What remains makes good what the supplier was paid too much before; the
    rest is paid to it, or held as cash collateral while another of its advances with the funder is in arrears.
    Raises EarlierPaymentComesBack, DisbursementUnderWay.
    """
    with acting(actor):
        receipts = receipts_of(value_dates)
        facilities = lock_facilities(receipt.facility.id for receipt in receipts)
        # The payee's bank has spoken before the payer's: what was paid is settled, not given back as security.
        book(actor=actor, value_dates=value_dates, now=now)
        receipts = _still_to_be_applied(receipts)
        advances = _lock_open_advances(facilities)
        today = {funder_id: its.business_date for funder_id, its in _books(receipts).items()}
        postings = []
        for funder_id, day in today.items():
            postings += bring_up_to_date([each for each in advances.values() if each.funder_id == funder_id], day)
        for receipt in receipts:
            receipt.facility = facilities[receipt.facility.id]
            _pour(receipt, advances)
        refuse_remainder_beside_disbursement(receipts)
        news, earned = _close_repaid(advances.values(), today, now)
        _release_what_is_free(actor, facilities, advances.values(), now)
        held = in_arrears(
            {each.pair for each in receipts},
            but=[each.facility.id for each in receipts if not each.facility.principal_minor],
        )
        postings += earned
        postings += [(each.facility.funder_id, _entry(each, each.pair in held)) for each in receipts]
        _save(advances.values(), facilities)
        repayments = _record_repayments(receipts, advances, value_dates, now)
        book_all(actor, postings, now)
        owed = [each for each in receipts if each.remainder_minor and each.pair not in held]
        instruct(actor=actor, payments=[_remainder(each) for each in owed], now=now)
        record(actor, now, [*map(_told, repayments), *news])
        return repayments


def _still_to_be_applied(receipts: list[Receipt]) -> list[Receipt]:
    """Asked under the facilities' locks, so that of two workers with the same news one finds it done."""
    refuse_overtaken(receipts)
    done = booked_keys(receipts)
    return [each for each in without_returned(receipts) if each.key not in done]


def _books(receipts: list[Receipt]):
    return books_of(receipt.facility.funder_id for receipt in receipts)


def _lock_open_advances(facilities: Mapping[int, Facility]) -> dict[int, Advance]:
    rows = Advance.objects.select_for_update(no_key=True).filter(facility_id__in=facilities, status__in=Advance.OPEN)
    return {row.id: row for row in rows.order_by("id")}


def _pour(receipt: Receipt, advances: Mapping[int, Advance]) -> None:
    """Spread the lines of a receipt over the advances of its facility, in memory."""
    secured = dict(
        AdvanceReceivable.objects.filter(
            receivable_id__in=[line.receivable_id for line in receipt.lines], advance__facility=receipt.facility
        )
        .order_by("id")
        .values_list("receivable_id", "advance_id")
    )
    mine = [each for each in advances.values() if each.facility_id == receipt.facility.id]
    for line in receipt.lines:
        debts = [Debt(a.id, a.due_date, a.fees_minor, a.interest_minor, a.principal_minor) for a in mine]
        allocations, left = waterfall(line.amount_minor, debts, {secured.get(line.receivable_id)})
        receipt.remainder_minor += left
        for part in allocations:
            advance = advances[part.id]
            advance.fees_minor -= part.fees_minor
            advance.interest_minor -= part.interest_minor
            advance.principal_minor -= part.principal_minor
            receipt.facility.principal_minor -= part.principal_minor
            receipt.parts[part.id].append(part)
    receipt.recovered_minor = min(receipt.remainder_minor, receipt.facility.overpaid_minor)
    receipt.remainder_minor -= receipt.recovered_minor
    receipt.facility.overpaid_minor -= receipt.recovered_minor


def _close_repaid(
    advances: Collection[Advance], today: Mapping[int, date], now: datetime
) -> tuple[list[News], list[tuple[int, Posting]]]:
    """Advances that owe nothing any more are REPAID, and what was deferred of their fee is earned: news and entries.

    An unrounded remainder below half a minor unit goes with them.
    """
    repaid = [each for each in advances if each.owed_minor == 0]
    earned = [(each.funder_id, _earned(each)) for each in repaid if each.deferred_fee_minor]
    for advance in repaid:
        advance.move_to(Advance.Status.REPAID)
        advance.closed_at, advance.closed_date = now, today[advance.funder_id]
        advance.interest_carry = advance.deferred_fee_minor = 0
    AdvanceReceivable.objects.filter(advance__in=repaid, released_at=None).update(released_at=now)
    return [News("advance.repaid", each, (each.supplier_id, each.funder_id)) for each in repaid], earned


def _earned(advance: Advance) -> Posting:
    legs = (
        LegOf("DEFERRED_FEES", advance.deferred_fee_minor, advance.facility_id),
        LegOf("FEE_INCOME", -advance.deferred_fee_minor),
    )
    return Posting(
        key=f"advance/{advance.id}/fee-earned", kind="fee.earned", currency=advance.currency, legs=legs,
        subject_type=Advance._meta.label_lower, subject_id=advance.id,
    )  # fmt: skip


def _release_what_is_free(
    actor: Actor, facilities: Mapping[int, Facility], advances: Collection[Advance], now: datetime
) -> None:
    """A facility that owes nothing and has nothing on its way gives back what was assigned to it."""
    owing = {each.facility_id for each in advances if each.owed_minor}
    free = [each.id for each in facilities.values() if each.id not in owing and each.reserved_minor == 0]
    if free:
        assigned = Receivable.objects.filter(
            assigned_facility_id__in=free, status__in=[Receivable.Status.ASSIGNED, Receivable.Status.DISPUTED]
        )
        release(actor=actor, receivable_ids=list(assigned.values_list("id", flat=True)), now=now)


def _entry(receipt: Receipt, is_held: bool) -> Posting:
    facility_id = receipt.facility.id
    fees, interest, principal = map(sum, zip((0, 0, 0), *map(receipt.paid, receipt.parts), strict=True))
    legs = (
        LegOf("SETTLEMENT_CLEARING", receipt.amount_minor),
        LegOf("FEES_RECEIVABLE", -fees, facility_id),
        LegOf("INTEREST_RECEIVABLE", -interest, facility_id),
        LegOf("ADVANCES", -principal, facility_id),
        LegOf("DUE_TO_SUPPLIER", -receipt.recovered_minor, facility_id),
        LegOf("CASH_COLLATERAL" if is_held else "DUE_TO_SUPPLIER", -receipt.remainder_minor, facility_id),
    )
    return Posting(
        key=receipt.key, kind="settlement.applied", currency=receipt.currency,
        legs=tuple(leg for leg in legs if leg.amount_minor),
        subject_type=SettlementPayment._meta.label_lower, subject_id=receipt.payment.id,
    )  # fmt: skip


def _save(advances: Collection[Advance], facilities: Mapping[int, Facility]) -> None:
    fields = ["status", "principal_minor", "fees_minor", "closed_at", "closed_date", *ACCRUED_FIELDS]
    update_many(Advance, list(advances), fields)
    update_many(Facility, list(facilities.values()), ["principal_minor", "overpaid_minor"])


def _record_repayments(
    receipts: list[Receipt], advances: Mapping[int, Advance], value_dates: Mapping[int, date], now: datetime
) -> list[Repayment]:
    return Repayment.objects.bulk_create(
        Repayment(
            advance=advances[advance_id], payment_id=receipt.payment.id, value_date=value_dates[receipt.payment.id],
            recorded_at=now,
            **dict(zip(("fees_minor", "interest_minor", "principal_minor"), receipt.paid(advance_id), strict=True)),
        )
        for receipt in receipts
        for advance_id in receipt.parts
    )  # fmt: skip


def _remainder(receipt: Receipt) -> Payment:
    return Payment(
        key=f"remainder/{receipt.payment.id}/{receipt.facility.id}", purpose="REMAINDER",
        payer_id=receipt.facility.funder_id, payee_id=receipt.facility.supplier_id,
        amount_minor=receipt.remainder_minor,
        currency=receipt.currency, subject_type=SettlementPayment._meta.label_lower, subject_id=receipt.payment.id,
        contra_kind="DUE_TO_SUPPLIER", facility_id=receipt.facility.id,
        remittance=f"Remainder of settlement {receipt.payment.settlement_id}",
    )  # fmt: skip


def _told(repayment: Repayment) -> News:
    return told_of("advance.repayment_applied", repayment, value_date=repayment.value_date.isoformat())
