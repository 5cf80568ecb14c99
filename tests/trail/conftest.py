from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from accounts.parties.models import Party
from accounts.trail import delivery, subscribers
from accounts.trail.models import Delivery
from accounts.trail.services import News, record
from portal.shared.access import SYSTEM_ACTOR
from tests.trail import handlers

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_subscribers(settings):
    settings.SUBSCRIPTIONS = "tests.trail.handlers.SUBSCRIPTIONS"
    subscribers.forget()
    handlers.calls.clear()
    handlers.during.clear()
    yield
    handlers.during.clear()
    subscribers.forget()


@pytest.fixture
def woken(monkeypatch):
    """Names of the subscribers for which a wake-up was handed to the broker, which is played by this list."""
    names = []
    monkeypatch.setattr("accounts.trail.services.current_app.send_task", lambda task, args, queue: names.append(*args))
    return names


def news(name, subject_id=1, parties=(), **payload) -> News:
    return News(name, Party(id=subject_id), parties, payload)


def tell(*many: News):
    """Record in a transaction of its own."""
    with transaction.atomic():
        return record(SYSTEM_ACTOR, NOW, many)


def drain(name, now=NOW) -> int:
    return delivery.drain(name, now)


def handled() -> list[int]:
    """Ids of the events that were worked on, in order of the work; twice where it was done twice."""
    return [int(name) for name in Party.objects.order_by("id").values_list("name", flat=True)]


def states(subscriber: str) -> list[str]:
    rows = Delivery.objects.filter(subscriber=subscriber).order_by("id")
    return list(rows.values_list("state", flat=True))


def until(condition, tries=4000):
    """Poll (each poll asks the server) until the condition holds."""
    assert any(condition() for _ in range(tries)), "what was waited for did not happen"


def in_thread(work, *args):
    """Run in a thread with a connection of its own, closed at the end."""
    try:
        return work(*args)
    finally:
        connection.close()
