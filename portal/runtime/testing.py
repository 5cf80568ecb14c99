"""pytest plugin: a real PostgreSQL and a real Valkey for every test run.

Every process of a run (`-n 2`) has servers of its own: what is handed out waits for the oldest transaction of a whole
server, and a walk that is never committed would hold up the live updates that another process waits for.
SUPERUSER_DATABASE_URL, OWNER_DATABASE_URL and DATABASE_URL from outside replace the embedded one; then each process
makes a database of its own there.
"""

import contextlib

import pytest

from portal.runtime import environment, scratch

running = contextlib.ExitStack()
"""What this process started, to be stopped at its end."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Before Django reads its settings: tell it which servers this process uses."""
    if "SUPERUSER_DATABASE_URL" not in environment.given():
        running.enter_context(scratch.servers())


def pytest_unconfigure() -> None:
    running.close()
