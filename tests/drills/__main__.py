"""`make drills`: every drill, or those of DRILLS="brokers restores", in a world of their own (BROKER=redis)."""

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib import import_module

from portal.runtime.processes import Guard
from portal.runtime.world import world
from tests.drills import rabbit
from tests.worlds import enter, new_folder, remove

DRILLS = ("brokers", "upgrades", "secrets", "restores")
"""In this order: the last leaves a gap behind."""
SETTINGS = {"WORKER_CONCURRENCY": "1", "WEB_WORKERS": "1", "METRICS_TOKEN": "of-the-scraper"}


def main() -> int:
    wanted = (os.environ.get("DRILLS") or " ".join(DRILLS)).split()
    if unknown := set(wanted).difference(DRILLS):
        print(f"There are the drills {', '.join(DRILLS)}; no {', '.join(unknown)}.")
        return 2
    broker = os.environ.get("BROKER") or ("rabbitmq" if rabbit.is_installed() else "redis")
    directory, began = new_folder("drills"), time.monotonic()
    with ExitStack() as stack:
        settings, server = dict(SETTINGS), None
        if broker == "rabbitmq":
            guard = Guard()
            stack.callback(guard.close)
            server = rabbit.rabbit(directory, guard)
            stack.callback(server.stop)
            settings["BROKER_URL"] = server.url
            starting = stack.enter_context(ThreadPoolExecutor(1)).submit(server.start)
        running = stack.enter_context(
            world(directory, settings=settings, say=lambda words: None, seed=lambda _: server and starting.result())
        )
        enter(running)
        logging.getLogger("httpx").setLevel(logging.WARNING)
        print(f"{broker}: everything runs after {time.monotonic() - began:.1f} s", flush=True)
        failed = [name for name in map(practised(running, server), drills(wanted)) if name]
    if failed:
        print(f"What is left is in {directory}.")
    else:
        remove(directory)
    return bool(failed)


def drills(wanted: Sequence[str]) -> list[Callable]:
    groups = {name: import_module(f"tests.drills.{name}") for name in DRILLS}  # once there is a world to import them in
    return [each for name in DRILLS if name in wanted for each in groups[name].DRILLS]


def practised(running, server) -> Callable[[Callable], str]:
    from portal.sandbox.bank.client import BankClient
    from tests.drills import restores
    from tests.drills.house import House
    from tests.faults.house import house_of

    bank = BankClient(running.bank_url, running.environment["BANK_SECRET"])
    house = house_of(running, bank, House)
    house.rabbit = server

    def practise(drill: Callable) -> str:
        """Its name where it failed."""
        began = time.monotonic()
        try:
            drill(house)
            if drill not in restores.DRILLS:
                house.check()
        except Exception:
            logging.getLogger("drills").exception("%s failed", drill.__name__)
            return drill.__name__
        print(f"{drill.__name__.replace('_', ' ')}: {time.monotonic() - began:.1f} s", flush=True)
        return ""

    return practise


if __name__ == "__main__":
    sys.exit(main())
