"""Real clients at once: threads with a database connection each, started together."""

import threading
from collections.abc import Callable, Sequence

from django.db import connection


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all works at the same moment; returns results in order, an exception in the place of a result."""
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            gate.wait(10)
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
    return results


def successes(results: Sequence[object]) -> list[object]:
    return [each for each in results if not isinstance(each, Exception)]
