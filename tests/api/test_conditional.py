"""What was seen still holds, or nothing is done: ETag, If-None-Match, If-Match. And orders of lists."""

import threading

import pytest
from django.db import connection

from financing.receivables.models import Receivable
from portal.shared.access import MAKER
from tests import world
from tests.api.conftest import caller_for

CANCEL = {"reason": "Typed wrongly"}


@pytest.fixture
def received(lending):
    people = lending.cast
    return world.receivable(people.amphora, people.meridian, "INV-1", status=Receivable.Status.RECEIVED)


@pytest.fixture
def amphora(lending):
    return caller_for(lending.cast.amphora)


def test_who_has_an_answer_already_is_told_so_without_it(amphora, received):
    for path in (f"receivables/{received.id}/", "receivables/"):
        first = amphora.get(path)
        again = amphora.get(path, If_None_Match=first["ETag"])
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert again["ETag"] == first["ETag"] and again["Cache-Control"] == "private, no-cache"
    Receivable.objects.filter(id=received.id).update(match_note="Looked at")
    assert amphora.get(path, If_None_Match=first["ETag"]).status_code == 200


def test_two_who_may_see_different_things_have_different_tags(lending, received):
    etags = {
        caller_for(party).get("parties/")["ETag"] for party in (lending.cast.amphora, lending.cast.watch)
    }  # fmt: skip
    assert len(etags) == 2


def test_a_change_of_what_was_seen_is_done_and_of_what_has_changed_is_not(amphora, received):
    path = f"receivables/{received.id}/"
    seen = amphora.get(path)["ETag"]
    Receivable.objects.filter(id=received.id).update(match_note="Looked at")
    refused = amphora.post(f"{path}cancel/", CANCEL, If_Match=seen, Idempotency_Key="c-1")
    assert (refused.status_code, refused.json()["code"]) == (412, "PRECONDITION_FAILED")
    assert Receivable.objects.get(id=received.id).status == "RECEIVED"
    seen = amphora.get(path)["ETag"]
    done = amphora.post(f"{path}cancel/", CANCEL, If_Match=f'"another", {seen}', Idempotency_Key="c-1")
    assert (done.status_code, done.json()["status"]) == (200, "CANCELLED")
    replayed = amphora.post(f"{path}cancel/", CANCEL, If_Match=f'"another", {seen}', Idempotency_Key="c-1")
    assert replayed.status_code == 200 and replayed["Idempotency-Replayed"] == "true"


def test_outsiders_learn_nothing_by_a_condition(lending, received):
    bellows = caller_for(lending.cast.bellows)
    assert bellows.post(f"receivables/{received.id}/cancel/", CANCEL, If_Match='"x"').status_code == 404
    assert Receivable.objects.get(id=received.id).status == "RECEIVED"


def test_of_two_at_once_who_saw_the_same_one_is_refused(committed_db):
    lending = world.lending()
    received = world.receivable(lending.cast.amphora, lending.cast.meridian, "INV-1", status="RECEIVED")
    meridian = caller_for(lending.cast.meridian, MAKER)
    path, answers, gate = f"receivables/{received.id}/", [], threading.Barrier(2)
    seen = meridian.get(path)["ETag"]

    def send():
        try:
            gate.wait(10)
            answers.append(meridian.post(f"{path}dispute/", {"reason": "Broken"}, If_Match=seen).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(answers) == [200, 412]


@pytest.mark.parametrize("sort", ["due_date", "-due_date", "id", "-id"])
def test_an_order_holds_over_all_pages_and_loses_nobody_though_others_arrive(lending, amphora, sort):
    people = lending.cast
    made = [world.receivable(people.amphora, people.meridian, f"INV-{n}", due_in=30 + n % 3) for n in range(8)]
    seen, cursor = [], ""
    for page in range(4):
        said = amphora.get(f"receivables/?sort={sort}&limit=2&cursor={cursor}").json()
        seen += [each["id"] for each in said["results"]]
        cursor = said["next"]
        # Before everything that is still to come.
        due_in = {"due_date": 1, "-due_date": 300}.get(sort, 30)
        if sort != "id":
            world.receivable(people.amphora, people.meridian, f"LATE-{page}", due_in=due_in)
    keys = {"due_date": lambda each: (each.due_date, each.id), "id": lambda each: each.id}
    expected = sorted(made, key=keys[sort.removeprefix("-")], reverse=sort.startswith("-"))
    assert seen == [each.id for each in expected] and cursor is None


def test_a_cursor_is_for_its_own_order(lending, amphora):
    for number in range(3):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"INV-{number}")
    cursor = amphora.get("receivables/?sort=due_date&limit=1").json()["next"]
    assert amphora.get(f"receivables/?cursor={cursor}").status_code == 200
    for query, code in ((f"sort=-id&cursor={cursor}", "CURSOR_INVALID"), ("sort=status", "SORT_INVALID")):
        answer = amphora.get(f"receivables/?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, code)
