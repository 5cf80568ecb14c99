"""Every address, asked for by everybody: strangers find nothing, insiders without the role are refused, and whoever is
let in nowhere has changed nothing.

What is expected stands in table.py, as a text that an auditor can read. An address that is not in it fails here.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test.utils import override_settings

from tests.walks import bodies, table
from tests.walks.routes import METHODS, Route, routes
from tests.walks.stage import COLUMNS, SECRETS, Stage, set_up
from tests.walks.watching import Tables

LET_IN, FINDS_NOTHING, REFUSED, SIGNS_IN, SENT_HOME, NO_SUCH_METHOD, BROKEN = "+.xsh-!"
STRANGERS = ("Bellows", "Tramontane", "Lantern", "Sovereign", "Sextant", "Plumb", "Crown")


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Most of what is asked here is refused: the page that says so is made small, and nobody logs it."""
    bare = [settings.TEMPLATES[0] | {"DIRS": [Path(__file__).parent / "templates", *settings.TEMPLATES[0]["DIRS"]]}]
    logging.disable(logging.CRITICAL)
    with override_settings(TEMPLATES=bare):
        yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    """One world for all walks, never committed; every step is undone before the next."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield set_up()
        transaction.set_rollback(True)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def letter(answer: HttpResponse) -> str:
    """What became of a request, as the table writes it."""
    status, place = answer.status_code, answer.headers.get("Location", "")
    if status >= 500:
        return BROKEN
    if status == 401 or (status == 302 and place.startswith("/accounts/login/")):
        return SIGNS_IN
    if status == 302 and place == "/":
        return SENT_HOME
    return {404: FINDS_NOTHING, 403: REFUSED, 405: NO_SUCH_METHOD}.get(status, LET_IN)


Ask = Callable[[str, str], HttpResponse]
"""Ask(method, path) -> the answer."""


def as_person(stage: Stage, name: str, role: str) -> Ask:
    browser = stage.person(name, role)

    def ask(method: str, path: str) -> HttpResponse:
        address = Route(path).filled(stage.objects)
        return browser.get(address) if method == "GET" else browser.post(address, bodies.form_for(path, stage))

    return ask


def by_session(stage: Stage, name: str, role: str) -> Ask:
    """A person who calls the API from the pages."""
    browser = stage.person(name, role)
    return lambda method, path: _call(stage, browser, method, path, {})


def as_machine(stage: Stage, name: str, role: str) -> Ask:
    caller = stage.machine(name, role)
    caller.wire.raise_request_exception = False
    headers = {"Authorization": f"Bearer {caller.token}"} if caller.token else {}
    return lambda method, path: _call(stage, caller.wire, method, path, headers)


def _call(stage: Stage, wire, method: str, path: str, headers: dict) -> HttpResponse:
    address = Route(path).filled(stage.objects) + bodies.query_for(path, method)
    if method == "GET":
        return wire.get(address, headers=headers)
    content, media_type = bodies.RAW.get(path.removeprefix("api/"), (None, "application/json"))
    body = bodies.json_for(path, stage) if content is None else content
    return wire.post(address, body if body is not None else b"", media_type, headers=headers)


class Walk:
    """Everybody at every address of one group."""

    def __init__(self, stage: Stage, expected: str, way: Callable[[Stage, str, str], Ask]):
        self.expected = table.read(expected)
        self.askers = {
            name: [way(stage, name, role) for role in roles]
            for name, roles in COLUMNS.items() if name in table.columns(expected)
        }  # fmt: skip
        self.wrong: list[str] = []
        self.turn = 0
        self.tables = Tables()  # last: letting somebody in leaves its traces

    def at(self, route: Route) -> None:
        for method in METHODS:
            line = f"{method} /{route.path}"
            if line in self.expected:
                self._compare(line, self._everybody(method, route.path, self.expected[line]))
            else:
                self._unforeseen(line, self._strongest(method, route.path, True))

    def _compare(self, line: str, found: dict[str, str]) -> None:
        if found != self.expected[line]:
            differing = [name for name in found if found[name] != self.expected[line][name]]
            self.wrong.append(f"{table.line(line, found)}\n    differs for: {', '.join(differing)}")

    def _unforeseen(self, line: str, found: dict[str, str]) -> None:
        """A line that is not in the table: then nobody is let in, unless the address is read by POST as by GET."""
        read = self.expected.get(line.replace("POST", "GET"), {})
        for name, letter in found.items():
            if letter in (LET_IN, REFUSED, BROKEN) and letter != read.get(name, "-")[-1]:
                self.wrong.append(
                    f"{line} lets {name} in (or refuses it by its role), and tests/walks/table.py does not say so. "
                    "Add this line if it is right:\n" + table.line(line, self._everybody(*line.split(" /", 1)))
                )
                return

    def _everybody(self, method: str, path: str, expected: dict[str, str] | None = None) -> dict[str, str]:
        """Where all roles of a party are answered alike, one asks for all of them: at each address another one."""
        self.turn += 1
        found = {}
        for name, asking in self.askers.items():
            alike = expected is not None and len(set(expected[name])) == 1
            chosen = [asking[self.turn % len(asking)]] if alike else asking
            letters = "".join(self._ask(ask, name, method, path) for ask in chosen)
            found[name] = letters * len(asking) if alike else letters
        return found

    def _strongest(self, method: str, path: str, must_not_write: bool = False) -> dict[str, str]:
        return {name: self._ask(asking[-1], name, method, path, must_not_write) for name, asking in self.askers.items()}

    def _ask(self, ask: Ask, name: str, method: str, path: str, must_not_write: bool = False) -> str:
        with undone():
            answer = ask(method, path)
            found = letter(answer)
            if method == "GET" or found != LET_IN or must_not_write:
                changed = self.tables.changed() - (self._may_be_written(path) if found == LET_IN else set())
                if changed:
                    self.wrong.append(f"{method} /{path} by {name} ({found}) has changed {', '.join(sorted(changed))}")
            if name in STRANGERS and found == LET_IN and method == "GET":
                self._look_for_secrets(answer, name, path)
        if found == LET_IN and method != "GET":
            self.tables.touched()  # what it wrote is undone: the next one is not asked about it
        return found

    def _may_be_written(self, path: str) -> set[str]:
        return table.WRITTEN_BY_LOOKING | (table.WRITTEN_BY_EXPORT if "/export/" in path else set())

    def _look_for_secrets(self, answer: HttpResponse, name: str, path: str) -> None:
        content = b"".join(answer) if answer.streaming else answer.content
        if told := [secret for secret in SECRETS if secret.encode() in content]:
            self.wrong.append(f"GET /{path} tells {name} of {', '.join(told)}")


def walk(group: str, stage: Stage, expected: str, way) -> Walk:
    walked = Walk(stage, expected, way)
    known = [route for route in routes() if route.group == group]
    for route in known:
        walked.at(route)
    there = {f"{method} /{route.path}" for route in known for method in METHODS}
    walked.wrong += [
        f"{line} is in tests/walks/table.py, but no address any more" for line in walked.expected.keys() - there
    ]
    return walked


def test_every_page_is_for_whom_the_table_says_and_whoever_is_refused_changes_nothing(stage):
    assert "\n".join(walk("pages", stage, table.PAGES, as_person).wrong) == ""


def test_every_resource_of_the_api_is_for_the_machines_that_the_table_names(stage):
    assert "\n".join(walk("api", stage, table.API, as_machine).wrong) == ""


def test_people_may_by_their_session_what_machines_of_their_role_may(stage):
    """The strongest of each party; where a person may more, everybody."""
    walked, of_people = Walk(stage, table.API, by_session), table.read(table.BY_SESSION)
    for line, expected in walked.expected.items():
        if line in of_people:
            assert walked._everybody(*line.split(" /", 1)) == of_people[line], line
        else:
            found = walked._strongest(*line.split(" /", 1))
            assert found == {name: letters[-1] for name, letters in expected.items()}, line


def test_the_pages_of_signing_in_are_for_whom_the_table_says(stage):
    assert "\n".join(walk("accounts", stage, table.ACCOUNTS, as_person).wrong) == ""


def test_a_machine_opens_no_page(stage):
    wire, before = stage.machine("Amphora", "A"), Tables()
    for route in routes():
        if route.group == "pages":
            answer = wire.wire.get(route.filled(stage.objects), headers={"Authorization": f"Bearer {wire.token}"})
            assert letter(answer) in (SIGNS_IN, NO_SUCH_METHOD, FINDS_NOTHING), route.path
    assert before.changed() == set()


DOORS = ("admin/login/", "admin/logout/", "admin/password_change/", "admin/password_change/done/")
"""They lead to the portal's own pages of signing in and out, whoever asks."""


def test_the_back_office_is_the_operators_alone_and_nothing_is_written_by_asking(stage):
    """Hundreds of addresses of one make: each is asked for by somebody signed out, by one stranger and by one role of
    the operator's, by turns another. Nobody writes: what actions do is done by services, for chosen rows."""
    walked = Walk(stage, table.PAGES, as_person)
    operators = walked.askers.pop("Watch")
    signed_out = walked.askers.pop("signed out")[0]
    strangers = [(name, ask) for name, asking in walked.askers.items() for ask in asking]
    office = [route for route in routes() if route.group == "back office" and route.path not in DOORS]
    for turn, route in enumerate(office):
        name, stranger = strangers[turn % len(strangers)]
        for method in METHODS:
            asked = f"{method} /{route.path}"
            assert walked._ask(signed_out, "signed out", method, route.path, True) == SIGNS_IN, asked
            assert walked._ask(stranger, name, method, route.path, True) == FINDS_NOTHING, (asked, name)
            found = walked._ask(operators[turn % len(operators)], "Watch", method, route.path, True)
            assert found in (LET_IN, FINDS_NOTHING, REFUSED, NO_SUCH_METHOD), asked
    assert len(office) > 100
    assert walked.wrong == []
