"""Real connections, real commits: who books at once, and who advances the day meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection, transaction

from financing.ledger import services as ledger
from financing.ledger.models import Account, Book, Entry
from financing.ledger.queries import balance, findings
from financing.ledger.rules import KeyReused
from portal.shared.access import SYSTEM_ACTOR
from tests.ledger.conftest import NOW, TODAY, disbursement, post, reverse

THREADS = 8


def at_once(work, count=THREADS):
    """Run work(number) in as many threads, each with a connection of its own, from one starting signal."""
    start = threading.Barrier(count)

    def run(number):
        try:
            connection.ensure_connection()
            start.wait(timeout=10)
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def waiting_for_advisory_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return cursor.fetchone()[0] > 0


def test_eight_who_book_the_same_key_make_one_entry(committed_book):
    ids = at_once(lambda number: post(committed_book, disbursement("same", 5)))
    assert len({entry_id for (entry_id,) in ids}) == 1
    assert Entry.objects.count() == 1
    assert balance(book_id=committed_book.id, kind="ADVANCES", currency="EUR") == 5
    assert findings(committed_book.id) == []


def test_of_eight_who_use_one_key_for_different_amounts_one_is_booked(committed_book):
    def attempt(number):
        try:
            return post(committed_book, disbursement("same", 100 + number))
        except KeyReused:
            return None

    assert sum(each is not None for each in at_once(attempt)) == 1
    assert Entry.objects.count() == 1
    assert findings(committed_book.id) == []


def test_the_same_accounts_and_keys_in_opposite_orders_neither_deadlock_nor_double(committed_book):
    def attempt(number):
        for turn in range(10):
            batch = [disbursement(f"{turn}/{key}", 1 + key, facility_id=1 + key % 5) for key in range(20)]
            post(committed_book, *(batch if number % 2 else reversed(batch)))

    at_once(attempt)
    assert Entry.objects.count() == 200
    assert Account.objects.count() == 10
    assert balance(book_id=committed_book.id, kind="ADVANCES", currency="EUR") == 10 * sum(range(1, 21))
    assert findings(committed_book.id) == []


def test_eight_who_reverse_the_same_entry_take_it_back_once(committed_book):
    post(committed_book, disbursement("a", 5))
    ids = at_once(lambda number: reverse(committed_book, "a"))
    assert len({entry_id for (entry_id,) in ids}) == 1
    assert balance(book_id=committed_book.id, kind="ADVANCES", currency="EUR") == 0


def test_nothing_is_booked_into_a_day_that_is_being_closed(committed_book):
    """Postings and closings at once: no entry of a day is recorded after that day's closing has committed."""

    def attempt(number):
        if number == 0:
            for day in range(1, 11):
                ledger.advance_business_date(
                    actor=SYSTEM_ACTOR,
                    book_id=committed_book.id,
                    to_date=TODAY + timedelta(days=day),
                    now=NOW + timedelta(days=day),
                )
        else:
            for turn in range(20):
                post(committed_book, disbursement(f"{number}/{turn}", 1))

    at_once(attempt)
    assert Entry.objects.count() == 20 * (THREADS - 1)
    # Ids are given within the lock, so a day's entries all come before those of later days.
    dates = list(Entry.objects.order_by("id").values_list("business_date", flat=True))
    assert dates == sorted(dates)
    assert findings(committed_book.id) == []


def test_closing_the_day_waits_for_who_is_booking_and_the_next_books_into_the_new_day(committed_book):
    tomorrow = TODAY + timedelta(days=1)

    def in_thread(work):
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            post(committed_book, disbursement("first", 1))
            closing = pool.submit(
                in_thread,
                lambda: ledger.advance_business_date(
                    actor=SYSTEM_ACTOR, book_id=committed_book.id, to_date=tomorrow, now=NOW
                ),
            )
            until(waiting_for_advisory_lock)
            next_one = pool.submit(in_thread, lambda: post(committed_book, disbursement("second", 1)))
            # Who holds the day open already books on, although the closing waits.
            post(committed_book, disbursement("third", 1))
        closing.result(timeout=10)
        next_one.result(timeout=10)

    assert dict(Entry.objects.values_list("key", "business_date")) == {
        "first": TODAY,
        "second": tomorrow,
        "third": TODAY,
    }
    assert Book.objects.get().business_date == tomorrow


def until(condition, tries=2000):
    """Poll the server (each poll is a round trip) until the condition holds."""
    assert any(condition() for _ in range(tries)), "what was waited for did not happen"
