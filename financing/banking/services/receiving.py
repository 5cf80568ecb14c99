"""What a bank pushes to the portal, whatever it is: understood, or kept as evidence."""

import logging
from dataclasses import dataclass
from datetime import datetime

from accounts.intake import services as intake
from accounts.intake.models import Document
from financing.banking.iso20022 import camt053, camt054, pain002, reader
from financing.banking.iso20022.errors import UnreadableMessage
from financing.banking.models import BankAccount, BankMessage
from financing.banking.services.booking import arrived, book_entries
from financing.banking.services.sending import record_answer
from financing.banking.services.statements import reconcile
from portal.shared.access import SYSTEM_ACTOR

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: `code` is "" where all of it was understood; `new_entries` counts bookings."""

    code: str = ""
    explanation: str = ""
    new_entries: int = 0


def receive(*, content: bytes, now: datetime) -> Receipt:
    """Take in a message whose signature was verified. It may come again at any time, also twice at once.

    What cannot be read, or speaks of an account that nobody has registered, is kept as a refused document.
    """
    try:
        name = reader.message_name(content)
        if name == camt054.NAME:
            return _receive_notification(content, now)
        if name == camt053.NAME:
            statements = reconcile(content=content, now=now)
            return Receipt() if statements else _refuse(content, "UNKNOWN_ACCOUNT", "No account of it is known.", now)
        if name == pain002.NAME:
            return _receive_status(content, now)
    except UnreadableMessage as unreadable:
        return _refuse(content, unreadable.code, unreadable.sentence, now)
    return _refuse(content, "UNKNOWN_MESSAGE", f"Messages of the kind {name} are not processed here.", now)


def _receive_notification(content: bytes, now: datetime) -> Receipt:
    notification = camt054.parse(content)
    known = BankAccount.objects.told_of(each.account_iban for each in notification.accounts)
    booked = 0
    for each in notification.accounts:
        if (account := known.get(each.account_iban)) is not None:
            # One transaction per account: each has its own message row, and the whole may safely come again.
            message = arrived(
                kind="camt.054", message_id=notification.message_id, account=account, content=content, now=now
            )
            booked += len(book_entries(message=message, entries=each.entries, now=now))
    if len(known) < len({each.account_iban for each in notification.accounts}):
        return _refuse(content, "UNKNOWN_ACCOUNT", "It speaks of an account that is not registered here.", now, booked)
    return Receipt(new_entries=booked)


def _receive_status(content: bytes, now: datetime) -> Receipt:
    report = pain002.parse(content)
    message = BankMessage.objects.filter(
        direction=BankMessage.Direction.OUT, message_id=report.original_message_id
    ).first()
    if message is None:
        return _refuse(content, "UNKNOWN_MESSAGE", "It answers a message that was never sent.", now)
    record_answer(message_id=message.id, content=content, now=now)
    return Receipt()


def _refuse(content: bytes, code: str, explanation: str, now: datetime, booked: int = 0) -> Receipt:
    logger.error("A message of the bank is kept unprocessed: %s %s", code, explanation)
    document = intake.keep(
        actor=SYSTEM_ACTOR, kind=Document.Kind.BANK_MESSAGE, content=content, media_type="application/xml", now=now
    )
    outcome = Document.Outcome.PARTLY if booked else Document.Outcome.REFUSED
    intake.conclude(document, outcome, code, explanation, {"new_entries": booked})
    return Receipt(code, explanation, booked)
