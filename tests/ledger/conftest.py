from datetime import UTC, date, datetime

import pytest

from accounts.parties import services as parties
from accounts.parties.models import Party
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


@pytest.fixture
def book(db):
    return open_book_of("Meridian Funding")


@pytest.fixture
def committed_book(committed_db):
    return open_book_of("Meridian Funding")
