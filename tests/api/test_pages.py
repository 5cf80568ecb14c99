"""Pages by cursor lose nobody and repeat nobody, and their statements do not depend on the number of rows."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.parties.models import Party
from accounts.trail.models import Event
from accounts.trail.services import News, record
from financing.advances import services as advances
from financing.receivables.models import Receivable
from portal.shared.access import ADMIN, SYSTEM_ACTOR
from tests import world
from tests.api.conftest import caller_for
from tests.api.stage import set_up
from tests.world import NOW, as_member


def test_pages_hold_each_row_once_though_others_arrive_between_them(lending):
    people = lending.cast
    made = [world.receivable(people.amphora, people.meridian, f"INV-{n}").id for n in range(7)]
    caller, seen, cursor = caller_for(people.amphora), [], ""
    for page in range(3):
        said = caller.get(f"receivables/?limit=3&cursor={cursor}").json()
        seen += [each["id"] for each in said["results"]]
        cursor = said["next"]
        world.receivable(people.amphora, people.meridian, f"LATE-{page}")
    assert seen == sorted(made, reverse=True) and cursor is None


def test_a_filter_holds_on_every_page(lending):
    people = lending.cast
    for n in range(6):
        status = Receivable.Status.RECEIVED if n % 2 else Receivable.Status.ACCEPTED
        world.receivable(people.amphora, people.meridian, f"INV-{n}", status=status)
    caller = caller_for(people.meridian)
    first = caller.get("receivables/?status=RECEIVED&limit=2").json()
    second = caller.get(f"receivables/?status=RECEIVED&limit=2&cursor={first['next']}").json()
    found = first["results"] + second["results"]
    assert [each["number"] for each in found] == ["INV-5", "INV-3", "INV-1"] and second["next"] is None


def say(party: Party, name: str) -> Event:
    with transaction.atomic():
        return record(SYSTEM_ACTOR, NOW, [News(name, party, (party.id,))])[0]


def read_on(caller, cursor: str = "") -> tuple[list[str], str]:
    names = []
    while True:
        said = caller.get(f"events/?limit=2&after={cursor}").json()
        names += [each["name"] for each in said["results"] if each["name"].startswith("story.")]
        cursor = said["next"]
        if not said["has_more"]:
            return names, cursor


def wait_until_readable(event: Event, seconds: float = 60) -> None:
    """Until no transaction of before the event runs any more: the other tests of this server have theirs."""
    end = time.monotonic() + seconds
    while not Event.objects.settled().filter(id=event.id).exists():
        assert time.monotonic() < end, "A transaction of another session has been running for too long."
        time.sleep(0.05)


def test_a_reader_of_events_misses_no_late_committer(committed_db):
    """An event with a lower id commits after one with a higher id was there to be read."""
    amphora = world.cast().amphora
    caller = caller_for(amphora)
    wait_until_readable(Event.objects.latest("id"))
    _, cursor = read_on(caller)
    written, commit = threading.Event(), threading.Event()

    def late():
        try:
            with transaction.atomic():
                record(SYSTEM_ACTOR, NOW, [News("story.late", amphora, (amphora.id,))])
                written.set()
                commit.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    assert written.wait(10)
    early = say(amphora, "story.early")
    first, cursor = read_on(caller, cursor)
    commit.set()
    thread.join(10)
    wait_until_readable(early)
    second, cursor = read_on(caller, cursor)
    assert first + second == ["story.late", "story.early"] and first == []
    assert read_on(caller, cursor) == ([], cursor)


def test_events_of_one_subject_are_told_to_its_parties_only(committed_db):
    people = world.cast()
    amphora, bellows = caller_for(people.amphora), caller_for(people.bellows)
    wait_until_readable(say(people.amphora, "story.own"))
    subject = f"parties.party:{people.amphora.id}"
    assert [each["name"] for each in amphora.get(f"events/?subject={subject}").json()["results"]] == ["story.own"]
    assert bellows.get(f"events/?subject={subject}").json() == {"results": [], "next": "", "has_more": False}


def test_events_are_filtered_by_their_names_and_tell_the_own_party_which_machine_it_was(committed_db):
    people = world.cast()
    boss = caller_for(people.amphora, ADMIN)
    made = boss.post("clients/", {"name": "Scanner", "role": "VIEWER", "scopes": ["events:read"]}).json()["id"]
    boss.send("delete", f"clients/{made}/")
    wait_until_readable(say(people.amphora, "story.own"))

    def read(names: str) -> list[tuple[str, str]]:
        return [(each["name"], each["by_name"]) for each in boss.get(f"events/?name={names}").json()["results"]]

    assert read("client.removed") == [("client.removed", "erp")]
    assert read("client.removed,client.created")[-2:] == [("client.created", "erp"), ("client.removed", "erp")]
    assert read("advance.funded") == []
    misspelt = boss.get("events/?name=client.remove")
    assert (misspelt.status_code, misspelt.json()["code"]) == (422, "FILTER_INVALID")


LISTS = {
    "amphora": ("receivables", "credit-notes", "applications", "advances", "facilities", "parties", "programmes"),
    "harbour": ("applications", "advances", "policies", "instructions", "statements", "bank-accounts", "facilities",
                "ledger-accounts", "ledger-entries", "ledger-movements"),
    "meridian": ("receivables", "settlements", "trade-history", "instructions", "purchase-orders", "suppliers",
                 "needs"),
    "watch": ("verifications", "parties", "receivables", "applications", "advances"),
}  # fmt: skip


def statements(caller, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert caller.get(path).status_code == 200, path
    return len(captured)


def test_the_statements_of_a_list_do_not_depend_on_its_rows(db):
    stage = set_up()
    callers = {name: caller_for(getattr(stage.lending.cast, name)) for name in LISTS}
    before = {(name, path): statements(callers[name], f"{path}/") for name, paths in LISTS.items() for path in paths}
    more_of_everything(stage)
    after = {key: statements(callers[key[0]], f"{key[1]}/") for key in before}
    assert after == before
    assert max(before.values()) <= 7


def more_of_everything(stage) -> None:
    people, ana = stage.lending.cast, as_member("ana@amphora.example")
    facility = stage.lending.amphora_facility.id
    taken = [advances.quote(actor=ana, facility_id=facility, amount_minor=100_00, now=NOW) for _ in range(3)]
    applied = [advances.apply(actor=ana, quote_id=each.id, now=NOW).id for each in taken]
    advances.decide_waiting(actor=SYSTEM_ACTOR, application_ids=applied, now=NOW)
    for number in range(3):
        world.receivable(people.amphora, people.meridian, f"MORE-{number}")
        supplier = Party.objects.create(
            kind="SUPPLIER", name=f"Supplier {number}", country="DE", status="ADMITTED", created_at=NOW
        )
        world.verify(supplier)


@pytest.mark.parametrize("receivables", [4, 24])
def test_the_statements_of_the_main_way_are_few_whatever_stands_behind_it(db, receivables):
    """Token and savepoints included; measuring the supplier, once per business date, is not."""
    lending = world.with_trade(world.lending())
    for number in range(4, receivables):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"INV-{number}")
    caller, facility = caller_for(lending.cast.amphora), lending.amphora_facility.id
    caller.get(f"facilities/{facility}/availability/")
    asked = {"facility": facility, "amount_minor": 900_00}
    counted = {"availability": statements(caller, f"facilities/{facility}/availability/")}
    with CaptureQueriesContext(connection) as captured:
        quote = caller.post("quotes/", asked).json()["id"]
    counted["quote"] = len(captured)
    with CaptureQueriesContext(connection) as captured:
        caller.post("applications/", {"quote": quote})
    counted["application"] = len(captured)
    assert counted == {"availability": 12, "quote": 16, "application": 12}
