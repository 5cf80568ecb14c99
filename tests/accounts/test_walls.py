"""What stands between guessing and coming in, and whether the settings of a public portal are sound."""

import os
import re
import subprocess
import sys

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from accounts.parties.models import User
from tests.accounts.test_coming_in import code_of
from tests.conftest import SLOW_HASHERS
from tests.threads import at_once
from tests.world import PASSWORD

HOURLY = {
    **{action: rates and re.sub(r"/\d*m/", "/h/", rates) for action, rates in settings.ACCOUNT_RATE_LIMITS.items()},
    "signup": "3/h/ip",
}
"""The limits of every day, but by the hour: a test on a busy machine takes its minutes."""
AN_ADDRESS = 20
"""Wrong passwords that one address has."""


@pytest.fixture
def ana(committed_db) -> User:
    with override_settings(ACCOUNT_RATE_LIMITS=HOURLY):
        yield User.objects.create_user("ana@amphora.example", PASSWORD)


def try_password(password: str, *, email: str = "ana@amphora.example", address: str = "198.51.100.7") -> bool:
    """Whether it let in; each try in a browser of its own, as somebody who guesses does."""
    return enters(Client(REMOTE_ADDR=address), email, password)


def enters(browser: Client, email: str = "ana@amphora.example", password: str = PASSWORD) -> bool:
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


def guess_at_many(address: str = "198.51.100.7", times: int = AN_ADDRESS) -> None:
    for number in range(times):
        assert not try_password("wrong", email=f"p{number}@nowhere.example", address=address)


def test_guesses_at_many_accounts_from_one_address_end_too(ana):
    guess_at_many(times=AN_ADDRESS - 1)
    assert try_password(PASSWORD)
    guess_at_many(times=1)
    assert not try_password(PASSWORD)
    assert try_password(PASSWORD, address="192.0.2.1")


def test_guesses_from_one_address_do_not_shut_out_a_browser_there_that_was_let_in_before(ana):
    secret = generate_totp_secret()
    own = Client(REMOTE_ADDR="198.51.100.7")
    assert enters(own)
    TOTP.activate(ana, secret)
    own.post("/accounts/logout/")
    guess_at_many(times=AN_ADDRESS + 20)
    assert not try_password(PASSWORD)  # from a browser that nobody knows
    assert enters(own)
    assert own.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    assert own.get("/accounts/profile/").status_code == 200
    assert own.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


def test_people_behind_one_address_have_their_wrong_tries_each(ana):
    for number in range(3):
        email = f"p{number}@amphora.example"
        User.objects.create_user(email, PASSWORD)
        for _ in range(AN_ADDRESS):  # a programme that does not give up: what is refused unseen counts for nobody
            try_password("wrong", email=email)
        assert not try_password(PASSWORD, email=email)
    assert try_password(PASSWORD)


def test_people_behind_one_address_come_in_as_many_as_they_are(ana):
    for number in range(AN_ADDRESS * 2):
        User.objects.create_user(f"p{number}@amphora.example", PASSWORD)
        assert try_password(PASSWORD, email=f"p{number}@amphora.example")


def test_who_is_refused_for_the_address_has_its_own_tries_elsewhere(ana):
    guess_at_many()
    for _ in range(6):
        assert not try_password(PASSWORD)
    assert try_password(PASSWORD, address="192.0.2.1")


def test_who_guesses_and_comes_in_between_by_an_account_of_its_own_guesses_no_longer(ana):
    secret = generate_totp_secret()
    eve = User.objects.create_user("eve@elsewhere.example", PASSWORD)
    TOTP.activate(eve, secret)
    guess_at_many(times=AN_ADDRESS - 1)
    own = Client(REMOTE_ADDR="198.51.100.7")
    assert enters(own, eve.email)
    assert own.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    guess_at_many(times=1)
    assert not try_password(PASSWORD)


def test_an_account_comes_in_thirty_times_a_minute_and_no_more(ana):
    assert [try_password(PASSWORD) for _ in range(31)] == [True] * 30 + [False]


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
