"""A receipt of the funder goes through the waterfall: fees, interest and principal, then the supplier."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, AdvanceReceivable, Repayment
from financing.advances.services.accrue import ACCRUED_FIELDS, bring_up_to_date
from financing.advances.services.hold import in_arrears
from financing.advances.services.rows import book_all, books_of, lock_facilities
from financing.banking.models import PaymentInstruction
from financing.banking.services import Payment, instruct
from financing.credit.models import Facility
from financing.ledger.models import Entry
from financing.ledger.services import LegOf, Posting
from financing.receivables.models import Assignment, Receivable, SettlementLine, SettlementPayment
from financing.receivables.services import release
from financing.schedules import Allocation, Debt, waterfall
from portal.shared.access import Actor
from portal.shared.database import acting, update_many
from portal.shared.errors import RuleViolation


@dataclass
class Receipt:
    """What one settlement payment brings to one facility; `parts`: the amounts that each advance gets of it."""

    payment: SettlementPayment
    facility: Facility
    currency: str
    lines: list[SettlementLine] = field(default_factory=list)
    parts: dict[int, list[Allocation]] = field(default_factory=lambda: defaultdict(list))
    remainder_minor: int = 0

    @property
    def amount_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)

    def paid(self, advance_id: int) -> tuple[int, int, int]:
        """Fees, interest and principal that an advance gets."""
        got = self.parts[advance_id]
        return (
            sum(each.fees_minor for each in got),
            sum(each.interest_minor for each in got),
            sum(each.principal_minor for each in got),
        )


class ReceiptNeedsAPerson(RuleViolation):
    """An earlier payment of the same receivable was applied and then came back: what this one pays is no remainder."""

    code = "RECEIPT_NEEDS_A_PERSON"
    sentence = (
        "Settlement payment {payment} was applied before it came back. What the books owe has to be set right by hand."
    )


def refuse_return(*, payment_ids: Collection[int]) -> None:
    """A settlement came back from the funder's account. Raises ReceiptNeedsAPerson where it had been applied."""
    if applied := _applied(payment_ids):
        raise ReceiptNeedsAPerson(payment=min(applied))


def _applied(payment_ids: Collection[int]) -> set[int]:
    entries = Entry.objects.filter(
        subject_type=SettlementPayment._meta.label_lower, subject_id__in=list(payment_ids), kind="settlement.applied"
    )
    return set(entries.values_list("subject_id", flat=True))


def apply_receipts(*, actor: Actor, value_dates: Mapping[int, date], now: datetime) -> list[Repayment]:
    """Apply settlement payments that have arrived on the funder's account (payment id -> value date), each once.

    Each line pays first the advance that its receivable secures, then the facility's other advances, oldest due
    first; in each fees, interest, principal. What remains is paid to the supplier, or held as cash collateral while
    another of its advances with the funder is in arrears.
    """
    with acting(actor):
        receipts = _receipts(value_dates)
        facilities = lock_facilities(receipt.facility.id for receipt in receipts)
        receipts = _not_applied_yet(receipts)
        advances = _lock_open_advances(facilities)
        today = {funder_id: book.business_date for funder_id, book in _books(receipts).items()}
        postings = []
        for funder_id, day in today.items():
            postings += bring_up_to_date([each for each in advances.values() if each.funder_id == funder_id], day)
        for receipt in receipts:
            receipt.facility = facilities[receipt.facility.id]
            _pour(receipt, advances)
        news, earned = _close_repaid(advances.values(), today, now)
        _release_what_is_free(actor, facilities, advances.values(), now)
        held = in_arrears(
            {_pair(each) for each in receipts},
            but=[each.facility.id for each in receipts if not each.facility.principal_minor],
        )
        postings += earned
        postings += [(each.facility.funder_id, _entry(each, _pair(each) in held)) for each in receipts]
        _save(advances.values(), facilities)
        repayments = _record_repayments(receipts, advances, value_dates, now)
        book_all(actor, postings, now)
        owed = [each for each in receipts if each.remainder_minor and _pair(each) not in held]
        instruct(actor=actor, payments=[_remainder(each) for each in owed], now=now)
        record(actor, now, [*map(_told, repayments), *news])
        return repayments


