"""The palette in a real browser: opened, used and left by the keyboard alone, and read by screen readers."""

import re
from itertools import product

import pytest
from django.conf import settings
from playwright.sync_api import expect

from accounts.parties.models import User
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser, dress, faults_in
from tests.browser.serving import served
from tests.live.conftest import signed_in

__all__ = ["browser"]

pytestmark = IN_A_BROWSER


@pytest.fixture
def ana(committed_db, browser):
    """Her browser, in which nothing is live."""
    cast = world.cast()
    for number in range(10, 13):
        world.receivable(cast.amphora, cast.meridian, f"INV-{number}")
    with served() as address:
        session = signed_in(User.objects.get(email="ana@amphora.example"), cast.amphora).session_key
        context = browser.new_context(reduced_motion="reduce", base_url=address)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
        page = context.new_page()
        page.route("**/live/**", lambda route: route.abort())
        page.stopped = []
        page.on("console", lambda message: page.stopped.append(message.text) if "Policy" in message.text else None)
        page.on("pageerror", lambda error: page.stopped.append(str(error)))
        yield page
        context.close()


def test_the_palette_is_used_by_the_keyboard_and_gives_the_focus_back(ana):
    ana.goto("/events/")
    opener = ana.locator("[data-palette-open]")
    opener.focus()
    ana.keyboard.press("Control+k")
    field = ana.get_by_role("combobox", name="Search pages, invoices, advances, parties")
    expect(field).to_be_focused()
    ana.keyboard.type("inv-1")
    expect(ana.get_by_role("option", name="INV-10")).to_have_attribute("aria-selected", "true")
    ana.keyboard.press("ArrowDown")
    expect(ana.get_by_role("option", name="INV-11")).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", ana.locator("[aria-selected=true]").get_attribute("id"))
    ana.keyboard.press("Escape")
    expect(ana.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()
    ana.keyboard.press("Enter")  # a link that opens the palette
    expect(ana.get_by_role("option", name="INV-10")).to_be_visible()
    ana.keyboard.press("ArrowUp")  # from the first to the last
    ana.keyboard.press("ArrowDown")
    ana.keyboard.press("Enter")
    ana.wait_for_url(re.compile(r"/supplier/receivables/\d+/"))
    assert ana.stopped == []


def test_palette_and_page_of_search_are_accessible_and_fit(ana):
    ana.goto("/search/?q=inv")
    for opened in (False, True):
        if opened:
            ana.keyboard.press("Control+k")
            ana.keyboard.type("in")
            expect(ana.get_by_role("option", name="INV-10")).to_be_visible()
        for width, theme in product((1440, 390), ("light", "dark")):
            dress(ana, width, theme)
            assert faults_in(ana) == [], (opened, width, theme)
    assert ana.stopped == []
