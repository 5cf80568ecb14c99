"""How long pages and lists of the API take in a crowded world: every address that can be read, asked by each party
that finds something there, with every filter, order and further page that it offers, and searches.

Asked in this process through Django's test client, middlewares and rendering included; the slowest are asked again by
HTTP of the real web process.
"""

import html
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import httpx
from django.conf import settings
from django.test import Client

from financing.banking.models import PaymentInstruction
from financing.ledger.models import Account
from financing.receivables.models import Receivable
from portal.asgi import keep_what_is_loaded
from portal.runtime.world import World
from tests.bench.figures import Figure, percentile, within
from tests.walks import bodies, table
from tests.walks.routes import Route, routes
from tests.walks.stage import COLUMNS, Stage

PROMISED_MS = 100
GLANCES, TIMES, SLOWEST, BY_HTTP = 3, 20, 24, 6
TOOLS = re.compile(r'<form id="([\w-]+)-form".*?</form>', re.S)
CHOICE = re.compile(r'<select class="form-select" id="[\w-]+" name="([\w-]+)">(.*?)</select>', re.S)
VALUE = re.compile(r'<option value="([^"]+)"')
LEADS_ON = re.compile(r'<a class="(?:sort|btn btn-sm)"[^>]* href="([^"]*\?[^"]*)"')


@dataclass(frozen=True, slots=True)
class Ask:
    """`name` of the party that asks, as the table of expectations writes it."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.address} ({self.name})"


def page_p95(running: World, stage: Stage) -> list[Figure]:
    """The slowest of all: 95 of 100 requests take no longer."""
    look_at_much(stage)
    browsers = {name: stage.person(name, letters[-1]) for name, letters in COLUMNS.items() if len(letters) > 1}
    found = asks(stage, browsers)
    keep_what_is_loaded()  # as the web process does
    # By its slowest: what is slow now and then is asked again, too.
    glances = {ask: max(taken(browsers[ask.name], ask.address, GLANCES)) for ask in found}
    slowest = sorted(glances, key=glances.get, reverse=True)[:SLOWEST]
    print(f"    {len(glances)} addresses; the slowest {len(slowest)}, p50 and p95 of {TIMES} requests:", flush=True)
    found = {ask: taken(browsers[ask.name], ask.address, TIMES) for ask in slowest}
    told(found)
    first = max(found, key=lambda ask: percentile(found[ask], 95))
    figures = [within("page_p95_ms", percentile(found[first], 95), "ms", PROMISED_MS, str(first))]
    by_http = {ask: over_http(running, browsers[ask.name], ask.address) for ask in list(found)[:BY_HTTP]}
    print("    by HTTP of the web process:", flush=True)
    told(by_http)
    last = max(by_http, key=lambda ask: percentile(by_http[ask], 95))
    return [*figures, within("page_by_http_p95_ms", percentile(by_http[last], 95), "ms", PROMISED_MS, str(last))]


def told(found: dict[Ask, list[float]]) -> None:
    for ask, times in sorted(found.items(), key=lambda each: -percentile(each[1], 95)):
        print(f"    {percentile(times, 50):7.1f} {percentile(times, 95):7.1f}  {ask}", flush=True)


def look_at_much(stage: Stage) -> None:
    """Where an address takes an object, the one with most behind it."""
    book = Account.objects.filter(book=stage.lending.book)
    stage.objects["ledger account"] = book.get(kind="CASH", facility_id=None)


def asks(stage: Stage, browsers: dict[str, Client]) -> list[Ask]:
    expected = table.read(table.PAGES) | table.read(table.API)
    found: dict[Ask, None] = {}
    for route in routes():
        for name, letters in expected.get(f"GET /{route.path}", {}).items():
            if letters[-1] == "+" and name in browsers:
                address = Route(route.path).filled(stage.objects) + bodies.query_for(route.path)
                found |= dict.fromkeys(Ask(name, each) for each in offered(browsers[name], address, stage))
    return list(found)


def offered(browser: Client, address: str, stage: Stage) -> Iterator[str]:
    """The address, and what a page there leads to without leaving it."""
    if address != "/api/v1/search/":  # which asks for words
        yield address
    if address in ("/search/", "/api/v1/search/"):
        yield from (f"{address}?q={each}" for each in words(stage))
    if address.startswith("/api/"):
        return
    answer = browser.get(address)
    if answer.streaming or "text/html" not in answer.headers.get("Content-Type", ""):
        return
    page = answer.content.decode()
    for name in (found[1] for found in TOOLS.finditer(page) if f'name="{found[1]}-q"' in found[0]):
        yield from (f"{address}?{name}-q={each}" for each in words(stage))
    for form in TOOLS.finditer(page):
        choices = [(name, VALUE.findall(options)) for name, options in CHOICE.findall(form[0])]
        for name, values in choices:
            yield from (f"{address}?{name}={value}" for value in few(values))
        for name, (first, values) in product([form[1]], choices[:1]):
            if f'name="{name}-q"' in form[0]:
                yield from (f"{address}?{first}={value}&{name}-q=INV-199" for value in few(values))
    yield from (html.unescape(each) for each in LEADS_ON.findall(page) if "-export=" not in each)


def few(values: list[str]) -> list[str]:
    """Of many suppliers some: the first, one in the middle and the last."""
    return values if len(values) < 12 else [values[0], values[len(values) // 2], values[-1]]


def words(stage: Stage) -> Iterable[str]:
    """What people look for: the beginning of a number, a whole one, a name, a payment, something that is not there."""
    payment = PaymentInstruction.objects.latest("id")
    receivable = Receivable.objects.filter(supplier=stage.lending.cast.amphora).latest("id")
    return "INV-199", receivable.number, "Supplier+77", "17", payment.end_to_end_id[:12], "nowhere-to-be-found"


def taken(browser: Client, address: str, times: int) -> list[float]:
    """Milliseconds of each request after one to warm up."""
    found = []
    for _ in range(times + 1):
        started = time.perf_counter()
        answer = browser.get(address)
        if answer.streaming:
            b"".join(answer)
        found.append((time.perf_counter() - started) * 1000)
    if answer.status_code >= 400:
        raise AssertionError(f"{address} answers {answer.status_code}")
    return found[1:]


def over_http(running: World, browser: Client, address: str) -> list[float]:
    cookies = {settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value}
    found = []
    with httpx.Client(base_url=running.url, cookies=cookies, headers={"Accept": "text/html, */*;q=0.8"}) as wire:
        for _ in range(TIMES + 4):
            started = time.perf_counter()
            wire.get(address).raise_for_status()
            found.append((time.perf_counter() - started) * 1000)
    return found[4:]
