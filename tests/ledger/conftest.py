from datetime import UTC, date, datetime

import pytest

from accounts.parties import services as parties
from accounts.parties.models import Party
from financing.credit.models import Facility, Programme
from financing.ledger import services as ledger
from financing.ledger.services import LegOf, Posting
from portal.shared.access import SYSTEM_ACTOR

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)


def open_book_of(name: str):
    """A funder with books of its own, at TODAY."""
    funder = parties.register_party(actor=SYSTEM_ACTOR, kind=Party.Kind.FINANCIER, name=name, country="NL", now=NOW)
    return ledger.open_book(actor=SYSTEM_ACTOR, funder_id=funder.id, business_date=TODAY, now=NOW)


def disbursement(key: str, amount_minor: int, facility_id: int = 7, **more) -> Posting:
    """Dr advances, Cr disbursement clearing, both of one facility."""
    return Posting(
        key,
        "advance.disbursed",
        more.pop("currency", "EUR"),
        (LegOf("ADVANCES", amount_minor, facility_id), LegOf("DISBURSEMENT_CLEARING", -amount_minor, facility_id)),
        **more,
    )


def post(book, *postings):
    return ledger.post(actor=SYSTEM_ACTOR, book_id=book.id, postings=postings, now=NOW)


def reverse(book, *keys, **more):
    return ledger.reverse(actor=SYSTEM_ACTOR, book_id=book.id, keys=keys, now=NOW, **more)


def open_facilities(funder_id: int, count: int = 20) -> None:
    """Facilities 1, 2, ... for accounts to be of, each with a supplier of its own."""
    debtor = Party.objects.create(kind="PLATFORM", name="Bazaar", country="NL", created_at=NOW)
    programme = Programme.objects.create(
        funder_id=funder_id, debtor=debtor, name="Early money", currency="EUR", agreement="A-1"
    )
    suppliers = Party.objects.bulk_create(
        Party(kind="SUPPLIER", name=f"Supplier {number}", country="NL", created_at=NOW) for number in range(count)
    )
    Facility.objects.bulk_create(
        Facility(
            id=number, programme=programme, supplier=supplier, funder_id=funder_id, debtor=debtor, currency="EUR",
            joined_at=NOW, joined_by="system",
        )
        for number, supplier in enumerate(suppliers, start=1)
    )  # fmt: skip


@pytest.fixture
def book(db):
    book = open_book_of("Meridian Funding")
    open_facilities(book.funder_id)
    return book


@pytest.fixture
def committed_book(committed_db):
    book = open_book_of("Meridian Funding")
    open_facilities(book.funder_id)
    return book
