"""Accounts, the business date, and the only code that moves balances.

"Within a write transaction" in a docstring means that the caller holds it.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import date
from sqlite3 import Connection, Row

from financing.banking.iso20022 import entries, fields, iban
from portal.sandbox.bank.errors import Refusal, invalid, not_found

BATCH = 500
OWN_BANK_CODE = "90000001"  # made up, like the rest of this bank


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class NewAccount:
    """`notified`: the portal is told of every booking on it."""

    holder: str
    currency: str
    iban: str = ""
    opening_minor: int = 0
    overdraft_minor: int = 0
    notified: bool = True

    def __post_init__(self):
        if not isinstance(self.holder, str) or not self.holder.strip():
            raise invalid("An account needs a holder.")
        if type(self.opening_minor) is not int or type(self.overdraft_minor) is not int or self.overdraft_minor < 0:
            raise invalid("opening_minor and overdraft_minor are whole minor units, the overdraft not negative.")
        if self.iban and not iban.is_valid(self.iban):
            raise invalid(f"{self.iban} is not a valid IBAN.")
        fields.currency(self.currency)


def open_account(db: Connection, new: NewAccount) -> str:
    """Open the account, or find it as it was opened before; its IBAN. Within a write transaction."""
    number = new.iban or _free_iban(db)
    wanted = (fields.name(new.holder), new.currency, new.opening_minor, new.overdraft_minor, int(new.notified))
    known = db.execute(
        "SELECT holder, currency, opening_minor, overdraft_minor, notified FROM accounts WHERE iban = ?", (number,)
    ).fetchone()
    if known is not None:
        if tuple(known) != wanted:
            raise Refusal(409, "ACCOUNT_EXISTS", f"The account {number} was opened with other particulars.")
        return number
    holder, currency, opening, overdraft, notified = wanted
    db.execute(
        "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0)",
        (number, holder, currency, opening, opening, overdraft, notified),
    )
    # The opening balance comes from the rest of the world: all balances keep adding up to zero.
    db.execute(
        "UPDATE accounts SET opening_minor = opening_minor - ?, balance_minor = balance_minor - ? WHERE iban = ?",
        (opening, opening, outside(db, currency)["iban"]),
    )
    return number


def _free_iban(db: Connection) -> str:
    (opened,) = db.execute("SELECT count(*) FROM accounts").fetchone()
    while True:
        opened += 1
        number = iban.make("DE", f"{OWN_BANK_CODE}{opened:010d}")
        if find(db, number) is None:
            return number


def outside(db: Connection, currency: str) -> Row:
    """The account that stands for all accounts at other banks; opened when first needed."""
    query = "SELECT * FROM accounts WHERE outside = 1 AND currency = ?"
    found = db.execute(query, (currency,)).fetchone()
    if found is None:
        digits = int(hashlib.sha256(currency.encode()).hexdigest(), 16) % 10**9
        number = iban.make("DE", f"{OWN_BANK_CODE}9{digits:09d}")
        db.execute("INSERT INTO accounts VALUES (?, 'Rest of the world', ?, 0, 0, 0, 0, 0, 1)", (number, currency))
        found = db.execute(query, (currency,)).fetchone()
    return found


def find(db: Connection, number: str) -> Row | None:
    return db.execute("SELECT * FROM accounts WHERE iban = ?", (number,)).fetchone()


def get(db: Connection, number: str) -> Row:
    account = find(db, number)
    if account is None:
        raise not_found(f"There is no account {number} at this bank.")
    return account


def available_minor(account: Row) -> int:
    return account["balance_minor"] + account["overdraft_minor"] - account["reserved_minor"]


# ── the business date ────────────────────────────────────────────────────────────────────────────────────────────────
def business_date(db: Connection) -> date:
    return date.fromisoformat(db.execute("SELECT business_date FROM clock").fetchone()[0])


def start_clock(db: Connection, today: date) -> None:
    """At the first start the business date is today's; afterwards it is what it was."""
    db.execute("INSERT OR IGNORE INTO clock VALUES (1, ?)", (today.isoformat(),))


def set_business_date(db: Connection, wanted: date) -> None:
    """Close the present date and open another. Its statement never changes again: entries book on the open date only.

    Backwards only while nothing is booked on a later date. Within a write transaction.
    """
    latest = db.execute("SELECT max(booking_date) FROM entries").fetchone()[0]
    if latest is not None and wanted.isoformat() < max(latest, business_date(db).isoformat()):
        raise Refusal(409, "DATE_CLOSED", f"Entries are booked up to {latest}; the date cannot go back to {wanted}.")
    db.execute("UPDATE clock SET business_date = ?", (wanted.isoformat(),))


# ── booking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def reference(entry_id: int) -> str:
    """The bank's reference of an entry: unique in the whole bank and growing in the order of booking."""
    return f"B{entry_id:012d}"


