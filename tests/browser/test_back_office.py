"""The operator in the back office in a real browser: what is stuck, a list, a filter, an export, another try."""

import csv

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import expect

from accounts.parties.models import User
from accounts.trail.models import Delivery
from tests import world
from tests.backoffice.conftest import parked
from tests.browser.looking import IN_A_BROWSER, axe, browser
from tests.browser.serving import served

__all__ = ["browser"]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
UNFOLDS = {
    "aria-hidden-focus", "label", "nested-interactive", "scrollable-region-focusable", "select-name", "button-name",
    "link-name", "color-contrast", "target-size", "duplicate-id-aria",
}  # fmt: skip
"""Rules that unfold's own frame offends against; ours are held to all of them."""
OURS = ".bo-board, .bo-confirm, .bo-related, .bo-note, .bo-acts"

pytestmark = IN_A_BROWSER


@pytest.fixture
def wim(committed_db, browser):
    lending = world.lending()
    parked(lending.cast.amphora, 2)
    parked(lending.cast.amphora, 1, state="WAITING")
    with served() as address:
        context = browser.new_context(reduced_motion="reduce", base_url=address, accept_downloads=True)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of("wim"), "url": address}])
        page = context.new_page()
        page.stopped = []
        page.on("console", lambda each: page.stopped.append(each.text) if each.type == "error" else None)
        page.on("pageerror", lambda error: page.stopped.append(str(error)))
        yield page
        context.close()


def session_of(name: str) -> str:
    user = User.objects.get(email=f"{name}@watch.example")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


def faults(page) -> set[str]:
    """What axe finds in our parts, and in unfold's frame beyond what it is known for."""
    ours = axe(page, OURS, RULES) if page.locator(OURS).count() else []
    return {*ours, *(each for each in axe(page, "body", RULES) if each.split(":")[0] not in UNFOLDS)}


def test_what_is_stuck_is_found_taken_home_and_tried_again(wim):
    wim.goto("/admin/")
    figure = wim.locator(".bo-figure", has_text="Parked deliveries")
    expect(figure.locator(".bo-figure-value")).to_have_text("2")
    assert faults(wim) == set()
    figure.locator("a").click()
    expect(wim.locator("#result_list tbody tr")).to_have_count(2)
    assert faults(wim) == set()

    wim.goto("/admin/trail/delivery/")
    wim.locator(".filter-open-button").focus()
    wim.keyboard.press("Enter")
    wim.fill("input[name=due_at_to]", "2026-01-01")
    wim.locator("#filter-form button[type=submit]").click()
    expect(wim.locator("#result_list tbody tr")).to_have_count(0)

    wim.goto("/admin/trail/delivery/?state__exact=PARKED")
    with wim.expect_download() as taken:
        wim.click("text=Export CSV")
    with open(taken.value.path(), encoding="utf-8-sig", newline="") as file:
        assert [each["state"] for each in csv.DictReader(file)] == ["PARKED", "PARKED"]

    wim.locator("#result_list tbody tr th a").first.click()
    wim.click("button:has-text('Try again')")
    expect(wim.locator("body")).to_contain_text("Try again: done for 1.")
    assert Delivery.objects.filter(state="PARKED").count() == 1
    assert faults(wim) == set()
    assert wim.stopped == []
