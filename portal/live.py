"""News as they happen: server-sent events at /live/ for the acting party of whoever is signed in.

What is told comes from the process's one listener (`portal.hub`). No stream holds a database connection.

A message: id `<transaction>-<event id>`, event `news`, data {name, subject_type, subject_id, at}. The page fetches what
it shows again, with its own permissions. Event `reload` says that too much was missed to be told one by one, event
`notices` that somebody of the party was told something or has read it.
"""

import asyncio
import io
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic
from urllib.parse import parse_qsl

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.models import Q
from django.http import HttpResponse

from accounts.trail.models import OLDEST_RUNNING, Event
from portal.hub import RESUMED_AT_MOST, Hub, Message, Position, Subscription, news, reload
from portal.middleware import ActorMiddleware, RequestIdMiddleware
from portal.shared import wall
from portal.shared.access import Actor
from portal.walls import HEADERS as OF_EVERYTHING
from portal.walls import SessionLimitsMiddleware

PATH = "/live/"
SCANNED_AT_MOST = 20_000
FAIL_AFTER_SECONDS = 55
"""A stream whose right to be open could not be confirmed for so long ends."""
NOTICES = b"event: notices\ndata: {}\n\n"
WALLS = [(name.lower().encode(), value.encode()) for name, value in OF_EVERYTHING.items()]
WALLS += [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
if settings.SECURE_HSTS_SECONDS:
    below = "; includeSubDomains" * settings.SECURE_HSTS_INCLUDE_SUBDOMAINS
    WALLS.append((b"strict-transport-security", f"max-age={settings.SECURE_HSTS_SECONDS}{below}".encode()))
"""No middleware of Django's sees a stream."""
HEADERS = [*WALLS, (b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no")]
EVENT_ID = re.compile(r"(\d{1,18})-(\d{1,18})")

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
    chain = SessionLimitsMiddleware(ActorMiddleware(lambda request: passed))
    chain = RequestIdMiddleware(SessionMiddleware(AuthenticationMiddleware(chain)))
    # That a stream is open is no use of the session: it may end of idleness beneath.
    request = ASGIRequest(scope | {"headers": [*scope["headers"], (b"x-live", b"1")]}, io.BytesIO())
    return request.actor if chain(request) is passed else None


def missed(actor: Actor, after: Position, horizon: int) -> list[Message] | None:
    """What the actor may see between a position and the horizon; None where that is too much, or the id not ours."""
    if after[0] >= horizon:
        with wall.facing(actor), connection.cursor() as cursor:
            cursor.execute(f"SELECT {OLDEST_RUNNING}")
            # Another process may be ahead of this one; nobody is ahead of the database, unless it was replaced.
            return [] if after[0] <= cursor.fetchone()[0] else None
    later = Q(transaction__gt=after[0]) | Q(transaction=after[0], id__gt=after[1])
    with wall.inside():  # how much there is of everybody: what would have to be read through
        since = Event.objects.filter(transaction__gte=after[0], transaction__lt=horizon)
        if since.order_by("transaction", "id")[SCANNED_AT_MOST : SCANNED_AT_MOST + 1].exists():
            return None
    with wall.facing(actor):
        found = since.filter(later).visible_to(actor).order_by("transaction", "id")
        fields = ("transaction", "id", "name", "subject_type", "subject_id", "recorded_at")
        rows = list(found.values_list(*fields)[: RESUMED_AT_MOST + 1])
    return [news(*row) for row in rows] if len(rows) <= RESUMED_AT_MOST else None


async def serve(scope, receive, send) -> None:
    """One stream, from its request to its end. To HEAD: whether its session holds, which takes no place."""
    if scope["method"] not in ("GET", "HEAD"):
        return await refuse(send, 405)
    try:
        actor = await asked(acting_on, scope)
    except (OperationalError, InterfaceError):
        return await refuse(send, 503)
    if actor is None:
        return await refuse(send, 401)
    if scope["method"] == "HEAD":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        return await send({"type": "http.response.body"})
    global hub
    source = hub = hub or Hub()
    subscription = source.admit(actor) if await source.is_connected() else None
    if subscription is None:
        return await refuse(send, 503)
    try:
        told = stream(source, subscription, actor, last_seen(scope), send)
        await first_ended(told, left(receive), revoked(scope, actor))
        with suppress(TimeoutError):  # whoever does not read is not told that it is over either
            async with asyncio.timeout(1):
                if not subscription.has_begun:
                    return await refuse(send, 503)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        source.dismiss(subscription)
    return None


async def stream(source: Hub, subscription: Subscription, actor: Actor, after: Position | None, send) -> None:
    async with source.hearing(subscription) as horizon:
        # Ended from outside even while a write waits for a client that does not read.
        await first_ended(tell(source, subscription, actor, after, horizon, send), subscription.ended.wait())


async def refuse(send, status: int) -> None:
    headers = [*WALLS, (b"content-length", b"0")]
    headers += [(b"retry-after", b"10")] if status == 503 else []
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
    subscription.has_begun = True
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
