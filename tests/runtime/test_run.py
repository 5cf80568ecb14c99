"""`make run` as people use it: the whole portal, in a folder of its own."""

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.runtime import environment, ports, postgres
from portal.runtime.console import table_of_users
from portal.runtime.environment import PROJECT
from portal.runtime.programs import speaks_http
from portal.runtime.world import UNFINISHED, until, world

pytestmark = pytest.mark.slow
RUN = [sys.executable, "-m", "portal.runtime", "run"]
ONE_EACH = {"WEB_WORKERS": "1", "WORKER_CONCURRENCY": "1"}
"""Where it does not matter how many processes do the same work."""


class Portal:
    """A started `make run` and what it has printed so far."""

    def __init__(self, command: list[str], env: dict[str, str], **popen):
        self.process = subprocess.Popen(
            # As in a terminal: whoever started the tests in the background has them ignore Ctrl-C, and all they start.
            ["env", "--default-signal=INT", *command],
            cwd=PROJECT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **popen,
        )
        self.text = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.text += line

    def wait_until_up(self) -> "Portal":
        until(lambda: "Ctrl-C stops it" in self.text or self.process.poll() is not None, 300, lambda: self.text)
        assert "Portolan runs at" in self.text, self.text
        return self

    def ctrl_c(self) -> int:
        """What a terminal does: SIGINT to everything in the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


@contextlib.contextmanager
def started(command: list[str], env: dict[str, str], **popen) -> Iterator[Portal]:
    portal = Portal(command, env, **popen)
    try:
        yield portal
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(portal.process.pid, signal.SIGTERM)
        portal.process.wait(60)


@pytest.fixture
def port() -> int:
    return ports.choose(None)


def rows(folder: Path) -> int:
    with psycopg.connect(environment.read(folder / "environment")["DATABASE_URL"]) as connection:
        return connection.execute("SELECT count(*) FROM marked").fetchone()[0]


def test_no_process_outlives_a_killed_supervisor_or_a_ctrl_c_and_the_data_stays(
    folder, surroundings, port, nothing_left
):
    env, make = surroundings | {"PORT": str(port), "DEMO_WEEKS": "1"}, ["make", "-C", str(PROJECT), "run"]
    with started(make, env) as portal:
        portal.wait_until_up()
        assert f"http://127.0.0.1:{port}" in portal.text
        with psycopg.connect(environment.read(folder / "environment")["OWNER_DATABASE_URL"]) as owner:
            owner.execute("CREATE TABLE marked AS SELECT 1 AS number")
        second = subprocess.run(RUN, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
        assert (second.returncode, second.stdout.count("\n")) == (1, 1)
        assert re.match(rf"Portolan already runs in {folder} \(process \d+\)\. Use that one, stop it", second.stdout)

        os.kill(int((folder / "lock").read_text()), signal.SIGKILL)
        nothing_left()

    with started(make, env | ONE_EACH) as portal:
        portal.wait_until_up()
        assert rows(folder) == 1

        portal.ctrl_c()
        assert "Stopped after" in portal.text
        nothing_left()


def test_a_taken_port_is_named_in_one_sentence(folder, surroundings, port):
    with socket.create_server(("127.0.0.1", port)):
        refused = subprocess.run(
            RUN, cwd=PROJECT, env=surroundings | {"PORT": str(port)}, capture_output=True, text=True, check=False
        )

    assert refused.returncode == 1
    assert refused.stdout == (
        f"Port {port} is in use by another program. Stop that one, or choose another port: PORT={port + 1} make run\n"
    )


def test_a_killed_process_is_started_again_and_serves(folder):
    with world(folder, processes=("web", "bank"), durable=False, settings=ONE_EACH) as w:
        for name in ("web", "bank", "postgres", "valkey"):
            killed = w.processes[name].pid
            w.processes[name].kill()
            until(lambda name=name, killed=killed: w.processes[name].pid != killed, 20)
            w.processes[name].wait_ready()

        assert speaks_http(w.url)
        assert speaks_http(w.bank_url)


def test_a_world_whose_making_was_cut_short_is_made_anew(folder):
    half = postgres.start(folder, durable=False)
    with psycopg.connect(half.owner_url) as owner:
        owner.execute("CREATE TABLE half AS SELECT 1 AS made")
    half.stop()
    environment.update(folder / "environment", SECRET_KEY="kept")
    (folder / UNFINISHED).touch()
    (folder / "bank.sqlite3").touch()

    said = []
    with world(folder, processes=(), durable=False, say=said.append) as w:
        with psycopg.connect(w.environment["OWNER_DATABASE_URL"]) as owner:
            assert owner.execute("SELECT to_regclass('half')").fetchone() == (None,)
            assert owner.execute("SELECT count(*) FROM parties_party").fetchone() == (0,)
        assert w.environment["SECRET_KEY"] == "kept"
    assert not {UNFINISHED, "bank.sqlite3"} & {each.name for each in folder.iterdir()}
    assert said.count("Making the demo world was cut short the last time: it is made anew.") == 1


def test_demo_users_are_shown_by_role(folder):
    user = {"role": "supplier", "party": "Müller 商贸", "email": "anna@example.org", "password": "correct horse"}
    (folder / "users.json").write_text(json.dumps([user]))
    assert table_of_users(folder / "users.json").splitlines() == [
        "  role      acts for     e-mail            password",
        "  supplier  Müller 商贸  anna@example.org  correct horse",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="runs as an ordinary user already")
def test_an_ordinary_user_can_run_it(folder, surroundings, port, nothing_left):
    nobody = pwd.getpwnam("nobody")
    shutil.chown(folder, nobody.pw_uid, nobody.pw_gid)
    env = surroundings | {"PORT": str(port), "STATIC_ROOT": str(folder / "static"), "HOME": str(folder)}
    env |= ONE_EACH | {"DEMO_WEEKS": "1"}
    if subprocess.run(["test", "-x", sys.executable], user=nobody.pw_uid, cwd="/", check=False).returncode:
        pytest.skip(f"an ordinary user cannot reach {Path(sys.executable).resolve()}")

    with started(RUN, env, user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[]) as portal:
        portal.wait_until_up()
        assert speaks_http(f"http://127.0.0.1:{port}")
        assert portal.ctrl_c() == 0
    nothing_left()


def psql(surroundings, *, sql: str = "", standard_input: str = "") -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "portal.runtime", "psql", "--csv"]
    env = surroundings | {"SQL": sql}
    return subprocess.run(
        command, cwd=PROJECT, env=env, input=standard_input, capture_output=True, text=True, check=False
    )


def test_psql_answers_on_a_world_that_does_not_run_and_stops_its_server_again(folder, surroundings, nothing_left):
    postgres.start(folder).stop()

    done = psql(surroundings, sql="SELECT current_user, 6 * 7 AS answer")

    assert done.stdout == "current_user,answer\nowner,42\n"
    assert done.stderr == f"World: {folder} (its database is started for this session)\n"
    nothing_left()


def test_psql_reads_sql_from_standard_input_on_a_running_world(folder, surroundings):
    server = postgres.start(folder)
    environment.update(folder / "environment", OWNER_DATABASE_URL=server.owner_url)

    done = psql(surroundings, standard_input="SELECT 1 AS one;")

    assert done.stdout == "one\n1\n"
    assert done.stderr == f"World: {folder} (running)\n"
    server.stop()


def test_psql_says_that_there_is_no_world_yet(folder, surroundings):
    done = psql(surroundings, sql="SELECT 1")

    assert (done.returncode, done.stdout) == (
        1,
        f"There is no world in {folder} yet. Start one: make run, or make demo.\n",
    )
