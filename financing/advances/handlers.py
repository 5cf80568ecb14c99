"""What advances make of others' news. Each takes one event or two hundred."""

from datetime import date

from django.utils import timezone

from accounts.trail.models import Event
from financing.advances import services
from financing.advances.models import Advance
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.queries import reasons_of
from financing.receivables.models import SettlementPayment
from portal.shared.access import SYSTEM_ACTOR

ADVANCE = Advance._meta.label_lower
Purpose = PaymentInstruction.Purpose
SETTLEMENT_PAYMENT = SettlementPayment._meta.label_lower


def decide(events: list[Event]) -> None:
    """application.submitted: decide what is waiting."""
    services.decide_waiting(
        actor=SYSTEM_ACTOR, application_ids=[event.subject_id for event in events], now=timezone.now()
    )


def disbursement_booked(events: list[Event]) -> None:
    """payment.settled of a disbursement: the advance is funded."""
    dates = {each.payload["subject_id"]: _value_date(each) for each in _disbursements(events)}
    if dates:
        services.confirm_funding(actor=SYSTEM_ACTOR, value_dates=dates, now=timezone.now())


def disbursement_refused(events: list[Event]) -> None:
    """payment.rejected of a disbursement: the advance fails and frees what it held."""
    reasons = _reasons(_disbursements(events))
    if reasons:
        services.fail(actor=SYSTEM_ACTOR, reasons=reasons, now=timezone.now())


def disbursement_returned(events: list[Event]) -> None:
    """payment.returned of a disbursement: the money is back, the advance and what had repaid it are undone."""
    reasons = _reasons(_disbursements(events))
    if reasons:
        services.take_back(actor=SYSTEM_ACTOR, reasons=reasons, now=timezone.now())


def remainder_came_back(events: list[Event]) -> None:
    """payment.rejected or payment.returned of a remainder: it is held for its supplier."""
    remainders = [each.subject_id for each in events if each.payload.get("purpose") == Purpose.REMAINDER]
    if remainders:
        services.hold_back(actor=SYSTEM_ACTOR, instruction_ids=remainders, now=timezone.now())


def receipt_returned(events: list[Event]) -> None:
    """payment.returned of a settlement: where it was applied already, what it had paid is owed again."""
    settlements = _of(events, SETTLEMENT_PAYMENT)
    reasons = _reasons([each for each in settlements if each.payload.get("purpose") == Purpose.SETTLEMENT])
    if reasons:
        services.undo_receipts(actor=SYSTEM_ACTOR, reasons=reasons, now=timezone.now())


def receipt_arrived(events: list[Event]) -> None:
    """cash.received from a settlement: the waterfall."""
    dates = {
        each.payload["subject_id"]: _value_date(each)
        for each in _of(events, SETTLEMENT_PAYMENT)
        if each.payload.get("purpose") == Purpose.SETTLEMENT
    }
    if dates:
        services.apply_receipts(actor=SYSTEM_ACTOR, value_dates=dates, now=timezone.now())


def business_date_advanced(events: list[Event]) -> None:
    """book.business_date_advanced: interest and fees up to the new day, who is overdue, and what was held."""
    for book_id in sorted({event.subject_id for event in events}):
        services.accrue_book(actor=SYSTEM_ACTOR, book_id=book_id, now=timezone.now())
        services.pay_held(actor=SYSTEM_ACTOR, book_id=book_id, now=timezone.now())


def account_entered(events: list[Event]) -> None:
    """bank_account.registered, .confirmed, .replaced: what is held for its party can be paid there."""
    accounts = BankAccount.objects.filter(id__in=[event.subject_id for event in events])
    services.pay_held_to(
        actor=SYSTEM_ACTOR, supplier_ids=sorted(set(accounts.values_list("party_id", flat=True))), now=timezone.now()
    )


def _disbursements(events: list[Event]) -> list[Event]:
    """What is given back of an advance is a payment of it, too, and no disbursement."""
    return [each for each in _of(events, ADVANCE) if each.payload.get("purpose") == Purpose.DISBURSEMENT]


def _reasons(events: list[Event]) -> dict[int, str]:
    """What was paid, by its id, with the bank's reason: not all who hear of the event may know it."""
    found = reasons_of(each.subject_id for each in events)
    return {each.payload["subject_id"]: found.get(each.subject_id, "") for each in events}


def _of(events: list[Event], subject_type: str) -> list[Event]:
    return [event for event in events if event.payload.get("subject_type") == subject_type]


def _value_date(event: Event) -> date:
    return date.fromisoformat(event.payload["value_date"])
