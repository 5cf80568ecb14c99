"""Faults with a story of their own. Each leaves the house as sound as it found it."""

import base64
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import takewhile
from pathlib import Path
from random import Random

import httpx
import psycopg
from celery import current_app
from django.db.models import QuerySet
from django.utils import timezone
from psycopg import sql

from accounts.intake.models import Document
from accounts.trail.models import Delivery, Event
from financing.advances.models import Advance
from financing.banking.models import BankMessage
from portal.runtime.postgres import as_user, data_directory, processes_in
from portal.shared.access import MAKER
from tests.faults import disturbances, soundness
from tests.faults.lives import Life, born, invoiced, ordinary, repaid
from tests.faults.patient import PATIENCE, Patient, patiently
from tests.faults.rounds import REPEATED, Round, hastened
from tests.stories.house import House, eventually
from tests.world import NOW

AN_HOUR = "interval '1 hour'"
A_MINUTE = 60
"""Within it all has to be paid through again: the schedule has the bank asked every fifteen seconds."""
MANY = 10_000


def played(house: House, scenario: Callable[[House], None]) -> Round:
    result, began, repeats = Round(0), time.monotonic(), soundness.repeats(house.world)
    try:
        try:
            scenario(house)
        finally:  # whatever became of it, the next one finds nothing in disorder
            disturbances.calm(house)
    except (AssertionError, httpx.HTTPStatusError) as failed:
        result.found.append(f"{type(failed).__name__}: {failed}")
    result.found += patiently(lambda: soundness.findings(house.world))
    result.repeated = soundness.repeats(house.world) - repeats
    if result.repeated:
        result.found.append(REPEATED.format(result.repeated))
    result.seconds = time.monotonic() - began
    return result


def an_event_that_always_fails_is_parked_and_everything_else_goes_through(house: House) -> None:
    """The database refuses one supplier's decision, whoever writes it and however often."""
    poisoned, others = born(house, ordinary, "Poison"), [born(house, ordinary, f"Beside{each}") for each in "ABC"]
    with _as_owner(house) as owner:
        owner.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poisoned'; END $$"
        )
        owner.execute(
            "CREATE TRIGGER poison BEFORE INSERT ON credit_decision FOR EACH ROW "
            f"WHEN (NEW.supplier_id = {poisoned.supplier.party.id}) EXECUTE FUNCTION poison()"
        )
        application_id = poisoned.apply(poisoned.quote(900_00))
        for life in others:
            life.live(life)
        waiting = Delivery.objects.filter(event__subject_id=application_id, event__name="application.submitted")
        eventually(lambda: _in_time(waiting) and waiting.filter(state="PARKED").exists(), "it is parked", 120)
        assert "poisoned" in waiting.get().last_error
        assert Event.objects.filter(name="delivery.parked", payload__subscriber="advances.decide").exists()
        assert {each["id"] for each in _operator(house).get("deliveries/?state=PARKED")["results"]} == {
            waiting.get().id
        }
        owner.execute("DROP TRIGGER poison ON credit_decision; DROP FUNCTION poison()")
    _operator(house).post("deliveries/retry/", {"ids": [waiting.get().id]})
    assert poisoned.decided(application_id)["status"] == "APPROVED"


def a_full_disk_refuses_an_upload_whole_and_takes_it_when_there_is_room(house: House) -> None:
    """The volume of what was handed in is full; the log of the database, on another, still fits."""
    life = born(house, invoiced, "Cramped")
    with _no_room(house) as codes:
        taken = list(takewhile(lambda each: each.status_code < 500, (_upload(life, number) for number in range(9))))
        kept, answer = Document.objects.count(), _upload(life, 9)
        assert len(taken) < 9, "there is room for everything"
        assert answer.json()["code"] in codes, answer.text
    assert Document.objects.count() == kept
    assert _upload(life, 9).status_code < 500
    assert Document.objects.count() == kept + 1


