"""ASGI entrance: one origin for everything. News stream natively; pages and API run Django by WSGI, in threads.

Each thread keeps its database connection between requests (CONN_MAX_AGE), which an event loop could not.
"""

import asyncio
import logging
import signal
import threading
from wsgiref.util import FileWrapper

from a2wsgi import WSGIMiddleware
from django.conf import settings

from portal.wsgi import application as wsgi_application  # first: it sets Django up

from portal import live  # isort: skip

logger = logging.getLogger(__name__)

FILE_BLOCK_BYTES = 256 * 1024
"""Files cross from thread to loop in blocks of this size: each crossing costs, and Django's own blocks have 4 kB."""


def in_large_blocks(file, block_bytes: int) -> FileWrapper:
    return FileWrapper(file, max(block_bytes, FILE_BLOCK_BYTES))


def in_thread(environ: dict, start_response):
    environ["wsgi.file_wrapper"] = in_large_blocks
    return wsgi_application(environ, start_response)


pages = WSGIMiddleware(in_thread, workers=settings.WEB_THREADS)


class ClientGone(OSError):
    """The client left before its request was whole. Django knows an OSError for an unreadable request."""


async def application(scope, receive, send) -> None:
    """Serve one connection: lifespan, the stream of news, or a page."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] == live.PATH:
        await live.serve(scope, receive, send)
    elif scope["type"] == "http":
        await page(scope, receive, send)
    else:
        raise ValueError(f"Nothing here speaks {scope['type']}.")


async def lifespan(receive, send) -> None:
    """Streams end when the process does: a browser comes back to the next one."""
    await receive()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            end_streams_at(number)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await live.stop()
    await send({"type": "lifespan.shutdown.complete"})


def end_streams_at(number: signal.Signals) -> None:
    """A server waits for open answers before it says that it shuts down: a stream would have it killed.

    What the server itself does upon the signal is done all the same.
    """
    loop, usual = asyncio.get_running_loop(), signal.getsignal(number)

    def end(received, frame) -> None:
        loop.call_soon_threadsafe(live.end_streams)
        if callable(usual):
            usual(received, frame)

    signal.signal(number, end)


async def page(scope, receive, send) -> None:
    """One request through the thread pool, guarded where the bridge to WSGI trusts the client too much."""
    gone = False

    async def read():
        message = await receive()
        if message["type"] == "http.disconnect":
            # Taken for the end of the body, half an upload would be handled as if it were whole.
            raise ClientGone("The client left before its request was whole.")
        return message

    async def write(message) -> None:
        nonlocal gone
        if gone:
            return
        try:
            await send(message)
        except Exception as error:
            # The thread waits for its chunks to be taken: without a taker it would wait for ever.
            gone = True
            logger.info("The client left before its answer was whole: %s", error)

    await pages({**scope, "headers": unambiguous(scope["headers"])}, read, write)


def unambiguous(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers as WSGI can tell them apart: X_Real_IP must not pass for X-Real-IP, and cookies are joined by `; `."""
    cookies = [value for name, value in headers if name == b"cookie"]
    kept = [(name, value) for name, value in headers if b"_" not in name and name != b"cookie"]
    return [*kept, (b"cookie", b"; ".join(cookies))] if cookies else kept
