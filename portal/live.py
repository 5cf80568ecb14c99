"""News as they happen: server-sent events at /live/ for the acting party of whoever is signed in.

One connection per process LISTENs; a notification is a wake-up, upon which the rows since the horizon are read again
and handed to the open streams. The horizon is a transaction number below which everything has ended: what commits late
is below no horizon yet, and is missed by nobody. No stream holds a database connection.

A message: id `<transaction>-<event id>`, event `news`, data {name, subject_type, subject_id, at}. The page fetches what
it shows again, with its own permissions. Event `reload` says that too much was missed to be told one by one, event
`notices` that somebody of the party was told something or has read it.
"""

import asyncio
import io
import json
import logging
import re
from collections import defaultdict, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from urllib.parse import parse_qsl

import psycopg
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.models import Q
from django.http import HttpResponse

from accounts.trail.models import Event
from portal.middleware import ActorMiddleware, RequestIdMiddleware
from portal.shared.access import Actor
from portal.shared.database import acting

logger = logging.getLogger(__name__)

PATH = "/live/"
RESUMED_AT_MOST = 500
"""Events that are told one by one after a cut; and those that wait for a slow client before it is dropped."""
SCANNED_AT_MOST = 20_000
READ_AT_MOST = 5_000
IDLE_SECONDS = 10
"""How long a lost wake-up can go unnoticed."""
FAIL_AFTER_SECONDS = 55
"""A stream whose right to be open could not be confirmed for so long ends."""
STREAMS_PER_PARTY = 100
"""Open streams of one party in one process: nobody takes everybody else's."""
NOTICES = b"event: notices\ndata: {}\n\n"
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
EVENT_ID = re.compile(r"(\d{1,18})-(\d{1,18})")

CEILING = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
LOOK = f"""
    SELECT ceiling, EXISTS (SELECT FROM trail_event WHERE transaction >= ceiling)
    FROM (SELECT {CEILING} AS ceiling) AS now
"""
READ = f"""
    SELECT e.transaction, e.id, e.name, e.subject_type, e.subject_id, e.recorded_at, array_agg(p.party_id)
    FROM trail_event e JOIN trail_eventparty p ON p.event_id = e.id
    WHERE (e.transaction, e.id) > (%s, %s) AND e.transaction < %s AND p.party_id = ANY(%s)
    GROUP BY e.id ORDER BY e.transaction, e.id LIMIT {READ_AT_MOST}
"""

Position = tuple[int, int]
"""Transaction and event id: the order in which news are told."""


@dataclass(frozen=True, slots=True)
class Message:
    position: Position
    content: bytes


def news(transaction: int, id: int, name: str, subject_type: str, subject_id: int, at: datetime) -> Message:
    data = {"name": name, "subject_type": subject_type, "subject_id": subject_id, "at": at.astimezone(UTC).isoformat()}
    text = f"id: {transaction}-{id}\nevent: news\ndata: {json.dumps(data)}\n\n"
    return Message((transaction, id), text.encode())


def reload(horizon: int) -> Message:
    return Message((horizon, 0), f"id: {horizon}-0\nevent: reload\ndata: {{}}\n\n".encode())


