"""Asking the bank: what became of payments that it has not settled, and what it has booked that we were not told."""

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, Q

from financing.banking import channel
from financing.banking.iso20022 import camt054
from financing.banking.iso20022.errors import UnreadableMessage
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction
from financing.banking.services.booking import arrived, book_entries
from financing.banking.services.sending import record_answer, record_never_had
from portal.shared import wall
from portal.shared.access import Actor, require
from portal.shared.clocks import has_waited
from portal.shared.errors import NotFound

logger = logging.getLogger(__name__)
States = PaymentInstruction.Status

SENT_FOR = timedelta(seconds=10)
"""Longer than a worker waits for an answer: whoever sent it is done with it, or dead."""
ACCEPTED_FOR = timedelta(seconds=30)
AGAIN_AFTER = timedelta(seconds=60)
"""An accepted payment may wait for days; what nobody knows is asked about every time."""
MESSAGES_PER_RUN = 100
PAGES_PER_RUN = 20
SILENCES_PER_RUN = 3


def ask(*, now: datetime) -> None:
    """Periodic: ask about open payments, then fetch bookings since the last time. A bank that is away ends the run."""
    messages = [partial(_ask_about, message, now) for message in _open_messages(now)]
    accounts = BankAccount.objects.in_force().filter(connected=True).order_by("id")
    silences = 0
    for question in messages + [partial(_catch_up, account, now) for account in accounts]:
        try:
            question()
        except channel.Unanswered as failure:
            # One question that the bank cannot answer must not keep the others from being asked.
            logger.warning("The bank does not answer: %s", failure)
            silences += 1
            if failure.is_down or silences == SILENCES_PER_RUN:
                return


@wall.inside()
def inquire(*, actor: Actor, instruction_id: int, now: datetime) -> PaymentInstruction:
    """A person asks about one payment now. Raises channel.Unanswered."""
    instruction = (
        PaymentInstruction.objects.visible_to(actor).select_related("message").filter(id=instruction_id).first()
    )
    if instruction is None:
        raise NotFound()
    require(actor, "banking.retry")
    if instruction.message_id is not None:
        _ask_about(instruction.message, now)
    instruction.refresh_from_db()
    return instruction


def _open_messages(now: datetime) -> list[BankMessage]:
    """Those longest unasked first."""
    unanswered = Q(status=States.UNKNOWN) | Q(has_waited("sent_at", now, SENT_FOR), status=States.SENT)
    unbooked = Q(has_waited("answered_at", now, ACCEPTED_FOR), status=States.ACCEPTED)
    # From the few open instructions to their messages: the messages are all of history.
    urgent = Q(id__in=PaymentInstruction.objects.filter(unanswered).values("message"))
    patient = Q(id__in=PaymentInstruction.objects.filter(unbooked).values("message"))
    not_lately = Q(asked_at=None) | has_waited("asked_at", now, AGAIN_AFTER)
    found = BankMessage.objects.filter(urgent | (patient & not_lately), direction=BankMessage.Direction.OUT)
    return list(found.order_by(F("asked_at").asc(nulls_first=True), "id")[:MESSAGES_PER_RUN])


def _ask_about(message: BankMessage, now: datetime) -> None:
    BankMessage.objects.filter(id=message.id).update(asked_at=now)
    try:
        answer = channel.status_of_message(message.message_id)
    except channel.NotThere:
        record_never_had(message_id=message.id, now=now)
        return
    except channel.Refused as refused:
        logger.error("The bank cannot say what became of %s: %s", message.message_id, refused)
        return
    record_answer(message_id=message.id, content=answer, now=now)
    _ask_singly(message, now)


def _ask_singly(message: BankMessage, now: datetime) -> None:
    """Payments that the bank refused as ordered before: it may well pay them, under another message."""
    doubtful = PaymentInstruction.objects.filter(message=message, status=States.UNKNOWN)
    for instruction in doubtful.select_related("account").order_by("id"):
        try:
            answer = channel.status_of_payment(instruction.end_to_end_id, instruction.account.iban)
        except (channel.NotThere, channel.Refused) as refused:
            logger.error("The bank cannot say what became of %s: %s", instruction.end_to_end_id, refused)
        else:
            record_answer(message_id=message.id, content=answer, now=now, asked_singly=True)


def _catch_up(account: BankAccount, now: datetime) -> None:
    """Fetch what was booked since the last time, told or not, and book what was missed."""
    for _ in range(PAGES_PER_RUN):
        try:
            content = channel.notifications(account.iban, account.read_until)
            notification = camt054.parse(content)
        except (channel.NotThere, channel.Refused, UnreadableMessage) as refused:
            logger.error("No bookings to be had for account %s: %s", account.id, refused)
            return
        entries = [entry for each in notification.accounts for entry in each.entries]
        if not entries:
            return
        references = [entry.bank_reference for entry in entries]
        known = BankEntry.objects.filter(account=account, bank_reference__in=references).count()
        if known < len(set(references)):
            message = arrived(
                kind="camt.054", message_id=notification.message_id, account=account, content=content, now=now
            )
            book_entries(message=message, entries=entries, now=now)
        # Only after the entries are in: what is not booked is fetched again.
        account.read_until = references[-1]
        BankAccount.objects.filter(id=account.id).update(read_until=account.read_until)
