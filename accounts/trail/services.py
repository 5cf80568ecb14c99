"""Recording what happened, and telling those who listen."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from celery import current_app
from django.db import connection, transaction

from accounts.trail.models import Delivery, Event, EventParty
from accounts.trail.subscribers import Subscriber, listeners
from portal.shared import tracing
from portal.shared.access import Actor
from portal.shared.database import insert_many

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """One event to record. `parties`: ids of exactly those who may know. `effective_at`: when it counts (None: now).

    `own`: facts that one of the parties alone may know, by its id.
    """

    name: str
    subject: object
    parties: tuple[int, ...]
    payload: dict = field(default_factory=dict)
    internal: bool = False
    effective_at: datetime | None = None
    own: Mapping[int, dict] = field(default_factory=dict)


def record(actor: Actor, now: datetime, news: Iterable[News]) -> list[Event]:
    """Record events in the caller's transaction, in three statements however many they are.

    Each subscriber of each event gets its Delivery, and is woken once when the transaction commits.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An event is recorded in the transaction of what it tells.")
    news = list(news)
    events = insert_many([_event(actor, now, each) for each in news])
    _tell(zip(events, news, strict=True))
    heard = [(event, each) for event in events for each in listeners(event.name) if each.hears(event.payload)]
    insert_many(
        [
            Delivery(event=event, subscriber=each.name, subject=f"{event.subject_type}:{event.subject_id}", due_at=now)
            for event, each in heard
        ]
    )
    for subscriber in {each.name: each for _, each in heard}.values():
        _wake_on_commit(subscriber)
    return events


def _tell(told: Iterable[tuple[Event, News]]) -> None:
    """Name the parties of the events: by far the most rows that are written, and the plainest."""
    rows = [
        {"party_id": party_id, "event_id": event.id, "facts": each.own.get(party_id)}
        for event, each in told
        for party_id in sorted({*each.parties} - {None, 0})
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {EventParty._meta.db_table} (party_id, event_id, facts) SELECT party_id, event_id, facts"
            f" FROM json_populate_recordset(NULL::{EventParty._meta.db_table}, %s)",
            [json.dumps(rows)],
        )


def _event(actor: Actor, now: datetime, news: News) -> Event:
    return Event(
        name=news.name,
        subject_type=news.subject._meta.label_lower,
        subject_id=news.subject.pk,
        audience=Event.Audience.INTERNAL if news.internal else Event.Audience.PUBLIC_TO_PARTIES,
        payload=news.payload,
        actor_party_id=actor.party_id,
        actor_user_id=actor.user_id,
        actor_client_id=actor.client_id,
        request_id=_request_id(actor, news),
        recorded_at=now,
        effective_at=news.effective_at or now,
    )


def _request_id(actor: Actor, news: News) -> str:
    """What knows where it comes from says so: a payment is answered by the bank in requests of the bank's own."""
    return (
        actor.request_id or getattr(news.subject, "request_id", "") or tracing.current().request_id_of(_subjects(news))
    )


def _subjects(news: News) -> Iterator[str]:
    """Its subject and, as far as it tells, what that comes from: the cause of the news is news of one of them."""
    yield f"{news.subject._meta.label_lower}:{news.subject.pk}"
    if "subject_id" in news.payload:
        yield f"{news.payload.get('subject_type')}:{news.payload['subject_id']}"
    follows = getattr(news.subject, "follows", None)
    if follows:
        yield follows


def _wake_on_commit(subscriber: Subscriber) -> None:
    """Wake a subscriber once per transaction, whatever number of events it hears of in it."""
    hook = WakeUp(subscriber.name, subscriber.queue)
    if hook not in {registered for _, registered, *_ in connection.run_on_commit}:
        transaction.on_commit(hook)


@dataclass(frozen=True, slots=True)
class WakeUp:
    """A commit hook that equals another for the same subscriber, so that it is registered once."""

    name: str
    queue: str

    def __call__(self) -> None:
        wake(self.name, self.queue)


def wake(name: str, queue: str) -> None:
    """Ask a worker to drain. A broker that is down loses nothing: the sweep finds what waits."""
    try:
        current_app.send_task("trail.drain", args=[name], queue=queue)
    except Exception as error:  # what was committed is not failed for want of a broker, whatever ails it
        logger.warning("The broker did not take the wake-up of %s (%s); the sweep will find its work.", name, error)
