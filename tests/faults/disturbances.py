"""What is done to the processes while the business goes on. Each is over by itself, or by `calm`."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Event, Timer

import httpx
import kombu.exceptions
import psycopg
import redis
from celery import current_app

from portal.runtime.processes import NotReady
from portal.sandbox.bank.client import BankClient
from tests.faults.patient import patiently
from tests.stories.house import House

FROZEN_SECONDS = 3


type Disturbance = Callable[[House], int | None]
"""Returns the number of a fault that was set at the bank, where it is one."""


def kill(name: str) -> Disturbance:
    def disturb(house: House) -> None:
        process = house.world.processes[name]
        if not process.alive:
            raise NotReady(f"{name} was away already")
        process.kill()

    disturb.__name__ = f"kill {name}"
    return disturb


def kill_postmaster_alone(house: House) -> None:
    """Its backends notice, and end by themselves: some of them in the middle of a commit."""
    os.kill(house.world.processes["postgres"].pid, signal.SIGKILL)


def restart_database(house: House) -> None:
    house.world.processes["postgres"].restart()


def end_all_connections(house: House) -> None:
    with psycopg.connect(house.world.postgres.superuser_url, autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' AND pid <> pg_backend_pid()"
        )


def empty_broker(house: House) -> None:
    redis.from_url(house.world.environment["BROKER_URL"]).flushall()


def freeze_worker(house: House) -> None:
    """It stands still in the middle of something, and goes on as if nothing had been."""
    group = house.world.processes["worker"].pid
    os.killpg(group, signal.SIGSTOP)
    Timer(FROZEN_SECONDS, _go_on, [group]).start()


def _go_on(group: int) -> None:
    try:
        os.killpg(group, signal.SIGCONT)
    except ProcessLookupError:
        pass  # killed meanwhile


STRIKES = {
    "twice": 3,
    "lost_push": 3,
    "out_of_order": 3,
    "booking_before_status": 3,
    "timeout_before_acceptance": 3,
    "timeout_after_acceptance": 3,
    "down": 6,
}
"""What the bank does wrong, and how often in a row."""
AT_THE_BANK = "bank: "
OVER = "the business was over"


def bank(kind: str) -> Disturbance:
    def disturb(house: House) -> int:
        return house.fault(kind, count=STRIKES[kind])

    disturb.__name__ = AT_THE_BANK + kind.replace("_", " ")
    return disturb


DISTURBANCES: tuple[Disturbance, ...] = (
    *(kill(name) for name in ("web", "worker", "background", "beat", "bank", "valkey", "postgres")),
    kill_postmaster_alone,
    restart_database,
    end_all_connections,
    empty_broker,
    freeze_worker,
    *map(bank, STRIKES),
)


@dataclass
class Deed:
    """One disturbance, and what became of it. `failed` says why it was not done; empty where it was."""

    name: str
    after: float
    failed: str = ""
    fault: int | None = None

    def __str__(self):
        return f"{self.name} after {self.after:.1f} s" + (f" ({self.failed})" if self.failed else "")


def took_something(deeds: list[Deed]) -> bool:
    """Whether somebody was killed, or lost what he knew. Where the bank alone misbehaves nothing is sent twice."""
    return any(not each.name.startswith(AT_THE_BANK) and each.failed != OVER for each in deeds)


def plan(chance: Random, most: int, seconds: float) -> list[tuple[float, Disturbance]]:
    """When, in seconds from the beginning, and what."""
    chosen = [chance.choice(DISTURBANCES) for _ in range(chance.randint(2, most))]
    return sorted(((chance.uniform(0, seconds), each) for each in chosen), key=lambda each: each[0])


def carry_out(house: House, planned: list[tuple[float, Disturbance]], over: Event) -> list[Deed]:
    """Each at its time, unless the business is over before; what became of each of them."""
    began, deeds = time.monotonic(), []
    for at, disturb in planned:
        if over.wait(max(0.0, began + at - time.monotonic())):
            deeds.append(Deed(disturb.__name__, at, OVER))
            continue
        deed = Deed(disturb.__name__, time.monotonic() - began)
        deeds.append(deed)
        try:
            deed.fault = disturb(house)
        except (httpx.HTTPError, psycopg.OperationalError, redis.RedisError, NotReady, ProcessLookupError) as away:
            # Whom it was done to is away already: by an earlier disturbance.
            deed.failed = f"{type(away).__name__}: {str(away).partition('\n')[0]}"
    return deeds


def idle(bank: BankClient, deeds: list[Deed]) -> None:
    """Name the faults at the bank that found nothing to strike: they were set, and not done."""
    left = {each["id"]: each for each in bank.control("GET", "/faults")}
    for deed in deeds:
        if deed.fault in left and left[deed.fault]["remaining"] == STRIKES[left[deed.fault]["kind"]]:
            deed.failed = "nothing came that it could strike"


def hasten(house: House, over: Event) -> None:
    """What beat does every few seconds, without a pause worth the name."""
    while not over.wait(1):
        try:
            house.ask_the_bank()
            current_app.send_task("trail.sweep", queue="events")
        except kombu.exceptions.OperationalError:
            pass  # the broker is away


def calm(house: House) -> None:
    """Every process runs, the bank behaves, and nothing is on its way any more."""
    house.world.wait_ready()
    patiently(lambda: house.bank.control("DELETE", "/faults"))
    patiently(house.ask_the_bank)
    patiently(lambda: house.quiet(150))
