"""Ten applications a second through the HTTP API, by the portal's own processes and the sandbox bank.

Open loop: applications set out on time, whatever became of those before, and what each waits for is counted from the
moment at which it should have set out to that at which its event could be read in the database. Each is of another
supplier and takes up a quote of its own, made before the clock starts. MINUTES=60 makes it an hour and tells how the
memory of each process grew; then each quote is taken over the API two seconds before, ten a second besides.
"""

import asyncio
import logging
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from secrets import token_urlsafe

import httpx
import psycopg
from allauth.idp.oidc.models import Token
from django.utils import timezone

from financing.credit.models import Facility
from portal.runtime.world import EVERYTHING, World, until
from portal.sandbox.bank.client import BankClient
from portal.sandbox.world.signing_up import let_in
from portal.shared.access import MAKER
from portal.shared.scopes import EVERYTHING as ALL_SCOPES
from tests.bench import memory
from tests.bench.figures import Figure, held, percentile, within
from tests.bench.stage import CURRENCY, TODAY, Side, join, quote_all
from tests.world import IBANS

A_SECOND, SECONDS, WARM_UP_SECONDS = 10, 60, 10
QUOTED_BEFORE = 2.0
AMOUNT_MINOR = 600_00
PER_SUPPLIER = 4
"""Applications that what a supplier has can carry."""
FUNDED_WITHIN_MS = 500
PATIENCE = 60


@dataclass
class Watch:
    """What the bench does and sees, in seconds since the epoch by application; `applied`: when it should set out.

    `spent`: processor time of each program before the first set out.
    """

    applied: dict[int, float] = field(default_factory=dict)
    decided: dict[int, float] = field(default_factory=dict)
    funded: dict[int, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)

    def all_funded(self) -> bool:
        return self.applied.keys() <= self.funded.keys()


def under_load(ours: Side, floor: Side, settle, running: World) -> list[Figure]:
    minutes = float(os.environ.get("MINUTES", 0))
    lasting = minutes * 60 or SECONDS
    callers = _callers(ours, int((lasting + WARM_UP_SECONDS) * A_SECOND))
    quotes = [] if minutes else _quotes(ours, [facility_id for _, facility_id in callers])
    settle()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with _open_for_business(running):
        watch, samples = Watch(), []
        with _watching(running, watch), _sampling(running, samples, 60 if minutes else 10):
            asyncio.run(_apply_all(running, callers, quotes, watch))
            until(watch.all_funded, PATIENCE, lambda: f"{len(watch.applied)} applied, {len(watch.funded)} were funded")
            burnt = {name: spent - watch.spent[name] for name, spent in memory.seconds(running).items()}
    _tell(burnt, lasting + WARM_UP_SECONDS)
    return [*_waits(watch), *_memory(samples, lasting)]


def _waits(watch: Watch) -> list[Figure]:
    """All but those of the first seconds, in which the processes load what they need."""
    first = min(watch.applied.values()) + WARM_UP_SECONDS
    counted = {number: due for number, due in watch.applied.items() if due >= first}
    found = []
    for name, seen in (("decided", watch.decided), ("funded", watch.funded)):
        waits = [(seen[number] - due) * 1000 for number, due in counted.items()]
        found.append(within(f"applied_to_{name}_p50_ms", percentile(waits, 50), "ms", None))
        found.append(within(f"applied_to_{name}_p99_ms", percentile(waits, 99), "ms", FUNDED_WITHIN_MS))
    return found


def _memory(samples: list[tuple[float, dict[str, float]]], lasting: float) -> list[Figure]:
    """At the end, against what it was when a tenth of the time was over; and how it grew in between."""
    began = samples[0][0]
    steady = [each for each in samples if each[0] - began >= lasting / 10]
    found = []
    for name in steady[0][1]:
        held_then, held_last = steady[0][1][name], steady[-1][1][name]
        slope, _ = statistics.linear_regression([at for at, _ in steady], [each[name] for _, each in steady])
        print(f"  {name:12}{held_then:8.1f} MB, then {held_last:8.1f} MB: {slope * 3600:+8.1f} MB an hour")
        found.append(held(f"process_memory_mb {name}", held_last, "MB", held_then))
    return found


def _tell(burnt: dict[str, float], lasting: float) -> None:
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"  Share of a processor that each program took (load average {load}):")
    print("  " + ", ".join(f"{name} {spent / lasting:.0%}" for name, spent in burnt.items()))


# ── callers ──────────────────────────────────────────────────────────────────────────────────────────────────────────
type Caller = tuple[str, int]
"""Token and facility of a supplier's machine."""


