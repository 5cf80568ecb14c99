"""One house for all stories: web, worker, beat and bank as `make run` starts them, on the database of the tests."""

import contextlib
import os
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from financing.banking.models import BankAccount
from financing.ledger.services import LegOf, Posting, post
from portal.runtime.world import world as running_world
from portal.sandbox.bank.client import BankClient
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.conftest import empty_database
from tests.stories.house import House
from tests.world import CURRENCY, IBANS, TODAY

CAPITAL_MINOR = 1_000_000_00


def database_url(like: str) -> str:
    return like.rsplit("/", 1)[0] + "/" + settings.DATABASES["default"]["NAME"]


@pytest.fixture(scope="package")
def house(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[House]:
    surroundings = {
        "DATABASE_URL": database_url(os.environ["DATABASE_URL"]),
        "OWNER_DATABASE_URL": database_url(os.environ["OWNER_DATABASE_URL"]),
        "BROKER_URL": settings.CELERY_BROKER_URL,
        "SECRET_KEY": settings.SECRET_KEY,
        "WORKER_CONCURRENCY": "2",
        "WEB_WORKERS": "1",
    }
    redis.from_url(settings.CELERY_BROKER_URL).flushdb()
    directory = tmp_path_factory.mktemp("stories")
    with django_db_blocker.unblock(), contextlib.ExitStack() as stack:
        stack.callback(empty_database)
        running = stack.enter_context(running_world(directory, settings=surroundings, durable=False))
        bank = BankClient(running.bank_url, running.environment["BANK_SECRET"])
        stack.callback(bank.close)
        yield found(running, bank)


def found(running, bank: BankClient) -> House:
    """The cast with its accounts and books, before any story begins."""
    bank.control("POST", "/clock", {"business_date": TODAY.isoformat()})
    lending = world.lending()
    for party in lending.cast.parties():
        if party.name.lower() in IBANS:
            connected = BankAccount.objects.get(party=party).connected
            opened = {"holder": party.name, "currency": CURRENCY, "iban": IBANS[party.name.lower()]}
            bank.control(
                "POST", "/accounts", opened | {"opening_minor": CAPITAL_MINOR * connected, "notified": connected}
            )
    legs = (LegOf("CASH", CAPITAL_MINOR), LegOf("CAPITAL", -CAPITAL_MINOR))
    capital = Posting(key="capital/opening", kind="capital.paid_in", currency=CURRENCY, legs=legs)
    post(actor=SYSTEM_ACTOR, book_id=lending.book.id, postings=[capital], now=world.NOW)
    return House(running, bank, lending.cast, lending.book, lending.programme)


@pytest.fixture(autouse=True)
def sound(house: House, django_db_blocker) -> Iterator[None]:
    """Whatever a story tells, at its end nothing waits, and ledger and bank agree to the cent."""
    with django_db_blocker.unblock():
        yield
        house.bank.control("DELETE", "/faults")
        house.check_sound()
