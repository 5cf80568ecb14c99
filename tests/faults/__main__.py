"""`make faults`: rounds of business under random faults. RUNS (3), SEED (from the clock).

SHORT=1 is for `make test`: fewer lives, and what beat does at intervals is done as soon as the bank has spoken.
"""

import json
import logging
import os
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from portal.runtime.environment import PROJECT
from portal.runtime.world import World, world
from tests.worlds import enter, new_folder, remove

SHORT = bool(os.environ.get("SHORT"))
FILE = Path(os.environ.get("FAULTS_FILE") or PROJECT / "var" / "faults.json")


def main() -> int:
    runs, seed = int(os.environ.get("RUNS") or 3), int(os.environ.get("SEED") or time.time())
    directory = new_folder("faults")
    failed, began = True, time.monotonic()
    try:
        # Without fsync what is committed outlives a killed server as well: only a power cut would show the difference.
        with world(directory, durable=not SHORT, say=lambda words: None) as running:
            print(f"The house stands after {time.monotonic() - began:.1f} s.", flush=True)
            failed = not proven(running, runs, seed)
    finally:
        if failed:
            print(f"What is left of it is in {directory}: logs, and the database for `make psql WORLD=...`.")
        else:
            remove(directory)
    return failed


def proven(running: World, runs: int, seed: int) -> bool:
    """Whether everything was as it should be; after each round prints it, and writes var/faults.json with it."""
    enter(running)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    from tests.faults import rounds, scenarios
    from tests.faults.house import found
    from tests.faults.patient import Patient

    house = found(running)
    rounds.impatient = SHORT
    print(f"Its cast is there. Seed {seed}: `make faults SEED={seed} RUNS={runs}` does the same again.", flush=True)
    first = rounds.undisturbed(house)
    done = []
    over(first, "undisturbed", done)
    for scenario in scenarios.SCENARIOS:
        over(scenarios.played(house, scenario), scenario.__name__.replace("_", " "), done)
    # With all that is warm by now: in its time the disturbances have to come, or the business is over before.
    again = rounds.undisturbed(house, like=first)
    over(again, "undisturbed once more", done)
    for number in range(runs):
        over(rounds.disturbed(house, seed + number, again), f"round {number + 1} of {runs}, seed {seed + number}", done)
    bad = [each for each in done if each.found]
    by = Counter(each.rsplit(" after ", 1)[0] for one in done for each in one.disturbed_by)
    left_out, repeated = sum(len(each.not_done) for each in done), sum(each.repeated for each in done)
    print(f"\n{len(done)} rounds, {len(bad)} with findings. Done to it: {dict(by.most_common())}.")
    print(f"Planned and not done: {left_out}. Payments that the bank was ordered again: {repeated}.")
    print(f"Beside answers, machines heard: {dict(Patient.answers.most_common())}.")
    return not bad


def over(each, what: str, done: list) -> None:
    """One more is done: who ends us in the next one has what came of all so far."""
    done.append(each)
    FILE.write_text(json.dumps([asdict(one) for one in done], indent=2, default=str) + "\n", encoding="utf-8")
    print(f"{what}: {each.seconds:.1f} s; {', '.join(each.disturbed_by) or 'nothing done to it'}", flush=True)
    if each.repeated:
        print(f"    payments that the bank was ordered again: {each.repeated}", flush=True)
    if each.not_done:
        print(f"    not done: {', '.join(each.not_done)}", flush=True)
    for finding in each.found:
        print(f"    FOUND {finding}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
