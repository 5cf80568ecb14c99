"""The bank sends a disbursement back after it had booked it, whatever has become of the advance meanwhile."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, Repayment
from financing.advances.services.disburse import close_as_failed
from financing.advances.services.hold import hold, in_arrears, open_account
from financing.advances.services.receipts import EarlierPaymentComesBack, key_of_receipt
from financing.advances.services.rows import book_all, lock_advances
from financing.banking.models import PaymentInstruction
from financing.banking.services import Payment, instruct
from financing.credit.models import Facility
from financing.ledger.models import Entry
from financing.ledger.services import LegOf, Posting
from portal.shared.access import Actor
from portal.shared.database import acting
from portal.shared.errors import RuleViolation

Status = Advance.Status
UNDOABLE = (Status.ACTIVE, Status.OVERDUE, Status.REPAID, Status.FAILED)


class NotBookedYet(RuleViolation):
    """The news of a return was faster than that of the booking; it is heard again after a moment."""

    code, status = "NOT_BOOKED_YET", 409
    sentence = "The booking of advance {advance} has not been heard of yet."


class ReturnedAfterLoss(RuleViolation):
    """A loss is booked over more than one advance, and provisions are judgements: neither is undone by rule."""

    code = "RETURNED_AFTER_LOSS"
    sentence = (
        "The bank returned the payment of advance {advance}, which is in default or written off: the supplier never "
        "had the money. Take the provision or the loss back, set the advance active again, and retry this delivery."
    )


def take_back(*, actor: Actor, reasons: Mapping[int, str], now: datetime) -> list[Advance]:
    """The bank has returned these payments after booking them (advance id -> reason). Repeatable.

    The cash is back by the booking. The supplier never had it: interest and fee were never earned, and the advance
    ends as FAILED. What had repaid it is the supplier's, whole: it makes good what the supplier was paid too much
    before; the rest is paid, or held for it where it is in arrears, or where its account is the one that just sent
    the payment back. Raises NotBookedYet, EarlierPaymentComesBack, ReturnedAfterLoss.
    """
    with acting(actor):
        facilities, advances = lock_advances(reasons)
        _require_undoable(advances)
        due = [each for each in advances if each.status != Status.FAILED]
        repayments = _repayments_of(due)
        for advance in due:
            facilities[advance.facility_id].principal_minor -= advance.principal_minor
            advance.principal_minor = advance.interest_minor = advance.fees_minor = advance.deferred_fee_minor = 0
            advance.interest_carry = 0
        due_back = _made_good(due, repayments, facilities)
        close_as_failed(actor, due, facilities, reasons, now, came_back=True)
        book_all(actor, _given_back(repayments), now)
        _pay_or_hold(actor, due_back, now)
        record(actor, now, [_told(each, repayments[each.id]) for each in due if repayments[each.id]])
        return due


def _require_undoable(advances: Iterable[Advance]) -> None:
    for each in advances:
        if each.status in (Status.APPROVED, Status.DISBURSING):
            raise NotBookedYet(advance=each.id)
        if each.status not in UNDOABLE:
            raise ReturnedAfterLoss(advance=each.id)


def _repayments_of(advances: Sequence[Advance]) -> dict[int, list[Repayment]]:
    """By advance, without those whose settlement came back itself; one that came back and is not undone yet waits."""
    found: dict[int, list[Repayment]] = defaultdict(list)
    rows = Repayment.objects.filter(advance__in=advances, returned=None)
    came_back = rows.filter(payment__instruction__status=PaymentInstruction.Status.RETURNED).first()
    if came_back:
        raise EarlierPaymentComesBack(payment=came_back.payment_id)
    for each in rows.select_related("advance").order_by("id"):
        found[each.advance_id].append(each)
    return found


def _made_good(
    advances: Sequence[Advance], repayments: Mapping[int, Sequence[Repayment]], facilities: Mapping[int, Facility]
) -> list[tuple[Advance, int]]:
    """What is due to the supplier of each, above zero: what it owes back is taken off, here and in its facility."""
    left = []
    for advance in advances:
        facility = facilities[advance.facility_id]
        paid = sum(each.amount_minor for each in repayments[advance.id])
        recovered = min(paid, facility.overpaid_minor)
        facility.overpaid_minor -= recovered
        if paid > recovered:
            left.append((advance, paid - recovered))
    return left


def _given_back(repayments: Mapping[int, Sequence[Repayment]]) -> list[tuple[int, Posting]]:
    """Entries with the id of their funder, each of the value date on which the repayment was booked."""
    found = [each for of_advance in repayments.values() for each in of_advance]
    booked = _booked_on(found)
    return [(each.advance.funder_id, _entry(each, booked[each.advance.funder_id, _key(each)])) for each in found]


def _booked_on(repayments: Sequence[Repayment]) -> dict[tuple[int, str], date]:
    rows = Entry.objects.filter(
        book__funder__in={each.advance.funder_id for each in repayments}, key__in=[_key(each) for each in repayments]
    )
    return {(funder, key): on for funder, key, on in rows.values_list("book__funder_id", "key", "value_date")}


def _key(repayment: Repayment) -> str:
    return key_of_receipt(repayment.payment_id, repayment.advance.facility_id)


def _entry(repayment: Repayment, value_date: date) -> Posting:
    facility_id = repayment.advance.facility_id
    legs = (
        LegOf("FEES_RECEIVABLE", repayment.fees_minor, facility_id),
        LegOf("INTEREST_RECEIVABLE", repayment.interest_minor, facility_id),
        LegOf("ADVANCES", repayment.principal_minor, facility_id),
        LegOf("DUE_TO_SUPPLIER", -repayment.amount_minor, facility_id),
    )
    return Posting(
        key=f"repayment/{repayment.id}/given-back", kind="repayment.given_back", currency=repayment.advance.currency,
        legs=tuple(leg for leg in legs if leg.amount_minor), value_date=value_date,
        subject_type=Repayment._meta.label_lower, subject_id=repayment.id,
    )  # fmt: skip


def _pay_or_hold(actor: Actor, due_back: Sequence[tuple[Advance, int]], now: datetime) -> None:
    late = in_arrears({(each.supplier_id, each.funder_id) for each, _ in due_back})
    held = [
        (each, amount)
        for each, amount in due_back
        if (each.supplier_id, each.funder_id) in late or not _takes_money(each)
    ]
    hold(actor=actor, amounts=held, now=now)
    instruct(actor=actor, payments=[_payment(*each) for each in due_back if each not in held], now=now)


def _takes_money(advance: Advance) -> bool:
    """Whether the supplier has an account on file, and another than the one that sent the payment back."""
    account = open_account(advance.supplier_id, advance.currency)
    return account is not None and account.iban != advance.instruction.creditor_iban


def _payment(advance: Advance, amount_minor: int) -> Payment:
    return Payment(
        key=f"given-back/{advance.application_id}", purpose=PaymentInstruction.Purpose.REMAINDER,
        payer_id=advance.funder_id, payee_id=advance.supplier_id, amount_minor=amount_minor, currency=advance.currency,
        subject_type=Advance._meta.label_lower, subject_id=advance.id, contra_kind="DUE_TO_SUPPLIER",
        facility_id=advance.facility_id, remittance=f"Repaid on advance {advance.id}, which never arrived",
    )  # fmt: skip


def _told(advance: Advance, repayments: Sequence[Repayment]) -> News:
    facts = {"amount_minor": sum(each.amount_minor for each in repayments), "currency": advance.currency}
    return News("advance.repayments_given_back", advance, (advance.supplier_id, advance.funder_id), facts)
