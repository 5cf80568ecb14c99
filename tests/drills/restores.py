"""The server of the database is lost, with the last minutes in it: of these the bank knows more than we do.

What deploy/ gives an operator is used here: archive, backup, restore, and `manage.py after_restore`.
"""

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg
from celery import current_app

from financing.advances.models import Advance, Application
from financing.banking.models import BankEntry, PaymentInstruction
from portal.measures.figures import looked_up
from portal.runtime.environment import PROJECT
from portal.runtime.postgres import as_user, binary, data_directory
from portal.runtime.processes import NotReady
from tests.drills import brokers
from tests.drills.house import House, as_owner, as_superuser, forget_connection
from tests.faults import soundness
from tests.faults.lives import Life, born, ordinary
from tests.faults.patient import patiently
from tests.stories.house import eventually
from tests.world import TODAY

PROGRAMS = ("web", "worker", "background", "beat")


def a_server_that_is_lost_is_restored_and_the_bank_pays_nothing_twice(house: House) -> None:
    kept, waiting, lost = (born(house, ordinary, name) for name in ("Kept", "Waiting", "Lost"))
    kept.live(kept)
    backups = Backups(house)
    base = backups.take()
    later = born(house, ordinary, "Later")
    later.live(later)
    assert not is_log_failing()
    house.world.processes["worker"].stop()
    application_id = waiting.apply(waiting.quote(900_00))
    backups.end()  # what comes now is in no backup, and the bank pays it
    with as_owner(house) as owner:  # after many more: PostgreSQL itself moves a sequence 32 on when it recovers
        owner.execute("SELECT nextval('advances_advance_id_seq') FROM generate_series(1, 40)")
    house.world.processes["worker"].start()
    paid = [
        paid_to(waiting, waiting.decided(application_id)),
        paid_to(lost, lost.decided(lost.apply(lost.quote(900_00)))),
    ]
    cursor = waiting.supplier.api.get("events/?limit=500")["next"]
    house.quiet()
    eventually(lambda: not backups.is_keeping(), "the operator is told that nothing is kept")
    assert is_log_failing()

    lose(house)
    began = time.monotonic()
    assert backups.restore() == base
    # The trap: numbers that were given out would be given out again.
    with as_owner(house) as owner:
        [number] = owner.execute("SELECT last_value FROM advances_advance_id_seq").fetchone()
    assert number < min(each.advance_id for each in paid)
    manage(house, "migrate", "--check")
    manage(house, "after_restore")
    house.world.manage("verify_ledger", stdout=subprocess.DEVNULL)
    brokers.empty(house)
    assert Application.objects.get(id=application_id).status == "SUBMITTED"
    assert not Advance.objects.filter(supplier=lost.supplier.party).exists()

    # Work first: what is decided again is paid under the reference that the bank knows. Then the bank is asked.
    house.world.processes["worker"].start().wait_ready()
    current_app.send_task("trail.sweep", queue="events")
    sent = PaymentInstruction.objects.filter(payee=waiting.supplier.party).exclude(status__in=["DUE", "SENT"])
    eventually(sent.exists, "the bank was asked to pay again, and has said what it makes of that")
    house.world.processes["background"].start()
    house.world.processes["beat"].start()
    house.ask_the_bank()
    house.world.processes["web"].start().wait_ready()
    again = waiting.decided(application_id)
    waiting.comes_to(again["advance"], "ACTIVE")
    print(f"restored, checked and serving after {time.monotonic() - began:.1f} s", flush=True)
    assert again["advance"] > max(each.advance_id for each in paid)
    assert reference_of(again["advance"]) == paid[0].reference
    assert house.booked_at_bank(waiting.supplier.iban) == [900_00]

    # Whoever reads events reads on where it was, though this database has counted fewer transactions.
    news = waiting.supplier.api.get(f"events/?limit=500&after={cursor}")["results"]
    assert "advance.funded" in {each["name"] for each in news}
    # New business bears no number that the bank knows.
    fresh = born(house, ordinary, "Fresh")
    fresh.live(fresh)
    assert house.booked_at_bank(fresh.supplier.iban) == [900_00]
    only_what_was_lost_whole_is_missing(house, paid[1])


