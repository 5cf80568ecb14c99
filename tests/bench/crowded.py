"""`python -m tests.bench.crowded FILE ONLY`: the measures of a crowded world, in a process and a database of their own.

One world for all of them: making it takes longer than to measure in it.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from portal.runtime.environment import PROJECT
from portal.runtime.world import world
from tests.bench.figures import Figure, table
from tests.worlds import enter, new_folder, remove

PAGES, API, LIVE = "page_p95_ms, page_by_http_p95_ms", "api_read_rate", "event_to_screen_p50_ms, event_to_screen_p99_ms"
NAMES = (PAGES, API, LIVE)


def chosen(only: str) -> list[str]:
    return [names for names in NAMES if any(each.startswith(only) for each in names.split(", "))]


def figures(only: str) -> list[Figure]:
    """Those whose names begin so, if any."""
    if not chosen(only):
        return []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        subprocess.run([sys.executable, "-m", "tests.bench.crowded", str(file), only], check=True, cwd=PROJECT)
        return [Figure(**each) for each in json.loads(file.read_text(encoding="utf-8"))]


def main() -> None:
    file, only = sys.argv[1:]
    directory, found = new_folder("bench"), []
    try:
        with world(directory, processes=(), settings={"DEBUG": "0", "LOG_LEVEL": "WARNING"}) as running:
            running.environment["DJANGO_SETTINGS_MODULE"] = "tests.bench.served"
            enter(running)
            found = measured(running, only)
    finally:
        remove(directory)
    Path(file).write_text(json.dumps([asdict(each) for each in found]), encoding="utf-8")


def measured(running, only: str) -> list[Figure]:
    from django.conf import settings

    from tests.bench import api, live, many, pages

    settings.ALLOWED_HOSTS = ["*"]  # of Django's test client, which asks for tokens and pages in this process
    print("Making a million receivables and a hundred thousand advances ...", flush=True)
    stage = many.fill(running)
    running.start("web").wait_ready()
    benches = {PAGES: pages.page_p95, API: api.api_read_rate, LIVE: live.event_to_screen}
    found = []
    for names in chosen(only):
        print(f"Measuring {names} ...", flush=True)
        found += benches[names](running, stage)
        print(table(found[-1:]).splitlines()[-1], flush=True)
    return found


if __name__ == "__main__":
    main()
