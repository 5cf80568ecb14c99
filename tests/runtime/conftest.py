"""Folders that the server's user can reach, and a look at which processes belong to one."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.runtime.environment import given
from portal.runtime.world import until


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder whose parents everybody may enter (pytest's own are of mode 0700)."""
    path = Path(tempfile.mkdtemp(prefix="portolan-"))
    path.chmod(0o755)
    yield path
    data = (path / "postgres").resolve()
    shutil.rmtree(path)
    if data.parent != path:
        shutil.rmtree(data.parent, ignore_errors=True)


@pytest.fixture
def surroundings(folder) -> dict[str, str]:
    """The environment of somebody who types `make run` for this folder, without the servers of the test run."""
    return {**given(), "WORLD_DIR": str(folder)}


@pytest.fixture
def processes_of() -> Callable[[Path], list[str]]:
    return commands_of


def commands_of(folder: Path) -> list[str]:
    """Command lines of all running processes that were told of the folder, by argument or by environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command, told = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:  # ended meanwhile, or not ours to look at
            continue
        if command and str(folder).encode() in command + told:
            found.append(command.replace(b"\0", b" ").decode())
    return found


@pytest.fixture
def nothing_left(folder) -> Callable[[], None]:
    """Fails when a process of the folder is still there after twenty seconds."""
    return lambda: until(lambda: not commands_of(folder), 20, lambda: f"still running: {commands_of(folder)}")
