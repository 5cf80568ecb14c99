"""One round: the lives begin, are disturbed, come to their ends, and are looked at."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread

from django.db import connection

from tests.faults import disturbances, lives, soundness
from tests.faults.export import difference, export
from tests.faults.lives import Life
from tests.faults.patient import Patient, patiently
from tests.stories.house import House

impatient = False
"""Fewer lives, and what beat asks and sweeps at intervals is asked and swept all the time."""
MOST = 4
"""Disturbances of a round. They come in the time that the business takes where nothing is done to it."""
REPEATED = "the bank was ordered {} payments again, though nobody was killed and nothing was taken from him"


@dataclass
class Round:
    """What came of one. `found`: what should not be, in words; empty where all is well.

    `disturbed_by`: what was done to it, of what the seed had planned; `not_done`: the rest, with why. `repeated`:
    payments that the bank was ordered again, and did not make again.
    """

    seed: int
    disturbed_by: list[str] = field(default_factory=list)
    not_done: list[str] = field(default_factory=list)
    seconds: float = 0
    business_seconds: float = 0
    repeated: int = 0
    found: list[str] = field(default_factory=list)
    ends: dict[str, dict] = field(default_factory=dict)


def undisturbed(house: House, like: Round | None = None) -> Round:
    done = _round(house, 0, [])
    return compared(done, like) if like else done


def disturbed(house: House, seed: int, undisturbed: Round) -> Round:
    planned = disturbances.plan(Random(seed), MOST, undisturbed.business_seconds)
    return compared(_round(house, seed, planned), undisturbed)


def compared(done: Round, undisturbed: Round) -> Round:
    for name, facts in done.ends.items():
        done.found += [f"{name}, {each}" for each in difference(undisturbed.ends[name], facts)]
    return done


def _round(house: House, seed: int, planned: list) -> Round:
    result = Round(seed)
    began, over, repeats = time.monotonic(), Event(), soundness.repeats(house.world)
    begun = lives.begin(house, lives.FEWER if impatient else lives.LIVES)
    opened = time.monotonic()
    with hastened(house), ThreadPoolExecutor(len(begun) + 1) as pool:
        disturber = pool.submit(disturbances.carry_out, house, planned, over)
        try:
            result.found += [each for each in pool.map(_lived, begun) if each]
        finally:
            over.set()
            result.business_seconds = time.monotonic() - opened
        deeds = disturber.result()
    patiently(lambda: disturbances.idle(house.bank, deeds))
    result.disturbed_by = [str(each) for each in deeds if not each.failed]
    result.not_done = [str(each) for each in deeds if each.failed]
    result.found += [f"{times} times a machine was told that it is our fault" for times in Patient.counted("500")]
    result.found += _at_rest(lambda: disturbances.calm(house))
    result.found += patiently(lambda: soundness.findings(house.world))
    result.repeated = soundness.repeats(house.world) - repeats
    if result.repeated and not disturbances.took_something(deeds):
        result.found.append(REPEATED.format(result.repeated))
    result.found += _at_rest(lambda: patiently(house.check_sound))
    result.ends = {life.name: patiently(lambda life=life: export(life)) for life in begun}
    result.seconds = time.monotonic() - began
    return result


@contextmanager
def hastened(house: House) -> Iterator[None]:
    """While this lasts, what beat does at intervals is done every second, where one is impatient."""
    over = Event()
    if impatient:
        Thread(target=disturbances.hasten, args=(house, over)).start()
    try:
        yield
    finally:
        over.set()


def _lived(life: Life) -> str:
    """Empty, or why it did not come to its end."""
    try:
        life.live(life)
    except (AssertionError, ValueError, KeyError) as failed:
        return f"{life.name} did not come to its end: {failed}"
    finally:
        connection.close()
    return ""


def _at_rest(look: Callable[[], None]) -> list[str]:
    try:
        look()
    except AssertionError as failed:
        return [f"not at rest: {failed}"]
    return []
