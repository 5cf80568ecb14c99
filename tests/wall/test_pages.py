"""Pages and the API read from before the wall, and are told what they would be told without it."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client

from financing.receivables.models import Receivable
from tests.walks import bodies, table
from tests.walks.routes import Route, routes
from tests.walks.stage import COLUMNS, Stage, set_up
from tests.wall.alike import compared


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


def test_every_page_is_told_before_the_wall_what_the_portal_would_be_told(stage):
    browsers = {name: stage.person(name, "A") for name, roles in COLUMNS.items() if len(roles) > 1}
    pages = asked()
    with compared() as differing:
        for path, name in pages:
            browsers[name].get(Route(path).filled(stage.objects) + bodies.query_for(path))
    assert len(pages) > 80
    assert differing == []


def test_a_page_that_forgets_whose_rows_it_may_read_shows_those_of_its_party_alone(stage, settings):
    settings.ROOT_URLCONF = "tests.wall.forgetful"
    own = {name: Receivable.objects.filter(supplier=stage.parties[name]).count() for name in ("Amphora", "Bellows")}
    assert own["Amphora"] > 0 and own["Bellows"] == 0
    with compared() as differing:
        seen = {name: stage.person(name, "A").get("/forgetful/").text for name in own}
        assert seen == {"Amphora": str(own["Amphora"]), "Bellows": "0"}
        assert Client().get("/forgetful/").text == "0"
    assert len(differing) == 2  # Amphora's are all there are


def test_neither_does_a_file_that_is_still_being_sent(stage, settings):
    settings.ROOT_URLCONF = "tests.wall.forgetful"
    own = Receivable.objects.filter(supplier=stage.parties["Amphora"]).count()
    lines = {
        name: b"".join(stage.person(name, "A").get("/forgetful-file/?all-export=csv")).splitlines()
        for name in ("Amphora", "Bellows")
    }
    assert {name: len(each) for name, each in lines.items()} == {"Amphora": own + 1, "Bellows": 1}