def a_clock_that_is_set_back_holds_nothing_up(house: House) -> None:
    """What was written an hour ahead of a worker's clock is not left waiting for an hour."""
    life = born(house, repaid, "Behind")
    with _as_owner(house) as owner:
        owner.execute(
            "CREATE FUNCTION ahead() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN NEW.due_at := NEW.due_at + {AN_HOUR}; RETURN NEW; END $$"
        )
        owner.execute("CREATE TRIGGER ahead BEFORE INSERT ON trail_delivery FOR EACH ROW EXECUTE FUNCTION ahead()")
        life.live(life)
        owner.execute("DROP TRIGGER ahead ON trail_delivery; DROP FUNCTION ahead()")


def workers_whose_clock_is_set_back_hold_nothing_up(house: House) -> None:
    """By less than the five minutes that the bank allows for, and by more than a life waits for anything."""
    library = os.environ.get("FAKETIME_LIBRARY") or next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        print("    NO CLOCK WAS SET BACK: Debian's libfaketime is not installed.", flush=True)
        return
    life, behind = born(house, repaid, "Late"), {"LD_PRELOAD": str(library), "FAKETIME": f"-{PATIENCE + 40}"}
    house.world.environment.update(behind, FAKETIME_DONT_FAKE_MONOTONIC="1")
    _start_anew(house, "worker", "background")
    try:
        life.live(life)
    finally:
        for name in (*behind, "FAKETIME_DONT_FAKE_MONOTONIC"):
            del house.world.environment[name]
        _start_anew(house, "worker", "background")


def a_bank_that_is_away_for_an_hour_is_paid_through_when_it_is_back(house: House) -> None:
    """Ten minutes at a time pass for all that waits; in each the portal comes, and the bank counts whom it sends away.

    The schedule alone has the bank asked (`make test` cannot wait for it); nobody is asked for help.
    """
    lives = [born(house, ordinary, f"Patient{each}") for each in "ABC"]
    with hastened(house):
        house.fault("down", count=MANY)
        asked = [life.apply(life.quote(900_00)) for life in lives]
        advances = [life.decided(each)["advance"] for life, each in zip(lives, asked, strict=True)]
        unpaid = Advance.objects.filter(id__in=advances, instruction__status__in=["UNKNOWN", "SENT"])
        eventually(lambda: unpaid.count() == len(lives) and _sent_away(house), "all was sent to a closed door")
        messages = BankMessage.objects.filter(
            instructions__purpose="DISBURSEMENT", instructions__subject_id__in=advances
        )
        for _ in range(6):
            _ten_minutes_in_vain(house, messages)
            assert unpaid.count() == len(lives)
        lately = timezone.now() - timedelta(minutes=30)
        assert not messages.exclude(asked_at__gt=lately).exists(), "one of them was forgotten"
        assert [house.booked_at_bank(life.supplier.iban) for life in lives] == [[]] * len(lives)
        sent_away, back = _sent_away(house), time.monotonic()
        house.bank.control("DELETE", "/faults")
        paid = Advance.objects.filter(id__in=advances, status="ACTIVE")
        eventually(lambda: paid.count() == len(lives), "all is paid as soon as the bank is back", A_MINUTE)
        waited = time.monotonic() - back
        print(f"    Sent away {sent_away} times; all was paid {waited:.1f} s after it was back.", flush=True)
    assert [house.booked_at_bank(life.supplier.iban) for life in lives] == [[900_00]] * len(lives)


# ── means ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def _as_owner(house: House) -> Iterator[psycopg.Connection]:
    with psycopg.connect(house.world.environment["OWNER_DATABASE_URL"], autocommit=True) as owner:
        yield owner


def _operator(house: House) -> Patient:
    return house.machine(house.cast.watch, MAKER)


def _start_anew(house: House, *names: str) -> None:
    for name in names:
        house.world.processes[name].kill()
    house.world.wait_ready()


def _sent_away(house: House) -> int:
    """How often the bank has said that it is closed, by its own count."""
    return sum(MANY - each["remaining"] for each in house.bank.control("GET", "/faults") if each["kind"] == "down")


