"""Servers without a world: for tests and checks, on data that is kept between runs but worth nothing.

Each run takes the first free folder of var/test/1, 2, ...: two runs at once do not meet.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from portal.runtime import environment, postgres, valkey
from portal.runtime.environment import PROJECT
from portal.runtime.processes import Guard
from portal.runtime.world import Taken, lock


@contextlib.contextmanager
def servers() -> Iterator[None]:
    """PostgreSQL and Valkey, told to this process and its children through `os.environ`; stopped at the end."""
    with contextlib.ExitStack() as running:
        directory, descriptor = free_folder(running)
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
                "SECRET_KEY": "of no use outside of tests, and fifty characters long",
                "SEALING_KEY": "nothing is sealed by this that anybody would want to read",
                "BANK_SECRET": "whsec_b2Ygbm8gdXNlIG91dHNpZGUgb2YgdGVzdHM=",
            }
        )
        yield


def free_folder(running: contextlib.ExitStack) -> tuple[Path, int]:
    """The folder and the descriptor of its lock, which `running` holds."""
    for number in range(1, 100):
        directory = PROJECT / "var" / "test" / str(number)
        directory.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Taken):
            return directory, running.enter_context(lock(directory))
    raise Taken(f"All of {PROJECT}/var/test/1 to 99 are in use.")
