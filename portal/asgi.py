"""ASGI entrance: one origin for everything. News stream natively; pages and API run Django by WSGI, in threads.

Each thread keeps its database connection between requests (CONN_MAX_AGE), which an event loop could not. The bridge to
WSGI is ours: it crosses between loop and thread once per request, where a2wsgi does four times, takes no half upload
for a whole one, and lends no thread to a client that sends slowly.
"""

import asyncio
import contextvars
import gc
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from time import perf_counter
from wsgiref.util import FileWrapper

from a2wsgi.wsgi import build_environ
from django.conf import settings
from django.urls import get_resolver

from portal.wsgi import application as wsgi_application  # first: it sets Django up

from logistics.orders.services import MAX_BYTES as MAX_TRADE_BYTES  # isort: skip
from portal import health, live  # isort: skip
from portal.measures import scrape  # isort: skip
from portal.observing import BEGAN  # isort: skip
from portal.middleware import BEYOND  # isort: skip

BLOCK_BYTES = 256 * 1024
"""Answers leave their thread in blocks of this size: each crossing from thread to loop costs."""
KEPT_IN_MEMORY_BYTES = 1024 * 1024
MOST_BODY_BYTES = MAX_TRADE_BYTES + 4 * 1024 * 1024
"""Larger than the largest that is taken anywhere, and refused by a view with a sentence; larger still is not read, and
refused without one (TooLargeMiddleware)."""

threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="page")


async def application(scope, receive, send) -> None:
    """Serve one connection: lifespan, the stream of news, a question after our health, or a page."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"] == live.PATH:
        await live.serve(scope, receive, send)
    elif scope["type"] == "http" and scope["path"] in health.PATHS:
        await health.serve(scope, receive, send)
    elif scope["type"] == "http" and scope["path"] == scrape.PATH and scrape.is_let_in(scope):
        await scrape.serve(scope, receive, send)
    elif scope["type"] == "http":
        await page(scope, receive, send)
    else:
        raise ValueError(f"Nothing here speaks {scope['type']}.")


def keep_what_is_loaded() -> None:
    """What a process has loaded it keeps: when the collector looked through all of that, a page took 150 ms longer."""
    get_resolver()._populate()  # the addresses with all that they lead to: else loaded by the first page
    gc.collect()
    gc.freeze()


async def lifespan(receive, send) -> None:
    """Streams end when the process does: a browser comes back to the next one."""
    await receive()
    keep_what_is_loaded()
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
    """One request through the thread pool. A thread is taken when the body is whole: slow uploads hold none."""
    try:
        body, is_refused = await whole(scope, receive), False
    except TooLarge:
        body, is_refused = SpooledTemporaryFile(KEPT_IN_MEMORY_BYTES), True  # noqa: SIM115 closed below
    if body is None:
        return  # the client left before its request was whole: half an upload is never handled
    loop = asyncio.get_running_loop()
    with body:
        environ = build_environ({**scope, "headers": unambiguous(scope["headers"])}, body)
        environ["CONTENT_LENGTH"] = str(body.seek(0, os.SEEK_END))
        body.seek(0)
        environ["wsgi.file_wrapper"] = in_large_blocks
        environ[BEGAN] = perf_counter()
        environ[BEYOND] = MAX_TRADE_BYTES if is_refused else 0
        answer = Answer(send, loop)
        context = contextvars.copy_context()
        await loop.run_in_executor(threads, context.run, answer.produce, environ)
        await answer.write(b"".join(answer.held), more=False)


class TooLarge(Exception):
    """A body beyond what any page takes."""


async def whole(scope, receive):
    """The body as a file, on disk where it is large; None where the client left before it was complete."""
    body = SpooledTemporaryFile(KEPT_IN_MEMORY_BYTES)  # noqa: SIM115 the caller closes it
    more = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            body.close()
            return None
        body.write(message.get("body", b""))
        if body.tell() > MOST_BODY_BYTES:
            body.close()
            raise TooLarge
        more = message.get("more_body", False)
    return body


def in_large_blocks(file, block_bytes: int) -> FileWrapper:
    return FileWrapper(file, max(block_bytes, BLOCK_BYTES))


class Answer:
    """What one request is answered: produced in a thread, written in the loop, most often at one go."""

    def __init__(self, send, loop: asyncio.AbstractEventLoop):
        self.send, self.loop = send, loop
        self.start: dict | None = None
        self.held: list[bytes] = []

    def produce(self, environ: dict) -> None:
        """In a thread: run Django, and let it close what it holds there, as its database connection."""
        content, size = wsgi_application(environ, self.start_response), 0
        try:
            for chunk in content:
                self.held.append(chunk)
                size += len(chunk)
                if size >= BLOCK_BYTES and getattr(content, "streaming", True):
                    # Waits for a slow client: what is not taken is not produced either. What is there whole goes to
                    # the loop whole, and a slow client holds no thread.
                    asyncio.run_coroutine_threadsafe(self.write(b"".join(self.held), more=True), self.loop).result()
                    self.held, size = [], 0
        finally:
            getattr(content, "close", lambda: None)()

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info=None) -> None:
        named = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
        self.start = {"type": "http.response.start", "status": int(status[:3]), "headers": named}

    async def write(self, content: bytes, *, more: bool) -> None:
        if self.start:
            start, self.start = self.start, None
            await self.send(start)
        await self.send({"type": "http.response.body", "body": content, "more_body": more})


def unambiguous(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers as WSGI can tell them apart: X_Real_IP must not pass for X-Real-IP, and cookies are joined by `; `."""
    cookies = [value for name, value in headers if name == b"cookie"]
    kept = [(name, value) for name, value in headers if b"_" not in name and name != b"cookie"]
    return [*kept, (b"cookie", b"; ".join(cookies))] if cookies else kept
