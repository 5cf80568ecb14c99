"""What the book says, as ISO 20022 messages and as JSON. Each reads one state of the book."""

from datetime import date, datetime
from sqlite3 import Connection, Row
from uuid import uuid4

from financing.banking.iso20022 import camt053, camt054
from financing.banking.iso20022.entries import Direction, Entry
from portal.sandbox.bank import book, schema
from portal.sandbox.bank.errors import not_found

PAGE = 1000

ENTRIES = """
    SELECT entries.*, payments.end_to_end_id, payments.instruction_id, payments.remittance_text, accounts.currency
    FROM entries JOIN payments ON payments.id = entries.payment JOIN accounts USING (iban)
"""


def notification(db: Connection, iban: str, after: str | None, now: datetime) -> bytes:
    """camt.054 of the entries booked after the one with reference `after`, at most PAGE: ask again from the last."""
    with schema.reading(db):
        account = book.get(db, iban)
        rows = _after(db, iban, after, PAGE)
    return camt054.build(notice(uuid4().hex, account, rows, now))


def notice(message_id: str, account: Row, rows: list[Row], now: datetime) -> camt054.Notification:
    found = camt054.AccountNotification(message_id, account["iban"], account["currency"], tuple(map(entry, rows)))
    return camt054.Notification(message_id, now, (found,))


def entry(row: Row) -> Entry:
    booked = date.fromisoformat(row["booking_date"])
    return Entry(
        bank_reference=book.reference(row["id"]),
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        direction=Direction(row["direction"]),
        booking_date=booked,
        value_date=booked,
        transaction_code=row["code"],
        end_to_end_id=row["end_to_end_id"],
        instruction_id=row["instruction_id"],
        counterparty_name=row["counterparty_name"],
        counterparty_iban=row["counterparty_iban"],
        remittance_text=row["remittance_text"],
        return_reason=row["return_reason"],
    )


def statement(db: Connection, iban: str, day: date, now: datetime) -> bytes:
    """camt.053 of one business date: of a closed one always the same, of the open one as far as it has come."""
    with schema.reading(db):
        account = book.get(db, iban)
        if day > book.business_date(db):
            raise not_found(f"The business date {day} has not begun.")
        rows = db.execute(
            f"{ENTRIES} WHERE entries.iban = ? AND booking_date = ? ORDER BY entries.id", (iban, day.isoformat())
        ).fetchall()
        opening = _balance_before(db, account, day)
    closing = rows[-1]["balance_minor"] if rows else opening
    number = f"{iban[-16:]}-{day:%Y%m%d}"
    found = camt053.AccountStatement(number, iban, account["currency"], day, opening, closing, tuple(map(entry, rows)))
    return camt053.build(camt053.Statement(uuid4().hex, now, (found,)))


def _balance_before(db: Connection, account: Row, day: date) -> int:
    last = db.execute(
        "SELECT balance_minor FROM entries WHERE iban = ? AND booking_date < ?"
        " ORDER BY booking_date DESC, id DESC LIMIT 1",
        (account["iban"], day.isoformat()),
    ).fetchone()
    return last["balance_minor"] if last else account["opening_minor"]


def accounts(db: Connection) -> list[dict]:
    counted = dict(db.execute("SELECT iban, count(*) FROM entries GROUP BY iban").fetchall())
    return [_account(row, counted.get(row["iban"], 0)) for row in db.execute("SELECT * FROM accounts ORDER BY iban")]


def account(db: Connection, iban: str) -> dict:
    found = book.get(db, iban)
    (count,) = db.execute("SELECT count(*) FROM entries WHERE iban = ?", (iban,)).fetchone()
    return _account(found, count)


def _account(row: Row, count: int) -> dict:
    kept = ("iban", "holder", "currency", "opening_minor", "balance_minor", "overdraft_minor")
    flags = {"notified": bool(row["notified"]), "outside": bool(row["outside"])}
    return {key: row[key] for key in kept} | flags | {"available_minor": book.available_minor(row), "entries": count}


def entries(db: Connection, iban: str, day: date | None, after: str | None, limit: int) -> list[dict]:
    """The book itself, oldest first; page on with the last bank_reference as `after`."""
    with schema.reading(db):
        book.get(db, iban)
        return [_as_json(row) for row in _after(db, iban, after, limit, day)]


def _as_json(row: Row) -> dict:
    kept = (
        "direction", "amount_minor", "currency", "balance_minor", "booking_date", "end_to_end_id", "instruction_id",
        "counterparty_name", "counterparty_iban", "remittance_text", "return_reason",
    )  # fmt: skip
    return {"bank_reference": book.reference(row["id"])} | {key: row[key] for key in kept}


def _after(db: Connection, iban: str, after: str | None, limit: int, day: date | None = None) -> list[Row]:
    return db.execute(
        f"{ENTRIES} WHERE entries.iban = ? AND entries.id > ? AND (? IS NULL OR booking_date = ?)"
        " ORDER BY entries.id LIMIT ?",
        (iban, book.entry_id(after) if after else 0, day and day.isoformat(), day and day.isoformat(), limit),
    ).fetchall()
