"""Real clients at once: threads with a database connection each, started together."""

import threading
import time
from collections.abc import Callable, Sequence
from random import Random

from django.db import connection

from portal.shared.errors import RuleViolation


def at_once(*works: Callable[[], object], within: float = 0.0, chance: Random | None = None) -> list[object]:
    """Run all works at the same moment; returns results in order, an exception in the place of a result.

    `within`: seconds over which `chance` spreads their beginnings, so that now one and now another is first.
    """
    results: list[object] = [None] * len(works)
    after = [chance.uniform(0, within) if chance else 0.0 for _ in works]
    gate = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()  # or whoever connects fastest would be alone for a while
            gate.wait(30)
            time.sleep(after[place])
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


def successes(results: Sequence[object]) -> list[object]:
    return [each for each in results if not isinstance(each, Exception)]


def refusals(results: Sequence[object]) -> list[str]:
    """Codes of the product's own refusals; an error of any other kind is none, and raised."""
    failed = [each for each in results if isinstance(each, Exception)]
    for each in failed:
        if not isinstance(each, RuleViolation):
            raise each
    return [each.code for each in failed]


def deadlocks() -> int:
    """How many the database has ended so far, those too that were tried again and reached nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]
