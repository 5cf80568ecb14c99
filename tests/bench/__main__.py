"""`make bench`: measure, write var/bench.json, print a table. ONLY=name picks by the name's beginning."""

import os
import sys
from collections.abc import Callable

import psycopg

from portal.runtime.environment import PROJECT
from portal.runtime.world import World, world
from tests.bench.figures import Figure, table, write
from tests.worlds import enter, new_folder, remove

FILE = PROJECT / "var" / "bench.json"


def benches() -> dict[str, Callable]:
    """By the beginnings of the names of the figures that each gives."""
    from tests.bench import financings, latency, ledger

    return {
        "financings_per_second": financings.financings_per_second,
        "ledger_single_entries_per_second": ledger.single,
        "ledger_bulk_entries_per_second": ledger.bulk,
        "quote_ms, decide_ms": latency.quote_and_decide,
    }


def main() -> int:
    only = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ONLY", "")
    directory = new_folder("bench")  # each run measures the same: an empty database
    try:
        with world(directory, processes=()) as running:
            figures = measure(running, only)
    finally:
        remove(directory)
    write(figures, FILE)
    print(f"\n{table(figures)}\n\nWritten to {FILE.relative_to(PROJECT)}. Above 1 is better than hand-written SQL.")
    return 0


def measure(running: World, only: str) -> list[Figure]:
    enter(running)
    from tests.bench.stage import sides

    chosen = {
        names: bench for names, bench in benches().items() if any(each.startswith(only) for each in names.split(", "))
    }
    if not chosen:
        raise SystemExit(f"There is no measure {only!r}. There are: {', '.join(benches())}.")
    ours, floor = sides()

    def settle() -> None:
        """Plans know the tables, and what the stage has written is out of the way."""
        with psycopg.connect(running.environment["OWNER_DATABASE_URL"], autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")
        if running.postgres:
            with psycopg.connect(running.postgres.superuser_url, autocommit=True) as superuser:
                superuser.execute("CHECKPOINT")

    figures = []
    for names, bench in chosen.items():
        print(f"Measuring {names} ...", flush=True)
        figures += bench(ours, floor, settle)
        print(table(figures[-1:]).splitlines()[-1], flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
