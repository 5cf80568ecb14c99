"""A receipt of the funder goes through the waterfall: fees, interest and principal, then the supplier."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, AdvanceReceivable, Repayment
from financing.advances.services.accrue import ACCRUED_FIELDS, bring_up_to_date
from financing.advances.services.rows import book_all, books_of, lock_facilities
from financing.banking.services import Payment, instruct
from financing.credit.models import Facility
from financing.ledger.models import Entry
from financing.ledger.queries import balances
from financing.ledger.services import LegOf, Posting
from financing.receivables.models import Receivable, SettlementLine, SettlementPayment
from financing.receivables.services import release
from financing.schedules import Allocation, Debt, waterfall
from portal.shared.access import Actor
from portal.shared.database import acting, update_many


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
        news = _close_repaid(advances.values(), today, now)
        _release_what_is_free(actor, facilities, advances.values(), now)
        held = _in_arrears(receipts)
        postings += [(each.facility.funder_id, _entry(each, each.facility.supplier_id in held)) for each in receipts]
        _save(advances.values(), facilities)
        repayments = _record_repayments(receipts, advances, value_dates, now)
        book_all(actor, postings, now)
        _pay_out(actor, [each for each in receipts if each.facility.supplier_id not in held], now)
        record(actor, now, [*map(_told, repayments), *news])
        return repayments


def _receipts(payment_ids: Collection[int]) -> list[Receipt]:
    """One receipt per payment and facility, in a fixed order."""
    lines = (
        SettlementLine.objects.filter(payment_id__in=list(payment_ids))
        .select_related("payment__settlement", "receivable")
        .order_by("payment_id", "id")
    )
    lines = list(lines)
    facilities = _facilities_of(lines)
    found: dict[tuple[int, int], Receipt] = {}
    for line in lines:
        facility = facilities[line.id]
        key = (line.payment_id, facility.id)
        if key not in found:
            found[key] = Receipt(line.payment, facility, line.payment.settlement.currency)
        found[key].lines.append(line)
    return list(found.values())


def _facilities_of(lines: list[SettlementLine]) -> dict[int, Facility]:
    """Facility of each line: the one that its receivable is assigned to, or was while the payment was under way."""
    assigned = {line.receivable.assigned_facility_id for line in lines} - {None}
    by_id = {each.id: each for each in Facility.objects.filter(id__in=assigned)}
    lost = [line for line in lines if line.receivable.assigned_facility_id is None]
    known = Facility.objects.filter(
        supplier__in={line.receivable.supplier_id for line in lost}, funder__in={line.payment.payee_id for line in lost}
    ).order_by("-id")
    by_pair = {(each.supplier_id, each.funder_id): each for each in known}
    return {
        line.id: by_id.get(line.receivable.assigned_facility_id)
        or by_pair[line.receivable.supplier_id, line.payment.payee_id]
        for line in lines
    }


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


def _close_repaid(advances: Collection[Advance], today: Mapping[int, date], now: datetime) -> list[News]:
    """Advances that owe nothing any more are REPAID; an unrounded remainder below half a minor unit goes with them."""
    repaid = [each for each in advances if each.owed_minor == 0]
    for advance in repaid:
        advance.move_to(Advance.Status.REPAID)
        advance.closed_at, advance.closed_date = now, today[advance.funder_id]
        advance.interest_carry = 0
    AdvanceReceivable.objects.filter(advance__in=repaid, released_at=None).update(released_at=now)
    return [News("advance.repaid", each, (each.supplier_id, each.funder_id)) for each in repaid]


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


def _in_arrears(receipts: list[Receipt]) -> set[int]:
    """Suppliers among the receipts' that are in arrears with the same funder, on whatever facility."""
    late = Advance.objects.filter(
        status__in=[Advance.Status.OVERDUE, Advance.Status.DEFAULTED, Advance.Status.WRITTEN_OFF],
        supplier_id__in={each.facility.supplier_id for each in receipts},
        funder_id__in={each.facility.funder_id for each in receipts},
    ).exclude(facility_id__in={each.facility.id for each in receipts if not each.facility.principal_minor})
    return set(late.values_list("supplier_id", flat=True))


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


def _pay_out(actor: Actor, receipts: list[Receipt], now: datetime) -> None:
    """Pay remainders to their suppliers, with what was held for them before."""
    payments, postings = [], []
    for funder_id, book in _books(receipts).items():
        mine = [each for each in receipts if each.facility.funder_id == funder_id]
        held = balances(book_id=book.id, kinds=["CASH_COLLATERAL"], facility_ids={each.facility.id for each in mine})
        for receipt in mine:
            freed = -held.pop(("CASH_COLLATERAL", receipt.currency, receipt.facility.id), 0)
            if freed:
                postings.append((funder_id, _freed_entry(receipt, freed)))
            if receipt.remainder_minor + freed:
                payments.append(_remainder(receipt, receipt.remainder_minor + freed))
    book_all(actor, postings, now)
    instruct(actor=actor, payments=payments, now=now)


def _freed_entry(receipt: Receipt, freed_minor: int) -> Posting:
    facility_id = receipt.facility.id
    return Posting(
        key=f"{_key(receipt)}/collateral", kind="collateral.freed", currency=receipt.currency,
        legs=(LegOf("CASH_COLLATERAL", freed_minor, facility_id), LegOf("DUE_TO_SUPPLIER", -freed_minor, facility_id)),
        subject_type=SettlementPayment._meta.label_lower, subject_id=receipt.payment.id,
    )  # fmt: skip


def _remainder(receipt: Receipt, amount_minor: int) -> Payment:
    return Payment(
        key=f"remainder/{receipt.payment.id}/{receipt.facility.id}", purpose="REMAINDER",
        payer_id=receipt.facility.funder_id, payee_id=receipt.facility.supplier_id, amount_minor=amount_minor,
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