def _callers(side: Side, applications: int) -> list[Caller]:
    """One for each application; they come back after everybody else where there are many."""
    suppliers = applications if applications <= 1000 else -(-applications // PER_SUPPLIER)
    callers = [each for count in _parts(suppliers, 500) for each in _machines(join(side, count))]
    return (callers * PER_SUPPLIER)[:applications]


def _parts(whole: int, size: int) -> Iterator[int]:
    for done in range(0, whole, size):
        yield min(size, whole - done)


def _machines(facilities: list[Facility]) -> list[Caller]:
    """Tokens are in their table as if they had been asked for: asking is not what is measured."""
    machines = let_in([each.supplier for each in facilities], role=MAKER, name="ERP", now=timezone.now())
    values = [token_urlsafe(32) for _ in machines]
    tokens = [
        Token(type=Token.Type.ACCESS_TOKEN, client_id=each.client_id, expires_at=timezone.now() + timedelta(hours=6))
        for each in machines
    ]
    for token, value in zip(tokens, values, strict=True):
        token.set_value(value)
        token.set_scopes([ALL_SCOPES])
    Token.objects.bulk_create(tokens)
    return [(value, each.id) for value, each in zip(values, facilities, strict=True)]


def _quotes(side: Side, facility_ids: list[int]) -> list[int]:
    found = Facility.objects.in_bulk(facility_ids)
    later = timezone.now() + timedelta(hours=1)
    quotes = quote_all(side, [found[each] for each in facility_ids], [AMOUNT_MINOR] * len(facility_ids), later)
    return [each.id for each in quotes]


# ── the load ─────────────────────────────────────────────────────────────────────────────────────────────────────────
async def _apply_all(running: World, callers: list[Caller], quotes: list[int], watch: Watch) -> None:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with (
        httpx.AsyncClient(base_url=f"{running.url}/api/v1/", limits=limits, timeout=60, trust_env=False) as http,
        asyncio.TaskGroup() as all_of_them,
    ):
        begin, watch.spent = time.time() + QUOTED_BEFORE + 1, memory.seconds(running)
        for number, caller in enumerate(callers):
            due = begin + number / A_SECOND
            await asyncio.sleep(max(0, due - QUOTED_BEFORE - time.time()))
            quote = quotes[number] if quotes else None
            all_of_them.create_task(_apply(http, caller, quote, due, watch))


async def _apply(http: httpx.AsyncClient, caller: Caller, quote: int | None, due: float, watch: Watch) -> None:
    token, facility_id = caller
    if quote is None:
        asked = {"facility": facility_id, "amount_minor": AMOUNT_MINOR}
        quote = (await _post(http, "quotes/", asked, token))["id"]
    await asyncio.sleep(max(0, due - time.time()))
    applied = await _post(http, "applications/", {"quote": quote}, token)
    watch.applied[applied["id"]] = due


async def _post(http: httpx.AsyncClient, path: str, asked: dict, token: str) -> dict:
    answer = await http.post(path, json=asked, headers={"Authorization": f"Bearer {token}"})
    if answer.status_code != 201:
        raise AssertionError(f"{path}: {answer.status_code} {answer.text[:300]}")
    return answer.json()


# ── what the bench sees ──────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def _open_for_business(running: World):
    """The bank keeps the funder's account and its day; then everybody starts."""
    try:
        running.start("bank").wait_ready()
        bank = BankClient(running.bank_url, running.environment["BANK_SECRET"])
        bank.control("POST", "/accounts", [{"holder": "Harbour", "currency": CURRENCY, "iban": IBANS["harbour"],
                                            "opening_minor": 10**12}])  # fmt: skip
        bank.control("POST", "/clock", {"business_date": TODAY.isoformat()})
        bank.close()
        for name in EVERYTHING[1:]:
            running.start(name)
        running.wait_ready()
        yield
    finally:
        for name in EVERYTHING:
            if name in running.processes:
                running.processes.pop(name).stop()


NEWS = """
SELECT e.id, e.name, CASE WHEN e.name = 'advance.funded' THEN a.application_id ELSE e.subject_id END
FROM trail_event e LEFT JOIN advances_advance a ON e.name = 'advance.funded' AND a.id = e.subject_id
WHERE e.id > %s AND e.name IN ('application.approved', 'application.referred', 'application.declined', 'advance.funded')
"""
LATE_COMMITTERS = 500
"""Ids are given before commit: what comes in below the last one is looked for, too."""


@contextmanager
def _watching(running: World, watch: Watch):
    ended = threading.Event()

    def look() -> None:
        with psycopg.connect(running.environment["OWNER_DATABASE_URL"], autocommit=True) as listener:
            listener.execute("LISTEN trail_event")
            last = 0
            while not ended.is_set():
                for _ in listener.notifies(timeout=0.5, stop_after=1):
                    pass
                rows = listener.execute(NEWS, [last - LATE_COMMITTERS]).fetchall()
                moment = time.time()
                for event_id, name, application_id in rows:
                    seen = watch.funded if name == "advance.funded" else watch.decided
                    seen.setdefault(application_id, moment)
                    last = max(last, event_id)

    watcher = threading.Thread(target=look, name="watch")
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


@contextmanager
def _sampling(running: World, samples: list, every: float):
    ended = threading.Event()

    def sample() -> None:
        while True:
            samples.append((time.monotonic(), memory.megabytes(running)))
            if ended.wait(every):
                return

    sampler = threading.Thread(target=sample, name="sample")
    sampler.start()
    try:
        yield
    finally:
        ended.set()
        sampler.join()
        samples.append((time.monotonic(), memory.megabytes(running)))
