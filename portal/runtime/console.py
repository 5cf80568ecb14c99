"""What people type: run, psql, check, alive. `make` calls this module through `python -m portal.runtime`."""

import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

from portal.runtime import environment, heartbeat, postgres, scratch
from portal.runtime.environment import PROJECT
from portal.runtime.processes import Guard, NotReady
from portal.runtime.programs import worker_answers
from portal.runtime.world import Taken, World, lock, shown, world


def say(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:
        pass  # whoever read our lines is gone


def main(arguments: list[str]) -> int:
    commands: dict[str, Callable[[list[str]], int]] = {"run": run, "psql": psql, "check": check, "alive": alive}
    if not arguments or arguments[0] not in commands:
        say(f"usage: python -m portal.runtime {{{','.join(commands)}}}")
        return 2
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    try:
        return commands[arguments[0]](arguments[1:])
    except (Taken, NotReady) as problem:
        say(str(problem))
        return 1
    except PermissionError as problem:
        say(
            f"{problem.filename} belongs to another user. Start as that user, or in a folder of your own: "
            "WORLD_DIR=var/mine make run"
        )
        return 1
    except KeyboardInterrupt:
        return 130


def interrupt(*_) -> None:
    raise KeyboardInterrupt


def run(arguments: list[str]) -> int:
    """Start the portal and keep it up until Ctrl-C."""
    started = time.monotonic()
    given = environment.given()
    directory = environment.world_dir()
    try:
        with world(directory, port=int(given.get("PORT", 8000)), seed=seed, say=say) as w:
            say(f"\nPortolan runs at {w.environment['PUBLIC_URL']}  (ready after {time.monotonic() - started:.1f} s)")
            say(f"Data and logs: {shown(directory)}. Ctrl-C stops it and keeps them.")
            if "EMAIL_URL" not in given:
                say(f"No mail is sent: they are written to {shown(directory)}/logs, web.log and background.log.")
            if users := table_of_users(directory / "users.json"):
                say(f"\n{users}\n")
            try:
                while True:
                    time.sleep(1)  # signal.pause() sleeps through a signal that comes just before it
            finally:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)  # one Ctrl-C is enough: stopping takes a moment
                say("\nStopping ...")
                started = time.monotonic()
    except KeyboardInterrupt:
        say(f"Stopped after {time.monotonic() - started:.1f} s.")
    return 0


def check(arguments: list[str]) -> int:
    """Run a command of `manage.py` that wants a database, but no world, as owner of an empty one."""
    with scratch.servers():
        env = os.environ | {"DATABASE_URL": os.environ["OWNER_DATABASE_URL"]}
        return subprocess.run([sys.executable, "manage.py", *arguments], cwd=PROJECT, env=env, check=False).returncode


def alive(arguments: list[str]) -> int:
    """Ask the schedule or a worker of this machine whether it goes on: 0 where it does (systemd, orchestrators)."""
    asked = arguments[0] if len(arguments) == 1 else ""
    if asked not in ("beat", "worker", "background"):
        say("usage: python -m portal.runtime alive {beat,worker,background}")
        return 2
    environment.load()
    if asked != "beat" and not os.environ.get("BROKER_URL"):
        say("BROKER_URL is not set: ask in the environment of the servers.")
        return 2
    is_alive = heartbeat.is_fresh() if asked == "beat" else worker_answers(dict(os.environ), asked)
    say(f"{asked}: {'alive' if is_alive else 'no sign of life'}")
    return 0 if is_alive else 1


def seed(w: World) -> None:
    """The demo world; the command leaves alone what is there already."""
    if any(PROJECT.glob("*/*/management/commands/seed_world.py")):
        w.say("Seeding the demo world ...")
        if "BANK_URL" not in environment.given():
            w.start("bank").wait_ready()  # the world's accounts are opened there
        w.manage("seed_world")


def table_of_users(file: Path) -> str:
    """The people of the demo world, with the passwords that the seed gave them; empty where there are none."""
    if not file.exists():
        return ""
    columns = ("role", "party", "email", "password")
    rows = [("role", "acts for", "e-mail", "password")]
    rows += [tuple(user[column] for column in columns) for user in json.loads(file.read_text(encoding="utf-8"))]
    widths = [max(map(cells, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(text + " " * (width - cells(text)) for text, width in zip(row, widths, strict=True)) for row in rows
    )
    return "\n".join(f"  {line.rstrip()}" for line in padded)


def cells(text: str) -> int:
    """How many columns of a terminal it takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def psql(arguments: list[str]) -> int:
    """Open psql on a world's database as its owner: WORLD=name, else DATABASE_URL, else the world started last."""
    if query := os.environ.get("SQL"):
        arguments = [*arguments, "-c", query]
    given = environment.given()
    if "DATABASE_URL" in given and "WORLD" not in os.environ:
        return open_psql(given.get("OWNER_DATABASE_URL", given["DATABASE_URL"]), arguments)
    directory = chosen_world()
    kept = environment.read(directory / "environment")
    running = "OWNER_DATABASE_URL" in kept and postgres.accepts(kept["OWNER_DATABASE_URL"])
    print(
        f"World: {shown(directory)} ({'running' if running else 'its database is started for this session'})",
        file=sys.stderr,
    )
    if running:
        return open_psql(kept["OWNER_DATABASE_URL"], arguments)
    with lock(directory) as descriptor:
        guard = Guard(keep_open=(descriptor,))
        server = postgres.start(directory, guard=guard, say=say)
        try:
            return open_psql(server.owner_url, arguments)
        finally:
            server.stop()
            guard.close()


def chosen_world() -> Path:
    """var/WORLD, WORLD_DIR, or the world that was started last. Raises Taken where there is none."""
    if name := os.environ.get("WORLD"):
        directory = PROJECT / "var" / name
    elif "WORLD_DIR" in os.environ:
        directory = environment.world_dir()
    else:
        started = sorted(PROJECT.glob("var/*/environment"), key=lambda file: file.stat().st_mtime)
        directory = started[-1].parent if started else environment.DEFAULT_WORLD
    if not (directory / "environment").exists():
        raise Taken(f"There is no world in {shown(directory)} yet. Start one: make run, or make demo.")
    return directory


def open_psql(url: str, arguments: list[str]) -> int:
    interactive = sys.stdin.isatty() and not any(argument.startswith(("-c", "-f")) for argument in arguments)
    if interactive:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C cancels a query; it does not end the session
    env = {"PAGER": "more", **os.environ, "PGAPPNAME": "make psql"}
    return subprocess.run([postgres.binary("psql"), url, "--no-psqlrc", *arguments], env=env, check=False).returncode
