"""The number of a request goes with what follows from it: into the news of handlers, into the log of workers."""

import json
import logging

import pytest

from accounts.parties.models import Party
from accounts.trail import delivery
from accounts.trail.models import Event
from accounts.trail.services import News, record
from portal.logs import Json
from portal.shared.access import SYSTEM, SYSTEM_ACTOR, Actor
from portal.shared.tracing import Work, working
from tests.trail import handlers
from tests.trail.conftest import NOW, drain, news, tell

pytestmark = pytest.mark.django_db


def asked(request_id: str, subject_id: int, name: str = "thing.done", **payload) -> Event:
    actor = Actor(None, SYSTEM, request_id=request_id)
    [event] = record(actor, NOW, [news(name, subject_id, **payload)])
    return event


@pytest.fixture
def lines(monkeypatch) -> list[dict]:
    """What the log of a worker says, line by line, while it is written: as machines read it."""
    told, formatter = [], Json()

    class Kept(logging.Handler):
        def emit(self, line):
            told.append(json.loads(formatter.format(line)))

    logger, handler = delivery.logger, Kept()
    monkeypatch.setattr(logger, "disabled", False)  # import-linter, which a test runs, silences whoever it finds
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield told
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_lines_about_events_name_their_numbers_and_the_requests_they_go_back_to(lines):
    first, second = asked("request-one", 1), asked("request-two", 2)

    drain("applying")

    [line] = lines
    assert (line["level"], line["logger"], line["message"]) == (
        "INFO", "accounts.trail.delivery", "applying handled 2 events",
    )  # fmt: skip
    assert line["subscriber"] == "applying"
    assert line["event_ids"] == [first.id, second.id]
    assert line["request_ids"] == ["request-one", "request-two"]


def test_the_line_of_a_handler_that_fails_names_the_one_request_whose_event_it_is(lines):
    asked("request-one", 1, trouble="raises")

    drain("applying")

    [line] = lines
    assert (line["level"], line["request_id"]) == ("ERROR", "request-one")
    assert "a poisoned event" in line["exception"]


def test_outside_of_a_handler_lines_name_no_request(lines):
    tell(news("thing.done"))
    drain("applying")
    delivery.logger.warning("later")

    assert "request_id" not in lines[0] and "request_ids" not in lines[0]
    assert set(lines[1]) == {"time", "level", "logger", "message"}


def test_news_that_a_handler_tells_go_back_to_the_same_request(woken):
    asked("request-one", 1)

    def answer(events):
        record(SYSTEM_ACTOR, NOW, [news("answered", 71)])

    handlers.during.append(answer)
    drain("applying")

    assert Event.objects.get(name="answered").request_id == "request-one"


def test_in_a_batch_each_of_the_news_goes_back_to_the_request_of_its_subject(woken):
    """By the subject itself, by what the news say that they concern, and by what the subject follows."""
    asked("request-one", 1)
    asked("request-two", 2)
    third = Party(id=72)
    third.follows = "parties.party:2"
    told = [
        news("answered", 1),
        News("answered", Party(id=71), (), {"subject_type": "parties.party", "subject_id": 2}),
        News("answered", third, ()),
        # What was told of a moment ago is known by then.
        News("answered", Party(id=73), (), {"subject_type": "parties.party", "subject_id": 72}),
        news("answered", 74),
    ]
    handlers.during.append(lambda events: record(SYSTEM_ACTOR, NOW, told))

    drain("applying")

    found = Event.objects.filter(name="answered").order_by("id").values_list("request_id", flat=True)
    assert list(found) == ["request-one", "request-two", "request-two", "request-two", ""]


def test_who_acts_is_told_by_numbers_alone(lines):
    actor = Actor(7, "SUPPLIER", user_id=8, request_id="request-one")
    with working(Work(("request-one",), actor=lambda: actor)):
        delivery.logger.info("asked")

    [line] = lines
    assert (line["request_id"], line["party"], line["user"]) == ("request-one", 7, 8)