def entry_id(bank_reference: str) -> int:
    if not (bank_reference[:1] == "B" and bank_reference[1:].isdecimal()):
        raise invalid(f"{fields.shown(bank_reference)} is not a reference of this bank.")
    return int(bank_reference[1:])


def has_work(db: Connection, now: float) -> bool:
    """Whether payments are due to be booked or returned."""
    return bool(
        db.execute(
            "SELECT EXISTS (SELECT 1 FROM payments WHERE status = 'ACSP' AND due_at <= ?)"
            " OR EXISTS (SELECT 1 FROM payments WHERE return_reason IS NOT NULL AND returned = 0 AND status = 'ACSC')",
            (now,),
        ).fetchone()[0]
    )


def book_due(db: Connection, now: float) -> set[str]:
    """Book accepted payments that are due, oldest first, up to BATCH; the accounts to notify.

    Within a write transaction.
    """
    due = db.execute(
        "SELECT * FROM payments WHERE status = 'ACSP' AND due_at <= ? ORDER BY id LIMIT ?", (now, BATCH)
    ).fetchall()
    posting = _Posting(db)
    for payment in due:
        debit = posting.move(payment, is_return=False)
        db.execute(
            "UPDATE payments SET status = 'ACSC', bank_reference = ? WHERE id = ?", (reference(debit), payment["id"])
        )
    posting.write()
    return posting.notified


def return_due(db: Connection) -> set[str]:
    """Send back booked payments that are to be returned, up to BATCH; the accounts to notify.

    Within a write transaction.
    """
    due = db.execute(
        "SELECT * FROM payments WHERE return_reason IS NOT NULL AND returned = 0 AND status = 'ACSC'"
        " ORDER BY id LIMIT ?",
        (BATCH,),
    ).fetchall()
    posting = _Posting(db)
    for payment in due:
        posting.move(payment, is_return=True)
        db.execute("UPDATE payments SET returned = 1 WHERE id = ?", (payment["id"],))
    posting.write()
    return posting.notified


class _Posting:
    """Movements of one transaction, gathered and then written in three statements."""

    def __init__(self, db: sqlite3.Connection):
        self._db = db
        self._date = business_date(db).isoformat()
        self._next_id = db.execute("SELECT coalesce(max(id), 0) + 1 FROM entries").fetchone()[0]
        self._accounts: dict[str, Row] = {}
        self._balances: dict[str, int] = {}
        self._freed: dict[str, int] = {}
        self._entries: list[tuple] = []
        self.notified: set[str] = set()

    def move(self, payment: Row, *, is_return: bool) -> int:
        """Move the amount from debtor to creditor, or back; the id of the entry on the side that pays."""
        debtor = self._account(payment["debtor_iban"], payment["currency"])
        creditor = self._account(payment["creditor_iban"], payment["currency"])
        if is_return:
            paid = self._enter(payment, creditor, "DBIT", entries.CREDIT_TRANSFER_RETURNED, payment["return_reason"])
            self._enter(payment, debtor, "CRDT", entries.CREDIT_TRANSFER_RETURNED, payment["return_reason"])
            return paid
        paid = self._enter(payment, debtor, "DBIT", entries.CREDIT_TRANSFER_SENT, None)
        self._enter(payment, creditor, "CRDT", entries.CREDIT_TRANSFER_RECEIVED, None)
        if payment["msg_id"] is not None:
            self._freed[debtor["iban"]] = self._freed.get(debtor["iban"], 0) + payment["amount_minor"]
        return paid

    def write(self) -> None:
        self._db.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._entries)
        self._db.executemany(
            "UPDATE accounts SET balance_minor = ?, reserved_minor = reserved_minor - ? WHERE iban = ?",
            [(balance, self._freed.get(number, 0), number) for number, balance in self._balances.items()],
        )

    def _account(self, number: str, currency: str) -> Row:
        """The account itself, or the one that stands for the rest of the world."""
        key = f"{number} {currency}"
        if key not in self._accounts:
            self._accounts[key] = find(self._db, number) or outside(self._db, currency)
        return self._accounts[key]

    def _enter(self, payment: Row, account: Row, direction: str, code: str, return_reason: str | None) -> int:
        number, entry = account["iban"], self._next_id
        self._next_id += 1
        change = payment["amount_minor"] if direction == "CRDT" else -payment["amount_minor"]
        self._balances[number] = self._balances.get(number, account["balance_minor"]) + change
        # The other side of the original payment, also when it comes back.
        other = "creditor" if (direction == "DBIT") != (return_reason is not None) else "debtor"
        if account["notified"]:
            self.notified.add(number)
        self._entries.append((
            entry, number, payment["id"], direction, payment["amount_minor"], self._balances[number], self._date, code,
            payment[f"{other}_name"], payment[f"{other}_iban"], return_reason, 1 - account["notified"],
        ))  # fmt: skip
        return entry
