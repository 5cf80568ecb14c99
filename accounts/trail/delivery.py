"""Bringing events to their subscribers: once each in the database, whatever crashes in between.

`drain` hands what is due for one subscriber to its handler, in batches. A batch that fails is halved until the event
that fails stands alone; it backs off and, after the subscriber's last try, is parked where an operator sees it.
"""

import logging
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.module_loading import import_string

from accounts.trail.models import Delivery, Event
from accounts.trail.services import News, record, wake
from accounts.trail.subscribers import SEND, Subscriber, subscribers
from portal.shared.access import SYSTEM_ACTOR, Actor, require
from portal.shared.clocks import is_free
from portal.shared.database import acting, is_blameless
from portal.shared.errors import InvalidTransition, NotFound
from portal.shared.tracing import Work, narrow, working

logger = logging.getLogger(__name__)

PARKED = "delivery.parked"
BLAMELESS_RETRIES = 5
BLAMELESS_PAUSE_SECONDS = 5
BACKOFF_SECONDS = (1, 5, 30, 120, 600, 1800, 3600)


def drain(name: str, now: datetime, turn_seconds: float = math.inf) -> int:
    """Handle everything that is due for one subscriber; returns how many events were handled.

    After `turn_seconds` it is the turn of others: what is left is a wake-up of its own. Where work comes in as fast as
    it is done, a drain would have no end, and neither would the worker that is asked to stop.
    """
    subscriber = subscribers()[name]
    started = monotonic()
    handled = 0
    while True:
        # A long drain claims with leases that begin when they are given, not when it began itself.
        moment = now + timedelta(seconds=monotonic() - started)
        claimed = _claim(subscriber, now, moment) if subscriber.kind == SEND else None
        if claimed == []:
            return handled
        taken, done = _handle(subscriber, claimed, now)
        handled += done
        if taken < subscriber.batch and not subscriber.ordered:
            return handled  # what is committed from now on wakes somebody itself; of one subject more may be due by now
        if not taken:
            return handled
        if monotonic() - started >= turn_seconds:
            wake(subscriber.name, subscriber.queue)
            return handled


def _due(now: datetime):
    """What nobody has put off yet is due whatever a clock says: that of who wrote it may be ahead of ours."""
    untried = Q(attempts=0, last_error="")
    return Delivery.objects.filter(untried | Q(due_at__lte=now), state=Delivery.State.WAITING)


def _waiting(subscriber: Subscriber, now: datetime):
    due = _due(now).filter(subscriber=subscriber.name)
    if subscriber.ordered:
        # Only the first that is open of each subject: a later event waits for it, parked or not.
        earlier = Delivery.objects.filter(
            ~Q(state=Delivery.State.DONE),
            subscriber=subscriber.name,
            subject=OuterRef("subject"),
            id__lt=OuterRef("id"),
        )
        due = due.filter(~Exists(earlier))
    return due.order_by("id")


def _claim(subscriber: Subscriber, now: datetime, moment: datetime) -> list[int]:
    """Lease a batch in a transaction of its own, so that nothing is locked while a socket is open."""
    with transaction.atomic():
        lease = timedelta(seconds=subscriber.lease_seconds)
        free = _waiting(subscriber, now).filter(is_free(moment, lease))
        if subscriber.ordered:
            leased = Delivery.objects.filter(
                ~is_free(moment, lease), subscriber=subscriber.name, subject=OuterRef("subject")
            )
            free = free.filter(~Exists(leased))
        ids = [row.id for row in _first_of_each_subject(subscriber, _locked(subscriber, free), now)]
        Delivery.objects.filter(id__in=ids).update(leased_until=moment + lease)
    return ids


def _locked(subscriber: Subscriber, due) -> list[Delivery]:
    """Rows of one batch that no other worker holds."""
    return list(due.select_for_update(no_key=True, skip_locked=True)[: subscriber.batch])