def _ten_minutes_in_vain(house: House, messages: QuerySet[BankMessage]) -> None:
    """They pass for payments that have not ended, for what carries them, and for news that wait. One more is asked."""
    before, sent_away = timezone.now(), _sent_away(house)
    with _as_owner(house) as owner:
        owner.execute(
            "UPDATE banking_paymentinstruction SET created_at = created_at - interval '10 minutes',"
            " sent_at = sent_at - interval '10 minutes' WHERE status IN ('DUE', 'SENT', 'UNKNOWN')"
        )
        owner.execute(
            "UPDATE banking_bankmessage SET asked_at = asked_at - interval '10 minutes'"
            " WHERE state IN ('PREPARED', 'UNKNOWN')"
        )
        owner.execute(
            "UPDATE trail_delivery SET due_at = due_at - interval '10 minutes',"
            " leased_until = leased_until - interval '10 minutes' WHERE state = 'WAITING'"
        )
    asked = messages.filter(asked_at__gt=before)
    eventually(lambda: asked.exists() and _sent_away(house) > sent_away, "the bank is asked once more")


def _in_time(rows: QuerySet[Delivery]) -> bool:
    """The time has passed for which deliveries were put off."""
    rows.filter(state=Delivery.State.WAITING).update(due_at=NOW)
    current_app.send_task("trail.sweep", queue="events")
    return True


@contextmanager
def _no_room(house: House) -> Iterator[set[str]]:
    """What is handed in lies on a volume of 24 MB while this lasts; yields what one may hear where it is full."""
    data = data_directory(house.world.directory)
    volume = data.parent / "small"
    volume.mkdir(exist_ok=True)
    owner = as_user()
    who = f",uid={owner['user']},gid={owner['group']}" if owner else ""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size=24m,mode=0700{who}", "tmpfs", volume], capture_output=True, text=True
    )
    if mounted.returncode:
        print(f"    NO VOLUME COULD BE FILLED: a limit on files stands for it. {mounted.stderr.strip()}", flush=True)
        with _no_growth(data):
            yield {"UNAVAILABLE", "INTERNAL_ERROR"}  # such a limit is no full volume to PostgreSQL
        return
    try:
        with psycopg.connect(house.world.postgres.superuser_url, autocommit=True) as superuser:
            superuser.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(volume)))
            superuser.execute("ALTER TABLE intake_document SET TABLESPACE small")
            try:
                yield {"UNAVAILABLE"}
            finally:
                superuser.execute("ALTER TABLE intake_document SET TABLESPACE pg_default")
                superuser.execute("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "--lazy", volume], check=True)
        volume.rmdir()


@contextmanager
def _no_growth(data: Path) -> Iterator[None]:
    """No file of the database grows beyond one segment of its log (16 MB), which is as much as a segment needs."""
    _limit(data, 16 * 1024 * 1024)
    try:
        yield
    finally:
        _limit(data, "unlimited")


def _limit(data: Path, most: int | str) -> None:
    for pid in processes_in(data):
        # By the server's own user: not even root may do it for another everywhere.
        subprocess.run(["prlimit", "--pid", str(pid), f"--fsize={most}:"], check=True, **as_user())


def _upload(life: Life, number: int) -> httpx.Response:
    """Nine megabytes that nobody can compress: kept as evidence, though nobody can read an invoice in it."""
    content = b"<Invoice><!--" + base64.b64encode(Random(number).randbytes(6_500_000)) + b"--></Invoice>"
    headers = {"Content-Type": "application/xml"}
    return life.supplier.api.client.post("receivables/", content=content, headers=headers)


SCENARIOS = (
    an_event_that_always_fails_is_parked_and_everything_else_goes_through,
    a_full_disk_refuses_an_upload_whole_and_takes_it_when_there_is_room,
    a_clock_that_is_set_back_holds_nothing_up,
    workers_whose_clock_is_set_back_hold_nothing_up,
    a_bank_that_is_away_for_an_hour_is_paid_through_when_it_is_back,
)
