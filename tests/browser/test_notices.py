"""Notices in a real browser: the bell counts while the page is open, unfolds, and leads on; mails are chosen."""

import re
from itertools import product

import pytest
from django.conf import settings
from playwright.sync_api import expect

from accounts.notices import services
from accounts.notices.models import Notice, Preferences
from accounts.parties.models import User
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser, faults_in
from tests.browser.serving import served
from tests.live.conftest import signed_in
from tests.notices.conftest import funded, happened
from tests.world import NOW

__all__ = ["browser"]

pytestmark = IN_A_BROWSER


@pytest.fixture
def cast(committed_db):
    people = world.cast()
    services.write(events=[funded(people)], now=NOW)
    return people


@pytest.fixture
def ana(cast, browser):
    """Her browser, in which the stream of news says what the test says it does (`tell`), then ends and comes again."""
    with served() as address:
        session = signed_in(User.objects.get(email="ana@amphora.example"), cast.amphora).session_key
        context = browser.new_context(reduced_motion="reduce", base_url=address)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
        page = context.new_page()
        page.tell = lambda text: page.route(
            "**/live/**", lambda route: route.fulfill(content_type="text/event-stream", body=f"retry: 500\n\n{text}")
        )
        page.tell("")
        yield page
        context.close()


def test_the_bell_counts_up_while_the_page_is_open_and_leads_to_what_is_new(ana, cast):
    ana.goto("/events/", wait_until="domcontentloaded")
    expect(ana.locator("#bell-count .bell-number")).to_have_text("1")
    services.write(events=[funded(cast, 2)], now=NOW)
    ana.tell("event: notices\ndata: {}\n\n")
    expect(ana.locator("#bell-count .bell-number")).to_have_text("2")
    ana.locator(".bell > summary").click()
    expect(ana.locator(".bell-list a.unread")).to_have_count(2)
    ana.locator(".bell-list a").first.click()
    ana.wait_for_url(re.compile("/supplier/advances/2/"))
    assert Notice.objects.unread().filter(user__email="ana@amphora.example").count() == 1


def test_one_is_marked_as_read_then_all(ana, cast):
    services.write(events=[funded(cast, 2), funded(cast, 3)], now=NOW)
    ana.goto("/notices/")
    ana.get_by_role("button", name=re.compile("^Mark as read")).first.click()
    expect(ana.locator(".notice-item.unread")).to_have_count(2)
    ana.get_by_role("button", name="Mark all as read").click()
    expect(ana.locator(".notice-item.unread")).to_have_count(0)
    expect(ana.locator(".bell-number")).to_have_count(0)


def test_mails_are_chosen_by_keyboard_and_kept(ana):
    ana.goto("/accounts/notices/")
    ana.locator("input[name=money][value=AT_ONCE]").focus()
    ana.keyboard.press("ArrowDown")
    ana.get_by_role("button", name="Save").click()
    expect(ana.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert Preferences.objects.get().cadences == {"money": "DAILY"}


def test_the_pages_are_accessible_and_fit(ana, cast):
    """Each in two looks that have nothing in common."""
    services.write(events=[happened("client.created", cast.amphora, cast.amphora)], now=NOW)
    looks = tuple(product((1440, 390), ("light", "dark")))
    for number, path in enumerate(("/notices/", "/notices/?topic=work", "/accounts/notices/")):
        for width, theme in (looks[number], looks[-1 - number]):
            ana.emulate_media(color_scheme=theme, reduced_motion="reduce")
            ana.set_viewport_size({"width": width, "height": 844})
            ana.goto(path)
            ana.locator(".bell > summary").click()
            expect(ana.locator(".bell-list li")).to_have_count(2)
            assert faults_in(ana) == [], (path, width, theme)
