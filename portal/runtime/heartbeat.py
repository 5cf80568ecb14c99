"""Whether the schedule goes on: `celery beat` answers nobody, so it leaves a sign of life with each task that is due.

The sweep is due every five seconds. The sign needs neither database nor broker: a beat that cannot publish lives.
"""

import time

from portal.runtime import environment

NAME = "beat.alive"
STALE_SECONDS = 60


def leave(**signal) -> None:
    """Receives Celery's signal before each task is handed to the broker, whether or not that takes it."""
    folder = environment.world_dir()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).touch()


def is_fresh() -> bool:
    try:
        return time.time() - (environment.world_dir() / NAME).stat().st_mtime < STALE_SECONDS
    except FileNotFoundError:
        return False
