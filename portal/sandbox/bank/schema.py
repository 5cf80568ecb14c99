"""The tables of the bank's book, and connections to them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS clock (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    business_date TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS accounts (
    iban TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    currency TEXT NOT NULL,
    opening_minor INTEGER NOT NULL,    -- balance before the first entry
    balance_minor INTEGER NOT NULL,
    reserved_minor INTEGER NOT NULL DEFAULT 0 CHECK (reserved_minor >= 0),  -- accepted, not yet booked
    overdraft_minor INTEGER NOT NULL CHECK (overdraft_minor >= 0),
    notified INTEGER NOT NULL,         -- 1: a camt.054 goes out for every booking
    outside INTEGER NOT NULL           -- 1: stands for every account at other banks, never short of funds
) STRICT, WITHOUT ROWID;

-- One place for the rest of the world per currency, so that all balances always add up to zero.
CREATE UNIQUE INDEX IF NOT EXISTS one_outside_account ON accounts (currency) WHERE outside = 1;

CREATE TABLE IF NOT EXISTS messages (
    msg_id TEXT PRIMARY KEY,           -- the same message twice is one message
    fingerprint TEXT NOT NULL,
    answer BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS repeats (
    id INTEGER PRIMARY KEY,            -- an order under a reference that was ordered before, whatever became of it
    msg_id TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY,
    msg_id TEXT,                       -- absent: a transfer ordered by an outside customer
    payment_id TEXT NOT NULL,
    instruction_id TEXT,
    end_to_end_id TEXT NOT NULL,
    debtor_iban TEXT NOT NULL,
    debtor_name TEXT NOT NULL,
    creditor_iban TEXT NOT NULL,
    creditor_name TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    remittance_text TEXT,
    status TEXT NOT NULL,
    reason_code TEXT,
    reason_text TEXT,
    accepted_at TEXT,
    due_at REAL NOT NULL DEFAULT 0,    -- not to be booked before (seconds since 1970)
    return_reason TEXT,                -- to be sent back once booked
    bank_reference TEXT,               -- of the debtor's entry
    returned INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Nobody pays twice under one reference, whatever message it comes in; what was refused may be tried again.
CREATE UNIQUE INDEX IF NOT EXISTS one_payment_per_reference
    ON payments (debtor_iban, end_to_end_id) WHERE status <> 'RJCT';
CREATE INDEX IF NOT EXISTS payments_by_reference ON payments (end_to_end_id);
CREATE INDEX IF NOT EXISTS payments_by_message ON payments (msg_id);
CREATE INDEX IF NOT EXISTS payments_to_book ON payments (id) WHERE status = 'ACSP';
CREATE INDEX IF NOT EXISTS payments_to_return ON payments (id) WHERE return_reason IS NOT NULL AND returned = 0;

CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,            -- order of booking; the bank reference is made of it
    iban TEXT NOT NULL REFERENCES accounts,
    payment INTEGER NOT NULL REFERENCES payments,
    direction TEXT NOT NULL CHECK (direction IN ('CRDT', 'DBIT')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    balance_minor INTEGER NOT NULL,    -- of the account, after this entry
    booking_date TEXT NOT NULL,
    code TEXT NOT NULL,
    counterparty_name TEXT,
    counterparty_iban TEXT,
    return_reason TEXT,
    announced INTEGER NOT NULL,        -- 1: in a notice, or nobody is to be told
    -- A payment is booked once and returned once on each side.
    UNIQUE (payment, direction, iban, code)
) STRICT;
CREATE INDEX IF NOT EXISTS entries_of_a_day ON entries (iban, booking_date, id);
CREATE INDEX IF NOT EXISTS entries_to_announce ON entries (iban, id) WHERE announced = 0;

CREATE TABLE IF NOT EXISTS notices (
    id INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL,          -- not unique: the fault `twice` sends one message two times
    iban TEXT NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,  -- later notices may overtake it until then (seconds since 1970)
    delivered INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS notices_to_deliver ON notices (iban, id) WHERE delivered = 0;

CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    remaining INTEGER CHECK (remaining > 0),  -- absent: until cleared
    matching TEXT NOT NULL,
    parameters TEXT NOT NULL
) STRICT;
"""


def connect(path: Path) -> sqlite3.Connection:
    """A connection that leaves transactions to `writing` and `reading`."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    connection.row_factory = sqlite3.Row
    # WAL with synchronous NORMAL: a killed process loses nothing that was committed.
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;")
    return connection


def create(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    connection.executescript(SCHEMA)
    return connection


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    yield from _transaction(connection, "BEGIN IMMEDIATE")


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """One state of the book for several queries, whatever is written meanwhile."""
    yield from _transaction(connection, "BEGIN")


def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
