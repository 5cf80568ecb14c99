"""GET /metrics for who brings the token of METRICS_TOKEN; to anybody else there is no such address.

Past sessions and middleware, in one thread with a connection of its own: scrapes that overlap wait for each other.
"""

import asyncio
import hmac
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import close_old_connections
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from portal.measures import counting
from portal.measures.figures import Figures

PATH = "/metrics"
thread = ThreadPoolExecutor(1, thread_name_prefix="metrics")


def is_let_in(scope) -> bool:
    given = dict(scope["headers"]).get(b"authorization", b"")
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and scope["method"] == "GET" and hmac.compare_digest(given, wanted)


async def serve(scope, receive, send) -> None:
    content = await asyncio.get_running_loop().run_in_executor(thread, told)
    headers = [(b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode()), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": [*headers, (b"cache-control", b"no-store")]})
    await send({"type": "http.response.body", "body": content})


def told() -> bytes:
    close_old_connections()
    try:
        return generate_latest(Figures()) + generate_latest(counting.of_all_processes())
    finally:
        close_old_connections()
