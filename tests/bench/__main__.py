"""`make bench`: measure, write var/bench.json, print a table. ONLY=name picks by the name's beginning."""

import os
import sys
from collections.abc import Callable
from functools import partial

import psycopg

from portal.runtime.environment import PROJECT
from portal.runtime.world import World, world
from tests.bench import crowded
from tests.bench.figures import Figure, table, write
from tests.worlds import enter, new_folder, remove

FILE = PROJECT / "var" / "bench.json"


def benches(running: World) -> dict[str, Callable]:
    """By the beginnings of the names of the figures that each gives."""
    from tests.bench import financings, growth, latency, ledger, load

    return {
        "financings_per_second": financings.financings_per_second,
        "ledger_single_entries_per_second, ledger_single_over_hordak": partial(ledger.single, running=running),
        "ledger_bulk_entries_per_second": ledger.bulk,
        "receivables_growth": partial(growth.receivables_growth, running=running),
        "quote_ms, decide_ms": latency.quote_and_decide,
        "applied_to_decided_p99_ms, applied_to_funded_p99_ms, process_memory_mb": partial(
            load.under_load, running=running
        ),
    }


def main() -> int:
    only = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ONLY", "")
    figures = [] if only and crowded.chosen(only) else in_an_empty_world(only)
    figures += crowded.figures(only)
    write(figures, FILE)
    print(f"\n{table(figures)}\n\nWritten to {FILE.relative_to(PROJECT)}. Above 1 is better than the floor.")
    return 0


def in_an_empty_world(only: str) -> list[Figure]:
    directory = new_folder("bench")  # each run measures the same: an empty database
    try:
        with world(directory, processes=(), settings={"DEBUG": "0", "LOG_LEVEL": "WARNING"}) as running:
            return measure(running, only)
    finally:
        remove(directory)


def measure(running: World, only: str) -> list[Figure]:
    enter(running)
    from tests.bench.stage import sides

    there = benches(running)
    chosen = {
        names: bench for names, bench in there.items() if any(each.startswith(only) for each in names.split(", "))
    }
    if not chosen:
        raise SystemExit(f"There is no measure {only!r}. There are: {', '.join([*there, *crowded.NAMES])}.")
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
        found = bench(ours, floor, settle)
        figures += found
        print("\n".join(table(found).splitlines()[1:]), flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
