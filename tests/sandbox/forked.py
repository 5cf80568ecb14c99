"""The bank, forked from a process that has imported it: what it starts with takes most of the time of a short test."""

import os
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from portal.sandbox.bank.__main__ import main

forks = get_context("forkserver")
forks.set_forkserver_preload([__name__])


def start(environment: dict[str, str]) -> tuple[BaseProcess, str]:
    """A bank with this environment, and the line that it greets with; "" where it ended before."""
    greeting, out = forks.Pipe(duplex=False)
    process = forks.Process(target=_run, args=(environment, out), daemon=True)
    process.start()
    out.close()
    with open(os.dup(greeting.fileno())) as said:
        greeting.close()
        return process, said.readline()


def _run(environment: dict[str, str], out: Connection) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(out.fileno(), 1)
    out.close()
    sys.exit(main())
