"""From the commit of an event to its line at the browsers: 200 open streams of five parties at the real web process.

Twenty events a second for half a minute, each told to two or three of the parties, hence to 80 to 120 streams. What is
counted for each stream runs from the instant before COMMIT to the arrival of the line; readers and writer stand on the
same machine as the portal, and cost what they cost.
"""

import asyncio
import re
import threading
import time
from itertools import cycle
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from accounts.trail.services import News, record
from portal.runtime.world import World, until
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting
from tests.bench.figures import Figure, percentile, within
from tests.walks.stage import COLUMNS, Stage

STREAMS, A_SECOND, SECONDS = 200, 20, 30
PROMISED_MS = 1_000
PARTIES = ("Amphora", "Meridian", "Harbour", "Crown", "Watch")
TOLD = (("Amphora", "Meridian"), ("Amphora", "Harbour", "Meridian"), ("Crown", "Watch"), ("Harbour", "Watch"))
NEWS = re.compile(rb"^id: \d+-(\d+)\nevent: news\n", re.M)


class Readers:
    """Streams that are read in a thread of their own. `arrived`: event and the time of its line, at each stream."""

    def __init__(self, running: World, cookies: list[str]):
        self.place, self.cookies = urlsplit(running.url), cookies
        self.arrived: list[tuple[int, float]] = []
        self.opened = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.read_all(),), daemon=True)
        self.thread.start()

    async def read_all(self) -> None:
        self.tasks = [asyncio.create_task(self.read(cookie)) for cookie in self.cookies]
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def read(self, cookie: str) -> None:
        reader, writer = await asyncio.open_connection(self.place.hostname, self.place.port)
        head = f"GET /live/ HTTP/1.1\r\nHost: {self.place.netloc}\r\nCookie: {cookie}\r\n\r\n"
        writer.write(head.encode())
        if b" 200 " not in (first := await reader.readline()):
            raise AssertionError(f"A stream is answered {first!r}")
        await reader.readuntil(b"\n\n")  # the opening, after which everything is told
        self.opened += 1
        rest = b""
        while chunk := await reader.read(65536):
            now, rest = time.time(), rest + chunk
            whole, _, rest = rest.rpartition(b"\n\n")
            self.arrived += [(int(found), now) for found in NEWS.findall(whole + b"\n")]

    def close(self) -> None:
        for task in self.tasks:
            self.loop.call_soon_threadsafe(task.cancel)
        self.thread.join(10)


def event_to_screen(running: World, stage: Stage) -> list[Figure]:
    cookies = [cookie_of(stage, name, role) for name in PARTIES for role in COLUMNS[name]]
    readers = Readers(running, [cookie for cookie, _ in zip(cycle(cookies), range(STREAMS), strict=False)])
    try:
        until(lambda: readers.opened == STREAMS, 60, lambda: f"{readers.opened} streams are open")
        committed, expected = write(stage)
        until(lambda: len(readers.arrived) >= expected, 30, lambda: f"{len(readers.arrived)} of {expected} lines came")
    finally:
        readers.close()
    took = [(at - committed[event_id]) * 1000 for event_id, at in readers.arrived if event_id in committed]
    if len(took) != expected:
        raise AssertionError(f"{len(took)} lines for {expected}")
    name = f"{STREAMS} streams, {len(committed)} events, {len(took):,} lines"
    return [
        within("event_to_screen_p50_ms", percentile(took, 50), "ms", None, name),
        within("event_to_screen_p99_ms", percentile(took, 99), "ms", PROMISED_MS, name),
    ]


def cookie_of(stage: Stage, name: str, role: str) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={stage.person(name, role).cookies[settings.SESSION_COOKIE_NAME].value}"


def write(stage: Stage) -> tuple[dict[int, float], int]:
    """Events at a steady rate: when each was committed, and how many lines they make."""
    advance, committed, lines, began = stage.objects["advance"], {}, 0, time.perf_counter()
    for number, names in zip(range(A_SECOND * SECONDS), cycle(TOLD), strict=False):
        time.sleep(max(0, began + number / A_SECOND - time.perf_counter()))
        parties = tuple(stage.parties[name].id for name in names)
        with acting(SYSTEM_ACTOR):
            (event,) = record(SYSTEM_ACTOR, timezone.now(), [News("advance.funded", advance, parties)])
            before = time.time()
        committed[event.id] = before
        lines += len(names) * STREAMS // len(PARTIES)
    return committed, lines
