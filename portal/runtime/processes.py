"""Child processes that end with us, whatever ends us.

Each child leads a session of its own: a Ctrl-C in the terminal reaches the supervisor alone, which stops its children
in order. A guard process holds the other end of a pipe: when the supervisor is gone (SIGKILL too), it ends the rest.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

BACK_OFF = (0.2, 1, 2, 5, 10, 30)
"""Seconds before a crashed process starts again, by how often it crashed in a row."""
TRIES = 3
"""Crashes while waiting for it to be ready, after which waiting longer is pointless."""
STEADY_AFTER = 30
"""Seconds of running after which earlier crashes are forgotten."""
LOG_LIMIT = 20_000_000
"""Bytes; a log beyond it is set aside at the next start."""


class NotReady(Exception):
    """A part did not come up; the text says which, why and where its log is."""


class Guard:
    """Ends the process groups it was told of, as soon as its pipe closes."""

    def __init__(self, keep_open: tuple[int, ...] = ()):
        """`keep_open`: descriptors (the world's lock) that stay held until the last child is gone."""
        self.process = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__).with_name("guard.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=keep_open,
        )

    def watch(self, pid: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        self._tell(f"+{pid} {stop_signal.value}")

    def forget(self, pid: int) -> None:
        self._tell(f"-{pid} 0")

    def _tell(self, line: str) -> None:
        try:
            os.write(self.process.stdin.fileno(), f"{line}\n".encode())
        except OSError:
            pass  # the guard is gone: the children run on unguarded, and are still stopped in order by their supervisor

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


class Process:
    """One supervised program: started, probed until ready, started again when it crashes, stopped on request.

    `spawn(log)` starts it and returns the Popen; `ready(process)` is True once it does its work.
    """

    def __init__(
        self,
        name: str,
        *,
        spawn: Callable,
        ready: Callable[["Process"], bool],
        guard: Guard,
        log: Path,
        say: Callable[[str], None] = print,
        stop_signal: signal.Signals = signal.SIGTERM,
        patience: float = 15,
    ):
        self.name, self.spawn, self.ready, self.guard, self.log = name, spawn, ready, guard, log
        self.say, self.stop_signal, self.patience = say, stop_signal, patience
        self.child: subprocess.Popen | None = None
        self.log_start = 0
        self.crashes = 0
        self.halted = threading.Event()
        self.keeper: threading.Thread | None = None

    @property
    def pid(self) -> int:
        return self.child.pid

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def start(self) -> "Process":
        self.halted.clear()
        self._spawn()
        self.keeper = threading.Thread(target=self._keep, name=f"keep {self.name}", daemon=True)
        self.keeper.start()
        return self

    def wait_ready(self, timeout: float = 60) -> "Process":
        """Return once it does its work. Raises NotReady when it ends before or takes longer than `timeout` seconds."""
        deadline, crashes = time.monotonic() + timeout, self.crashes
        while not (self.alive and self.ready(self)):
            if self.halted.is_set() or self.crashes - crashes >= TRIES or time.monotonic() > deadline:
                raise NotReady(f"{self.name} did not come up. Its log, {self.log}, ends with:\n{self.log_tail()}")
            time.sleep(0.05)
        return self

    def stop(self) -> None:
        """Ask it to stop; after `patience` seconds, end it and everything it started."""
        self.halted.set()
        child = self.child
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(self.stop_signal)
            try:
                child.wait(self.patience)
            except subprocess.TimeoutExpired:
                self.say(f"{self.name} did not stop in {self.patience:g} s and was ended.")
        self._sweep(child)
        if self.keeper:
            self.keeper.join()

    def kill(self) -> None:
        """SIGKILL the program and everything in its group, as a crash would; the supervisor starts it again."""
        end_group(self.child.pid)

    def restart(self) -> "Process":
        self.stop()
        return self.start().wait_ready()

    def log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log_since_start().splitlines()[-lines:])

    def log_since_start(self) -> str:
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read().decode(errors="replace")

    def _spawn(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".1.log"))
        with self.log.open("ab") as log:
            self.log_start = log.tell()
            self.child = self.spawn(log)
        self.guard.watch(self.child.pid, self.stop_signal)

    def _keep(self) -> None:
        """Runs in a thread: wait for the child to end, and start it again unless that was wanted."""
        in_a_row = 0
        while True:
            started = time.monotonic()
            code = self.child.wait()
            if self.halted.is_set():
                return
            self._sweep(self.child)
            in_a_row = in_a_row + 1 if time.monotonic() - started < STEADY_AFTER else 1
            self.crashes += 1
            if not self._start_again(how_it_ended(code), in_a_row):
                return

    def _start_again(self, how: str, in_a_row: int) -> bool:
        """Try until it runs; False when it is not wanted any more."""
        while True:
            pause = BACK_OFF[min(in_a_row, len(BACK_OFF)) - 1]
            self.say(f"{self.name} {how}; it starts again in {pause:g} s. Log: {self.log}")
            if self.halted.wait(pause):
                return False
            try:
                self._spawn()
                return True
            except (OSError, NotReady) as problem:
                how, in_a_row = f"did not start ({problem})", in_a_row + 1

    def _sweep(self, child: subprocess.Popen) -> None:
        end_group(child.pid)
        child.wait()
        self.guard.forget(child.pid)


def how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def end_group(pid: int) -> None:
    """SIGKILL every process of the group that `pid` leads."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_to_end(command: list[str], *, guard: Guard, env: dict[str, str], cwd: Path, **popen) -> int:
    """Run one command that ends by itself, guarded like the lasting ones; return its exit code."""
    child = subprocess.Popen(command, env=env, cwd=cwd, start_new_session=True, **popen)
    guard.watch(child.pid)
    try:
        return child.wait()
    finally:
        end_group(child.pid)
        child.wait()
        guard.forget(child.pid)
