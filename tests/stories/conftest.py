"""One house for all stories: web, worker, beat and bank as `make run` starts them, on the database of the tests."""

import contextlib
import os
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from portal.runtime.world import world as running_world
from portal.sandbox.bank.client import BankClient
from tests.conftest import empty_database
from tests.stories.house import House, found


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
        "LOG_FORMAT": "json",
    }
    redis.from_url(settings.CELERY_BROKER_URL).flushdb()
    directory = tmp_path_factory.mktemp("stories")
    with django_db_blocker.unblock(), contextlib.ExitStack() as stack:
        stack.callback(empty_database)
        running = stack.enter_context(running_world(directory, settings=surroundings, durable=False))
        bank = BankClient(running.bank_url, running.environment["BANK_SECRET"])
        stack.callback(bank.close)
        yield found(running, bank)


@pytest.fixture(autouse=True)
def sound(house: House, django_db_blocker) -> Iterator[None]:
    """Whatever a story tells, at its end nothing waits, and ledger and bank agree to the cent."""
    with django_db_blocker.unblock():
        yield
        house.bank.control("DELETE", "/faults")
        house.check_sound()
