"""A world that one command makes for itself: an empty database and bank, in a folder of its own below var/."""

import os
import shutil
import tempfile
from pathlib import Path

import django

from portal.runtime import environment
from portal.runtime.environment import PROJECT
from portal.runtime.world import World


def new_folder(name: str) -> Path:
    """Below var/`name`; the server's user may enter it."""
    place = PROJECT / "var" / name
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=place))
    folder.chmod(0o755)
    return folder


def enter(running: World) -> None:
    """Let Django in this process be one more program of the world."""
    environment.adopt({key: running.environment[key] for key in environment.SHARED})
    os.environ |= {"WORLD_DIR": str(running.directory), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    django.setup()


def remove(folder: Path) -> None:
    """With the data of its server, which may lie elsewhere behind a link."""
    shutil.rmtree(folder.joinpath("postgres").resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