def only_what_was_lost_whole_is_missing(house: House, paid: "Paid") -> None:
    """It stands in the bank's statement, and among what nobody instructed."""
    with tempfile.TemporaryFile("w+") as told:
        try:
            house.world.manage("reconcile", TODAY.isoformat(), stdout=told, stderr=subprocess.DEVNULL)
        except NotReady:
            told.seek(0)
            named = [line.split()[1] for line in told if line.startswith("  ")]
            assert named == [BankEntry.objects.get(end_to_end_id=paid.reference).bank_reference]
        else:
            raise AssertionError("bank and ledger agree")
    house.quiet()
    [breach] = soundness.breaches()
    assert breach.startswith("money in a clearing account") and "90000" in breach
    [difference] = soundness.against_the_bank(house.world)
    assert difference.startswith(f"{paid.reference}: we say None")


@dataclass(frozen=True)
class Paid:
    advance_id: int
    reference: str


def paid_to(life: Life, decided: dict) -> Paid:
    life.comes_to(decided["advance"], "ACTIVE")
    return Paid(decided["advance"], reference_of(decided["advance"]))


def reference_of(advance_id: int) -> str:
    return patiently(lambda: Advance.objects.get(id=advance_id).instruction.end_to_end_id)


def manage(house: House, *arguments: str) -> None:
    house.world.manage(*arguments, as_owner=True, stdout=subprocess.DEVNULL)


def lose(house: House) -> None:
    """Killed, with its disk; who worked on it is stopped before another takes its place."""
    server = house.world.processes["postgres"]
    server.halted.set()
    server.kill()
    for name in PROGRAMS:
        house.world.processes[name].stop()
    server.stop()
    forget_connection()
    data = data_directory(house.world.directory)
    shutil.rmtree(data)
    data.mkdir(mode=0o700)
    if owner := as_user():
        os.chown(data, owner["user"], owner["group"])


def is_log_failing() -> bool:
    """As the alarm is told."""
    [told] = [each for family in looked_up() for each in family.samples if each.name == "portolan_database_log_failing"]
    return bool(told.value)


class Backups:
    """The scripts of deploy/, by the user of the database server, in a folder that it may enter."""

    def __init__(self, house: House):
        self.house, self.server = house, house.world.postgres
        self.data = data_directory(house.world.directory)
        self.place = Path(tempfile.mkdtemp(prefix="backups-", dir=self.data.parent))
        for name in ("archive", "backup", "keep", "restore"):
            shutil.copy(PROJECT / "deploy" / name, self.place / name)
        for name in ("base", "wal"):
            (self.place / name).mkdir()
        self.place.chmod(0o755)
        if owner := as_user():
            for each in (self.place, self.place / "base", self.place / "wal"):
                os.chown(each, owner["user"], owner["group"])
        self.environment = os.environ | {
            "BACKUPS": str(self.place), "PATH": f"{Path(binary('postgres')).parent}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1", "PGPORT": str(self.server.port), "PGUSER": "postgres",
            "PGPASSWORD": self.server.passwords["postgres"],
        }  # fmt: skip
        self.archive(f"BACKUPS={self.place} {self.place}/archive %p %f")
        house.restart("postgres")
        forget_connection()

    def archive(self, command: str) -> None:
        with as_superuser(self.house) as superuser:
            superuser.execute("ALTER SYSTEM SET archive_mode = 'on'")
            superuser.execute(f"ALTER SYSTEM SET archive_command = '{command}'")
            superuser.execute("SELECT pg_reload_conf()")

    def started(self, *command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self.place / command[0]), *command[1:]], env=self.environment, capture_output=True, text=True,
            **as_user(),
        )  # fmt: skip

    def run(self, *command: str) -> str:
        ended = self.started(*command)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def take(self) -> str:
        return self.run("backup")

    def end(self) -> None:
        """All that was committed so far is kept; of what comes nothing is."""
        with as_superuser(self.house) as superuser:
            [segment] = superuser.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()
        self.run("keep")
        eventually(lambda: (self.place / "wal" / f"{segment}.gz").exists(), f"{segment} is kept")
        self.archive("false")

    def is_keeping(self) -> bool:
        return not self.started("keep").returncode

    def restore(self) -> str:
        """Returns which base it was."""
        base = self.run("restore", str(self.data))
        self.house.world.processes["postgres"].start().wait_ready()
        eventually(self.serves, "the server has come to the end of the log")
        return base

    def serves(self) -> bool:
        try:
            with as_superuser(self.house) as superuser:
                return not superuser.execute("SELECT pg_is_in_recovery()").fetchone()[0]
        except psycopg.OperationalError:
            return False


DRILLS = (a_server_that_is_lost_is_restored_and_the_bank_pays_nothing_twice,)
