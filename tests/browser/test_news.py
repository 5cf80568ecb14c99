"""News that comes while a person fills in a form: the page follows, and what is typed stays."""

import re

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import expect

from accounts.parties import services as parties
from accounts.parties.models import User
from financing.banking.services import register_account
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser
from tests.browser.serving import served
from tests.live.conftest import signed_in
from tests.world import NOW, as_member

__all__ = ["browser"]

pytestmark = IN_A_BROWSER
NEWS = 'id: 1-1\nevent: news\ndata: {"name": "x", "subject_type": "banking.bankaccount", "subject_id": 1}\n\n'


@pytest.fixture
def cinder(committed_db):
    """A supplier that has signed up, and may join a programme."""
    world.lending(now=NOW)
    user = User.objects.create(email="cas@cinder.example", full_name="Cas Vos", password="!")
    return parties.register_supplier(user=user, name="Cinder B.V.", country="NL", registration_number="7", now=NOW)


@pytest.fixture
def cas(cinder, browser):
    """His browser; `told(account)` proposes an account and has the stream of news tell of it."""
    user = User.objects.get(email="cas@cinder.example")
    with served() as address:
        context = browser.new_context(reduced_motion="reduce", base_url=address)
        key = signed_in(user, cinder).session_key
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": address}])
        page = context.new_page()

        def tell(text: str) -> None:
            page.route("**/live/**", lambda route: route.fulfill(content_type="text/event-stream", body=text))

        def told() -> None:
            register_account(
                actor=as_member(user.email), party_id=cinder.id, holder="Cinder B.V.", iban="NL91ABNA0417164300",
                bic="", currency="EUR", now=NOW,
            )  # fmt: skip
            tell(f"retry: 500\n\n{NEWS}")

        tell("retry: 500\n\n")
        page.told = told
        yield page
        context.close()


def test_what_is_typed_and_not_sent_stays_while_the_page_follows_the_news(cas):
    cas.goto(reverse("supplier:verification"), wait_until="domcontentloaded")
    cas.locator("#account [name=iban]").fill("NL02 RABO")
    cas.locator("#main").focus()
    cas.told()
    expect(cas.locator("#progress")).to_contain_text("Pending")
    expect(cas.locator("#account [name=iban]")).to_have_value("NL02 RABO")


def test_a_page_that_tells_of_a_refusal_follows_the_news_and_keeps_what_was_refused(cas):
    cas.goto(reverse("supplier:verification"), wait_until="domcontentloaded")
    cas.locator("#account [name=iban]").fill("NL00 WRONG")
    cas.locator("#account [type=submit]").click()
    expect(cas.locator("#account")).to_contain_text("This is not a valid IBAN.")
    cas.locator("#main").focus()
    cas.told()
    expect(cas.locator("#progress")).to_contain_text("Pending")
    expect(cas.locator("#account [name=iban]")).to_have_value("NL00 WRONG")


def test_where_the_session_has_ended_elsewhere_nothing_of_it_stays_on_the_screen(cas):
    cas.goto(reverse("supplier:verification"), wait_until="domcontentloaded")
    expect(cas.locator("[data-live-mark]").first).to_have_attribute("data-state", re.compile("connected|cut"))
    Session.objects.all().delete()
    cas.route("**/live/**", lambda route: route.fulfill(status=401))
    expect(cas).to_have_url(re.compile("/accounts/login/"))
    assert "Cinder" not in cas.content()
