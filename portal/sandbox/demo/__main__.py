"""python -m portal.sandbox.demo [FILE]: FILE (or TRADE in the environment) is a file of real order lines."""

import os
import shutil
import sys
from importlib import import_module
from pathlib import Path

import django

from portal.runtime import environment
from portal.runtime.environment import PROJECT
from portal.runtime.processes import NotReady
from portal.runtime.world import Taken, lock, world

DIRECTORY = PROJECT / "var" / "demo"


def main(arguments: list[str]) -> int:
    trade = next(iter(arguments), "") or environment.given().get("TRADE", "")
    file = Path(trade) if trade else None
    if file and not file.is_file():
        print(f"There is no file {file}. Name a CSV file of order lines, gzip or plain: make demo TRADE=FILE")
        return 2
    try:
        wipe(DIRECTORY)
        with world(DIRECTORY, settings={"DEBUG": "0", "LOG_LEVEL": "WARNING"}) as w:
            os.environ |= w.environment
            django.setup()
            # Only now is there a database that settings can name.
            return import_module("portal.sandbox.demo.show").run(w, file)
    except (Taken, NotReady) as problem:
        print(problem)
        return 1
    except KeyboardInterrupt:
        return 130


def wipe(directory: Path) -> None:
    """Begin with nothing. Raises Taken where another demo is using it."""
    directory.mkdir(parents=True, exist_ok=True)
    with lock(directory):
        for entry in directory.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != "lock":
                entry.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
