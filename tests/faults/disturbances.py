"""What is done to the processes while the business goes on. Each is over by itself, or by `calm`."""

import os
import signal
import time
from collections.abc import Callable
from random import Random
from threading import Event, Timer

import httpx
import kombu.exceptions
import psycopg
import redis
from celery import current_app

from portal.runtime.processes import NotReady
from tests.faults.patient import patiently
from tests.stories.house import House

FROZEN_SECONDS = 3


def kill(name: str) -> Callable[[House], None]:
    def disturb(house: House) -> None:
        house.world.processes[name].kill()

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


def bank(kind: str, count: int | None = 3) -> Callable[[House], None]:
    def disturb(house: House) -> None:
        house.fault(kind, count=count)

    disturb.__name__ = f"bank: {kind.replace('_', ' ')}"
    return disturb


DISTURBANCES: tuple[Callable[[House], None], ...] = (
    *(kill(name) for name in ("web", "worker", "background", "beat", "bank", "valkey", "postgres")),
    kill_postmaster_alone,
    restart_database,
    end_all_connections,
    empty_broker,
    freeze_worker,
    bank("twice"),
    bank("lost_push"),
    bank("out_of_order"),
    bank("booking_before_status"),
    bank("timeout_before_acceptance"),
    bank("timeout_after_acceptance"),
    bank("down", count=6),
)


def plan(chance: Random, most: int, seconds: float) -> list[tuple[float, Callable[[House], None]]]:
    """When, in seconds from the beginning, and what."""
    chosen = [chance.choice(DISTURBANCES) for _ in range(chance.randint(2, most))]
    return sorted(((chance.uniform(0, seconds), each) for each in chosen), key=lambda each: each[0])


def carry_out(house: House, planned: list[tuple[float, Callable[[House], None]]], over: Event) -> None:
    """Each at its time, unless the business is over before."""
    began = time.monotonic()
    for at, disturb in planned:
        if over.wait(max(0.0, began + at - time.monotonic())):
            return
        try:
            disturb(house)
        except (httpx.HTTPError, psycopg.OperationalError, redis.RedisError, NotReady):
            pass  # whom it was done to is away already: by an earlier disturbance


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
