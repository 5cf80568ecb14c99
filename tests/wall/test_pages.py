"""Pages and the API read from before the wall, and show what they would show without it."""

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from financing.receivables.models import Receivable
from tests.walks import bodies, table
from tests.walks.routes import Route, routes
from tests.walks.stage import COLUMNS, Stage, set_up

CHANGING = re.compile(
    r'"(?:csrfmiddlewaretoken|X-CSRFToken)"(?: value=|: )"\w+"|data-news-from="[^"]+"|it is <time.*?</time>'
    r'|<div class="messages".*|[0-9a-f]{32}'
)
"""Tokens, clocks, and what is said once."""


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield set_up()
        transaction.set_rollback(True)


def asked() -> list[tuple[str, str]]:
    """Each page and each resource of the API, with a party of each kind that finds something there; what is there for
    everybody, with one."""
    expected = table.read(table.PAGES) | table.read(table.API)
    found = []
    for route in routes():
        letters = expected.get(f"GET /{route.path}", {})
        names = [name for name in letters if letters[name][-1] == "+" and len(COLUMNS[name]) > 1]
        names = [name for name in names if name != "Watch"]  # the operator reads as the portal
        found += [(route.path, name) for name in (names if len(names) < 4 else names[:1])]
    return found


def shown(stage: Stage, browsers: dict, path: str, name: str) -> tuple[int, str]:
    if name not in browsers:
        browsers[name] = stage.person(name, "A")
    answer = browsers[name].get(Route(path).filled(stage.objects) + bodies.query_for(path))
    content = b"".join(answer) if answer.streaming else answer.content
    return answer.status_code, CHANGING.sub("", content.decode(errors="replace"))


def test_every_page_shows_before_the_wall_what_it_would_show_without(stage, settings):
    browsers: dict = {}
    pages = asked()
    with_wall, without = {}, {}
    for each in pages:  # one after the other: whoever opens a notice has read it
        for settings.PAGES_BEFORE_THE_WALL, found in ((True, with_wall), (False, without)):
            found[each] = shown(stage, browsers, *each)
    assert len(pages) > 80
    differing = [each for each in pages if with_wall[each] != without[each]]
    assert differing == []


def test_a_page_that_forgets_whose_rows_it_may_read_shows_those_of_its_party_alone(stage, settings):
    settings.ROOT_URLCONF = "tests.wall.forgetful"
    own = {name: Receivable.objects.filter(supplier=stage.parties[name]).count() for name in ("Amphora", "Bellows")}
    assert own["Amphora"] > 0 and own["Bellows"] == 0
    settings.PAGES_BEFORE_THE_WALL = True
    seen = {name: stage.person(name, "A").get("/forgetful/").text for name in own}
    assert seen == {"Amphora": str(own["Amphora"]), "Bellows": "0"}
    assert Client().get("/forgetful/").text == "0"
    settings.PAGES_BEFORE_THE_WALL = False
    assert stage.person("Bellows", "A").get("/forgetful/").text == str(own["Amphora"])
