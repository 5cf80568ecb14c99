"""A page asks the database as often for a hundred rows as for ten: no page grows slow because business goes
well."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.walks import table
from tests.walks.crowd import multiply
from tests.walks.routes import Route, routes
from tests.walks.stage import COLUMNS, Stage, set_up
from tests.walks.statements import MOST, USUAL

TIMES = 9


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield set_up()
        transaction.set_rollback(True)


def pages() -> list[tuple[str, str]]:
    """Each page with each party that owns something of it."""
    expected = table.read(table.PAGES)
    return [
        (route.path, name)
        for route in routes()
        for name, letters in expected.get(f"GET /{route.path}", {}).items()
        if letters[-1] == "+" and len(COLUMNS[name]) > 1
    ]


def counted(stage: Stage, browsers: dict, path: str, name: str) -> int:
    if name not in browsers:
        browsers[name] = stage.person(name, "A")
    with CaptureQueriesContext(connection) as captured:
        answer = browsers[name].get(Route(path).filled(stage.objects))
        if answer.streaming:
            b"".join(answer)
    return len(captured)


def measured(stage: Stage, browsers: dict) -> dict[tuple[str, str], int]:
    return {page: counted(stage, browsers, *page) for page in pages()}


def test_the_statements_of_a_page_do_not_depend_on_how_much_there_is_and_are_few(stage):
    browsers: dict = {}
    measured(stage, browsers)  # what the first look computes for the day is no part of a page
    few = measured(stage, browsers)
    multiply(TIMES)
    counted(stage, browsers, "supplier/", "Amphora")  # by the latest of many policies it is measured anew, once
    many = measured(stage, browsers)
    growing = {page: (few[page], many[page]) for page in few if few[page] != many[page]}
    assert growing == {}, "These pages ask more often where there is more: fetch what rows need with the rows."
    over = [f"/{path} {count}" for path, count in highest(many).items() if count > MOST.get(f"/{path}", USUAL)]
    assert "\n".join(over) == "", "tests/walks/statements.py allows less. Ask less often, or write it down with a why."


def highest(counts: dict[tuple[str, str], int]) -> dict[str, int]:
    return {path: max(n for (each, _), n in counts.items() if each == path) for path, _ in counts}
