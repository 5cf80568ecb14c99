"""pytest plugin: a real PostgreSQL and a real Valkey for every test run, on data that is kept between runs.

Each run takes the first free folder of var/test/1, 2, ...: two runs at once do not meet. The processes of one run
(`-n 2`)
share its servers; each has a database number of its own at the broker, and makes a database of its own.
SUPERUSER_DATABASE_URL, OWNER_DATABASE_URL and DATABASE_URL from outside replace the embedded server.
"""

import contextlib
import os
from pathlib import Path

import pytest

from portal.runtime import environment, postgres, valkey
from portal.runtime.environment import PROJECT
from portal.runtime.processes import Guard
from portal.runtime.world import Taken, lock

running = contextlib.ExitStack()
"""What the first process of a run started, to be stopped at its end."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before Django reads its settings: tell it which servers this process uses."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None and not os.environ.get("SUPERUSER_DATABASE_URL"):
        start_servers()
    elif worker and (broker := os.environ.get("TEST_BROKER_URL")):
        environment.adopt({"BROKER_URL": f"{broker.rpartition('/')[0]}/{int(worker.removeprefix('gw')) + 1}"})


def pytest_unconfigure() -> None:
    running.close()


def start_servers() -> None:
    directory, descriptor = free_folder()
    guard = Guard(keep_open=(descriptor,))
    running.callback(guard.close)
    server = postgres.start(directory, guard=guard, durable=False)
    running.callback(server.stop)
    broker = valkey.start(directory, guard=guard)
    running.callback(broker.stop)
    os.environ["WORLD_DIR"] = str(directory)
    environment.adopt(
        {
            "DATABASE_URL": server.app_url,
            "OWNER_DATABASE_URL": server.owner_url,
            "SUPERUSER_DATABASE_URL": server.superuser_url,
            "BROKER_URL": broker.url,
            "TEST_BROKER_URL": broker.url,
            "SECRET_KEY": "of no use outside of tests, and fifty characters long",
            "BANK_SECRET": "whsec_b2Ygbm8gdXNlIG91dHNpZGUgb2YgdGVzdHM=",
        }
    )


def free_folder() -> tuple[Path, int]:
    """The folder and the descriptor of its lock, which is held until the end of the run."""
    for number in range(1, 100):
        directory = PROJECT / "var" / "test" / str(number)
        directory.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Taken):
            return directory, running.enter_context(lock(directory))
    raise Taken(f"All of {PROJECT}/var/test/1 to 99 are in use.")
