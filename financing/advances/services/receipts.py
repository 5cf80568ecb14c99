"""What a settlement payment brings to a facility, and whether it has been applied."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from accounts.trail.services import News
from financing.advances.models import Repayment
from financing.advances.services.rows import books_of
from financing.banking.models import PaymentInstruction
from financing.credit.models import Facility
from financing.ledger.models import Entry
from financing.receivables.models import Assignment, SettlementLine, SettlementPayment
from financing.schedules import Allocation
from portal.shared.errors import RuleViolation


class EarlierPaymentComesBack(RuleViolation):
    """Tried again: the earlier payment is undone by its own news, which this one has overtaken."""

    code, status = "EARLIER_PAYMENT_COMES_BACK", 409
    sentence = "Settlement payment {payment} came back and is still to be undone, before what replaces it is applied."


class DisbursementUnderWay(RuleViolation):
    """Tried again: the bank's news of the disbursement is still to come."""

    code, status = "DISBURSEMENT_UNDER_WAY", 409
    sentence = "Settlement payment {payment} may repay an advance that is on its way to the supplier: it waits for it."


def key_of_receipt(payment_id: int, facility_id: int) -> str:
    """Key of the ledger entry that applies what a settlement payment brings to a facility."""
    return f"settlement/{payment_id}/facility/{facility_id}"


@dataclass
class Receipt:
    """What one settlement payment brings to one facility; `parts`: the amounts that each advance gets of it.

    Of what is left, `recovered_minor` makes good what the supplier was paid too much; `remainder_minor` is its own.
    """

    payment: SettlementPayment
    facility: Facility
    currency: str
    lines: list[SettlementLine] = field(default_factory=list)
    parts: dict[int, list[Allocation]] = field(default_factory=lambda: defaultdict(list))
    recovered_minor: int = 0
    remainder_minor: int = 0

    @property
    def key(self) -> str:
        """Of the entry that applies it."""
        return key_of_receipt(self.payment.id, self.facility.id)

    @property
    def key_of_undoing(self) -> str:
        return f"{self.key}/returned"

    @property
    def pair(self) -> tuple[int, int]:
        return self.facility.supplier_id, self.facility.funder_id

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


def receipts_of(payment_ids: Collection[int]) -> list[Receipt]:
    """One receipt per payment and facility, in a fixed order; payments to suppliers bring none."""
    lines = list(
        SettlementLine.objects.filter(payment_id__in=list(payment_ids), payment__payee__book__isnull=False)
        .select_related("payment__settlement", "receivable")
        .order_by("payment_id", "id")
    )
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


def booked_keys(receipts: Sequence[Receipt]) -> set[str]:
    """Which of the receipts' entries, of applying and of undoing, are in the books."""
    books = [book.id for book in books_of(each.facility.funder_id for each in receipts).values()]
    keys = [key for each in receipts for key in (each.key, each.key_of_undoing)]
    return set(Entry.objects.filter(book_id__in=books, key__in=keys).values_list("key", flat=True))


def without_returned(receipts: Iterable[Receipt]) -> list[Receipt]:
    """Those whose payment has not come back: what came back before it was applied fills its own hole in clearing."""
    receipts = list(receipts)
    returned = PaymentInstruction.objects.filter(
        id__in=[each.payment.instruction_id for each in receipts], status=PaymentInstruction.Status.RETURNED
    )
    gone = set(returned.values_list("id", flat=True))
    return [each for each in receipts if each.payment.instruction_id not in gone]


def refuse_overtaken(receipts: Sequence[Receipt]) -> None:
    """An earlier payment of the same receivable was applied, came back and is not undone yet: this one waits.

    Otherwise it would find nothing owed, and all of it would go to the supplier as a remainder.
    """
    receivable_ids = [line.receivable_id for each in receipts for line in each.lines]
    earlier = SettlementLine.objects.filter(
        receivable__in=receivable_ids, payment__instruction__status=PaymentInstruction.Status.RETURNED
    )
    came_back = receipts_of(set(earlier.values_list("payment_id", flat=True)))
    booked = booked_keys(came_back)
    for each in came_back:
        if each.key in booked and each.key_of_undoing not in booked:
            raise EarlierPaymentComesBack(payment=each.payment.id)


def refuse_remainder_beside_disbursement(receipts: Iterable[Receipt]) -> None:
    """What would be left for the supplier may be what secures an advance that its bank has not booked yet.

    Otherwise the supplier would get both, and what it then owes would stand on nothing.
    """
    for each in receipts:
        if each.remainder_minor and each.facility.reserved_minor:
            raise DisbursementUnderWay(payment=each.payment.id)


def told_of(name: str, repayment: Repayment, **facts) -> News:
    """An event about what was repaid, or is owed again, for the advance's supplier and funder."""
    advance = repayment.advance
    parts = {f"{part}_minor": getattr(repayment, f"{part}_minor") for part in ("fees", "interest", "principal")}
    parties = (advance.supplier_id, advance.funder_id)
    return News(name, advance, parties, parts | {"currency": advance.currency} | facts)
