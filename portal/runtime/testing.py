"""pytest plugin: a real PostgreSQL and a real Valkey for every test run.

Every process of a run (`-n 2`) has servers of its own: what is handed out waits for the oldest transaction of a whole
server, and a walk that is never committed would hold up the live updates that another process waits for.
SUPERUSER_DATABASE_URL, OWNER_DATABASE_URL and DATABASE_URL from outside replace the embedded one; then each process
makes a database of its own there.
"""

import contextlib
import os

import pytest

from portal.runtime import environment, scratch
from portal.runtime.environment import PROJECT

running = contextlib.ExitStack()
"""What this process started, to be stopped at its end."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before Django reads its settings: tell it which servers this process uses."""
    if "SUPERUSER_DATABASE_URL" in environment.given():
        return
    if hands_out(early_config):
        os.environ["WORLD_DIR"] = str(PROJECT / "var" / "test")  # no world: nothing is learnt from one that runs
    else:
        running.enter_context(scratch.servers())


def hands_out(config: pytest.Config) -> bool:
    """Whether this is the process that runs no test itself, and hands them out to others (`-n 2`)."""
    return bool(getattr(config.known_args_namespace, "numprocesses", 0)) and "PYTEST_XDIST_WORKER" not in os.environ


def pytest_unconfigure() -> None:
    running.close()