class Subscription:
    """What waits for one stream. Bounded: who does not read is dropped, and resumes by the id it saw last."""

    def __init__(self, party_id: int):
        self.party_id = party_id
        self.waiting: deque[Message] = deque()
        self.stirred = asyncio.Event()
        self.has_notices = False
        self.ended = asyncio.Event()

    def offer(self, messages: list[Message]) -> None:
        if self.ended.is_set():
            return
        if len(self.waiting) + len(messages) > RESUMED_AT_MOST:
            logger.info("A stream of party %s does not keep up and is dropped.", self.party_id)
            self.ended.set()
            return
        self.waiting.extend(messages)
        self.stirred.set()

    def offer_notices(self) -> None:
        self.has_notices = True
        self.stirred.set()

    async def take(self, seconds: float) -> list[Message]:
        """All that waits; after `seconds` without any, an empty list."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stirred.wait()
        self.stirred.clear()
        taken = list(self.waiting)
        self.waiting.clear()
        return taken


class Hub:
    """The one listener of a process. `horizon`: every event of a lower transaction was handed out, or never will be."""

    def __init__(self):
        self.subscriptions: dict[int, set[Subscription]] = {}
        self.horizon = 0
        self.connected = asyncio.Event()
        self.reading = asyncio.Lock()
        self.count = 0
        self.task = asyncio.create_task(self.run())

    @asynccontextmanager
    async def subscription(self, party_id: int):
        """Yields a subscription and the horizon from which on it hears everything."""
        subscription = Subscription(party_id)
        async with self.reading:  # a reading under way asks only for the parties of before
            self.subscriptions.setdefault(party_id, set()).add(subscription)
            horizon = self.horizon
        try:
            yield subscription, horizon
        finally:
            others = self.subscriptions[party_id]
            others.discard(subscription)
            if not others:
                del self.subscriptions[party_id]

    async def run(self) -> None:
        """Listen for ever. After a cut the horizon is where it was, so that nothing of the meantime is missed."""
        pause = 0.1
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(**listening()) as listener:
                    await listener.execute("LISTEN trail_event")
                    await listener.execute("LISTEN notices")
                    pause = 0.1
                    await self.follow(listener)
            except (psycopg.Error, OSError) as error:
                logger.warning("The listener lost the database and tries again in %.1f s: %s", pause, error)
            except Exception:
                logger.exception("The listener failed and starts again in %.1f s", pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)

    async def follow(self, listener: psycopg.AsyncConnection) -> None:
        patience = IDLE_SECONDS
        while True:
            held_back = await self.read(listener)
            if not held_back:
                patience = IDLE_SECONDS
            else:
                # It becomes readable when an older transaction ends, which may not notify anybody.
                patience = 0.005 if patience == IDLE_SECONDS else min(patience * 2, 0.5)
            async for heard in listener.notifies(timeout=patience, stop_after=1):
                if heard.channel == "notices":
                    self.offer_notices(heard.payload)

    def offer_notices(self, parties: str) -> None:
        """Tell the streams of these parties ("3,17") to look at their notices: a wake-up that carries nothing."""
        for party_id in parties.split(","):
            for subscription in self.subscriptions.get(int(party_id), ()):
                subscription.offer_notices()

    async def read(self, listener: psycopg.AsyncConnection) -> bool:
        """Hand out what became readable. Returns whether something is written that is not readable yet."""
        async with self.reading:
            ceiling, held_back = await (await listener.execute(LOOK)).fetchone()
            if not self.connected.is_set():
                self.horizon = ceiling
                self.connected.set()
            elif ceiling > self.horizon:
                await self.hand_out(listener, ceiling)
                self.horizon = ceiling
            return held_back

    async def hand_out(self, listener: psycopg.AsyncConnection, ceiling: int) -> None:
        """Read from the horizon to the ceiling, piece by piece, and give each party its share."""
        parties, position = list(self.subscriptions), (self.horizon, 0)
        while parties:
            rows = await (await listener.execute(READ, [*position, ceiling, parties])).fetchall()
            self.share(rows, ceiling)
            if len(rows) < READ_AT_MOST:
                return
            position = rows[-1][:2]

    def share(self, rows: list[tuple], ceiling: int) -> None:
        by_party = defaultdict(list)
        for *fields, parties in rows:
            message = news(*fields)
            for party_id in parties:
                by_party[party_id].append(message)
        for party_id, messages in by_party.items():
            offered = messages if len(messages) <= RESUMED_AT_MOST else [reload(ceiling)]
            for subscription in self.subscriptions.get(party_id, ()):
                subscription.offer(offered)

    async def is_connected(self) -> bool:
        """Whether the database was ever reached; waits a little for the first time."""
        try:
            async with asyncio.timeout(10):
                return await self.connected.wait()
        except TimeoutError:
            return False

    def end_streams(self) -> None:
        for subscription in [each for those in self.subscriptions.values() for each in those]:
            subscription.ended.set()


def listening() -> dict:
    """psycopg's arguments for the listener; a server that vanished without a word is noticed within half a minute."""
    database = settings.DATABASES["default"]
    return {
        **database.get("OPTIONS", {}),
        "host": database["HOST"],
        "port": database["PORT"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "dbname": database["NAME"],
        "application_name": "portolan live",
        "autocommit": True,
        "prepare_threshold": None,  # a plan for any span of transactions would read the whole table for the last few
        "connect_timeout": 5,
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "tcp_user_timeout": 20_000,
    }


hub: Hub | None = None
database_threads = ThreadPoolExecutor(2, thread_name_prefix="live")
"""Few threads, hence few connections, for what streams ask the database at their start and now and then."""


def end_streams() -> None:
    """End all streams of this process; their browsers come back to the next one."""
    if hub is not None:
        hub.end_streams()


async def stop() -> None:
    """End all streams and the listener."""
    end_streams()
    if hub is not None:
        hub.task.cancel()
        await asyncio.gather(hub.task, return_exceptions=True)


async def asked(question, *arguments):
    """The answer of a function that uses Django's database, run in a thread."""

    def ask():
        close_old_connections()
        try:
            return question(*arguments)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(database_threads, ask)


def acting_on(scope: dict) -> Actor | None:
    """Who asks, by the very middleware that decides it for pages; None where a page would not be shown either."""
    passed = HttpResponse(status=204)
    chain = RequestIdMiddleware(SessionMiddleware(AuthenticationMiddleware(ActorMiddleware(lambda request: passed))))
    request = ASGIRequest(scope, io.BytesIO())
    return request.actor if chain(request) is passed else None


def missed(actor: Actor, after: Position, horizon: int) -> list[Message] | None:
    """What the actor may see between a position and the horizon; None where that is too much, or the id not ours."""
    if after[0] >= horizon:
        with acting(actor), connection.cursor() as cursor:
            cursor.execute(f"SELECT {CEILING}")
            # Another process may be ahead of this one; nobody is ahead of the database, unless it was replaced.
            return [] if after[0] <= cursor.fetchone()[0] else None
    later = Q(transaction__gt=after[0]) | Q(transaction=after[0], id__gt=after[1])
    with acting(actor):
        since = Event.objects.filter(transaction__gte=after[0], transaction__lt=horizon)
        if since.order_by("transaction", "id")[SCANNED_AT_MOST : SCANNED_AT_MOST + 1].exists():
            return None
        found = since.filter(later).visible_to(actor).order_by("transaction", "id")
        fields = ("transaction", "id", "name", "subject_type", "subject_id", "recorded_at")
        rows = list(found.values_list(*fields)[: RESUMED_AT_MOST + 1])
    return [news(*row) for row in rows] if len(rows) <= RESUMED_AT_MOST else None


async def serve(scope, receive, send) -> None:
    """One stream, from its request to its end."""
    if scope["method"] != "GET":
        return await refuse(send, 405)
    try:
        actor = await asked(acting_on, scope)
    except (OperationalError, InterfaceError):
        return await refuse(send, 503)
    if actor is None:
        return await refuse(send, 401)
    global hub
    source = hub = hub or Hub()
    of_party = len(source.subscriptions.get(actor.party_id, ()))
    if source.count >= settings.LIVE_STREAMS or of_party >= STREAMS_PER_PARTY or not await source.is_connected():
        return await refuse(send, 503)
    source.count += 1
    try:
        await first_ended(stream(source, actor, last_seen(scope), send), left(receive), revoked(scope, actor))
        with suppress(TimeoutError):  # whoever does not read is not told that it is over either
            async with asyncio.timeout(1):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        source.count -= 1
    return None


async def stream(source: Hub, actor: Actor, after: Position | None, send) -> None:
    async with source.subscription(actor.party_id) as (subscription, horizon):
        # Ended from outside even while a write waits for a client that does not read.
        await first_ended(tell(source, subscription, actor, after, horizon, send), subscription.ended.wait())


async def refuse(send, status: int) -> None:
    headers = [(b"cache-control", b"no-store"), (b"content-length", b"0"), (b"retry-after", b"10")]
    headers = headers if status == 503 else headers[:2]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body"})


def last_seen(scope: dict) -> Position | None:
    """What the browser saw last before it was cut, or what its page knows (`?from=`): news are told from there on.

    (0, 0), which is too long ago, where it says nonsense.
    """
    given = dict(scope["headers"]).get(b"last-event-id", b"").decode("latin1")
    given = given or dict(parse_qsl(scope["query_string"].decode("latin1"))).get("from", "")
    if not given:
        return None
    match = EVENT_ID.fullmatch(given)
    return (int(match[1]), int(match[2])) if match else (0, 0)


async def first_ended(*coroutines) -> None:
    """Run them until the first ends, then end the others; what the first raises is raised."""
    tasks = [asyncio.create_task(each) for each in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def tell(
    source: Hub, subscription: Subscription, actor: Actor, after: Position | None, horizon: int, send
) -> None:
    """Write what was missed, then what comes, and a heartbeat where nothing does."""
    earlier = await asked(missed, actor, after, horizon) if after else []
    if earlier is None:
        earlier, after = [reload(horizon)], None
    # An id without data moves the browser's last id: whoever is cut before the first news resumes from here.
    position = after or (horizon, 0)
    opening = f"retry: 2000\nid: {position[0]}-{position[1]}\n\n".encode()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    opening += b"".join(message.content for message in earlier)
    await send({"type": "http.response.body", "body": opening, "more_body": True})
    position = max([position, *(message.position for message in earlier)])
    while True:
        fresh = [each for each in await subscription.take(settings.LIVE_HEARTBEAT_SECONDS) if each.position > position]
        notices, subscription.has_notices = NOTICES * subscription.has_notices, False
        if fresh:
            content, position = b"".join(each.content for each in fresh) + notices, fresh[-1].position
        elif notices:
            content = notices
        else:
            position = max(position, (source.horizon, 0))
            content = f": still here\nid: {position[0]}-{position[1]}\n\n".encode()
        await send({"type": "http.response.body", "body": content, "more_body": True})


async def left(receive) -> None:
    """Until the client goes."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def revoked(scope: dict, actor: Actor) -> None:
    """Until the session or the membership ends, or the person acts for another party."""
    confirmed = monotonic()
    while monotonic() - confirmed < FAIL_AFTER_SECONDS:
        await asyncio.sleep(settings.LIVE_CHECK_SECONDS)
        try:
            now = await asked(acting_on, scope)
        except (OperationalError, InterfaceError):
            continue  # a database that restarts ends no stream, unless it stays away
        if now is None or (now.party_id, now.user_id) != (actor.party_id, actor.user_id):
            return
        confirmed = monotonic()
