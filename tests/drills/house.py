"""The house of the faults, with what an operator can do to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import psycopg
from django.db import connection

from tests.drills.rabbit import Rabbit
from tests.faults import house as faults
from tests.faults import soundness


@dataclass
class House(faults.House):
    rabbit: Rabbit | None = None

    def ready(self) -> tuple[int, str]:
        answer = httpx.get(f"{self.world.url}/health/ready", timeout=20, trust_env=False)
        return answer.status_code, answer.json()["status"]

    def exchange(self, **given: str) -> None:
        """Other variables, from the next start of each program on."""
        self.world.environment |= given

    def restart(self, *names: str) -> None:
        """One after the other, as `systemctl restart` does."""
        for name in names:
            self.world.processes[name].restart()

    def check(self) -> None:
        """Nothing is on its way, and everything is as it has to be."""
        self.quiet(90)
        found = soundness.findings(self.world)
        assert not found, found


@contextmanager
def as_owner(house: House) -> Iterator[psycopg.Connection]:
    with psycopg.connect(house.world.environment["OWNER_DATABASE_URL"], autocommit=True) as owner:
        yield owner


@contextmanager
def as_superuser(house: House) -> Iterator[psycopg.Connection]:
    with psycopg.connect(house.world.postgres.superuser_url, autocommit=True) as superuser:
        yield superuser


def forget_connection() -> None:
    """The next question of this process finds the database as it is by then."""
    connection.close()
