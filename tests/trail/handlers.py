"""Subscribers of the tests. What a handler did shows in parties that it registered: work of the database, like any."""

import os
from collections.abc import Callable

from django.db import connection

from accounts.parties.models import Membership, Party
from accounts.trail.models import Event
from accounts.trail.subscribers import SEND, Subscriber

HERE = "tests.trail.handlers"

SUBSCRIPTIONS = [
    Subscriber("applying", f"{HERE}.work", ("thing.done", "thing.booked"), tries=3),
    Subscriber("few at a time", f"{HERE}.work", ("bit.done",), batch=10),
    Subscriber("ordered", f"{HERE}.work", ("step.done",), ordered=True, tries=2),
    Subscriber("sending", f"{HERE}.send", ("letter.due",), kind=SEND, tries=3, batch=50),
    Subscriber("sending in order", f"{HERE}.send", ("page.due",), kind=SEND, ordered=True),
    Subscriber("listening", f"{HERE}.work", ("thing.done",)),
    Subscriber("for one purpose", f"{HERE}.work", ("cheque.written",), purpose="RENT"),
]

calls: list[list[int]] = []
"""Subject ids of each batch that a handler was given."""

during: list[Callable[[list[Event]], None]] = []
"""What a test lets happen while a handler is at work."""


def _begin(events: list[Event]) -> None:
    calls.append([event.subject_id for event in events])
    for happen in during:
        happen(events)


def work(events: list[Event]) -> None:
    """Register a party per event; an event's payload may ask for trouble."""
    Party.objects.bulk_create(
        Party(kind="SUPPLIER", name=f"{event.id}", country="NL", created_at=event.recorded_at) for event in events
    )
    _begin(events)
    for event in events:
        trouble(event)


def trouble(event: Event) -> None:
    match event.payload.get("trouble"):
        case "raises":
            raise ValueError("a poisoned event")
        case "breaks a deferred constraint":
            Membership.objects.create(user_id=-1, party_id=-1, role="MAKER", created_at=event.recorded_at)
        case "breaks the transaction":
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        case "kills":
            os.kill(os.getpid(), 9)


def send(events: list[Event]) -> None:
    """Nothing is locked meanwhile, and no transaction is open."""
    assert not connection.in_atomic_block
    _begin(events)
    for event in events:
        trouble(event)
