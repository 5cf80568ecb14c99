"""Notices over REST: a person's own, and no machine's."""

import pytest

from accounts.notices import services
from accounts.notices.models import Notice, Preferences
from accounts.trail.models import Event
from tests import world
from tests.api.conftest import caller_for, person
from tests.notices.conftest import funded
from tests.world import NOW


@pytest.fixture
def cast(db):
    people = world.cast()
    services.write(events=[funded(people, number) for number in (1, 2)], now=NOW)
    return people


def unread_of(name: str) -> int:
    return Notice.objects.unread().filter(user__email=f"{name}@amphora.example").count()


def changed(caller, method: str, path: str, body=None):
    caller.wire.get("/api/v1/me/")
    return getattr(caller.wire, method)(f"/api/v1/{path}", body, "application/json")


def test_a_person_reads_its_own_newest_first(cast):
    found = person("ana@amphora.example").get("notices/").json()["results"]
    assert [each["subject_id"] for each in found] == [2, 1]
    assert found[0]["sentence"].replace("\xa0", " ") == "EUR 900.00 is on the account"
    assert (found[0]["topic"], found[0]["read_at"]) == ("money", None)
    assert person("ben@bellows.example").get("notices/").json()["results"] == []


def test_one_is_read_then_all_and_nobody_elses(cast):
    ana = person("ana@amphora.example")
    first, second = (each["id"] for each in ana.get("notices/").json()["results"])
    assert changed(ana, "post", f"notices/{second}/read/").json()["read_at"] is not None
    assert [each["id"] for each in ana.get("notices/?unread=true").json()["results"]] == [first]
    assert changed(ana, "post", "notices/read-all/", {"topic": "work"}).json() == {"marked": 0}
    assert changed(ana, "post", "notices/read-all/", {"up_to": second}).json() == {"marked": 0}
    assert changed(ana, "post", "notices/read-all/", {}).json() == {"marked": 1}
    assert (unread_of("ana"), unread_of("aldo")) == (0, 2)


def test_anothers_notice_is_not_there(cast):
    number = Notice.objects.filter(user__email="ana@amphora.example").first().id
    for caller in (person("aldo@amphora.example"), person("ben@bellows.example")):
        assert caller.get(f"notices/{number}/").status_code == 404
        assert changed(caller, "post", f"notices/{number}/read/").status_code == 404
    assert unread_of("ana") == 2


def test_a_machine_has_no_notices(cast):
    machine = caller_for(cast.amphora, "ADMIN")
    for path in ("notices/", "notices/1/", "notices/preferences/"):
        answer = machine.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "PERSONS_ONLY"), path
    assert machine.post("notices/read-all/", {}).json()["code"] == "PERSONS_ONLY"
    assert unread_of("ana") == 2


def test_what_is_mailed_is_chosen_topic_by_topic(cast):
    ana = person("ana@amphora.example")
    before = {each["topic"]: each["cadence"] for each in ana.get("notices/preferences/").json()["topics"]}
    assert before == {
        "problems": "AT_ONCE", "decisions": "AT_ONCE", "money": "AT_ONCE", "invoices": "DAILY", "people": "AT_ONCE",
    }  # fmt: skip
    body = {"topics": [{"topic": "money", "cadence": "NEVER"}], "discreet": True}
    said = changed(ana, "put", "notices/preferences/", body).json()
    assert {each["topic"]: each["cadence"] for each in said["topics"]} == before | {"money": "NEVER"}
    assert [each["topic"] for each in said["topics"] if each["chosen"]] == ["money"]
    assert said["discreet"] is True


@pytest.mark.parametrize(("body", "code"), [
    ({"topics": [{"topic": "gossip", "cadence": "NEVER"}], "discreet": False}, "TOPIC_UNKNOWN"),
    ({"topics": [{"topic": "money", "cadence": "HOURLY"}], "discreet": False}, "INVALID_INPUT"),
    ({"topics": []}, "INVALID_INPUT"),
])  # fmt: skip
def test_a_choice_that_is_none_changes_nothing(cast, body, code):
    answer = changed(person("ana@amphora.example"), "put", "notices/preferences/", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert Preferences.objects.count() == 0


def test_an_unknown_filter_is_told(cast):
    for query in ("topic=gossip", "unread=perhaps"):
        assert person("ana@amphora.example").get(f"notices/?{query}").json()["code"] == "FILTER_INVALID"


def test_a_list_of_many_costs_as_much_as_one_of_few(cast, django_assert_max_num_queries):
    ana = person("ana@amphora.example")
    services.write(events=[funded(cast, number) for number in range(10, 40)], now=NOW)
    with django_assert_max_num_queries(6):
        assert len(ana.get("notices/").json()["results"]) == 32
    assert Event.objects.filter(name="advance.funded").count() == 32
