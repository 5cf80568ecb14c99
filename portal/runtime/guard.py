"""Ends the children of a supervisor that is gone. Run by `processes.Guard`; imports nothing of ours.

Reads lines `+PID SIGNAL` and `-PID 0` (leaders of process groups) from stdin. When the pipe closes, those that are left
are stopped one by one, last started first: the servers that the others need come last.
"""

import os
import signal
import sys
import time

GRACE = 8
"""Seconds that each gets to stop by itself."""


def send(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def stop(pid: int, number: int) -> None:
    """Ask the leader alone, as its supervisor would have; then end whatever is left of its group."""
    deadline = time.monotonic() + GRACE
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    send(pid, signal.SIGKILL)


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: dict[int, int] = {}
    for line in sys.stdin:
        pid, number = map(int, line[1:].split())
        groups.pop(pid, None)
        if line[0] == "+":
            groups[pid] = number
    for pid, number in reversed(groups.items()):
        stop(pid, number)


main()
