"""The platform's people at work in a real browser: accept many at once, dispute one, pay what is due."""

import re

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import expect

from accounts.parties.models import User
from financing.receivables.models import Receivable, Settlement
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser
from tests.browser.serving import served

__all__ = ["browser"]

pytestmark = IN_A_BROWSER


@pytest.fixture
def lending(committed_db):
    return world.lending()


@pytest.fixture
def waiting(lending):
    """Three invoices that wait for a hand."""
    return [
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"A-{n}", 100_00 + n, status="RECEIVED")
        for n in range(3)
    ]


@pytest.fixture
def maya(lending, browser):
    """Her browser, signed in: `maya("/platform/")` opens a page."""
    with served() as address:
        context = browser.new_context(reduced_motion="reduce")
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": signed_in("maya"), "url": address}])
        page = context.new_page()
        page.route("**/live/", lambda route: route.abort())
        yield lambda path: (page.goto(address + path), page)[1]
        context.close()


def signed_in(name: str) -> str:
    user = User.objects.get(email=f"{name}@meridian.example")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return session.session_key


def states() -> list[str]:
    return list(Receivable.objects.order_by("id").values_list("status", flat=True))


def test_many_are_chosen_by_one_box_and_accepted_at_once(maya, waiting):
    page = maya("/platform/acceptance/")
    page.check("[data-choose-all]")
    expect(page.locator(".btn [data-chosen-count]")).to_have_text("(3)")
    page.locator("input[name=chosen]").first.uncheck()
    expect(page.locator(".btn [data-chosen-count]")).to_have_text("(2)")
    page.get_by_role("button", name="Accept chosen").click()
    expect(page.locator("#messages")).to_contain_text("2 invoices accepted.")
    assert states().count("ACCEPTED") == 2


def test_one_is_disputed_with_a_reason_in_a_dialog(maya, waiting):
    page = maya(f"/platform/receivables/{waiting[0].id}/")
    page.click("[data-dialog=dispute]")
    page.locator("#dispute textarea").fill("Twelve pieces are missing")
    page.locator("#dispute").get_by_role("button", name="Dispute").click()
    expect(page.locator("h1")).to_contain_text("Disputed")
    expect(page.locator("main")).to_contain_text("Twelve pieces are missing")


def test_what_is_due_is_shown_and_then_paid(maya, lending):
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-9", 250_00, due_in=3)
    page = maya("/platform/settlements/")
    page.get_by_role("button", name="Show what would be paid").click()
    expect(page.locator("main")).to_contain_text("Amphora")
    page.click("[data-dialog=pay]")
    page.locator("#pay").get_by_role("button", name=re.compile("Pay EUR.250.00")).click()
    expect(page.locator("#messages")).to_contain_text("Instructed.")
    assert Settlement.objects.get().payments.get().amount_minor == 250_00