def _receipts(payment_ids: Collection[int]) -> list[Receipt]:
    """One receipt per payment and facility, in a fixed order."""
    lines = list(
        SettlementLine.objects.filter(payment_id__in=list(payment_ids))
        # What came back before it was applied has filled its own hole in clearing.
        .exclude(payment__instruction__status=PaymentInstruction.Status.RETURNED)
        .select_related("payment__settlement", "receivable")
        .order_by("payment_id", "id")
    )
    _refuse_what_replaces(lines)
    facilities = _facilities_of(lines)
    found: dict[tuple[int, int], Receipt] = {}
    for line in lines:
        facility = facilities[line.id]
        key = (line.payment_id, facility.id)
        if key not in found:
            found[key] = Receipt(line.payment, facility, line.payment.settlement.currency)
        found[key].lines.append(line)
    return list(found.values())


def _refuse_what_replaces(lines: list[SettlementLine]) -> None:
    earlier = SettlementLine.objects.filter(
        receivable__in=[line.receivable_id for line in lines], payment__status=SettlementPayment.Status.FAILED
    )
    if applied := _applied(set(earlier.values_list("payment_id", flat=True))):
        raise ReceiptNeedsAPerson(payment=min(applied))


def _facilities_of(lines: list[SettlementLine]) -> dict[int, Facility]:
    """Facility of each line: the one that its receivable was assigned to when the payment was ordered.

    It may have been given back since, and be assigned to somebody else by now.
    """
    history = defaultdict(list)
    rows = Assignment.objects.filter(
        receivable__in={line.receivable_id for line in lines}, funder__in={line.payment.payee_id for line in lines}
    ).order_by("id")
    for row in rows:
        history[row.receivable_id, row.funder_id].append(row)
    chosen = {}
    for line in lines:
        known = history[line.receivable_id, line.payment.payee_id]
        before = [row for row in known if row.assigned_at <= line.payment.settlement.created_at]
        chosen[line.id] = (before or known)[-1 if before else 0].facility_id
    facilities = Facility.objects.in_bulk(set(chosen.values()))
    return {line_id: facilities[facility_id] for line_id, facility_id in chosen.items()}


def _not_applied_yet(receipts: list[Receipt]) -> list[Receipt]:
    """Asked under the facilities' locks, so that of two workers with the same news one finds it done."""
    keys = {_key(receipt): receipt for receipt in receipts}
    books = [book.id for book in _books(receipts).values()]
    done = set(Entry.objects.filter(book_id__in=books, key__in=keys).values_list("key", flat=True))
    return [receipt for key, receipt in keys.items() if key not in done]


def _books(receipts: list[Receipt]):
    return books_of(receipt.facility.funder_id for receipt in receipts)


def _lock_open_advances(facilities: Mapping[int, Facility]) -> dict[int, Advance]:
    rows = Advance.objects.select_for_update().filter(facility_id__in=facilities, status__in=Advance.OPEN)
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


def _pair(receipt: Receipt) -> tuple[int, int]:
    return receipt.facility.supplier_id, receipt.facility.funder_id


def _key(receipt: Receipt) -> str:
    return f"settlement/{receipt.payment.id}/facility/{receipt.facility.id}"


def _entry(receipt: Receipt, is_held: bool) -> Posting:
    facility_id = receipt.facility.id
    fees, interest, principal = map(sum, zip((0, 0, 0), *map(receipt.paid, receipt.parts), strict=True))
    legs = (
        LegOf("SETTLEMENT_CLEARING", receipt.amount_minor),
        LegOf("FEES_RECEIVABLE", -fees, facility_id),
        LegOf("INTEREST_RECEIVABLE", -interest, facility_id),
        LegOf("ADVANCES", -principal, facility_id),
        LegOf("CASH_COLLATERAL" if is_held else "DUE_TO_SUPPLIER", -receipt.remainder_minor, facility_id),
    )
    return Posting(
        key=_key(receipt), kind="settlement.applied", currency=receipt.currency,
        legs=tuple(leg for leg in legs if leg.amount_minor),
        subject_type=SettlementPayment._meta.label_lower, subject_id=receipt.payment.id,
    )  # fmt: skip


def _save(advances: Collection[Advance], facilities: Mapping[int, Facility]) -> None:
    fields = ["status", "principal_minor", "fees_minor", "closed_at", "closed_date", *ACCRUED_FIELDS]
    update_many(Advance, list(advances), fields)
    update_many(Facility, list(facilities.values()), ["principal_minor"])


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
    advance = repayment.advance
    facts = {
        "fees_minor": repayment.fees_minor,
        "interest_minor": repayment.interest_minor,
        "principal_minor": repayment.principal_minor,
        "currency": advance.currency,
        "value_date": repayment.value_date.isoformat(),
    }
    return News("advance.repayment_applied", advance, (advance.supplier_id, advance.funder_id), facts)
