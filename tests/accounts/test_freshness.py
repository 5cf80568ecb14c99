"""Whoever has just signed in has shown who it is; minutes later it is asked again where a session is too little."""

import time

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from django.urls import reverse

from accounts.parties.models import User
from financing.banking.models import BankAccount
from financing.banking.services import register_account
from tests import world
from tests.world import NOW, PASSWORD, as_member

MINUTES = 60


@pytest.fixture
def waiting(db) -> BankAccount:
    """Bellows' first account, for the operator to confirm."""
    cast = world.cast()
    return register_account(
        actor=as_member("ben@bellows.example"), party_id=cast.bellows.id, holder="Bellows",
        iban="DE89370400440532013000", currency="EUR", now=NOW,
    )  # fmt: skip


def signs_in(email: str, *, code: bool) -> Client:
    person = User.objects.get(email=email)
    person.set_password(PASSWORD)
    person.save()
    secret = generate_totp_secret()
    if code:
        Authenticator.objects.create(user=person, type="totp", data={"secret": secret})
    browser = Client()
    answer = browser.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    assert (answer.status_code, answer.url) == (302, reverse("mfa_authenticate") if code else "/")
    if code:
        assert browser.get("/operations/").status_code == 302  # the password alone opens nothing
        now = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
        assert browser.post(reverse("mfa_authenticate"), {"code": now}).status_code == 302
    return browser


def earlier(browser: Client, seconds: int) -> None:
    """All that was confirmed in the session was so some time ago."""
    session = browser.session
    for each in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        each["at"] -= seconds
    session.save()


@pytest.mark.parametrize("code", [True, False], ids=["with a second factor", "by password"])
def test_who_has_just_signed_in_confirms_an_account_and_is_not_asked_once_more(waiting, code):
    wanda = signs_in("wanda@watch.example", code=code)
    page, confirm = (reverse(f"operator:{name}", args=[waiting.id]) for name in ("account", "confirm_account"))
    assert wanda.get(page).status_code == 200
    assert wanda.post(confirm, {"evidence": "Match"}).url == page
    waiting.refresh_from_db()
    assert waiting.status == "IN_FORCE"


def test_some_minutes_after_the_sign_in_it_is_asked_and_what_it_confirms_counts_again(waiting):
    wanda = signs_in("wanda@watch.example", code=False)
    page, confirm = (reverse(f"operator:{name}", args=[waiting.id]) for name in ("account", "confirm_account"))
    earlier(wanda, 6 * MINUTES)
    assert wanda.get(page).url.startswith(reverse("account_reauthenticate"))
    wanda.post(confirm, {"evidence": "Match"})
    waiting.refresh_from_db()
    assert waiting.status == "WAITING"
    wanda.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": page})
    assert wanda.get(page).status_code == 200


def test_the_sign_in_of_another_person_in_the_same_browser_counts_for_nobody_else(waiting):
    browser = signs_in("hana@harbour.example", code=False)
    browser.post(reverse("account_logout"))
    person = User.objects.get(email="wanda@watch.example")
    person.set_password(PASSWORD)
    person.save()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    assert browser.get(reverse("operator:account", args=[waiting.id])).url.startswith(reverse("account_reauthenticate"))
