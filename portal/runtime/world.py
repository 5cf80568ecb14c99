"""One running Portolan: servers and processes over one folder of data.

with world(Path("var/bench"), port=8100) as w:
    httpx.get(w.url)
    w.processes["worker"].kill()
"""

import base64
import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from portal.runtime import environment, ports, postgres, prepare, valkey
from portal.runtime.environment import PROJECT
from portal.runtime.postgres import PostgresServer
from portal.runtime.processes import Guard, NotReady, Process, run_to_end
from portal.runtime.programs import PROGRAMS
from portal.runtime.valkey import ValkeyServer

UNFINISHED = "seeding"
"""Stands in a world's folder while `seed_world` makes it: who finds it there finds a world that was cut short."""

EVERYTHING = ("bank", "worker", "background", "beat", "web")


class Taken(Exception):
    """A port or a folder is in use; the text says by whom and what to do."""


@dataclass
class World:
    """`environment` is what each of its processes gets; `processes` are the handles by name, servers among them."""

    directory: Path
    guard: Guard
    say: Callable[[str], None]
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)
    postgres: PostgresServer | None = None
    valkey: ValkeyServer | None = None

    @property
    def url(self) -> str:
        """Where its web process answers on this machine (PUBLIC_URL may be a name that a proxy serves)."""
        return f"http://127.0.0.1:{self.environment['PORT']}"

    @property
    def bank_url(self) -> str:
        return self.environment["BANK_URL"]

    def wait_ready(self, timeout: float = 60) -> None:
        """Return once every process does its work. Raises NotReady with the end of the log of the one that does not."""
        for process in self.processes.values():
            process.wait_ready(timeout)

    def manage(self, *arguments: str, as_owner: bool = False, **popen) -> None:
        """Run `manage.py` in this world; `as_owner` with the role that migrates. Raises NotReady when it fails.

        Its lines stand among the launcher's, for people: they tell what is not as it should be, unless asked for more.
        """
        env = {"LOG_LEVEL": "WARNING"} | self.environment
        if as_owner:
            env["DATABASE_URL"] = self.environment["OWNER_DATABASE_URL"]
        code = run_to_end([sys.executable, "manage.py", *arguments], guard=self.guard, env=env, cwd=PROJECT, **popen)
        if code:
            raise NotReady(f"manage.py {' '.join(arguments)} ended with exit code {code}.")

    def start(self, name: str) -> Process:
        """Start one of the programs (web, worker, beat, bank) under supervision."""
        program = PROGRAMS[name]
        command, env = program.command(self.environment), self.environment

        def spawn(log) -> subprocess.Popen:
            return subprocess.Popen(
                command, env=env, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

        self.processes[name] = Process(
            name,
            spawn=spawn,
            ready=lambda process: program.ready(self.environment),
            guard=self.guard,
            log=postgres.log_file(self.directory, name),
            say=self.say,
        ).start()
        return self.processes[name]

    def stop(self) -> None:
        """Stop the programs, all at once, then the servers that they need."""
        programs = [process for name, process in self.processes.items() if name in PROGRAMS]
        with ThreadPoolExecutor(len(PROGRAMS)) as at_once:
            list(at_once.map(Process.stop, programs))
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()


@contextlib.contextmanager
def world(
    directory: Path | str,
    processes: Sequence[str] = EVERYTHING,
    port: int | None = None,
    *,
    durable: bool = True,
    settings: dict[str, str] | None = None,
    seed: Callable[[World], None] | None = None,
    say: Callable[[str], None] = print,
) -> Iterator[World]:
    """Start servers and `processes` over `directory`, migrate, wait until all are ready; stop all at the end.

    `port`: of the web process, any free one by default. `settings` go over the environment. `seed(world)`
    runs after the migrations and before the processes start. `durable=False` is for tests: no fsync.
    Raises Taken when folder or port are in use, NotReady when a part does not come up.
    """
    directory = (PROJECT / directory).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    wanted = [
        name for name in EVERYTHING if name in processes and not (name == "bank" and "BANK_URL" in environment.given())
    ]
    with lock(directory) as descriptor:
        w = World(directory, Guard(keep_open=(descriptor,)), say)
        try:
            if port and "web" in wanted and not ports.is_free(port):
                raise Taken(
                    f"Port {port} is in use by another program. Stop that one, or choose another port: "
                    f"PORT={port + 1} make run"
                )
            if (directory / UNFINISHED).exists() and "DATABASE_URL" not in environment.given():
                w.say("Making the demo world was cut short the last time: it is made anew.")
                discard(directory)
            w.say(f"Starting servers in {shown(directory)} ...")
            start_servers(w, port, durable, settings or {})
            prepare.migrate(w)
            if "web" in wanted:
                prepare.collect_static(w)
            if seed:
                seed(w)
            if wanted:
                w.say(f"Starting {', '.join(wanted)} ...")
            for name in wanted:
                if name not in w.processes:  # seeding may have needed one already
                    w.start(name)
            w.wait_ready()
            yield w
        finally:
            w.stop()
            w.guard.close()


def discard(directory: Path) -> None:
    """Take away what a world keeps, but for its secrets and logs."""
    for data in (postgres.data_directory(directory), directory / "valkey"):
        shutil.rmtree(data, ignore_errors=True)
    for name in ("bank.sqlite3", "bank.sqlite3-wal", "bank.sqlite3-shm", "users.json", "clients.json", UNFINISHED):
        (directory / name).unlink(missing_ok=True)


@contextlib.contextmanager
def lock(directory: Path) -> Iterator[int]:
    """Hold the folder against a second start. Raises Taken.

    A killed supervisor's guard holds the lock until it has cleaned up: that is waited for.
    """
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + 60
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = int(os.pread(descriptor, 20, 0) or 0)
            if (holder and Path(f"/proc/{holder}").exists()) or time.monotonic() > deadline:
                os.close(descriptor)
                raise Taken(
                    f"Portolan already runs in {shown(directory)} (process {holder}). Use that one, stop it with "
                    "Ctrl-C, or start a second with its own folder and port: WORLD_DIR=var/second PORT=8001 make run"
                ) from None
            time.sleep(0.05)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def until(happened: Callable[[], bool], seconds: float, what: Callable[[], str] = lambda: "it did not happen") -> None:
    """Look every 20 ms until it happened; TimeoutError with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(what())
        time.sleep(0.02)


def shown(path: Path) -> str:
    """As people know it: relative to the project where it lies there."""
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)


def start_servers(w: World, port: int | None, durable: bool, settings: dict[str, str]) -> None:
    """Fill in `w.environment`, starting PostgreSQL and Valkey unless URLs of real ones are given."""
    file = w.directory / "environment"
    kept = environment.read(file)
    env = environment.given() | settings | {"WORLD_DIR": str(w.directory), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    env |= {
        "PYTHONUNBUFFERED": "1",
        "BANK_BOOK": str(w.directory / "bank.sqlite3"),
        "PORT": str(port or ports.choose(kept.get("PORT"))),
    }
    env |= {"BANK_PORT": str(ports.choose(kept.get("BANK_PORT"))), "PORTAL_URL": f"http://127.0.0.1:{env['PORT']}"}
    env.setdefault("PUBLIC_URL", f"http://127.0.0.1:{env['PORT']}")
    env.setdefault("BANK_URL", f"http://127.0.0.1:{env['BANK_PORT']}")
    for name in ("SECRET_KEY", "SEALING_KEY"):
        env.setdefault(name, kept.get(name) or secrets.token_urlsafe(50))
    env.setdefault(
        "BANK_SECRET", kept.get("BANK_SECRET") or f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    )
    environment.update(file, PORT=env["PORT"], BANK_PORT=env["BANK_PORT"])
    if "DATABASE_URL" not in env:
        w.postgres = postgres.start(w.directory, guard=w.guard, durable=durable, say=w.say)
        w.processes["postgres"] = w.postgres.process
        env |= {"DATABASE_URL": w.postgres.app_url, "OWNER_DATABASE_URL": w.postgres.owner_url}
    env.setdefault("OWNER_DATABASE_URL", env["DATABASE_URL"])
    if "BROKER_URL" not in env:
        w.valkey = valkey.start(w.directory, guard=w.guard, say=w.say)
        w.processes["valkey"] = w.valkey.process
        env["BROKER_URL"] = w.valkey.url
    w.environment = env
    environment.update(file, **{key: env[key] for key in environment.SHARED})
