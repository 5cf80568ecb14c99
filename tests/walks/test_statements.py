"""An address asks the database as often for a hundred rows as for ten: no page grows slow because business goes
well."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.walks import bodies, table
from tests.walks.crowd import multiply
from tests.walks.routes import Route, routes
from tests.walks.stage import COLUMNS, Stage, set_up
from tests.walks.statements import USUAL, most

TIMES = 9


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield set_up()
        transaction.set_rollback(True)


def asked() -> list[tuple[str, str]]:
    """Each page and each resource of the API, with each party that owns something of it."""
    expected = table.read(table.PAGES) | table.read(table.API)
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
        answer = browsers[name].get(Route(path).filled(stage.objects) + bodies.query_for(path))
        if answer.streaming:
            b"".join(answer)
    return len(captured)


def measured(stage: Stage, browsers: dict) -> dict[tuple[str, str], int]:
    return {each: counted(stage, browsers, *each) for each in asked()}


def test_the_statements_of_an_address_do_not_depend_on_how_much_there_is_and_are_few(stage):
    browsers: dict = {}
    few = measured(stage, browsers)
    multiply(TIMES)
    # Suppliers are measured once in a business date, by the latest of many policies anew: that is no part of a page.
    counted(stage, browsers, "supplier/receivables/", "Amphora")
    many = measured(stage, browsers)
    growing = {each: (few[each], many[each]) for each in few if few[each] < many[each]}
    assert growing == {}, "These ask more often where there is more: fetch what rows need with the rows."
    allowed, costs = most(), highest(many)
    over = [f"{count:3} /{path}" for path, count in costs.items() if count > allowed.get(f"/{path}", USUAL)]
    assert "\n".join(over) == "", "tests/walks/statements.py allows less: ask less often, or write it down with a why."
    assert allowed.keys() - {f"/{path}" for path in costs} == set(), "These are no addresses any more."


def highest(counts: dict[tuple[str, str], int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (path, _name), count in counts.items():
        found[path] = max(count, found.get(path, 0))
    return found
