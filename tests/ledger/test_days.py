from datetime import date, timedelta

import pytest

from accounts.parties import services as parties
from accounts.trail.models import Event
from financing.ledger import services as ledger
from financing.ledger.models import Book, Entry
from financing.ledger.rules import DateGoesBackwards, DateTooFar
from financing.ledger.services import DAYS_AHEAD
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.errors import Forbidden, InvalidInput, NotFound
from tests.ledger.conftest import NOW, TODAY, disbursement, post

TOMORROW = date(2026, 3, 3)


def advance(book, to_date, actor=SYSTEM_ACTOR):
    return ledger.advance_business_date(actor=actor, book_id=book.id, to_date=to_date, now=NOW)


def test_what_is_booked_after_the_day_was_advanced_is_of_the_new_day(book):
    assert advance(book, TOMORROW).business_date == TOMORROW
    post(book, disbursement("late", 5, value_date=TODAY))
    entry = Entry.objects.get(key="late")
    assert (entry.business_date, entry.value_date) == (TOMORROW, TODAY)


def test_advancing_the_day_is_news_to_the_funder_alone(book):
    advance(book, TOMORROW)
    event = Event.objects.get(name="book.business_date_advanced")
    assert event.payload == {"from": "2026-03-02", "to": "2026-03-03"}
    assert list(event.parties.values_list("party_id", flat=True)) == [book.funder_id]


def test_a_retry_on_the_next_day_finds_the_entry_of_the_day_before(book):
    first = post(book, disbursement("a", 5))
    advance(book, TOMORROW)
    assert post(book, disbursement("a", 5)) == first


def test_the_day_does_not_go_back(book):
    advance(book, TOMORROW)
    with pytest.raises(DateGoesBackwards) as refused:
        advance(book, TODAY)
    assert refused.value.code == "LEDGER_DATE_CLOSED"
    assert Book.objects.get().business_date == TOMORROW


def test_a_day_that_the_calendar_does_not_reach_is_refused_as_it_could_not_be_taken_back(book):
    for slip in (TODAY.replace(year=TODAY.year + 1), TODAY + timedelta(days=DAYS_AHEAD + 1)):
        with pytest.raises(DateTooFar):
            advance(book, slip)
    assert Book.objects.get().business_date == TODAY


def test_a_long_weekend_is_closed_on_its_eve_and_a_book_that_is_behind_catches_up(book):
    eve_of_easter = TODAY + timedelta(days=DAYS_AHEAD)
    assert advance(book, eve_of_easter).business_date == eve_of_easter
    later = ledger.advance_business_date(
        actor=SYSTEM_ACTOR, book_id=book.id, to_date=TODAY + timedelta(days=400), now=NOW + timedelta(days=400)
    )
    assert later.business_date == TODAY + timedelta(days=400)


def test_advancing_to_the_day_that_is_open_changes_nothing(book):
    advance(book, TODAY)
    assert not Event.objects.filter(name="book.business_date_advanced").exists()


def test_a_checker_of_the_funder_advances_the_day_and_nobody_else(book):
    advance(book, TOMORROW, Actor(book.funder_id, "FINANCIER", frozenset({"CHECKER"})))
    for actor, refusal in (
        (Actor(book.funder_id, "FINANCIER", frozenset({"MAKER"})), Forbidden),
        (Actor(book.funder_id + 1, "BANK", frozenset({"ADMIN"})), NotFound),
    ):
        with pytest.raises(refusal):
            advance(book, date(2026, 3, 4), actor)
    assert Book.objects.get().business_date == TOMORROW


def test_a_funder_has_one_book(book):
    with pytest.raises(InvalidInput) as refused:
        ledger.open_book(actor=SYSTEM_ACTOR, funder_id=book.funder_id, business_date=TODAY, now=NOW)
    assert refused.value.code == "LEDGER_BOOK_EXISTS"


def test_a_supplier_has_no_book(db):
    supplier = parties.register_party(actor=SYSTEM_ACTOR, kind="SUPPLIER", name="Loom & Co", country="NL", now=NOW)
    with pytest.raises(NotFound):
        ledger.open_book(actor=SYSTEM_ACTOR, funder_id=supplier.id, business_date=TODAY, now=NOW)


def test_a_book_is_kept_in_a_time_zone_that_exists(db):
    bank = parties.register_party(actor=SYSTEM_ACTOR, kind="BANK", name="Harbour Bank", country="NL", now=NOW)
    with pytest.raises(InvalidInput):
        ledger.open_book(actor=SYSTEM_ACTOR, funder_id=bank.id, business_date=TODAY, time_zone="Mars/Olympus", now=NOW)
    assert not Book.objects.exists()
