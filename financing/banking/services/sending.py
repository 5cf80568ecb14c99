"""From an instruction that is due to the bank's answer, in three steps: claim, transmit, record.

Nothing is locked while the bank is spoken to. A payment leaves in one message only, whose bytes and MsgId are stored
before the first attempt; every further attempt sends those, and the bank pays for one MsgId once. So it does no harm
when two workers send the same message, or one that died is repeated.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched, groupby

from django.db.models import Q

from accounts.trail.services import record
from financing.banking import channel
from financing.banking.inserting import insert_new
from financing.banking.iso20022 import pain001, pain002
from financing.banking.iso20022.errors import UnreadableMessage
from financing.banking.iso20022.pain002 import PaymentStatus, Status, StatusReport
from financing.banking.models import BankMessage, PaymentInstruction
from financing.banking.services.instructions import failed, news
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting

logger = logging.getLogger(__name__)

PER_MESSAGE = 200
States = PaymentInstruction.Status

ACCEPTED = {
    Status.TECHNICALLY_VALID, Status.ACCEPTED, Status.ACCEPTED_WITH_CHANGE, Status.IN_SETTLEMENT, Status.SETTLED,
    Status.CREDITED,
}  # fmt: skip
REJECTED = {Status.REJECTED, Status.CANCELLED}
DUPLICATE = {"AM05", "DU01"}
"""A bank refuses what it has already by these. That is no word on whether it pays, so the payment is asked about."""


# ── claim ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Claimed:
    """Ids of messages to send: `fresh` ones straight away, `earlier` ones after asking whether the bank has them."""

    fresh: tuple[int, ...]
    earlier: tuple[int, ...]


def claim(*, instruction_ids: Sequence[int], now: datetime) -> Claimed:
    """Put what is due into messages, up to 200 payments of one account each; whoever calls second finds it done.

    An instruction that the bank never had goes out in its old message, with all that are in there.
    """
    with acting(SYSTEM_ACTOR):
        repeated = PaymentInstruction.objects.filter(id__in=instruction_ids, status=States.DUE).exclude(message=None)
        # A message is locked before its instructions, here as where answers are recorded.
        messages = (
            BankMessage.objects.filter(id__in=repeated.values("message")).select_for_update(no_key=True).order_by("id")
        )
        locked = list(messages.values_list("id", flat=True))
        rows = list(
            PaymentInstruction.objects.filter(Q(id__in=instruction_ids) | Q(status=States.DUE, message__in=locked))
            .select_related("account")
            .select_for_update(no_key=True, of=("self",))
            .order_by("id")
        )
        due = [row for row in rows if row.status == States.DUE and row.message_id in {None, *locked}]
        # Read after the lock: a join would show the messages as they were before whoever held it.
        sent = {row.message_id for row in rows if row.status == States.SENT}
        unanswered = BankMessage.objects.filter(id__in=sent, state=BankMessage.State.PREPARED)
        earlier = set(unanswered.values_list("id", flat=True))
        fresh = {row.message_id for row in due if row.message_id}
        BankMessage.objects.filter(id__in=fresh).update(state=BankMessage.State.PREPARED)
        _save([row for row in due if row.message_id], States.SENT, sent_at=now)
        fresh |= _put_into_messages([row for row in due if row.message_id is None], now)
        record(SYSTEM_ACTOR, now, [news("payment.sent", row) for row in due])
        return Claimed(tuple(sorted(fresh)), tuple(sorted(earlier - fresh)))


def _put_into_messages(due: list[PaymentInstruction], now: datetime) -> set[int]:
    by_account = sorted(due, key=lambda row: (row.account_id, row.id))
    groups = [
        group
        for _, of_account in groupby(by_account, key=lambda row: row.account_id)
        for group in batched(of_account, PER_MESSAGE)
    ]
    messages = BankMessage.objects.bulk_create([_prepared(group, now) for group in groups])
    for message, group in zip(messages, groups, strict=True):
        _save(group, States.SENT, sent_at=now, message=message)
    return {message.id for message in messages}


def _prepared(group: Sequence[PaymentInstruction], now: datetime) -> BankMessage:
    account = group[0].account
    # Derived from what it orders: after a restored backup the same order goes out under the same name.
    ordered = "\n".join(row.end_to_end_id for row in group)
    message_id = "PTL" + hashlib.sha256(ordered.encode()).hexdigest()[:32].upper()
    transfers = tuple(
        pain001.Transfer(
            end_to_end_id=row.end_to_end_id,
            instruction_id=str(row.id),
            amount_minor=row.amount_minor,
            currency=row.currency,
            creditor_name=row.creditor_name,
            creditor_iban=row.creditor_iban,
            creditor_bic=row.creditor_bic or None,
            remittance_text=row.remittance,
        )
        for row in group
    )
    block = pain001.PaymentBlock(
        message_id, now.date(), account.holder, account.iban, transfers, debtor_bic=account.bic or None
    )
    content = pain001.build(pain001.CreditTransferInitiation(message_id, now, account.holder, (block,)))
    return BankMessage(
        direction=BankMessage.Direction.OUT, kind="pain.001", message_id=message_id, account=account,
        state=BankMessage.State.PREPARED, content=content, sha256=hashlib.sha256(content).hexdigest(), recorded_at=now,
    )  # fmt: skip


# ── transmit ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Outcome:
    """What the bank said: an `answer` (pain.002), a `refusal` of the whole message, or neither; then nobody knows."""

    answer: bytes = b""
    refusal: str = ""
    is_down: bool = False


def transmit(*, message_id: int, ask_first: bool = False) -> Outcome:
    """Send a prepared message; `ask_first` where an earlier attempt may have arrived. Writes nothing."""
    message = BankMessage.objects.get(id=message_id)
    try:
        if ask_first:
            try:
                return Outcome(channel.status_of_message(message.message_id))
            except channel.NotThere:
                pass
            except channel.Refused as refused:
                # The question was refused, not the payment: it may have been made, and nobody knows.
                logger.error("The bank does not say what became of %s: %s", message.message_id, refused)
                return Outcome()
        return Outcome(channel.send(bytes(message.content)))
    except channel.Refused as refused:
        return Outcome(refusal=str(refused))
    except channel.Unanswered as failure:
        logger.warning("No answer to %s: %s", message.message_id, failure)
        return Outcome(is_down=failure.is_down)


# ── record ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def record_outcome(*, message_id: int, outcome: Outcome, now: datetime) -> None:
    """Write down what became of a message."""
    if outcome.refusal:
        record_refusal(message_id=message_id, text=outcome.refusal, now=now)
    elif not outcome.answer:
        record_silence(message_id=message_id, now=now)
    else:
        record_answer(message_id=message_id, content=outcome.answer, now=now)


def record_answer(*, message_id: int, content: bytes, now: datetime, asked_singly: bool = False) -> None:
    """Carry the bank's statuses over to the instructions; they never go backwards.

    `asked_singly`: the answer is about one payment, whatever message it came in, and a refusal in it is final.
    """
    try:
        report = pain002.parse(content)
    except UnreadableMessage as unreadable:
        logger.error("The bank's answer to message %s cannot be read: %s", message_id, unreadable)
        return record_silence(message_id=message_id, now=now)
    with acting(SYSTEM_ACTOR):
        message = BankMessage.objects.select_for_update(no_key=True).get(id=message_id)
        rows = _locked(message_id, States.SENT, States.UNKNOWN, States.ACCEPTED)
        told = _told(report, rows, asked_singly)
        accepted = [row for row, each in told if each.status in ACCEPTED and row.may_become(States.ACCEPTED)]
        rejected = [(row, each) for row, each in told if each.status in REJECTED and row.may_become(States.REJECTED)]
        doubtful = [
            row for row, each in told
            if each.status in REJECTED and not asked_singly and each.reason_code in DUPLICATE
        ]  # fmt: skip
        rejected = [(row, each) for row, each in rejected if row not in doubtful]
        doubtful = [row for row in doubtful if row.status == States.SENT]
        if not (accepted or rejected or doubtful) and message.state == BankMessage.State.ANSWERED:
            return None
        _keep_answer(message, report, content, now)
        _save(accepted, States.ACCEPTED, answered_at=now)
        _save(doubtful, States.UNKNOWN)
        _reject(rejected, now)
        record(SYSTEM_ACTOR, now, [news("payment.accepted", row) for row in accepted])
        return None


def record_silence(*, message_id: int, now: datetime) -> None:
    """Nobody knows what the bank did. Whoever has recorded an answer meanwhile knows better."""
    with acting(SYSTEM_ACTOR):
        message = BankMessage.objects.select_for_update(no_key=True).get(id=message_id)
        if message.state != BankMessage.State.PREPARED:
            return
        message.state = BankMessage.State.UNKNOWN
        message.save(update_fields=["state"])
        rows = _locked(message_id, States.SENT)
        _save(rows, States.UNKNOWN)
        record(SYSTEM_ACTOR, now, [news("payment.unanswered", row) for row in rows])


def record_refusal(*, message_id: int, text: str, now: datetime) -> None:
    """The bank cannot read the message and takes nothing of it: its payments are rejected, format invalid (FF01)."""
    with acting(SYSTEM_ACTOR):
        message = BankMessage.objects.select_for_update(no_key=True).get(id=message_id)
        if message.state == BankMessage.State.ANSWERED:
            return
        message.state = BankMessage.State.ANSWERED
        message.save(update_fields=["state"])
        rows = _locked(message_id, States.SENT, States.UNKNOWN)
        _reject(
            [(row, PaymentStatus("-", row.end_to_end_id, Status.REJECTED, None, "FF01", text)) for row in rows], now
        )


def record_never_had(*, message_id: int, now: datetime) -> None:
    """The bank never had the message: what is in it is due again, and goes out again as it was."""
    with acting(SYSTEM_ACTOR):
        message = BankMessage.objects.select_for_update(no_key=True).get(id=message_id)
        if message.state == BankMessage.State.ANSWERED:
            logger.error("The bank answered %s before and now says it never had it.", message.message_id)
            return
        message.state = BankMessage.State.UNKNOWN
        message.save(update_fields=["state"])
        rows = _locked(message_id, States.SENT, States.UNKNOWN)
        _save([row for row in rows if row.status == States.SENT], States.UNKNOWN)
        _save(rows, States.DUE)
        record(SYSTEM_ACTOR, now, [news("payment.due", row, end_to_end_id=row.end_to_end_id) for row in rows])


def _locked(message_id: int, *states: str) -> list[PaymentInstruction]:
    return list(
        PaymentInstruction.objects.filter(message_id=message_id, status__in=states)
        .select_related("account")
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
    )


def _told(
    report: StatusReport, rows: list[PaymentInstruction], asked_singly: bool
) -> list[tuple[PaymentInstruction, PaymentStatus]]:
    """Each instruction with what is said of it; a word on the group alone is meant for each."""
    said = {payment.end_to_end_id: payment for payment in report.payments}
    if not said and report.group_status and not asked_singly:
        of_all = report.group_status, None, report.reason_code, report.reason_text
        said = {row.end_to_end_id: PaymentStatus("-", row.end_to_end_id, *of_all) for row in rows}
    return [(row, said[row.end_to_end_id]) for row in rows if row.end_to_end_id in said]


def _keep_answer(message: BankMessage, report: StatusReport, content: bytes, now: datetime) -> None:
    answer = BankMessage(
        direction=BankMessage.Direction.IN, kind="pain.002", message_id=report.message_id,
        account_id=message.account_id, state=BankMessage.State.PROCESSED, content=content,
        sha256=hashlib.sha256(content).hexdigest(), recorded_at=now, in_reply_to=message,
    )  # fmt: skip
    insert_new([answer], "direction", "account_id", "kind", "message_id")
    message.state = BankMessage.State.ANSWERED
    message.save(update_fields=["state"])


def _reject(rejected: Iterable[tuple[PaymentInstruction, PaymentStatus]], now: datetime) -> None:
    def why(pair):
        return pair[1].reason_code or "", pair[1].reason_text or ""

    reasons = {}
    for (reason, text), pairs in groupby(sorted(rejected, key=why), key=why):
        rows = [row for row, _ in pairs]
        _save(rows, States.REJECTED, answered_at=now, reason=reason, reason_text=text)
        reasons |= dict.fromkeys(rows, reason)
    record(SYSTEM_ACTOR, now, failed("payment.rejected", reasons))


def _save(rows: Sequence[PaymentInstruction], state: str, **changed) -> None:
    """Move locked rows in one statement."""
    for row in rows:
        row.move_to(state)
    if rows:
        PaymentInstruction.objects.filter(id__in=[row.id for row in rows]).update(status=state, **changed)
