"""Rows under lock, in the one order that everybody keeps: facilities, then advances; and their books."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from financing.advances.models import Advance
from financing.credit.models import Facility
from financing.ledger.models import Book
from financing.ledger.services import Posting, post
from portal.shared.access import Actor


def lock_facilities(ids: Iterable[int]) -> dict[int, Facility]:
    """Facilities by id, locked in the order of their keys."""
    rows = (
        Facility.objects.select_for_update(no_key=True, of=("self",))
        .select_related("programme")
        .filter(id__in=set(ids))
    )
    return {row.id: row for row in rows.order_by("id")}


def lock_advances(ids: Iterable[int]) -> tuple[dict[int, Facility], list[Advance]]:
    """Advances in the order of their keys, and their facilities, which are locked first."""
    ids = set(ids)
    facilities = lock_facilities(Advance.objects.filter(id__in=ids).values_list("facility_id", flat=True))
    return facilities, list(Advance.objects.select_for_update(no_key=True).filter(id__in=ids).order_by("id"))


def books_of(funder_ids: Iterable[int]) -> dict[int, Book]:
    """Books by the id of their funder."""
    return {book.funder_id: book for book in Book.objects.filter(funder_id__in=set(funder_ids))}


def business_dates(funder_ids: Iterable[int]) -> dict[int, date]:
    return {funder_id: book.business_date for funder_id, book in books_of(funder_ids).items()}


def book_all(actor: Actor, postings: Sequence[tuple[int, Posting]], now: datetime) -> None:
    """Post entries given with the id of the funder in whose book they belong; books in the order of their keys."""
    by_funder = defaultdict(list)
    for funder_id, posting in postings:
        by_funder[funder_id].append(posting)
    books = books_of(by_funder)
    for funder_id in sorted(by_funder, key=lambda each: books[each].id):
        post(actor=actor, book_id=books[funder_id].id, postings=by_funder[funder_id], now=now)
