"""What stands between guessing and coming in, and whether the settings of a public portal are sound."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from accounts.parties.models import User
from tests.conftest import SLOW_HASHERS
from tests.threads import at_once
from tests.world import PASSWORD

HOURLY = {"login_failed": "10/h/ip,5/h/key", "login": "30/h/ip", "signup": "3/h/ip"}
"""The limits of every day, but by the hour: a test on a busy machine takes its minutes."""


@pytest.fixture
def ana(committed_db) -> User:
    with override_settings(ACCOUNT_RATE_LIMITS=HOURLY):
        yield User.objects.create_user("ana@amphora.example", PASSWORD)


def try_password(password: str, *, email: str = "ana@amphora.example", address: str = "198.51.100.7") -> bool:
    """Whether it let in; each try in a browser of its own, as somebody who guesses does."""
    browser = Client(REMOTE_ADDR=address)
    return browser.post("/accounts/login/", {"login": email, "password": password}).status_code == 302


def kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM parties_attempt")
        return cursor.fetchone()[0]


def test_wrong_passwords_are_counted_where_all_processes_see_them(ana):
    assert not try_password("wrong")
    assert kept() > 0
    for _ in range(4):
        try_password("wrong")
    assert not try_password(PASSWORD)
    cache.clear()  # the minutes have passed
    assert try_password(PASSWORD)


def test_a_row_of_guesses_from_many_addresses_is_one_row(ana):
    for number in range(5):
        assert not try_password("wrong", address=f"203.0.113.{number}")
    assert not try_password(PASSWORD, address="192.0.2.1")


def test_another_account_is_not_shut_by_guesses_at_the_first(ana):
    User.objects.create_user("ben@bellows.example", PASSWORD)
    for _ in range(6):
        try_password("wrong")
    assert try_password(PASSWORD, email="ben@bellows.example", address="192.0.2.1")


def test_guesses_at_many_accounts_from_one_address_end_too(ana):
    for number in range(10):
        try_password("wrong", email=f"p{number}@nowhere.example")
    assert not try_password(PASSWORD)
    assert try_password(PASSWORD, address="192.0.2.1")


def test_guesses_made_at_once_do_not_slip_past_the_count(ana):
    at_once(*[lambda: try_password("wrong")] * 8)
    assert not try_password(PASSWORD)


def test_too_many_sign_ups_from_one_address_are_answered_with_a_page(ana):
    for _ in range(4):
        answer = Client(REMOTE_ADDR="198.51.100.7").post("/accounts/signup/", {"email": "x"})
    assert answer.status_code == 429
    assert "Too many tries" in answer.text


PUBLIC = {
    "DEBUG": "0", "SECRET_KEY": "k3F-9sPqz_uV7mJw0xYtRb2nLc5hGd8aEoTi1yUvSfWgXjZqKpMlNbHcDr4",
    "EMAIL_URL": "smtps://mail", "TRUSTED_PROXIES": "1",
    "PUBLIC_URL": "https://portal.example", "ALLOWED_HOSTS": "portal.example",
}  # fmt: skip


def managed(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR, env=os.environ | PUBLIC, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_djangos_own_check_of_a_public_portal_finds_nothing():
    checked = managed("check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_a_public_portal_keeps_cookies_to_https_and_confirms_addresses():
    asked = (
        "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS ACCOUNT_EMAIL_VERIFICATION "
        "SECURE_HSTS_INCLUDE_SUBDOMAINS SESSION_COOKIE_NAME CSRF_COOKIE_NAME LANGUAGE_COOKIE_NAME"
    )
    shown = managed(
        "shell",
        "-v",
        "0",
        "-c",
        f"from django.conf import settings as s\nfor n in {asked.split()}: print(getattr(s, n))",
    )
    names = ["__Host-sessionid", "__Host-csrftoken", "__Host-django_language"]
    assert shown.stdout.split() == ["True", "True", "True", "31536000", "mandatory", "True", *names], shown.stderr


@pytest.mark.parametrize("confirming", ["mandatory", "optional"])
def test_of_two_who_sign_up_with_one_address_at_once_one_does_and_the_other_hears_what_a_later_one_hears(
    committed_db, confirming
):
    def sign_up():
        browser = Client(raise_request_exception=False)
        given = {"email": "nora@novum.example", "password1": "a quay by the sea", "password2": "a quay by the sea"}
        answer = browser.post("/accounts/signup/", given)
        errors = answer.context["form"].errors if "form" in (answer.context or {}) else None
        return answer.status_code, answer.headers.get("Location"), errors, "_auth_user_id" in browser.session

    with override_settings(ACCOUNT_EMAIL_VERIFICATION=confirming, ACCOUNT_RATE_LIMITS={}):
        with override_settings(PASSWORD_HASHERS=SLOW_HASHERS):  # between the look and the entry lies the hash
            answers = at_once(sign_up, sign_up)
        later = sign_up()
    assert User.objects.filter(email="nora@novum.example").count() == 1
    # Where an address is confirmed first, the one who did is answered in no other way either.
    assert sum(answer == later for answer in answers) == (2 if confirming == "mandatory" else 1), answers
