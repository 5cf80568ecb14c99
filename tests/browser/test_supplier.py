"""A supplier's owner, on a phone and at a desk: from what can be had to the money on the account, by thumb alone."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from accounts.parties.models import User
from financing.advances import services
from financing.advances.models import Application
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser
from tests.browser.serving import served
from tests.world import TODAY

__all__ = ["browser"]

pytestmark = IN_A_BROWSER


@pytest.fixture
def lending(committed_db):
    found = world.lending()
    world.trade(found.cast.amphora, found.cast.meridian)
    for number in range(4):
        world.receivable(found.cast.amphora, found.cast.meridian, f"A-{number}", 2_000_00)
    world.receivable(found.cast.amphora, found.cast.meridian, "A-NEW", 700_00, age=1)
    return found


@pytest.fixture
def address(lending):
    with served() as address:
        yield address


@pytest.fixture
def page(browser, address):
    signed_in = Client()
    signed_in.force_login(
        User.objects.get(email="ana@amphora.example"), backend="django.contrib.auth.backends.ModelBackend"
    )
    context = browser.new_context(base_url=address, viewport={"width": 390, "height": 844})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": signed_in.cookies[name].value, "url": address}])
    page = context.new_page()
    page.stopped = []
    page.on("console", lambda message: page.stopped.append(message.text) if "Policy" in message.text else None)
    page.on("pageerror", lambda error: page.stopped.append(str(error)))
    yield page
    context.close()


def tell(page, subject: str) -> None:
    """News of a subject, as the stream tells them."""
    kind, number = subject.split(":")
    news = f'{{"name": "x", "subject_type": "{kind}", "subject_id": {number}, "at": ""}}'
    page.route("**/live/", lambda route: route.fulfill(
        status=200, headers={"content-type": "text/event-stream"}, body=f"event: news\ndata: {news}\n\n"
    ))  # fmt: skip


def test_the_owner_is_paid_by_thumb_and_the_page_moves_by_itself(page, lending):
    page.goto("/supplier/")
    with page.expect_response(lambda answer: "/price/" in answer.url):
        page.locator("[data-amount-slider]").fill("50000")
    expect(page.locator("#price")).to_contain_text("500.00")
    page.click("#now button[type=submit]")
    page.click("text=Yes, pay me")
    page.wait_for_url("**/applications/*/")
    expect(page.locator("#progress")).to_contain_text("Being decided")
    made = Application.objects.get()
    assert made.amount_minor == 500_00
    at = made.submitted_at
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[made.id], now=at + timedelta(milliseconds=200))
    advance = Application.objects.get().advance
    services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=at + timedelta(milliseconds=400))
    tell(page, f"advances.application:{made.id}")
    expect(page.locator("#progress")).to_contain_text("in 0.4 s", timeout=15_000)
    expect(page.locator("#progress")).to_contain_text("in 0.2 s")
    assert page.stopped == []
