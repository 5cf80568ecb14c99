"""Accepting and refusing payments, and what became of them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from sqlite3 import Connection, Row
from uuid import uuid4

from financing.banking.iso20022 import fields, iban, pain002
from financing.banking.iso20022.pain001 import CreditTransferInitiation, PaymentBlock, Transfer
from financing.banking.iso20022.pain002 import PaymentStatus, Status, StatusReport
from portal.sandbox.bank import book, faults
from portal.sandbox.bank.errors import Refusal, invalid, not_found

NEVER = 1e18  # seconds since 1970; held until released


# ── a pain.001 ───────────────────────────────────────────────────────────────────────────────────────────────────────
def accept(db: Connection, message: CreditTransferInitiation, now: datetime) -> bytes:
    """Accept or refuse each payment and reserve the money; the pain.002 that answers. Within a write transaction.

    The same message again gets the same answer and pays nothing again.
    """
    _note_repeats(db, message)
    fingerprint = _fingerprint(message)
    known = db.execute("SELECT fingerprint, answer FROM messages WHERE msg_id = ?", (message.msg_id,)).fetchone()
    if known is not None:
        return known["answer"] if known["fingerprint"] == fingerprint else _message_id_reused(message, now)
    decided = list(_decide_all(db, message, now))
    db.executemany(
        "INSERT INTO payments (msg_id, payment_id, instruction_id, end_to_end_id, debtor_iban, debtor_name,"
        " creditor_iban, creditor_name, amount_minor, currency, remittance_text, status, reason_code, reason_text,"
        " accepted_at, due_at, return_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [_row(message, decision, now) for decision in decided],
    )
    answer = pain002.build(_report(message.msg_id, [_status(message, decision, now) for decision in decided], now))
    db.execute("INSERT INTO messages VALUES (?, ?, ?)", (message.msg_id, fingerprint, answer))
    return answer


def _note_repeats(db: Connection, message: CreditTransferInitiation) -> None:
    """They pay nothing again, as who sends must be able to rely on; whether he ever does is to be seen."""
    db.executemany(
        "INSERT INTO repeats (msg_id, end_to_end_id) SELECT ?, ? WHERE EXISTS"
        " (SELECT 1 FROM payments WHERE end_to_end_id = ? AND debtor_iban = ? AND msg_id IS NOT NULL)",
        [
            (message.msg_id, transfer.end_to_end_id, transfer.end_to_end_id, block.debtor_iban)
            for block in message.payment_blocks
            for transfer in block.transfers
        ],
    )


def _fingerprint(message: CreditTransferInitiation) -> str:
    """What the message orders; when it was written makes it no other message."""
    orders = replace(message, created_at=datetime(1970, 1, 1, tzinfo=UTC))
    return hashlib.sha256(repr(orders).encode()).hexdigest()


def _message_id_reused(message: CreditTransferInitiation, now: datetime) -> bytes:
    text = "This message id was used for other payments; nothing was accepted."
    report = _report(message.msg_id, [], now)
    return pain002.build(replace(report, group_status=Status.REJECTED, reason_code="DU01", reason_text=text))


@dataclass(frozen=True, slots=True)
class _Decision:
    """`reason_code` None accepts."""

    block: PaymentBlock
    transfer: Transfer
    reason_code: str | None = None
    reason_text: str | None = None
    due_at: float = 0
    return_reason: str | None = None

    @property
    def status(self) -> Status:
        return Status.REJECTED if self.reason_code else Status.IN_SETTLEMENT


def _decide_all(db: Connection, message: CreditTransferInitiation, now: datetime) -> Iterator[_Decision]:
    spoiled = faults.any_set(db)
    for block in message.payment_blocks:
        account = book.find(db, block.debtor_iban)
        left = book.available_minor(account) if account else 0
        reserved, seen = 0, set()
        for transfer in block.transfers:
            decision = _Decision(block, transfer, *_refusal(db, block, transfer, account, left - reserved, seen))
            if spoiled and decision.reason_code is None:
                decision = _spoil(db, decision, message.msg_id, now)
            if decision.reason_code is None:
                reserved += transfer.amount_minor
                seen.add(transfer.end_to_end_id)
            yield decision
        if reserved:
            db.execute(
                "UPDATE accounts SET reserved_minor = reserved_minor + ? WHERE iban = ?", (reserved, block.debtor_iban)
            )


def _refusal(
    db: Connection, block: PaymentBlock, transfer: Transfer, account: Row | None, left: int, seen: set[str]
) -> tuple[str, str] | tuple[()]:
    """ISO reason code and text, () where nothing stands against the payment."""
    if account is None or account["outside"]:
        return "AC01", f"The debtor's account {block.debtor_iban} is not known here."
    if not iban.is_valid(transfer.creditor_iban):
        return "AC01", f"The creditor's account {transfer.creditor_iban} has a wrong check digit."
    if transfer.end_to_end_id in seen or _live(db, block.debtor_iban, transfer.end_to_end_id):
        return "AM05", f"{transfer.end_to_end_id} was ordered before."
    if transfer.currency != account["currency"]:
        return "AM03", f"The debtor's account is kept in {account['currency']}, not in {transfer.currency}."
    creditor = book.find(db, transfer.creditor_iban)
    if creditor is not None and creditor["currency"] != transfer.currency:
        return "AM03", f"The creditor's account is kept in {creditor['currency']}, not in {transfer.currency}."
    if transfer.amount_minor > left:
        return "AM04", "The funds do not suffice."
    return ()


def _live(db: Connection, debtor_iban: str, end_to_end_id: str) -> Row | None:
    return db.execute(
        "SELECT * FROM payments WHERE debtor_iban = ? AND end_to_end_id = ? AND status <> 'RJCT'",
        (debtor_iban, end_to_end_id),
    ).fetchone()


def _spoil(db: Connection, decision: _Decision, msg_id: str, now: datetime) -> _Decision:
    facts = facts_of(msg_id, decision.block, decision.transfer)
    if refused := _taken(db, "refused", facts):
        return replace(decision, reason_code=refused.get("reason", "MS03"), reason_text="Refused on request.")
    if late := _taken(db, "late", facts):
        due_at = now.timestamp() + late["seconds"] if "seconds" in late else NEVER
        decision = replace(decision, due_at=due_at)
    if returned := _taken(db, "returned", facts):
        decision = replace(decision, return_reason=returned.get("reason", "AC04"))
    return decision


def _taken(db: Connection, kind: str, facts: dict) -> dict | None:
    """Parameters of a fault that strikes, never empty, so that a strike is true."""
    taken = faults.take(db, kind, facts)
    return None if taken is None else {"kind": kind} | taken


def facts_of(msg_id: str, block: PaymentBlock, transfer: Transfer) -> dict[str, str | None]:
    """What a fault may be matched with."""
    return {
        "msg_id": msg_id,
        "end_to_end_id": transfer.end_to_end_id,
        "debtor_iban": block.debtor_iban,
        "creditor_iban": transfer.creditor_iban,
    }


def _row(message: CreditTransferInitiation, decision: _Decision, now: datetime) -> tuple:
    block, transfer = decision.block, decision.transfer
    return (
        message.msg_id, block.payment_id, transfer.instruction_id, transfer.end_to_end_id, block.debtor_iban,
        block.debtor_name, transfer.creditor_iban, transfer.creditor_name, transfer.amount_minor, transfer.currency,
        transfer.remittance_text, decision.status, decision.reason_code, decision.reason_text,
        None if decision.reason_code else now.isoformat(), decision.due_at, decision.return_reason,
    )  # fmt: skip


def _status(message: CreditTransferInitiation, decision: _Decision, now: datetime) -> PaymentStatus:
    return PaymentStatus(
        payment_id=decision.block.payment_id,
        end_to_end_id=decision.transfer.end_to_end_id,
        instruction_id=decision.transfer.instruction_id,
        status=decision.status,
        reason_code=decision.reason_code,
        reason_text=decision.reason_text,
        accepted_at=None if decision.reason_code else now,
    )


# ── what became of payments ──────────────────────────────────────────────────────────────────────────────────────────
def status_of_payment(db: Connection, end_to_end_id: str, debtor_iban: str | None, now: datetime) -> bytes:
    """pain.002 with the present status of the latest payment ordered under the reference."""
    row = db.execute(
        "SELECT * FROM payments WHERE end_to_end_id = ? AND msg_id IS NOT NULL AND (? IS NULL OR debtor_iban = ?)"
        " ORDER BY (status = 'RJCT'), id DESC LIMIT 1",
        (end_to_end_id, debtor_iban, debtor_iban),
    ).fetchone()
    if row is None:
        raise not_found(f"This bank never had a payment {fields.shown(end_to_end_id)}.")
    return pain002.build(_report(row["msg_id"], [_present(row)], now))


def status_of_message(db: Connection, msg_id: str, now: datetime) -> bytes:
    """pain.002 with the present status of all payments of a message."""
    rows = db.execute("SELECT * FROM payments WHERE msg_id = ? ORDER BY id", (msg_id,)).fetchall()
    if not rows:
        raise not_found(f"This bank never had a message {fields.shown(msg_id)}.")
    return pain002.build(_report(msg_id, [_present(row) for row in rows], now))


def _present(row: Row) -> PaymentStatus:
    return PaymentStatus(
        payment_id=row["payment_id"],
        end_to_end_id=row["end_to_end_id"],
        instruction_id=row["instruction_id"],
        status=Status(row["status"]),
        reason_code=row["reason_code"],
        reason_text=row["reason_text"],
        accepted_at=row["accepted_at"] and datetime.fromisoformat(row["accepted_at"]),
        bank_reference=row["bank_reference"],
    )


def _report(msg_id: str, statuses: list[PaymentStatus], now: datetime) -> StatusReport:
    found = {status.status for status in statuses}
    if len(found) == 1:
        group = found.pop()
    else:
        group = Status.PARTIALLY_ACCEPTED if Status.REJECTED in found else Status.IN_SETTLEMENT
    return StatusReport(uuid4().hex, now, msg_id, group, tuple(statuses))


# ── an outside customer pays ─────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class OutsideTransfer:
    """A payment ordered by somebody else than the portal; `from_iban` is here or at another bank."""

    from_iban: str
    to_iban: str
    amount_minor: int
    currency: str
    end_to_end_id: str
    remittance: str | None = None
    from_name: str = ""

    def __post_init__(self):
        for number in (self.from_iban, self.to_iban):
            if not iban.is_valid(number):
                raise invalid(f"{fields.shown(number)} is not a valid IBAN.")
        fields.identifier("end_to_end_id", self.end_to_end_id)
        fields.amount(self.amount_minor)
        fields.currency(self.currency)


def transfer(db: Connection, order: OutsideTransfer, now: datetime) -> set[str]:
    """Book it at once; the accounts to notify, none where it was booked before. Within a write transaction."""
    debtor, creditor = book.find(db, order.from_iban), book.find(db, order.to_iban)
    if debtor is None and creditor is None:
        raise not_found("Neither of the accounts is at this bank.")
    for account in filter(None, (debtor, creditor)):
        if account["currency"] != order.currency:
            raise Refusal(422, "AM03", f"{account['iban']} is kept in {account['currency']}.")
    known = _live(db, order.from_iban, order.end_to_end_id)
    if known is not None:
        if (known["creditor_iban"], known["amount_minor"], known["currency"]) != (
            order.to_iban, order.amount_minor, order.currency,
        ):  # fmt: skip
            raise Refusal(409, "AM05", f"{order.end_to_end_id} was ordered before, for something else.")
        return set()
    if debtor is not None and not debtor["outside"] and order.amount_minor > book.available_minor(debtor):
        raise Refusal(422, "AM04", "The funds do not suffice.")
    debtor_name = fields.name(order.from_name or (debtor["holder"] if debtor else "Customer of another bank"))
    creditor_name = creditor["holder"] if creditor else "Customer of another bank"
    db.execute(
        "INSERT INTO payments (payment_id, end_to_end_id, debtor_iban, debtor_name, creditor_iban, creditor_name,"
        " amount_minor, currency, remittance_text, status, accepted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'ACSP', ?)",
        ("OUTSIDE", order.end_to_end_id, order.from_iban, debtor_name, order.to_iban, creditor_name,
         order.amount_minor, order.currency, fields.optional(order.remittance, 140), now.isoformat()),
    )  # fmt: skip
    # It joins the queue of accepted payments: what was accepted earlier is booked earlier.
    return book.book_due(db, now.timestamp())


def release(db: Connection) -> int:
    """Let late payments be booked now; how many."""
    return db.execute("UPDATE payments SET due_at = 0 WHERE status = 'ACSP' AND due_at > 0").rowcount


def send_back(db: Connection, end_to_end_id: str, reason: str) -> int:
    """Let a payment that was booked be returned now, days after as banks do; how many (0 or 1)."""
    return db.execute(
        "UPDATE payments SET return_reason = ? WHERE end_to_end_id = ? AND status = 'ACSC' AND return_reason IS NULL",
        (reason, end_to_end_id),
    ).rowcount


def outcome(db: Connection, order: OutsideTransfer) -> dict:
    row = _live(db, order.from_iban, order.end_to_end_id)
    return {"end_to_end_id": order.end_to_end_id, "status": row["status"], "bank_reference": row["bank_reference"]}
