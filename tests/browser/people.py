"""People at work in a browser: at a desk and on a phone, in English and in Chinese, in the light and in the dark.

Nobody opens an address: they begin on their first page and go by what they find there, through the navigation that
their screen has. What they press is told by what it does, what they read is told in their language.
"""

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.parties.models import User
from portal.ui.states import state
from tests.browser.looking import faults_in, opened
from tests.walks.stage import address_of

ROLES = ("supplier", "platform", "financier", "bank", "supervisor", "operator")
WIDTHS, LANGUAGES, THEMES = (1440, 390), ("en", "zh-hans"), ("light", "dark")
ALL = os.environ.get("READING") == "all"
TURNS = range(8 if ALL else 1)
"""Each role is walked at both widths, in both languages and themes: one walk in one look, the next of the role in the
opposite one. READING=all walks every walk in each of the eight looks."""


@dataclass(frozen=True)
class Look:
    width: int
    language: str
    theme: str


def look_of(role: str, turn: int, place: int) -> Look:
    """The looks of a role in two walks that follow each other have nothing in common, and neighbours in the list of
    roles look different."""
    if ALL:
        return Look(*tuple(product(WIDTHS, LANGUAGES, THEMES))[turn])
    number, side = ROLES.index(role), place % 2
    return Look(WIDTHS[side], LANGUAGES[(side + number) % 2], THEMES[(side + number // 2) % 2])


def place_of(walk: Callable, role: str) -> int:
    """How many walks of this role are written before this one in its file: the same whichever of them are chosen."""
    walks = [each for name, each in vars(sys.modules[walk.__module__]).items() if name.startswith("test_")]
    sources = map(inspect.getsource, walks[: walks.index(walk)])
    return sum(f'"{role}"' in each or "ROLES" in each for each in sources)


class Person:
    """One person's page, and the ways of somebody who looks at it."""

    def __init__(self, page: Page, look: Look):
        self.page, self.look = page, look

    def says(self, text: str, **facts) -> str:
        """A sentence of the pages, as this person reads it."""
        with translation.override(self.look.language):
            said = gettext(text)
            return said % facts if facts else said

    def state(self, code: str) -> str:
        """A state in the words of the pages."""
        with translation.override(self.look.language):
            return str(state(code).label)

    def go(self, name: str) -> None:
        """By the navigation: beside the page at a desk, below it or in its menu on a phone."""
        address = reverse(name)
        entry = f"a[href='{address}']"
        if self.look.width == max(WIDTHS):
            self.page.locator(f".side {entry}").click()
        elif self.page.locator(f".bottom {entry}").count():
            self.page.locator(f".bottom {entry}").click()
        else:
            self.page.locator(".bottom [data-dialog=sheet]").click()
            self.page.locator(f"#sheet {entry}").click()
        self.page.wait_for_url(lambda url: address in url)

    def follow(self, address: str) -> None:
        """The first link of the page to this address."""
        self.page.locator(f"main a[href^='{address}']").first.click()
        self.page.wait_for_url(f"**{address}*")

    def what_waits(self, address: str) -> None:
        """A bank's first page says what waits, and leads there."""
        self.page.locator(f"#waiting a[href='{address}']").click()
        self.page.wait_for_url(f"**{address}")

    def find(self, table: str, text: str) -> None:
        """Search a table, so that what is looked for is on its first page however much there is."""
        with self.page.expect_response(lambda answer: f"{table}-q=" in answer.url):
            self.page.fill(f"#{table}-q", text)

    def send(self, form: str, **fields: str) -> None:
        """Fill in and send the form that goes to an address with this end."""
        here = self.page.locator(f"form[action$='{form}']")
        for name, value in fields.items():
            self._fill(here, name, value)
        here.locator("button[type=submit]").first.click()

    def hand_in(self, name: str, media_type: str, content: str) -> None:
        """Choose a file in the page's form and send it."""
        file = {"name": name, "mimeType": media_type, "buffer": content.encode()}
        self.page.set_input_files("main input[type=file]", [file])
        self.page.locator("main form:has(input[type=file]) button[type=submit]").click()

    @staticmethod
    def _fill(here: Locator, name: str, value: str) -> None:
        field = here.locator(f"[name='{name}']")
        kind = field.first.evaluate("each => each.type || each.tagName.toLowerCase()")
        if kind == "radio":
            field.and_(here.locator(f"[value='{value}']")).check()
        elif kind.startswith("select"):
            field.select_option(value)
        else:
            field.fill(value)

    def agree(self, dialog: str, **fields: str) -> None:
        """Open a dialog, which tells what will happen and is as good as any page, and say yes."""
        self.page.locator(f"[data-dialog='{dialog}']").click()
        here = self.page.locator(f"#{dialog}")
        expect(here).to_be_visible()
        found = faults_in(self.page)
        assert found == [], found
        for name, value in fields.items():
            self._fill(here, name, value)
        here.locator("button[type=submit]").click()

    def reads(self, text: str, where: str = "main") -> None:
        expect(self.page.locator(where)).to_contain_text(text)


Work = Callable[[str, str, str], Person]
"""work("bank", "Crown", "MAKER") -> that person, on the first page."""


@pytest.fixture
def work(browser: Browser, address: str, turn: int, request) -> Iterator[Work]:
    """Whoever worked leaves nothing on the console, and nothing that the policy of the pages had to stop."""
    people = []

    def work(kind: str, name: str, role: str, **context) -> Person:
        look, email = look_of(kind, turn, place_of(request.function, kind)), address_of(name, role)
        User.objects.filter(email=email).update(language=look.language)
        size = {"width": look.width, "height": 844}
        page = opened(browser, address, email, viewport=size, color_scheme=look.theme, **context)
        people.append(Person(page, look))
        page.goto("/")
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.bsTheme]") == [
            look.language, look.theme,
        ]  # fmt: skip
        return people[-1]

    yield work
    for each in people:
        each.page.context.close()
    said = [said for each in people for said in each.page.said]
    assert said == [], said


class News:
    """What is told to a page while it is open: nothing, until something is."""

    def __init__(self, page: Page):
        self._page, self._asked = page, []
        page.on("framenavigated", lambda frame: self._asked.clear())  # a page that was left hears nothing more
        page.route("**/live/**", lambda route: self._asked.append(route))

    def tell(self, subject: str) -> None:
        """News of a subject, as advances.advance:1, to the page that is open."""
        while not self._asked:
            self._page.wait_for_timeout(20)
        kind, number = subject.split(":")
        news = json.dumps({"name": "x", "subject_type": kind, "subject_id": int(number), "at": ""})
        self._asked[-1].fulfill(content_type="text/event-stream", body=f"event: news\ndata: {news}\n\n")
