"""Whether this process lives, and whether it can serve: asked by load balancers and orchestrators, who are strangers.

GET /health/live    200 as soon as the process answers. Nothing else is looked at: no restart mends a database.
GET /health/ready   200 where the database answers and knows every migration of this code, otherwise 503. A broker that
                    is away makes it `degraded`, with 200: work waits in the database, and the sweep finds it.

Answered by the event loop, outside of sessions and middleware, and nothing is told but these words. However often
strangers ask, the database is asked once in a second.
"""

import asyncio
import json
import logging
from functools import cache
from time import monotonic
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from portal.hub import connected, listening

LIVE, READY = "/health/live", "/health/ready"
PATHS = (LIVE, READY)
PATIENCE_SECONDS = 2
"""What does not answer in this time does not answer."""
KEPT_SECONDS = 1
WAITS = "Work waits in the database and is done when the broker is back."
PORTS = {"amqp": 5672, "amqps": 5671, "pyamqp": 5672}

logger = logging.getLogger(__name__)


async def serve(scope, receive, send) -> None:
    """Answer one of PATHS."""
    if scope["method"] not in ("GET", "HEAD"):
        return await _answer(send, 405, b"", scope["method"])
    said = {"status": "live"} if scope["path"] == LIVE else await readiness()
    status = 503 if said["status"] == "unavailable" else 200
    return await _answer(send, status, json.dumps(said).encode(), scope["method"])


async def _answer(send, status: int, content: bytes, method: str) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else content})


_asking: asyncio.Task | None = None
_until = 0.0


async def readiness() -> dict[str, str]:
    """{status, database, migrations, broker} and, where degraded, `detail`: looked at now or a second ago."""
    global _asking, _until
    if _asking is None or (_asking.done() and monotonic() > _until):
        _asking = asyncio.create_task(_look())
        _asking.add_done_callback(_keep)
    return await asyncio.shield(_asking)  # of many who ask at once, one that leaves takes no answer from the others


def _keep(task: asyncio.Task) -> None:
    global _until
    _until = monotonic() + KEPT_SECONDS


async def _look() -> dict[str, str]:
    applied, has_broker = await asyncio.gather(_within(applied_migrations()), _within(broker_answers()))
    said = {
        "status": "ready",
        "database": "unreachable" if applied is None else "answers",
        "migrations": "unknown" if applied is None else "applied" if expected_migrations() <= applied else "missing",
        "broker": "answers" if has_broker else "unreachable",
    }
    if said["migrations"] != "applied":
        return said | {"status": "unavailable"}
    return said if has_broker else said | {"status": "degraded", "detail": WAITS}


async def _within(question):
    """The answer, or None where there is none in time. Why is for the log: strangers are not told."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await question
    except (OSError, TimeoutError, psycopg.Error) as error:
        logger.warning("Not ready: %s: %s", type(error).__name__, error)
        return None


async def applied_migrations() -> set[tuple[str, str]]:
    """By a connection of its own: that another can be had is a part of the question."""
    asked = listening() | {"application_name": "portolan health", "connect_timeout": PATIENCE_SECONDS}
    async with await connected(asked) as connection:
        await connection.execute(f"SET statement_timeout = {PATIENCE_SECONDS * 1000}")
        rows = await connection.execute("SELECT app, name FROM django_migrations")
        return set(await rows.fetchall())


@cache
def expected_migrations() -> set[tuple[str, str]]:
    """Those of the code that runs. A database that knows more is one of a newer version: the older one serves on."""
    return set(MigrationLoader(None).disk_migrations)


async def broker_answers() -> bool:
    """Whether somebody listens where the broker is: its host and port are in the URL whatever it is."""
    url = urlsplit(settings.CELERY_BROKER_URL.split(";")[0])
    if url.scheme.endswith("socket"):
        _, writer = await asyncio.open_unix_connection(url.path)
    else:
        _, writer = await asyncio.open_connection(url.hostname, url.port or PORTS.get(url.scheme, 6379))
    writer.close()
    return True
