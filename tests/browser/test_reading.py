"""Every page of every role as the route table has it, with much in it and with nothing: axe-core finds nothing, nothing
is wider than the screen, nothing is said on the console, and the content security policy has nothing to stop.

Here each address is read once, in one look, another one from page to page, and each role's first page in every look.
READING=all reads every page of everybody in every look; it takes a quarter of an hour, and a part of it by
`READING=all make test ARGS="tests/browser/test_reading.py -k Amphora"`.
"""

import os
from collections.abc import Iterator
from itertools import groupby, product

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.parties.models import User
from portal.workspaces import navigation
from tests.browser.serving import served
from tests.browser.test_appearance import AXE, CHROMIUM, RULES, browser
from tests.conftest import empty_database
from tests.walks import table
from tests.walks.routes import Route, routes
from tests.walks.stage import Stage, address_of, set_up

__all__ = ["browser"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: run `npm ci`"),
]
MUCH = ("Amphora", "Meridian", "Harbour", "Crown", "Sextant", "Watch")
NONE = ("Bellows", "Tramontane", "Lantern", "Sovereign", "Plumb")
LOOKS = tuple(product(("zh-hans", "en"), (390, 1440), ("light", "dark")))
ALL = os.environ.get("READING") == "all"
WRITTEN = table.read(table.PAGES) | table.read(table.ACCOUNTS)
HOMES = {reverse(navigation.home(kind)).lstrip("/") for kind in navigation.BY_KIND}
LISTEN = (
    "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective + e.blockedURI))"
)
NOT_MEANT = ("/live/", "status of 4")
"""What the console says of answers of 4xx: the stream of news is served by another process."""


@pytest.fixture(scope="module")
def stage(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    with django_db_blocker.unblock():
        yield set_up()
        empty_database()


@pytest.fixture(scope="module")
def address(stage) -> Iterator[str]:
    with served() as address:
        yield address


@pytest.mark.parametrize("name", MUCH + NONE)
def test_the_pages_of_a_role_are_for_everybody_and_fit(browser, stage, address, name):
    person = Client()
    person.force_login(User.objects.get(email=address_of(name, "ADMIN")))
    page = opened(browser, address, person)
    said: list[str] = []
    page.on("console", lambda m: said.append(f"{page.url}: {m.text}") if m.type == "error" and not meant(m) else None)
    page.on("pageerror", lambda error: said.append(f"{page.url}: {error}"))
    wrong = []
    for turn, route in enumerate(routes_for(name), start=(MUCH + NONE).index(name)):
        looks = LOOKS if ALL or (route.path in HOMES and name in MUCH) else (LOOKS[turn % len(LOOKS)],)
        path = route.filled(stage.objects)
        wrong += faults(page, address + path, name, looks) if is_page(person, path) else []
    page.context.close()
    assert "\n".join(wrong) == ""
    assert "\n".join(said) == ""


def routes_for(name: str) -> list[Route]:
    """What this party reads: what its administrator is let in to, or of that what nobody before it has read."""
    mine = [route for route in routes() if lets_in(route, name)]
    before = (MUCH + NONE)[: (MUCH + NONE).index(name)]
    return [each for each in mine if ALL or each.path in HOMES or not any(lets_in(each, other) for other in before)]


def lets_in(route: Route, name: str) -> bool:
    return WRITTEN.get(f"GET /{route.path}", {}).get(name, "-")[-1] == "+"


def is_page(person: Client, path: str) -> bool:
    """Whether it shows a whole page: no file, no part of one, no way to another."""
    answer = person.get(path)
    return answer.status_code == 200 and not answer.streaming and b"<html" in answer.content


def meant(message) -> bool:
    return any(each in message.text + message.location.get("url", "") for each in NOT_MEANT)


def opened(browser, address: str, person: Client):
    """A browser's page in which this person is signed in."""
    context = browser.new_context(reduced_motion="reduce")
    cookie = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": cookie, "value": person.cookies[cookie].value, "url": address}])
    page = context.new_page()
    page.route("**/live/", lambda route: route.abort())
    page.add_init_script(LISTEN)
    return page


def faults(page, url: str, name: str, looks) -> list[str]:
    found = []
    for language, same in groupby(looks, key=lambda look: look[0]):
        User.objects.filter(email=address_of(name, "ADMIN")).update(language=language)
        page.goto(url)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for _language, width, theme in same:
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_function("theme => document.documentElement.dataset.bsTheme === theme", arg=theme)
            found += [f"{url} ({language}, {width}, {theme}): {each}" for each in faults_in(page)]
    return found


def faults_in(page) -> list[str]:
    wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    too_wide = [f"{wide} pixels too wide"] if wide > 0 else []
    violations = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]
    return too_wide + [f"{each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}" for each in violations]
