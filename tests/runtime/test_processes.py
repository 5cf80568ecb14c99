"""Supervision, on small programs of the test's own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portal.runtime.environment import PROJECT
from portal.runtime.processes import Guard, NotReady, Process
from portal.runtime.world import until

SUPERVISOR = """
import signal, subprocess, sys, time
from pathlib import Path
from portal.runtime.processes import Guard, Process

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # who runs the tests by nohup has them deaf to it
folder = Path(sys.argv[1])
wait = "import time; time.sleep(600)"
child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]]); time.sleep(600)"
def spawn(log):
    command = [sys.executable, "-c", child, wait, str(folder)]
    return subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log)
guard = Guard()
for name in ("one", "two"):
    Process(name, spawn=spawn, ready=lambda process: True, guard=guard, log=folder / f"{name}.log").start()
print("up", flush=True)
time.sleep(600)
"""


def process(folder: Path, program: str, ready, said: list[str] | None = None, **options) -> Process:
    def spawn(log):
        return subprocess.Popen([sys.executable, "-u", "-c", program], start_new_session=True, stdout=log, stderr=log)

    said = [] if said is None else said
    return Process("part", spawn=spawn, ready=ready, guard=Guard(), log=folder / "part.log", say=said.append, **options)


def says_ready(part: Process) -> bool:
    return "ready" in part.log_since_start()


def test_a_crashed_program_starts_again_and_says_so(folder):
    said = []
    part = process(folder, "import time; print('ready'); time.sleep(600)", says_ready, said).start().wait_ready()
    first = part.pid

    part.kill()

    until(lambda: part.pid != first, 10)
    part.wait_ready()
    part.stop()
    assert said == [f"part was ended by SIGKILL; it starts again in 0.2 s. Log: {folder}/part.log"]


def test_a_program_that_cannot_start_is_reported_with_the_end_of_its_log(folder):
    part = process(folder, "raise SystemExit('no such column')", says_ready).start()

    with pytest.raises(NotReady, match=r"(?s)part did not come up.*no such column"):
        part.wait_ready(timeout=20)
    part.stop()


def test_a_restart_on_request_is_no_crash(folder):
    said = []
    part = process(folder, "import time; print('ready'); time.sleep(600)", says_ready, said).start().wait_ready()
    first = part.pid

    part.restart()

    assert part.alive
    assert part.pid != first
    part.stop()
    assert not part.alive
    assert said == []


def test_a_program_deaf_to_signals_is_ended_after_a_while(folder):
    said = []
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(600)"
    part = process(folder, deaf, says_ready, said, patience=0.2).start().wait_ready()

    part.stop()

    assert not part.alive
    assert said == ["part did not stop in 0.2 s and was ended."]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_children_and_grandchildren_end_with_their_supervisor(folder, processes_of, nothing_left, number):
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(folder)],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )
    assert supervisor.stdout.readline() == "up\n"
    until(lambda: len(processes_of(folder)) == 5, 10)  # the supervisor, two children, two grandchildren

    supervisor.send_signal(number)
    supervisor.wait()

    nothing_left()
