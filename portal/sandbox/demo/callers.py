"""Machines that call the API: each with the token of its own client, all over kept connections."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx

from portal.sandbox.world.signing_up import Machine

TOKEN_PATH = "/identity/o/api/token"
TOKEN_LASTS = 1800  # seconds; asked for again well before it ends
AT_ONCE = 4


class Refused(Exception):
    """The API said no: `code` and the facts of the problem document."""

    def __init__(self, status: int, problem: dict, what: str):
        self.status, self.code = status, problem.get("code", "")
        self.facts = problem.get("facts", {})
        super().__init__(f"{what}: {status} {self.code} {problem.get('detail', '')} {self.facts or ''}")


class Office:
    """The connections of the demo; `caller` gives a machine that speaks through them."""

    def __init__(self, url: str):
        limits = httpx.Limits(max_connections=16, max_keepalive_connections=16)
        self._http = httpx.Client(base_url=url, timeout=120, limits=limits, trust_env=False)

    def caller(self, machine: Machine) -> "Caller":
        return Caller(self._http, machine)

    def close(self) -> None:
        self._http.close()


class Caller:
    """One machine. Its token is fetched when it first calls."""

    def __init__(self, http: httpx.Client, machine: Machine):
        self.machine = machine
        self._http, self._token, self._until = http, "", 0.0
        self._lock = threading.Lock()

    def get(self, path: str, **query) -> dict:
        return self._call("GET", path, params=query)

    def post(self, path: str, body: object = None, **query) -> dict:
        return self._call("POST", path, params=query, **({} if body is None else {"json": body}))

    def send(self, path: str, content: bytes, media_type: str, file_name: str, **query) -> dict:
        headers = {"Content-Type": media_type, "X-File-Name": file_name}
        return self._call("POST", path, params=query, content=content, headers=headers)

    def pages(self, path: str, **query) -> Iterable[dict]:
        cursor = None
        while cursor != "":
            page = self.get(path, limit=200, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["results"]
            cursor = page["next"] or ""

    def _call(self, method: str, path: str, *, headers: dict | None = None, **request) -> dict:
        headers = {"Authorization": f"Bearer {self.token()}"} | (headers or {})
        answer = self._http.request(method, f"/api/v1/{path}", headers=headers, **request)
        if answer.is_success:
            return answer.json()
        is_problem = "json" in answer.headers.get("content-type", "")
        problem = answer.json() if is_problem else {"detail": answer.text[:300]}
        raise Refused(answer.status_code, problem, f"{method} {path} for {self.machine.party}")

    def token(self) -> str:
        with self._lock:
            if time.monotonic() > self._until:
                asked = self._http.post(
                    TOKEN_PATH, data={"grant_type": "client_credentials"},
                    auth=(self.machine.client_id, self.machine.client_secret),
                )  # fmt: skip
                asked.raise_for_status()
                self._token, self._until = asked.json()["access_token"], time.monotonic() + TOKEN_LASTS
            return self._token


def at_once[T, R](work: Callable[[T], R], items: Iterable[T], threads: int = AT_ONCE) -> list[R]:
    """Results in the order of the items, some worked on at the same time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def paced[T, R](work: Callable[[T], R], items: list[T], a_second: float, threads: int = 8) -> list[R]:
    """Start them one after the other at a steady pace, whatever the earlier ones take."""
    began = time.monotonic()

    def start(numbered: tuple[int, T]) -> R:
        number, item = numbered
        time.sleep(max(0.0, began + number / a_second - time.monotonic()))
        return work(item)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(start, enumerate(items)))
