"""What a bank pushes to the portal, whatever it is: understood, or kept as evidence."""

import logging
from dataclasses import dataclass
from datetime import datetime

from accounts.intake import replaying
from accounts.intake import services as intake
from accounts.intake.models import Document
from financing.banking.iso20022 import camt053, camt054, pain002, reader
from financing.banking.iso20022.errors import UnreadableMessage
from financing.banking.models import BankAccount, BankMessage
from financing.banking.services.booking import arrived, book_entries
from financing.banking.services.sending import record_answer
from financing.banking.services.statements import reconcile
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.database import acting
from portal.shared.sentences import Sentence

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message: `code` is "" where all of it was understood; `new_entries` counts bookings."""

    code: str = ""
    explanation: Sentence | str = ""
    new_entries: int = 0


def receive(*, content: bytes, now: datetime) -> Receipt:
    """Take in a message whose signature was verified. It may come again at any time, also twice at once.

    What cannot be read, or speaks of an account that nobody has registered, is kept as a refused document.
    """
    receipt = _understand(content, now)
    if receipt.code:
        logger.error("A message of the bank is kept unprocessed: %s %s", receipt.code, receipt.explanation)
        document = intake.keep(
            actor=SYSTEM_ACTOR, kind=Document.Kind.BANK_MESSAGE, content=content, media_type="application/xml", now=now
        )
        _conclude(document, receipt)
    return receipt


def replay(*, actor: Actor, document_id: int, now: datetime) -> Document:
    """Take a kept message in again: its account may be registered by now. What was booked of it is known.

    For operators. Raises NotFound, Forbidden, NotReplayable.
    """
    with acting(actor):
        document = replaying.reopen(actor=actor, document_id=document_id, now=now)
        _conclude(document, _understand(bytes(document.content), now))
        return replaying.replayed(actor, document, now)


def _understand(content: bytes, now: datetime) -> Receipt:
    try:
        name = reader.message_name(content)
        if name == camt054.NAME:
            return _receive_notification(content, now)
        if name == camt053.NAME:
            statements = reconcile(content=content, now=now)
            return Receipt() if statements else Receipt("UNKNOWN_ACCOUNT", Sentence("No account of it is known."))
        if name == pain002.NAME:
            return _receive_status(content, now)
    except UnreadableMessage as unreadable:
        return Receipt(unreadable.code, unreadable.said)
    return Receipt("UNKNOWN_MESSAGE", Sentence("Messages of the kind {name} are not processed here.", name=name))


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
        return Receipt("UNKNOWN_ACCOUNT", Sentence("It speaks of an account that is not registered here."), booked)
    return Receipt(new_entries=booked)


def _receive_status(content: bytes, now: datetime) -> Receipt:
    report = pain002.parse(content)
    message = BankMessage.objects.filter(
        direction=BankMessage.Direction.OUT, message_id=report.original_message_id
    ).first()
    if message is None:
        return Receipt("UNKNOWN_MESSAGE", Sentence("It answers a message that was never sent."))
    record_answer(message_id=message.id, content=content, now=now)
    return Receipt()


def _conclude(document: Document, receipt: Receipt) -> None:
    outcomes = Document.Outcome
    refused = outcomes.PARTLY if receipt.new_entries else outcomes.REFUSED
    outcome = refused if receipt.code else outcomes.ACCEPTED
    intake.conclude(document, outcome, receipt.code, receipt.explanation, {"new_entries": receipt.new_entries})
