"""Bringing events to their subscribers: once each in the database, whatever crashes in between.

`drain` hands what is due for one subscriber to its handler, in batches. A batch that fails is halved until the event
that fails stands alone; it backs off and, after the subscriber's last try, is parked where an operator sees it.
"""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.trail.models import Delivery, Event
from accounts.trail.subscribers import SEND, Subscriber, subscribers
from accounts.trail.services import wake
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidTransition, NotFound

logger = logging.getLogger(__name__)

BLAMELESS = {"40P01", "40001", "55P03", "57P01", "57P02", "57P03", "53300"}
"""SQLSTATEs that are nobody's fault: deadlock, serialisation, lock time-out, a server that restarts or is full."""

BLAMELESS_RETRIES = 5
BACKOFF_SECONDS = (1, 5, 30, 120, 600, 1800, 3600)


def drain(name: str, now: datetime) -> int:
    """Handle everything that is due for one subscriber; returns how many events were handled."""
    subscriber = subscribers()[name]
    handled = 0
    while batch := (_claim(subscriber, now) if subscriber.kind == SEND else _due(subscriber, now)):
        done = _handle(subscriber, batch, now)
        handled += done
        if subscriber.kind != SEND and not done:
            break  # held by another worker, or each failed and was put off
    return handled


def _waiting(subscriber: Subscriber, now: datetime):
    due = Delivery.objects.filter(subscriber=subscriber.name, state=Delivery.State.WAITING, due_at__lte=now)
    if subscriber.ordered:
        # Only the first that is open of each subject: a later event waits for it, parked or not.
        earlier = Delivery.objects.filter(
            ~Q(state=Delivery.State.DONE), subscriber=subscriber.name, subject=OuterRef("subject"), id__lt=OuterRef("id")
        )
        due = due.filter(~Exists(earlier))
    return due.order_by("id")


def _due(subscriber: Subscriber, now: datetime) -> list[int]:
    return list(_waiting(subscriber, now).values_list("id", flat=True)[: subscriber.batch])


def _claim(subscriber: Subscriber, now: datetime) -> list[int]:
    """Lease a batch in a transaction of its own, so that nothing is locked while a socket is open."""
    with transaction.atomic():
        free = _waiting(subscriber, now).filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))
        ids = list(free.select_for_update(skip_locked=True).values_list("id", flat=True)[: subscriber.batch])
        Delivery.objects.filter(id__in=ids).update(leased_until=now + timedelta(seconds=subscriber.lease_seconds))
    return ids


def _handle(subscriber: Subscriber, ids: list[int], now: datetime) -> int:
    """Hand a batch over; on failure halve it. Returns how many were handled."""
    error = _attempt(subscriber, ids, now)
    if error is None:
        return len(ids)
    if len(ids) > 1:
        middle = len(ids) // 2
        return _handle(subscriber, ids[:middle], now) + _handle(subscriber, ids[middle:], now)
    _put_off(subscriber, ids[0], now, error)
    return 0


def _attempt(subscriber: Subscriber, ids: list[int], now: datetime) -> Exception | None:
    """Run the handler; blameless failures of the database are tried again with the whole batch."""
    for turn in range(BLAMELESS_RETRIES + 1):
        try:
            _send(subscriber, ids, now) if subscriber.kind == SEND else _apply(subscriber, ids, now)
            return None
        except (OperationalError, InterfaceError) as error:
            state = getattr(error.__cause__, "sqlstate", None)
            if turn == BLAMELESS_RETRIES or (state is not None and state not in BLAMELESS):
                return error
            logger.info("%s: trying the batch again after %s", subscriber.name, state or error)
            if not connection.in_atomic_block:
                close_old_connections()
        except Exception as error:  # whatever a handler raises is one event's failure, never the worker's
            logger.exception("%s failed on deliveries %s", subscriber.name, ids[:5])
            return error
    raise AssertionError("unreachable")


def _apply(subscriber: Subscriber, ids: list[int], now: datetime) -> None:
    """Handler and marks in one transaction; deferred constraints speak before the mark is written."""
    with transaction.atomic():
        rows = list(
            Delivery.objects.filter(id__in=ids, state=Delivery.State.WAITING)
            .select_for_update(skip_locked=True)
            .order_by("id")
        )
        if not rows:
            return
        subscriber.load()(_events(rows))
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _mark_done([row.id for row in rows], now)


def _send(subscriber: Subscriber, ids: list[int], now: datetime) -> None:
    """The handler does its I/O and records the outcome in transactions of its own; then the mark."""
    rows = list(Delivery.objects.filter(id__in=ids, state=Delivery.State.WAITING).order_by("id"))
    if rows:
        subscriber.load()(_events(rows))
        _mark_done([row.id for row in rows], now)


def _events(rows: list[Delivery]) -> list[Event]:
    found = Event.objects.in_bulk([row.event_id for row in rows])
    return [found[row.event_id] for row in rows]


def _mark_done(ids: list[int], now: datetime) -> None:
    Delivery.objects.filter(id__in=ids, state=Delivery.State.WAITING).update(
        state=Delivery.State.DONE, done_at=now, leased_until=None, last_error=""
    )


def _put_off(subscriber: Subscriber, delivery_id: int, now: datetime, error: Exception) -> None:
    """Back off, or park after the last try."""
    try:
        with transaction.atomic():
            row = Delivery.objects.select_for_update().get(id=delivery_id)
            if row.state != Delivery.State.WAITING:
                return
            row.attempts += 1
            row.leased_until = None
            row.last_error = f"{type(error).__name__}: {error}"[:2000]
            row.due_at = now + timedelta(seconds=BACKOFF_SECONDS[min(row.attempts, len(BACKOFF_SECONDS)) - 1])
            if row.attempts >= subscriber.tries:
                row.state = Delivery.State.PARKED
            row.save(update_fields=["attempts", "leased_until", "last_error", "due_at", "state"])
    except DatabaseError:
        # The database itself is away: the delivery is as it was, and the sweep comes back to it.
        logger.exception("Could not put off delivery %s of %s", delivery_id, subscriber.name)


def sweep(now: datetime) -> list[str]:
    """Wake every subscriber for which something is due: what was lost between commit and broker happens all the same."""
    names = (
        Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=now)
        .filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now))
        .order_by("subscriber")
        .values_list("subscriber", flat=True)
        .distinct()
    )
    known = [subscribers()[name] for name in names if name in subscribers()]
    for subscriber in known:
        wake(subscriber.name, subscriber.queue)
    return [subscriber.name for subscriber in known]


def retry(*, actor: Actor, delivery_id: int, now: datetime) -> Delivery:
    """Give a parked delivery a fresh set of tries. For operators."""
    with acting(actor):
        require(actor, "trail.retry_delivery")
        row = Delivery.objects.select_for_update().filter(id=delivery_id).first()
        if row is None:
            raise NotFound()
        if row.state != Delivery.State.PARKED:
            raise InvalidTransition(thing="Delivery", current=row.state, wanted=Delivery.State.WAITING)
        row.state, row.attempts, row.due_at = Delivery.State.WAITING, 0, now
        row.save(update_fields=["state", "attempts", "due_at"])
        subscriber = subscribers()[row.subscriber]
        transaction.on_commit(lambda: wake(subscriber.name, subscriber.queue))
        return row
