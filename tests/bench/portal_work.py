"""What the portal's own processes do in a crowd."""

import random
from collections.abc import Iterator

import django

django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.trail import delivery  # noqa: E402
from accounts.trail.subscribers import subscribers  # noqa: E402
from financing.ledger.services import LegOf, Posting, post  # noqa: E402
from portal.shared.access import SYSTEM_ACTOR  # noqa: E402


def decide_all() -> Iterator[int | None]:
    """What a worker does when it is woken: the drain of all that waits to be decided."""
    connection.ensure_connection()
    subscribers()["advances.decide"].load()
    yield None
    yield delivery.drain("advances.decide", timezone.now())


def post_entries(book_id: int, client_number: int, entries: int, at_once: int, accounts: int, run: str) -> Iterator:
    """Entries spread over the accounts of many facilities, `at_once` in each transaction."""
    connection.ensure_connection()
    chance, now = random.Random(client_number), timezone.now()
    postings = [
        _posting(f"{run}/{client_number}/{number}", chance.randrange(1, accounts + 1)) for number in range(entries)
    ]
    yield None
    for start in range(0, entries, at_once):
        post(actor=SYSTEM_ACTOR, book_id=book_id, postings=postings[start : start + at_once], now=now)
    yield entries


def _posting(key: str, facility_id: int) -> Posting:
    legs = (LegOf("ADVANCES", 100, facility_id), LegOf("DISBURSEMENT_CLEARING", -100, facility_id))
    return Posting(key=key, kind="bench", currency="EUR", legs=legs)
