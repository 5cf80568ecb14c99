"""Two versions side by side: migrated and exchanged while people and machines ask, and none of them is refused.

The next version is this one with a migration more, as docs/operate.md wants them: a column that nobody needs yet, and
an index that is built beside what goes on.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread

import httpx

from portal.runtime import ports, postgres, programs
from portal.runtime.environment import PROJECT
from portal.runtime.processes import Process, run_to_end
from tests.drills.house import House
from tests.drills.secrets import signed_in
from tests.faults.lives import Life, born, in_a_rush

AMOUNT = 100_00
LEFT_BEHIND = shutil.ignore_patterns("var", ".venv", ".git", "node_modules", "tests", "__pycache__")
MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notices", "{latest}")]
    operations = [
        migrations.AddField("notice", "drilled", models.CharField(max_length=9, default="", db_default="")),
        AddIndexConcurrently("notice", models.Index(fields=["-id"], name="notice_drilled")),
    ]
"""


def a_version_takes_the_place_of_another_and_no_request_fails(house: House) -> None:
    life, folder = born(house, in_a_rush, "Upgraded"), next_version(house)
    first, second = web(house, PROJECT), web(house, PROJECT)
    with asked_all_the_time(house, life, first, second) as asked:
        asked.come_to(3)
        early = web(house, folder)
        assert early.ready() == (503, "missing")
        early.process.stop()
        assert run_to_end([sys.executable, "manage.py", "migrate", "--verbosity", "0"], guard=house.world.guard,
                          env=house.world.environment | owner(house), cwd=folder) == 0  # fmt: skip
        assert (first.ready(), second.ready()) == ((200, "applied"), (200, "applied"))
        asked.come_to(3)
        for each in (first, second):
            each.become(folder)
        asked.come_to(3)
        for name in ("worker", "background", "beat"):
            exchange(house, name, folder)
        asked.come_to(3)
    for each in (first, second):
        each.process.stop()
    assert not asked.failed, asked.failed
    for each in asked.applications:
        life.comes_to(life.decided(each)["advance"], "ACTIVE")
    for name in ("worker", "background", "beat"):
        exchange(house, name, PROJECT)


def next_version(house: House) -> Path:
    folder = house.world.directory / "next"
    shutil.copytree(PROJECT, folder, ignore=LEFT_BEHIND)
    (folder / "node_modules").symlink_to(PROJECT / "node_modules")
    migrations = folder / "accounts" / "notices" / "migrations"
    latest = max(each.stem for each in migrations.glob("0*.py"))
    (migrations / "9999_drilled.py").write_text(MIGRATION.format(latest=latest))
    return folder


def owner(house: House) -> dict[str, str]:
    return {"DATABASE_URL": house.world.environment["OWNER_DATABASE_URL"]}


def exchange(house: House, name: str, folder: Path) -> None:
    """As `systemctl restart` does after the link was turned."""
    process = house.world.processes[name]
    process.stop()
    process.spawn = started(programs.PROGRAMS[name].command(house.world.environment), house.world.environment, folder)
    process.start().wait_ready()


def started(command: list[str], environment: dict[str, str], folder: Path):
    def spawn(log) -> subprocess.Popen:
        return subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                start_new_session=True)  # fmt: skip

    return spawn


# ── web processes, and a proxy before them ───────────────────────────────────────────────────────────────────────────
class Web:
    """One web server on a port of its own, of whichever version."""

    def __init__(self, house: House, folder: Path, number: int):
        self.environment = house.world.environment | {"PORT": str(ports.choose(None)), "WEB_WORKERS": "1"}
        self.address = f"http://127.0.0.1:{self.environment['PORT']}"
        self.process = Process(
            f"web {number}", spawn=self.of(folder), ready=lambda _: programs.speaks_http(self.address),
            guard=house.world.guard, log=postgres.log_file(house.world.directory, f"web-{number}"), say=house.world.say,
        )  # fmt: skip

    def of(self, folder: Path):
        return started(programs.web(self.environment), self.environment, folder)

    def become(self, folder: Path) -> None:
        self.process.stop()
        self.process.spawn = self.of(folder)
        self.process.start().wait_ready()
        assert self.ready() == (200, "applied")

    def ready(self) -> tuple[int, str]:
        answer = httpx.get(f"{self.address}/health/ready", timeout=20, trust_env=False)
        return answer.status_code, answer.json()["migrations"]


numbers = count(1)


def web(house: House, folder: Path) -> Web:
    made = Web(house, folder, next(numbers))
    made.process.start().wait_ready()
    return made


class Asked:
    """What was asked through the proxy. `failed`: every answer that nobody should have had."""

    def __init__(self, life: Life, *upstreams: Web):
        self.life, self.upstreams = life, upstreams
        self.over, self.failed, self.applications, self.rounds = Event(), [], [], 0

    def come_to(self, more: int) -> None:
        """Return when so many rounds more were asked."""
        wanted, deadline = self.rounds + more, time.monotonic() + 60
        while self.rounds < wanted and not self.failed:
            assert time.monotonic() < deadline, "nothing is asked any more"
            time.sleep(0.02)

    def go_on(self, browser: httpx.Client) -> None:
        machine = dict(self.life.supplier.api.client.headers)
        while not self.over.is_set():
            self.send("GET", "/funding/", cookies=dict(browser.cookies))
            self.send("GET", "/api/v1/facilities/", headers=machine)
            if len(self.applications) < 8:
                body = {"facility": self.life.supplier.facility_id, "amount_minor": AMOUNT}
                quote = self.send("POST", "/api/v1/quotes/", headers=machine, json=body)
                made = self.send("POST", "/api/v1/applications/", headers=machine, json={"quote": quote["id"]})
                self.applications.append(made["id"])
            self.rounds += 1

    def send(self, method: str, path: str, **request):
        """To the first that takes the connection, as nginx does: what was sent once is not sent to another."""
        for upstream in self.upstreams:
            try:
                answer = httpx.request(method, upstream.address + path, timeout=30, trust_env=False, **request)
            except httpx.ConnectError:
                continue
            except httpx.TransportError as error:
                self.failed.append(f"{method} {path}: {type(error).__name__}")
                raise
            if not answer.is_success:
                self.failed.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            return answer.json() if path.startswith("/api/") else None
        self.failed.append(f"{method} {path}: nobody took it")
        raise httpx.ConnectError("nobody")


@contextmanager
def asked_all_the_time(house: House, life: Life, *upstreams: Web) -> Iterator[Asked]:
    asked, browser = Asked(life, *upstreams), signed_in(house)
    asking = Thread(target=asked.go_on, args=(browser,), daemon=True)
    asking.start()
    try:
        yield asked
    finally:
        asked.over.set()
        asking.join()


DRILLS = (a_version_takes_the_place_of_another_and_no_request_fails,)
