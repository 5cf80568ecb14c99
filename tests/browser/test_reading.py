"""Every page of every role as the route table has it, with much in it and with nothing: axe-core finds nothing, nothing
is wider than the screen, nothing is said on the console, and the content security policy has nothing to stop.

Here each address is read once, in one look, another one from page to page, and each role's first page in two that have
nothing in common. Whoever is signed out, or belongs to no party yet, is there, too.
READING=all reads every page of everybody in every look, with ten times as much in it; it takes a quarter of an hour,
and a part of it by `READING=all make test ARGS="tests/browser/test_reading.py -k Amphora"`. How many pages were read in
which look is printed (`pytest -s`).
"""

import os
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, product

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Error

from accounts.parties.models import User
from portal.workspaces import navigation
from tests.browser.looking import IN_A_BROWSER, browser, dress, faults_in, opened
from tests.browser.serving import address
from tests.conftest import empty_database
from tests.walks import table
from tests.walks.crowd import multiply
from tests.walks.routes import Route, routes
from tests.walks.stage import NO_PARTY, NOBODY, SIGNED_OUT, Stage, address_of, set_up

__all__ = ["address", "browser"]

pytestmark = IN_A_BROWSER
MUCH = ("Amphora", "Meridian", "Harbour", "Crown", "Sextant", "Watch")
NONE = ("Bellows", "Tramontane", "Lantern", "Sovereign", "Plumb", NO_PARTY, SIGNED_OUT)
LOOKS = tuple(product(("zh-hans", "en"), (390, 1440), ("light", "dark")))
TIMES = 9
ALL = os.environ.get("READING") == "all"
WRITTEN = table.read(table.PAGES) | table.read(table.ACCOUNTS)
HOMES = {reverse(navigation.home(kind)).lstrip("/") for kind in navigation.BY_KIND}


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    with django_db_blocker.unblock():
        made = set_up()
        if ALL:
            multiply(TIMES)
        yield made
        empty_database()


@pytest.mark.parametrize("name", MUCH + NONE)
def test_the_pages_of_a_role_are_for_everybody_and_fit(browser, stage, address, name):
    page = opened(browser, address, stage.person(name, "A"))
    wrong, read = [], Counter()
    for turn, route in enumerate(routes_for(name), start=(MUCH + NONE).index(name)):
        looks = LOOKS if ALL else looks_of(turn, 2 if route.path in HOMES and name in MUCH else 1)
        path = route.filled(stage.objects)
        for look, faults in faults_by_look(page, address + path, name, looks):
            read[look] += 1
            wrong += [f"{path} {look}: {each}" for each in faults]
    page.context.close()
    print(f"{name}:", ", ".join(f"{number} in {'/'.join(map(str, look))}" for look, number in sorted(read.items())))
    assert "\n".join(wrong) == ""
    assert "\n".join(page.said) == ""


def looks_of(turn: int, number: int) -> tuple:
    """Of this turn the first look, or that and its opposite: the other language, width and theme."""
    return (LOOKS[turn % len(LOOKS)], LOOKS[-1 - turn % len(LOOKS)])[:number]


def routes_for(name: str) -> list[Route]:
    """What this party reads: what its administrator is let in to, or of that what nobody before it has read."""
    mine = [route for route in routes() if lets_in(route, name)]
    before = (MUCH + NONE)[: (MUCH + NONE).index(name)]
    return [each for each in mine if ALL or each.path in HOMES or not any(lets_in(each, other) for other in before)]


def lets_in(route: Route, name: str) -> bool:
    return WRITTEN.get(f"GET /{route.path}", {}).get(name, "-")[-1] == "+"


def shown(page, url: str) -> bool:
    """Whether it shows a whole page: no file, no part of one, no way to another, nothing that is refused."""
    try:
        answer = page.goto(url)
    except Error as error:
        assert "Download is starting" in error.message, url
        return False
    assert answer.status < 500, url
    return answer.status == 200 and not answer.request.redirected_from and "<html" in answer.text()


def faults_by_look(page, url: str, name: str, looks) -> Iterator[tuple[tuple, list[str]]]:
    for language, same in groupby(looks, key=lambda look: look[0]):
        speak(page, url, name, language)
        if not shown(page, url):
            break
        for look in same:
            dress(page, *look[1:])
            yield look, faults_in(page)


def speak(page, url: str, name: str, language: str) -> None:
    """What a person has chosen counts, and what a browser has if nobody is signed in."""
    email = NOBODY if name == NO_PARTY else address_of(name, "ADMIN")
    if name == SIGNED_OUT:
        page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": url}])
    else:
        assert User.objects.filter(email=email).update(language=language) == 1, name
