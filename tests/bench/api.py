"""Reading a list of the API against a bare Django view that reads the same rows, in the same web process.

Fifty receivables of one supplier among a million. Ours knows its caller by a token, counts its requests, filters,
orders and pages by cursor, says who is to be paid and tags its answer; the bare view does none of this. Both are asked
by turns, by the same clients over connections that stay open.
"""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor

from portal.runtime.world import World
from portal.shared.access import VIEWER
from tests.api.conftest import caller_for
from tests.bench.figures import Figure, alternate, rate
from tests.walks.stage import Stage

CLIENTS, SECONDS, ROUNDS = 8, 6, 3
FIELDS_AS_ROWS = ("supplier", "debtor")


def api_read_rate(running: World, stage: Stage) -> list[Figure]:
    supplier = stage.lending.cast.amphora
    ours = ("/api/v1/receivables/", {"Authorization": f"Bearer {caller_for(supplier, VIEWER).token}"})
    bare = (f"/bare/receivables/{supplier.id}/", {})
    same_rows(running, ours, bare)
    for ask in (ours, bare):
        per_second(running, *ask, seconds=2)  # plans, caches and connections of every thread
    pairs = alternate(lambda: per_second(running, *ours), lambda: per_second(running, *bare), ROUNDS)
    return [rate("api_read_rate", pairs)]


def same_rows(running: World, ours: tuple, bare: tuple) -> None:
    """Both tell the same, or the figure says nothing."""
    first, second = (json.loads(read(connection(running), *ask))["results"] for ask in (ours, bare))
    for row, other in zip(first, second, strict=True):
        names = {name: row[name].pop("id") for name in FIELDS_AS_ROWS}
        told = {f"{name}_id": number for name, number in names.items()}
        told |= {f"{name}__name": row.pop(name)["name"] for name in FIELDS_AS_ROWS}
        if (left := row | told).keys() - {"payee"} != other.keys() - {"funder_id", "assigned_facility_id"}:
            raise AssertionError(f"Not the same columns: {sorted(left)} and {sorted(other)}")
        if any(other[name] != value for name, value in left.items() if isinstance(value, str | int) and name in other
               and not name.endswith("_at")):  # fmt: skip
            raise AssertionError(f"Not the same row: {left} and {other}")


def per_second(running: World, path: str, headers: dict, seconds: float = SECONDS) -> float:
    until = time.perf_counter() + seconds

    def ask(_number: int) -> int:
        wire, count = connection(running), 0
        while time.perf_counter() < until:
            read(wire, path, headers)
            count += 1
        return count

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        done = sum(clients.map(ask, range(CLIENTS)))
    return done / (time.perf_counter() - started)


def connection(running: World) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(running.environment["PORT"]), timeout=30)


def read(wire: http.client.HTTPConnection, path: str, headers: dict) -> bytes:
    wire.request("GET", path, headers=headers)
    answer = wire.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise AssertionError(f"{path} answers {answer.status}: {content[:200]}")
    return content
