"""What goes on asking: machines over HTTP, and looks into a database that may be away."""

import time
from collections import Counter
from collections.abc import Callable
from threading import Lock
from uuid import uuid4

import httpx
import kombu.exceptions
from django.db import InterfaceError, OperationalError, connection
from redis import RedisError

from tests.stories.house import Caller

PATIENCE = 240
"""Seconds after which something has hung: far longer than any disturbance lasts."""
AWAY = (OperationalError, InterfaceError, RedisError, kombu.exceptions.OperationalError, httpx.TransportError)
AGAIN = {429, 500, 502, 503, 504}


class Patient(Caller):
    """A machine that sends a request again under the same key until it is answered, as every integration should."""

    answers: Counter[str] = Counter()
    """What was heard beside answers, by kind: of all machines."""
    _counting = Lock()

    @classmethod
    def counted(cls, kind: str) -> list[int]:
        """How often this was heard since it was counted last; empty where it was not."""
        with cls._counting:
            times = cls.answers.pop(kind, 0)
        return [times] if times else []

    def get(self, path: str):
        return self._asked("GET", path)

    def post(self, path: str, body: object = None):
        return self._asked("POST", path, json=body, headers={"Idempotency-Key": uuid4().hex})

    def wait(self, path: str, done: Callable[[dict], object]) -> dict:
        """What stands at `path` once it is so."""
        deadline = time.monotonic() + PATIENCE
        while not done(found := self.get(path)):
            assert time.monotonic() < deadline, f"{path} stays as it is: {found}"
            time.sleep(0.1)
        return found

    def _asked(self, method: str, path: str, **request):
        deadline = time.monotonic() + PATIENCE
        while True:
            heard = self._once(method, path, request)
            if isinstance(heard, httpx.Response):
                return self._taken(heard)
            with self._counting:
                self.answers[heard] += 1
            assert time.monotonic() < deadline, f"{method} {path} gets no answer: {heard}"
            time.sleep(0.1)

    def _once(self, method: str, path: str, request: dict) -> httpx.Response | str:
        """The answer, or in a word why there is none yet."""
        try:
            answer = self.client.request(method, path, **request)
        except httpx.TransportError as error:
            return type(error).__name__
        in_flight = answer.status_code == 409 and answer.json().get("code") == "IDEMPOTENCY_KEY_IN_FLIGHT"
        return f"{answer.status_code}" if in_flight or answer.status_code in AGAIN else answer


def patiently[T](look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What `look` finds, as soon as the database, the broker or the bank that it asks is there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return look()
        except AWAY:
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
