"""What the programs of a world hold in memory and have burnt, each with all that it has started."""

import os
from pathlib import Path

from portal.runtime.world import World

TICKS = os.sysconf("SC_CLK_TCK")


def megabytes(running: World) -> dict[str, float]:
    """By program, proportional set size: what several share is counted once in all."""
    return {name: sum(map(_pss, pids)) / 1024 for name, pids in _families(running).items()}


def seconds(running: World) -> dict[str, float]:
    """Processor time so far, by program."""
    return {name: sum(map(_burnt, pids)) / TICKS for name, pids in _families(running).items()}


def _families(running: World) -> dict[str, list[int]]:
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (stat := _stat(int(folder.name))):
            children.setdefault(int(stat[1]), []).append(int(folder.name))

    def family(pid: int) -> list[int]:
        return [pid, *(each for child in children.get(pid, ()) for each in family(child))]

    return {name: family(process.pid) for name, process in running.processes.items()}


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat after the name, the state first; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _burnt(pid: int) -> int:
    return sum(map(int, _stat(pid)[11:15]))


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
