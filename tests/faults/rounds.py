"""One round: the lives begin, are disturbed, come to their ends, and are looked at."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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
MOST, WITHIN_SECONDS = 4, 6.0
"""Disturbances of a round, and the time in which they come: about what the business takes."""


@dataclass
class Round:
    """What came of one. `found`: what should not be, in words; empty where all is well."""

    seed: int
    disturbed_by: list[str] = field(default_factory=list)
    seconds: float = 0
    found: list[str] = field(default_factory=list)
    ends: dict[str, dict] = field(default_factory=dict)


def undisturbed(house: House) -> Round:
    return _round(house, 0, [])


def disturbed(house: House, seed: int, undisturbed: Round) -> Round:
    chance = Random(seed)
    done = _round(house, seed, disturbances.plan(chance, MOST, WITHIN_SECONDS))
    for name, facts in done.ends.items():
        done.found += [f"{name}, {each}" for each in difference(undisturbed.ends[name], facts)]
    return done


def _round(house: House, seed: int, planned: list) -> Round:
    result = Round(seed, [f"{each.__name__} after {at:.1f} s" for at, each in planned])
    began, over = time.monotonic(), Event()
    begun = lives.begin(house, lives.FEWER if impatient else lives.LIVES)
    disturber = Thread(target=disturbances.carry_out, args=(house, planned, over))
    disturber.start()
    hastener = Thread(target=disturbances.hasten, args=(house, over))
    if impatient:
        hastener.start()
    try:
        with ThreadPoolExecutor(len(begun)) as pool:
            result.found += [each for each in pool.map(_lived, begun) if each]
    finally:
        over.set()
        disturber.join()
    result.found += [f"{times} times a machine was told that it is our fault" for times in Patient.counted("500")]
    result.found += _at_rest(lambda: disturbances.calm(house))
    result.found += patiently(lambda: soundness.findings(house.world))
    result.found += _at_rest(lambda: patiently(house.check_sound))
    result.ends = {life.name: patiently(lambda life=life: export(life)) for life in begun}
    result.seconds = time.monotonic() - began
    return result


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
