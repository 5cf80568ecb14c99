"""What the bank has booked: each entry once, matched to its payment, and in the owner's book in one transaction."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.banking.inserting import insert_new
from financing.banking.iso20022.entries import Direction, Entry
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction
from financing.banking.services.instructions import failed, news
from financing.ledger.models import Account, Book
from financing.ledger.services import LegOf, Posting, post
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting

States = PaymentInstruction.Status
CASH, UNAPPLIED = Account.Kind.CASH, Account.Kind.UNAPPLIED_RECEIPTS


def arrived(*, kind: str, message_id: str, account: BankAccount, content: bytes, now: datetime) -> BankMessage:
    """A message from the bank, not stored yet."""
    return BankMessage(
        direction=BankMessage.Direction.IN, kind=kind, message_id=message_id, account=account,
        state=BankMessage.State.PROCESSED, content=content, sha256=hashlib.sha256(content).hexdigest(), recorded_at=now,
    )  # fmt: skip


def book_entries(*, message: BankMessage, entries: Sequence[Entry], now: datetime) -> list[BankEntry]:
    """Store the message and book what is new in it; a message or an entry that is there already changes nothing.

    Whatever their number, entries take the same number of statements.
    """
    with acting(SYSTEM_ACTOR):
        if not insert_new([message], "direction", "account_id", "kind", "message_id"):
            return []
        account = message.account
        unique = {entry.bank_reference: entry for entry in entries if entry.amount_minor}
        # In one order everywhere, so that two messages with the same entries do not wait for each other.
        ordered = [unique[reference] for reference in sorted(unique)]
        matching = _Matching(account, ordered)
        new = insert_new([_row(entry, matching, message, now) for entry in ordered], "account_id", "bank_reference")
        if not new:
            return []
        book = Book.objects.filter(funder_id=account.party_id).first()
        if book is not None:
            post(
                actor=SYSTEM_ACTOR,
                book_id=book.id,
                postings=[_posting(row, book.business_date) for row in new],
                now=now,
            )
        told = _move_instructions(matching, new, book, now)
        if book is not None:
            told += [
                _received(row, book.business_date) for row in new if row.amount_minor > 0 and not row.return_reason
            ]
        record(SYSTEM_ACTOR, now, told)
        return new


class _Matching:
    """The instructions that a message's entries name, locked, and what is booked of them on this account already."""

    def __init__(self, account: BankAccount, entries: Iterable[Entry]):
        named = {entry.end_to_end_id for entry in entries if entry.end_to_end_id}
        rows = (
            PaymentInstruction.objects.filter(end_to_end_id__in=named)
            .select_related("account")
            .select_for_update(no_key=True, of=("self",))
            .order_by("id")
        )
        self.account = account
        self.instructions = {row.end_to_end_id: row for row in rows}
        by_id = {row.id: row for row in self.instructions.values()}
        booked = BankEntry.objects.filter(account=account, instruction__in=by_id).only(
            "instruction_id", "return_reason"
        )
        # (instruction id, is a return) -> return reason
        self.booked = {(row.instruction_id, bool(row.return_reason)): row.return_reason for row in booked}

    def take(self, entry: Entry) -> PaymentInstruction | None:
        """The payment that the entry books or returns, on the payer's account or on the payee's; each once."""
        found = self.instructions.get(entry.end_to_end_id)
        if found is None or (entry.amount_minor, entry.currency) != (found.amount_minor, found.currency):
            return None
        is_return = entry.return_reason is not None
        pays_out = (entry.direction == Direction.DEBIT) != is_return
        fits = found.account_id == self.account.id if pays_out else found.creditor_iban == self.account.iban
        if not fits or (found.id, is_return) in self.booked or not _can_be_booked(found):
            return None
        self.booked[found.id, is_return] = entry.return_reason or ""
        return found


def _can_be_booked(instruction: PaymentInstruction) -> bool:
    """Money that moves for a payment which was rejected or never sent is not that payment: a person has to look."""
    return instruction.message_id is not None and instruction.status != States.REJECTED


def _row(entry: Entry, matching: _Matching, message: BankMessage, now: datetime) -> BankEntry:
    return BankEntry(
        account=message.account,
        bank_reference=entry.bank_reference,
        amount_minor=entry.amount_minor if entry.direction == Direction.CREDIT else -entry.amount_minor,
        currency=entry.currency,
        booking_date=entry.booking_date,
        value_date=entry.value_date,
        end_to_end_id=entry.end_to_end_id or "",
        counterparty_name=entry.counterparty_name or "",
        counterparty_iban=entry.counterparty_iban or "",
        remittance=entry.remittance_text or "",
        return_reason=entry.return_reason or "",
        instruction=matching.take(entry),
        message=message,
        recorded_at=now,
    )


