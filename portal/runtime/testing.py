"""pytest plugin: a real PostgreSQL and a real Valkey for every test run.

The processes of one run (`-n 2`) share its servers; each has a database number of its own at the broker, and makes a
database of its own. SUPERUSER_DATABASE_URL, OWNER_DATABASE_URL and DATABASE_URL from outside replace the embedded one.
"""

import contextlib
import os

import pytest

from portal.runtime import environment, scratch

running = contextlib.ExitStack()
"""What the first process of a run started, to be stopped at its end."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before Django reads its settings: tell it which servers this process uses."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None and not os.environ.get("SUPERUSER_DATABASE_URL"):
        running.enter_context(scratch.servers())
    elif worker and "BROKER_URL" not in environment.given():
        broker, number = os.environ["BROKER_URL"].rpartition("/")[0], int(worker.removeprefix("gw")) + 1
        environment.adopt({"BROKER_URL": f"{broker}/{number}"})


def pytest_unconfigure() -> None:
    running.close()
