"""A bank in a few lines: it sends bookings by the door that every bank's come in by, and workers do what follows."""

from datetime import timedelta
from itertools import count
from uuid import uuid4

from django.utils import timezone

from accounts.trail.delivery import drain
from accounts.trail.models import Delivery
from accounts.trail.subscribers import subscribers
from financing.banking import services
from financing.banking.iso20022 import camt054
from financing.banking.iso20022.entries import Direction, Entry
from financing.banking.models import BankAccount, PaymentInstruction
from tests.world import NOW, TODAY

States = PaymentInstruction.Status
ENDED = (States.SETTLED, States.REJECTED, States.RETURNED)
numbers = count(1)


def send() -> None:
    """All that is due leaves; the bank's answer does not come."""
    due = PaymentInstruction.objects.filter(status=States.DUE).order_by("id").values_list("id", flat=True)
    services.claim(instruction_ids=list(due), now=NOW)


def book(instruction: PaymentInstruction, *, return_reason: str = "") -> None:
    """Tell of a payment on each account of which the portal hears: the payer's first, or the payee's."""
    ibans = [instruction.account.iban, instruction.creditor_iban]
    for iban in BankAccount.objects.told_of(ibans):
        pays_out = (iban == instruction.account.iban) != bool(return_reason)
        entry = Entry(
            bank_reference=f"B{next(numbers)}", amount_minor=instruction.amount_minor, currency=instruction.currency,
            direction=Direction.DEBIT if pays_out else Direction.CREDIT, booking_date=TODAY, value_date=TODAY,
            end_to_end_id=instruction.end_to_end_id, return_reason=return_reason or None,
        )  # fmt: skip
        account = camt054.AccountNotification(uuid4().hex, iban, instruction.currency, (entry,))
        message = camt054.build(camt054.Notification(uuid4().hex, NOW, (account,)))
        assert services.receive(content=message, now=NOW).new_entries == 1


def work(later: timedelta = timedelta()) -> None:
    """What one worker does: whatever is due for anybody."""
    for name in subscribers():
        drain(name, timezone.now() + later)


def come_to_rest() -> None:
    """Every payment is booked, and all news have come home."""
    for days in range(1, 13):  # what failed waits longer each time
        send()
        open_ones = PaymentInstruction.objects.exclude(status__in=ENDED).select_related("account").order_by("id")
        for each in open_ones:
            book(each)
        work(timedelta(days=days))
        waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
        if not waiting.exists() and not open_ones.all().exists():
            break
    assert not Delivery.objects.filter(state__in=[Delivery.State.WAITING, Delivery.State.PARKED]).exists()
