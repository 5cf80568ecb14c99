"""What stands around every request: headers, the end of sessions, and the log of who was refused."""

import asyncio
import time

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.test.utils import override_settings

from accounts.parties.models import User
from portal import health, live
from portal.shared.security import logger
from portal.walls import BEGAN, SEEN
from tests.world import PASSWORD

AROUND = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
PRIVATE = "tell-nobody@4711.example"


@pytest.fixture
def ana(db) -> User:
    return User.objects.create_user("ana@amphora.example", PASSWORD)


@pytest.fixture
def browser(ana) -> Client:
    browser = Client()
    browser.force_login(ana)
    return browser


@pytest.fixture
def noted(caplog, monkeypatch):
    """Lines of the log of security so far."""
    # The linter of imports, where it is loaded for its own test, turns off all logs that there are.
    monkeypatch.setattr(logger, "disabled", False)

    def read() -> list[str]:
        return [each.getMessage() for each in caplog.records if each.name == "portolan.security"]

    return read


# ── headers ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("path", ["/accounts/login/", "/api/me/", "/static/js/theme.js", "/no/such/page/", "/party/"])
def test_every_answer_says_that_no_other_site_may_use_it(db, path):
    answer = Client().get(path)
    assert {name: answer.headers.get(name) for name in AROUND} == AROUND
    assert "camera=()" in answer.headers["Permissions-Policy"]
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "object-src 'none'" in policy and "base-uri 'none'" in policy


def test_the_stream_of_news_says_it_too_and_to_whom_it_refuses():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(live.refuse(send, 401))
    for headers in (dict(sent[0]["headers"]), dict(live.HEADERS)):
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"cross-origin-resource-policy"] == b"same-origin"
        assert headers[b"content-security-policy"] == b"default-src 'none'; frame-ancestors 'none'"
        assert headers[b"cache-control"] == b"no-store"


def test_the_answer_about_our_health_says_it_too():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(health.serve({"path": health.LIVE, "method": "GET"}, None, send))
    headers = dict(sent[0]["headers"])
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"] == b"default-src 'none'; frame-ancestors 'none'"


def test_a_machine_that_speaks_in_the_clear_is_refused_and_a_person_led_to_https(db):
    with override_settings(SECURE_SSL_REDIRECT=True):
        machine, person = Client().get("/api/me/"), Client().get("/accounts/login/")
        token = Client().post("/identity/o/api/token", {"grant_type": "client_credentials"})
    assert (machine.status_code, machine.json()["code"]) == (400, "BAD_REQUEST")
    assert token.status_code == 400
    assert (person.status_code, person.headers["Location"]) == (301, "https://testserver/accounts/login/")


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def aged(browser: Client, **seconds: int) -> None:
    """Let the session have begun, or been seen, so long ago."""
    session = browser.session
    session.update({name: int(time.time()) - ago for name, ago in seconds.items()})
    session.save()


def is_in(browser: Client, **headers) -> bool:
    return browser.get("/accounts/profile/", headers=headers).status_code == 200


def test_a_session_that_nobody_uses_ends(browser):
    aged(browser, **{SEEN: settings.SESSION_IDLE_SECONDS - 60})
    assert is_in(browser)
    assert time.time() - browser.session[SEEN] < 60  # and the hour begins anew
    aged(browser, **{SEEN: settings.SESSION_IDLE_SECONDS + 1})
    assert not is_in(browser)
    assert not Session.objects.exists()


def test_a_session_ends_after_its_hours_however_much_it_is_used(browser):
    aged(browser, **{BEGAN: settings.SESSION_COOKIE_AGE + 1})
    assert not is_in(browser)
    assert not Session.objects.exists()


def test_what_a_page_fetches_by_itself_is_no_use_of_the_session(browser):
    aged(browser, **{SEEN: 1800})
    assert is_in(browser, X_Live="1")
    assert time.time() - browser.session[SEEN] > 1790


def test_a_new_password_ends_the_sessions_in_other_browsers_and_keeps_this_one(ana):
    one, other = Client(), Client()
    for each in (one, other):
        assert each.post("/accounts/login/", {"login": ana.email, "password": PASSWORD}).status_code == 302
    fresh = "seven herons over the bay"
    form = {"oldpassword": PASSWORD, "password1": fresh, "password2": fresh}
    assert one.post("/accounts/password/change/", form).status_code == 302
    assert is_in(one) and not is_in(other)


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_sign_in_is_noted_whether_it_succeeds_or_not_and_never_what_was_typed(ana, noted):
    browser = Client(REMOTE_ADDR="198.51.100.7")
    browser.post("/accounts/login/", {"login": PRIVATE, "password": PRIVATE})
    browser.post("/accounts/login/", {"login": ana.email, "password": PRIVATE})
    browser.post("/accounts/login/", {"login": ana.email, "password": PASSWORD})
    browser.post("/accounts/logout/")
    lines = noted()
    assert [each.split()[0] for each in lines] == ["sign_in_failed", "sign_in_failed", "signed_in", "signed_out"]
    assert all('address="198.51.100.7"' in each for each in lines)
    assert f'user={ana.pk} methods=["password"]' in lines[2]
    assert not any(PRIVATE in each or PASSWORD in each or ana.email in each for each in lines)


def test_who_is_refused_is_noted_by_the_pattern_of_the_address(browser, ana, noted):
    Client().get("/api/me/", headers={"Authorization": f"Bearer {PRIVATE}"})
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ana)
    strict.post("/accounts/profile/", {"full_name": PRIVATE})
    refused = [each for each in noted() if each.startswith("refused")]
    assert [each.split(" status=")[1] for each in refused] == [
        '401 method="GET" where="/api/me/"', '403 method="POST" where="accounts/profile/"',
    ]  # fmt: skip
    assert not any(PRIVATE in each for each in refused)


def test_nobody_writes_a_line_of_the_log_by_a_header(db, noted):
    Client(REMOTE_ADDR="1.2.3.4\nsigned_in user=1").get("/api/me/")
    assert len(noted()) == 1 and "\n" not in noted()[0]
