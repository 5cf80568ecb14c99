"""Booking: entries with their legs and balances in one statement, their reversal, and the book's day.

`post` and `reverse` are called by the services of other features, in their transaction and after their checks: who may
cause a movement is decided where the movement is meant. Accounts come last in the order of locks.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection

from accounts.parties.models import Party
from accounts.trail.services import News, record
from financing.ledger.booking import Item, book
from financing.ledger.models import Account, Book, Entry, Leg
from financing.ledger.rules import (
    REVERSAL_PREFIX,
    DateGoesBackwards,
    DateTooFar,
    IsReversal,
    LegOf,
    Posting,
    check,
)
from portal.shared.access import FUNDERS, Actor, require
from portal.shared.database import acting, acting_at_once
from portal.shared.errors import InvalidInput, NotFound

__all__ = ["LegOf", "Posting", "advance_business_date", "open_book", "post", "reverse"]

KINDS = frozenset(Account.Kind.values)

DAYS_AHEAD = 5
"""How far a book's day may be ahead of the calendar: on the Thursday before Easter the next day is Tuesday."""

BOOK_LOCK = 710100
"""First key of a book's advisory lock (the second is its id): shared to book, exclusive to advance the day."""


def open_book(
    *, actor: Actor, funder_id: int, business_date: date, time_zone: str = "UTC", calendar: str = "", now: datetime
) -> Book:
    """Give a funder its books, once. `calendar`: ISO 3166-1 country of the public holidays."""
    with acting(actor):
        funder = (
            Party.objects.visible_to(actor)
            .select_for_update(no_key=True)
            .filter(id=funder_id, kind__in=FUNDERS)
            .first()
        )
        if funder is None:
            raise NotFound()
        require(actor, "ledger.open_book")
        if Book.objects.filter(funder=funder).exists():
            raise InvalidInput("{funder} has its books already.", code="LEDGER_BOOK_EXISTS", funder=funder)
        _check_time_zone(time_zone)
        opened = Book.objects.create(funder=funder, business_date=business_date, time_zone=time_zone, calendar=calendar)
        facts = {"business_date": business_date.isoformat(), "time_zone": time_zone}
        record(actor, now, [News("book.opened", opened, (funder.id,), facts)])
        return opened


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput("'{name}' is no time zone.", name=name) from error


def post(*, actor: Actor, book_id: int, postings: Sequence[Posting], now: datetime) -> list[int]:
    """Book movements in the caller's transaction, if any, in one statement however many; their entry ids, in order.

    A key that is booked already with the same content is returned, not booked again (a `value_date` of None then
    stands for the business date on which it was booked). Nothing is booked unless everything is.
    Raises InvalidInput, Unbalanced, KeyReused, ValueDateAhead; NotFound where there is no such book.
    """
    for posting in postings:
        check(posting, KINDS)
    items = [
        Item(
            posting.key, posting.kind, posting.value_date, posting.subject_type, posting.subject_id, None,
            tuple((leg.account, posting.currency, leg.facility_id, leg.amount_minor) for leg in posting.legs),
        )
        for posting in postings
    ]  # fmt: skip
    # Of several, those that are new are taken back where one is refused. BEGIN and COMMIT cost a fifth of booking one.
    with acting(actor) if len(items) > 1 else acting_at_once(actor):
        return book(book_id, items, actor.identity, now)


def reverse(
    *, actor: Actor, book_id: int, keys: Sequence[str], now: datetime, value_date: date | None = None
) -> list[int]:
    """Take entries back, each at most once, by mirrored entries booked today; returns their ids in order of the keys.

    `value_date` None: that of the entry which is taken back, so that to every date it is as if it had never been.
    A retry returns the reversals that are there. Raises NotFound, IsReversal, KeyReused (another value date).
    """
    with acting(actor):
        found = {entry.key: entry for entry in Entry.objects.filter(book_id=book_id, key__in=set(keys))}
        legs: dict[int, list] = {entry.id: [] for entry in found.values()}
        rows = Leg.objects.filter(entry_id__in=legs).order_by("id")
        for entry_id, *leg in rows.values_list(
            "entry_id", "account__kind", "account__currency", "account__facility_id", "amount_minor"
        ):
            legs[entry_id].append(leg)
        items = []
        for key in keys:
            if (entry := found.get(key)) is None:
                raise NotFound("There is no entry {key} in this book.", key=key)
            if entry.reverses_id is not None:
                raise IsReversal(key=key)
            items.append(_mirror(entry, legs[entry.id], value_date))
        return book(book_id, items, actor.identity, now)


def _mirror(entry: Entry, legs: list, value_date: date | None) -> Item:
    mirrored = tuple((kind, currency, facility_id, -amount) for kind, currency, facility_id, amount in legs)
    return Item(
        REVERSAL_PREFIX + entry.key, entry.kind, value_date or entry.value_date, entry.subject_type, entry.subject_id,
        entry.id, mirrored,
    )  # fmt: skip


def advance_business_date(*, actor: Actor, book_id: int, to_date: date, now: datetime) -> Book:
    """Close the book's day and open a later one; waits for whoever is booking, and nothing enters a closed day.

    A book that is there already stays as it is. Raises NotFound, Forbidden, DateGoesBackwards, DateTooFar.
    """
    with acting(actor):
        if not Book.objects.visible_to(actor).filter(id=book_id).exists():
            raise NotFound()
        require(actor, "ledger.advance_business_date")
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [BOOK_LOCK, book_id])
        advanced = Book.objects.select_for_update(no_key=True).get(id=book_id)
        if to_date < advanced.business_date:
            raise DateGoesBackwards(business_date=advanced.business_date, to_date=to_date)
        last_date = now.astimezone(ZoneInfo(advanced.funder.time_zone)).date() + timedelta(days=DAYS_AHEAD)
        if to_date > max(last_date, advanced.business_date):
            raise DateTooFar(business_date=advanced.business_date, to_date=to_date, last_date=last_date)
        if to_date > advanced.business_date:
            facts = {"from": advanced.business_date.isoformat(), "to": to_date.isoformat()}
            advanced.business_date = to_date
            advanced.save(update_fields=["business_date"])
            record(actor, now, [News("book.business_date_advanced", advanced, (advanced.funder_id,), facts)])
        return advanced