def _first_of_each_subject(subscriber: Subscriber, rows: list[Delivery], now: datetime) -> list[Delivery]:
    """Of an ordered subscriber, the rows whose subject is nobody else's at this moment.

    An earlier event may have been committed after these rows were chosen, and another worker may be handling it. So
    the subject is locked by name (who does not get the lock leaves it to who has it), and then looked at anew.
    """
    if not (subscriber.ordered and rows):
        return rows
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject FROM unnest(%s::text[]) AS subject"
            " WHERE pg_try_advisory_xact_lock(hashtextextended(%s || '/' || subject, 0))",
            [sorted({row.subject for row in rows}), subscriber.name],
        )
        subjects = {subject for (subject,) in cursor.fetchall()}
    first = set(_waiting(subscriber, now).filter(id__in=[row.id for row in rows]).values_list("id", flat=True))
    return [row for row in rows if row.id in first and row.subject in subjects]


def _handle(subscriber: Subscriber, ids: list[int] | None, now: datetime) -> tuple[int, int]:
    """Hand a batch over (None: the next that is due); on failure halve it. Returns how many were taken, and handled."""
    taken, error = _attempt(subscriber, ids, now)
    if error is None:
        return len(taken), len(taken)
    if not taken:
        raise error  # it was not the handler that failed; the sweep comes back
    if is_blameless(error):
        _pause(taken, now, error)
        return len(taken), 0
    if len(taken) > 1:
        middle = len(taken) // 2
        return len(taken), sum(_handle(subscriber, half, now)[1] for half in (taken[:middle], taken[middle:]))
    _put_off(subscriber, taken[0], now, error)
    return 1, 0


def _attempt(subscriber: Subscriber, ids: list[int] | None, now: datetime) -> tuple[list[int], Exception | None]:
    """Run the handler; blameless failures of the database are tried again with the whole batch.

    Returns the ids that the handler was given and, where it failed, why.
    """
    for turn in range(BLAMELESS_RETRIES + 1):
        taken: list[int] = []
        with working(Work(subscriber=subscriber.name)):
            try:
                _send(subscriber, ids, taken, now) if subscriber.kind == SEND else _apply(subscriber, ids, taken, now)
                return taken, None
            except (OperationalError, InterfaceError) as error:
                if turn == BLAMELESS_RETRIES or not is_blameless(error):
                    return taken, error
                logger.info("%s: trying the batch again after %s", subscriber.name, error)
                if not connection.in_atomic_block:
                    close_old_connections()
            except Exception as error:  # whatever a handler raises is one event's failure, never the worker's
                logger.exception("%s failed on deliveries %s", subscriber.name, taken[:5])
                return taken, error
    raise AssertionError("unreachable")


def _apply(subscriber: Subscriber, ids: list[int] | None, taken: list[int], now: datetime) -> None:
    """Handler and marks in one transaction; deferred constraints speak before the mark is written."""
    with transaction.atomic():
        due = _waiting(subscriber, now) if ids is None else _waiting(subscriber, now).filter(id__in=ids)
        rows = _first_of_each_subject(subscriber, _locked(subscriber, due), now)
        if not rows:
            return
        taken.extend(row.id for row in rows)
        _hand_over(subscriber, rows)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _mark_done(taken, now)


def _send(subscriber: Subscriber, ids: list[int], taken: list[int], now: datetime) -> None:
    """The handler does its I/O and records the outcome in transactions of its own; then the mark."""
    rows = list(Delivery.objects.filter(id__in=ids, state=Delivery.State.WAITING).order_by("id"))
    if rows:
        taken.extend(row.id for row in rows)
        _hand_over(subscriber, rows)
        _mark_done(taken, now)


def _hand_over(subscriber: Subscriber, rows: list[Delivery]) -> None:
    """From here on every log line, and all news, name the requests that the events go back to."""
    events = _events(rows)
    of = {subject: each.request_id for each in events if each.request_id for subject in _concerned(each)}
    request_ids = dict.fromkeys(each.request_id for each in events if each.request_id)
    narrow(Work(tuple(request_ids), tuple(each.id for each in events), subscriber.name, of=of))
    subscriber.load()(events)
    logger.info("%s handled %s events", subscriber.name, len(events))


