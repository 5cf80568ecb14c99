"""The statement that books: entries, legs and balances together, for one movement and for ten thousand.

Round trips, not PostgreSQL, are the cost of a ledger; so an ordinary call is one. A second is made only where accounts
are missing or keys are booked already. What is to be booked goes as JSON: as arrays, a value of each entry in each, it
takes the portal ten times as long to write down. And the server keeps the plan: to make it takes longer than to book a
few, and for many it is the same.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from financing.ledger.models import Account, Entry, Leg
from financing.ledger.rules import Content, KeyReused, ValueDateAhead, legs_of
from portal.shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Item:
    """An entry to be. `legs`: (account kind, currency, facility id, amount); `value_date` None: the business date."""

    key: str
    kind: str
    value_date: date | None
    subject_type: str
    subject_id: int | None
    reverses_id: int | None
    legs: tuple[tuple[str, str, int | None, int], ...]

    def content(self, business_date: date) -> Content:
        return Content(
            self.kind, self.value_date or business_date, self.subject_type, self.subject_id, self.reverses_id,
            legs_of(self.legs),
        )  # fmt: skip


BOOK = """
WITH day AS MATERIALIZED (
    SELECT ledger_open_day(%(book)s) AS business_date
), account AS MATERIALIZED (
    -- Each by one look into the index: LIMIT keeps the planner from reading the whole book.
    SELECT w.number, coalesce(
        (SELECT a.id FROM ledger_account a
         WHERE a.book_id = %(book)s AND a.kind = w.kind AND a.currency = w.currency AND a.facility_id = w.facility_id
         LIMIT 1),
        (SELECT a.id FROM ledger_account a
         WHERE a.book_id = %(book)s AND a.kind = w.kind AND a.currency = w.currency AND a.facility_id IS NULL
         AND w.facility_id IS NULL LIMIT 1)) AS id
    FROM json_to_recordset(%(accounts)s) AS w (number int, kind text, currency text, facility_id bigint)
), posting AS MATERIALIZED (
    SELECT p.key, p.kind, coalesce(p.value_date, day.business_date) AS value_date,
           p.subject_type, p.subject_id, p.reverses_id
    FROM day, json_to_recordset(%(postings)s) AS p (
        key text, kind text, value_date date, subject_type text, subject_id bigint, reverses_id bigint)
), obstacle AS MATERIALIZED (
    SELECT missing, ahead, business_date IS NOT NULL AND missing IS NULL AND ahead IS NULL AS is_none
    FROM day,
         (SELECT array_agg(number) AS missing FROM account WHERE id IS NULL) accounts,
         (SELECT min(key) AS ahead FROM posting, day WHERE value_date > business_date) dates
), entry AS (
    -- In the order of their keys, so that two who book the same keys wait for each other and do not deadlock.
    INSERT INTO ledger_entry (book_id, key, kind, business_date, value_date, recorded_at, recorded_by,
                              subject_type, subject_id, reverses_id)
    SELECT %(book)s, p.key, p.kind, day.business_date, p.value_date, %(now)s, %(recorded_by)s,
           p.subject_type, p.subject_id, p.reverses_id
    FROM posting p, day, obstacle
    WHERE obstacle.is_none -- one condition: of three the planner concludes that there is one row, and joins by loops
    ORDER BY p.key
    -- Of any index: of two who reverse an entry at once, the second may meet the first in that of reverses_id instead.
    ON CONFLICT DO NOTHING
    RETURNING id, key, value_date
), leg AS (
    INSERT INTO ledger_leg (entry_id, account_id, amount_minor)
    SELECT entry.id, account.id, l.amount_minor
    FROM json_to_recordset(%(legs)s) AS l (key text, account int, amount_minor bigint)
    JOIN entry ON entry.key = l.key
    JOIN account ON account.number = l.account
    RETURNING entry_id, account_id, amount_minor
), balance AS (
    -- One update per account and value date, in the order of their keys.
    INSERT INTO ledger_balance AS kept (account_id, value_date, debit_minor, credit_minor)
    SELECT leg.account_id, entry.value_date, sum(greatest(leg.amount_minor, 0)), sum(greatest(-leg.amount_minor, 0))
    FROM leg JOIN entry ON entry.id = leg.entry_id
    GROUP BY leg.account_id, entry.value_date
    ORDER BY leg.account_id, entry.value_date
    ON CONFLICT (account_id, value_date) DO UPDATE
    SET debit_minor = kept.debit_minor + excluded.debit_minor, credit_minor = kept.credit_minor + excluded.credit_minor
)
SELECT day.business_date, obstacle.missing, obstacle.ahead, entry.key, entry.id
FROM day CROSS JOIN obstacle LEFT JOIN entry ON true
"""


def book(book_id: int, items: Sequence[Item], recorded_by: str, now: datetime) -> list[int]:
    """Book what is new and return the ids of all, in order. Of several, in the caller's transaction.

    Raises KeyReused, ValueDateAhead, NotFound.
    """
    if not items:
        return []
    unique = _once_each(items)
    accounts = {leg[:3]: number for number, leg in enumerate(_account_legs(unique), start=1)}
    parameters = _parameters(book_id, unique, accounts, recorded_by, now)
    business_date, missing, ahead, booked = _run(parameters)
    if business_date is None:
        raise NotFound()
    if ahead:
        raise ValueDateAhead(key=ahead, business_date=business_date)
    if missing:
        _open_accounts(book_id, [list(accounts)[number - 1] for number in missing])
        *_, booked = _run(parameters)
    if len(booked) < len(unique):
        booked |= _booked_before(book_id, [item for item in unique if item.key not in booked])
    return [booked[item.key] for item in items]


def _once_each(items: Sequence[Item]) -> list[Item]:
    """One item per key; raises KeyReused where two of one call differ."""
    unique: dict[str, Item] = {}
    for item in items:
        other = unique.setdefault(item.key, item)
        if other is not item and other.content(date.max) != item.content(date.max):
            raise KeyReused(key=item.key)
    return list(unique.values())


def _account_legs(items: Sequence[Item]) -> list[tuple]:
    return sorted({leg[:3] for item in items for leg in item.legs}, key=lambda each: (*each[:2], each[2] or 0))


def _parameters(book_id: int, items: list[Item], accounts: dict, recorded_by: str, now: datetime) -> dict:
    return {
        "book": book_id,
        "now": now,
        "recorded_by": recorded_by[:80],
        "accounts": json.dumps(
            [
                {"number": number, "kind": kind, "currency": currency, "facility_id": facility_id}
                for (kind, currency, facility_id), number in accounts.items()
            ]
        ),
        "postings": json.dumps(
            [
                {
                    "key": item.key, "kind": item.kind, "value_date": item.value_date and item.value_date.isoformat(),
                    "subject_type": item.subject_type, "subject_id": item.subject_id, "reverses_id": item.reverses_id,
                }
                for item in items
            ]
        ),
        "legs": json.dumps(
            [
                {"key": item.key, "account": accounts[leg[:3]], "amount_minor": leg[3]}
                for item in items
                for leg in item.legs
            ]
        ),
    }  # fmt: skip


def _run(parameters: dict) -> tuple[date | None, list[int] | None, str | None, dict[str, int]]:
    """The business date, numbers of missing accounts, a key that is ahead, and the ids of what is booked, by key."""
    # With no savepoint around it, what fails here fails the caller's transaction.
    with transaction.mark_for_rollback_on_error(connection.alias), connection.keeping_cursor() as cursor:
        cursor.execute(BOOK, parameters)
        rows = cursor.fetchall()
    return *rows[0][:3], {key: entry_id for *_, key, entry_id in rows if key is not None}


def _open_accounts(book_id: int, wanted: list[tuple]) -> None:
    """Open accounts, in order of their keys; another who opens the same ones is waited for."""
    Account.objects.bulk_create(
        (
            Account(book_id=book_id, kind=kind, currency=currency, facility_id=facility_id)
            for kind, currency, facility_id in wanted
        ),
        ignore_conflicts=True,
    )


def _booked_before(book_id: int, items: list[Item]) -> dict[str, int]:
    """Ids of entries that are there already; raises KeyReused where one of them is another movement."""
    entries = {entry.key: entry for entry in Entry.objects.filter(book_id=book_id, key__in=[i.key for i in items])}
    legs: dict[int, list] = {entry.id: [] for entry in entries.values()}
    for entry_id, *leg in Leg.objects.filter(entry_id__in=legs).values_list(
        "entry_id", "account__kind", "account__currency", "account__facility_id", "amount_minor"
    ):
        legs[entry_id].append(tuple(leg))
    for item in items:
        entry = entries[item.key]
        booked = Content(
            entry.kind, entry.value_date, entry.subject_type, entry.subject_id, entry.reverses_id,
            legs_of(legs[entry.id]),
        )  # fmt: skip
        if booked != item.content(entry.business_date):
            raise KeyReused(key=item.key)
    return {key: entry.id for key, entry in entries.items()}