# ── the owner's book ─────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class _Contra:
    kind: str
    account: str
    facility_id: int | None = None


def _posting(row: BankEntry, business_date: date) -> Posting:
    contra = _contra(row)
    return Posting(
        key=f"bank:{row.account_id}:{row.bank_reference}",
        kind=contra.kind,
        currency=row.currency,
        legs=(LegOf(CASH, row.amount_minor), LegOf(contra.account, -row.amount_minor, contra.facility_id)),
        value_date=_value_date(row, business_date),
        subject_type="banking.bankentry",
        subject_id=row.id,
    )


def _contra(row: BankEntry) -> _Contra:
    """What cash moves against. Money that nobody instructed or announced waits among the unapplied receipts."""
    paid = row.instruction
    if paid is None:
        return _Contra("bank.credit" if row.amount_minor > 0 else "bank.debit", UNAPPLIED)
    if paid.account_id == row.account_id:
        kind = "bank.payment_returned" if row.return_reason else "bank.payment"
        return _Contra(kind, paid.contra_kind or UNAPPLIED, paid.facility_id if paid.contra_kind else None)
    if paid.purpose == PaymentInstruction.Purpose.SETTLEMENT:
        kind = "bank.settlement_returned" if row.return_reason else "bank.settlement"
        return _Contra(kind, Account.Kind.SETTLEMENT_CLEARING)
    return _Contra("bank.credit" if row.amount_minor > 0 else "bank.debit", UNAPPLIED)


def _value_date(row: BankEntry, business_date: date) -> date:
    # A bank's day may begin before the book's, or its value date lie days ahead. The book knows no later date than its
    # own and its cash must equal the bank's all the same: so it counts from today there, and the bank's own dates stay
    # on the entry.
    return min(row.value_date, business_date)


# ── what it means ────────────────────────────────────────────────────────────────────────────────────────────────────
def _move_instructions(matching: _Matching, new: list[BankEntry], book: Book | None, now: datetime) -> list[News]:
    """Settle and return payments by the bookings on the payer's account, in whichever order they came."""
    own = [row for row in new if row.instruction_id and row.instruction.account_id == row.account_id]
    settled = [row for row in own if not row.return_reason]
    # A return that came before its payment's booking waits for it.
    returned = {
        row.instruction for row in own if row.return_reason or (row.instruction_id, True) in matching.booked
    }  # fmt: skip
    returned = [each for each in returned if (each.id, False) in matching.booked]
    for row in settled:
        if row.instruction.status == States.DUE:
            row.instruction.move_to(States.SENT)
        row.instruction.move_to(States.SETTLED)
        row.instruction.settled_at = now
    _write(settled, returned, matching, now)

    def facts(row: BankEntry) -> dict:
        counted = _value_date(row, book.business_date) if book else row.value_date
        return {"value_date": counted.isoformat(), "bank_reference": row.bank_reference}

    reasons = {each: matching.booked[each.id, True] for each in returned}
    booked = [news("payment.settled", row.instruction, **facts(row)) for row in settled]
    return booked + failed("payment.returned", reasons, came_back=True)


def _write(settled: list[BankEntry], returned: list[PaymentInstruction], matching: _Matching, now: datetime) -> None:
    if settled:
        ids = [row.instruction_id for row in settled]
        PaymentInstruction.objects.filter(id__in=ids).update(status=States.SETTLED, settled_at=now)
    for instruction in returned:
        instruction.move_to(States.RETURNED)
        instruction.reason = matching.booked[instruction.id, True]
    if returned:
        PaymentInstruction.objects.bulk_update(returned, ["status", "reason"])


def _received(row: BankEntry, business_date: date) -> News:
    paid = row.instruction
    payload = {
        "instruction": paid.id if paid else None,
        "end_to_end_id": row.end_to_end_id,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "value_date": _value_date(row, business_date).isoformat(),
        "purpose": paid.purpose if paid else "",
        "subject_type": paid.subject_type if paid else "",
        "subject_id": paid.subject_id if paid else None,
    }
    return News("cash.received", row, (row.account.party_id,), payload)