def _concerned(event: Event) -> Iterator[str]:
    """Its subject, and what that is about, as the advance of a payment."""
    yield f"{event.subject_type}:{event.subject_id}"
    if event.payload.get("subject_id"):
        yield f"{event.payload.get('subject_type')}:{event.payload['subject_id']}"


def _events(rows: list[Delivery]) -> list[Event]:
    found = Event.objects.in_bulk([row.event_id for row in rows])
    return [found[row.event_id] for row in rows]


def _mark_done(ids: list[int], now: datetime) -> None:
    Delivery.objects.filter(id__in=ids, state=Delivery.State.WAITING).update(
        state=Delivery.State.DONE, done_at=now, leased_until=None, last_error=""
    )


def _put_off(subscriber: Subscriber, delivery_id: int, now: datetime, error: Exception) -> None:
    """Back off, or park after the last try."""
    with transaction.atomic():
        row = Delivery.objects.select_for_update(no_key=True).get(id=delivery_id)
        if row.state != Delivery.State.WAITING:
            return
        row.attempts += 1
        row.leased_until = None
        row.last_error = _sentence(error)
        row.due_at = now + timedelta(seconds=BACKOFF_SECONDS[min(row.attempts, len(BACKOFF_SECONDS)) - 1])
        if row.attempts >= subscriber.tries:
            row.state = Delivery.State.PARKED
            _tell_watchers(row, now)
        row.save(update_fields=["attempts", "leased_until", "last_error", "due_at", "state"])


def _tell_watchers(row: Delivery, now: datetime) -> None:
    """Those who run the portal hear of it; that they could not be told is told to nobody, or there were no end."""
    if row.event.name == PARKED:
        return
    facts = {"subscriber": row.subscriber, "event": row.event.name, "attempts": row.attempts}
    record(SYSTEM_ACTOR, now, [News(PARKED, row, import_string(settings.WATCHERS)(), facts, internal=True)])


def _pause(ids: list[int], now: datetime, error: Exception) -> None:
    """Leave a whole batch for a little later; none of it has used up a try."""
    logger.warning("The database failed a batch of %s: %s", len(ids), error)
    Delivery.objects.filter(id__in=ids, state=Delivery.State.WAITING).update(
        due_at=now + timedelta(seconds=BLAMELESS_PAUSE_SECONDS), leased_until=None, last_error=_sentence(error)
    )


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]


def sweep(now: datetime) -> list[str]:
    """Wake every subscriber for which something is due: what the broker lost happens all the same."""
    longest = timedelta(seconds=max((each.lease_seconds for each in subscribers().values()), default=0))
    names = (
        _due(now).filter(is_free(now, longest)).order_by("subscriber").values_list("subscriber", flat=True).distinct()
    )
    known = [subscribers()[name] for name in names if name in subscribers()]
    for subscriber in known:
        wake(subscriber.name, subscriber.queue)
    return [subscriber.name for subscriber in known]


def retry(*, actor: Actor, delivery_id: int, now: datetime) -> Delivery:
    """Give a parked delivery a fresh set of tries. For operators."""
    with acting(actor):
        require(actor, "trail.retry_delivery")
        row = Delivery.objects.select_for_update(no_key=True).filter(id=delivery_id).first()
        if row is None:
            raise NotFound()
        if row.state != Delivery.State.PARKED:
            raise InvalidTransition(thing="Delivery", current=row.state, wanted=Delivery.State.WAITING)
        row.state, row.attempts, row.due_at = Delivery.State.WAITING, 0, now
        row.save(update_fields=["state", "attempts", "due_at"])
        subscriber = subscribers()[row.subscriber]
        transaction.on_commit(lambda: wake(subscriber.name, subscriber.queue))
        return row
