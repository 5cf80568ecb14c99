"""What receivables do when the bank has spoken of a settlement's payments."""

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.trail.models import Event
from financing.banking.models import PaymentInstruction
from financing.banking.queries import reasons_of
from financing.receivables.models import SettlementPayment
from financing.receivables.services import book, fail, take_back
from portal.shared.access import SYSTEM_ACTOR

NO_REASON = gettext_noop("The bank gave no reason.")
"""Kept as it is here, and worded where it is read."""


def payment_news(events: list[Event]) -> None:
    """Subscribe in order to payment.settled, payment.rejected and payment.returned (subject: the instruction)."""
    payment_settled([each for each in events if each.name == "payment.settled"])
    payment_rejected([each for each in events if each.name == "payment.rejected"])
    payment_returned([each for each in events if each.name == "payment.returned"])


def payment_settled(events: list[Event]) -> None:
    dates = {payment: date.fromisoformat(event.payload["value_date"]) for payment, event in _ours(events)}
    if dates:
        book(actor=SYSTEM_ACTOR, value_dates=dates, now=timezone.now())


def payment_rejected(events: list[Event]) -> None:
    if reasons := _reasons(events):
        fail(actor=SYSTEM_ACTOR, reasons=reasons, now=timezone.now())


def payment_returned(events: list[Event]) -> None:
    if reasons := _reasons(events):
        take_back(actor=SYSTEM_ACTOR, reasons=reasons, now=timezone.now())


def _reasons(events: list[Event]) -> dict[int, str]:
    found = reasons_of(event.subject_id for event in events)
    return {payment: found.get(event.subject_id) or NO_REASON for payment, event in _ours(events)}


def _ours(events: list[Event]):
    """Settlement payments among the subjects of the instructions."""
    label = SettlementPayment._meta.label_lower
    for event in events:
        # A remainder that a funder pays on names the same settlement: it is not the settlement's own payment.
        is_settlement = event.payload.get("purpose") == PaymentInstruction.Purpose.SETTLEMENT
        if is_settlement and event.payload.get("subject_type") == label:
            yield event.payload["subject_id"], event
