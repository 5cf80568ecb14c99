"""Real processes that wait for each other, then do the same work at the same time.

`python -m tests.bench.crowd MODULE:FUNCTION ARGUMENTS` imports the function and calls it with the arguments (JSON); it
has to yield once when it is ready to begin, and then the number of things that it has done.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

PROJECT = Path(__file__).parents[2]  # not from the portal, which is not there in an environment of another project


def per_second(work: str, arguments: Sequence[dict], python: str | Path = sys.executable) -> float:
    """Things done per second by one process for each of the arguments, from the common start to the last one's end."""
    done, seconds = run(work, arguments, python)
    return sum(done) / seconds


def run(
    work: str, arguments: Sequence[dict], python: str | Path = sys.executable, **environment: str
) -> tuple[list[int], float]:
    """What each process says that it has done, and the seconds that all took; `environment` on top of our own."""
    processes = [
        subprocess.Popen(
            [python, "-m", "tests.bench.crowd", work, json.dumps(each)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT,
            env=os.environ | environment,
        )
        for each in arguments
    ]  # fmt: skip
    try:
        for process in processes:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"{work} did not get ready: see above.")
        started = time.perf_counter()
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        done = [int(process.stdout.readline()) for process in processes]
        return done, time.perf_counter() - started
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def main() -> None:
    work, arguments = sys.argv[1:]
    module, _, name = work.partition(":")
    steps = getattr(import_module(module), name)(**json.loads(arguments))
    next(steps)
    print("ready", flush=True)
    sys.stdin.readline()
    print(next(steps), flush=True)


if __name__ == "__main__":
    main()
