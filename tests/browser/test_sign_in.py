"""Signing in as people do, in a real browser on the portal's own settings and routes: passwords, mail, an authenticator
app, passkeys, recovery codes, sessions. Nothing on the way may fall foul of the content security policy."""

import os
import re
import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test.utils import override_settings
from playwright.sync_api import expect

from accounts.parties.models import Membership, User
from tests import world
from tests.browser.looking import IN_A_BROWSER, axe, browser
from tests.browser.serving import served
from tests.world import NOW, PASSWORD

__all__ = ["browser"]

SHOTS = os.environ.get("SHOTS")
"""A folder for pictures of every page on the way, desk and phone; none are taken without it."""

pytestmark = IN_A_BROWSER


@pytest.fixture
def address(committed_db):
    """The portal itself, on a server of this test. A passkey belongs to a name, so it is no number. An app's code of a
    moment ago is still taken: nobody has to wait for the next half minute."""
    world.cast()
    cache.clear()
    mail.outbox = []
    with served(host="localhost", ALLOWED_HOSTS=["localhost"], DEBUG=False, MFA_TOTP_TOLERANCE=1) as address:
        yield address


class Visit:
    """One person's browser. `troubles` collects what went to its console or was stopped."""

    def __init__(self, context, address: str):
        self.context, self.address = context, address
        self.page = context.new_page()
        self.troubles: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _said(self, message) -> None:
        # The browser itself reports every answer of 4xx: those are asserted where they are meant.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.troubles.append(message.text)

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        self.open("/accounts/login/")
        self.page.fill("[name=login]", email)
        self.page.fill("[name=password]", password)
        self.press("Sign in")

    def press(self, name: str) -> None:
        self.page.get_by_role("main").get_by_role("button", name=name, exact=True).click()

    def confirm_password(self) -> None:
        self.page.fill("[name=password]", PASSWORD)
        self.press("Confirm")

    def who(self) -> str | None:
        answer = self.context.request.get(f"{self.address}/api/v1/me/")
        return answer.json()["party"]["name"] if answer.status == 200 else None

    def look(self, name: str) -> None:
        """Every page on the way fits a phone and is accessible."""
        for width in (1440, 390):
            self.page.set_viewport_size({"width": width, "height": 844})
            assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (name, width)
            if SHOTS:
                self.page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
        assert axe(self.page) == [], name
        self.page.set_viewport_size({"width": 1440, "height": 844})


@pytest.fixture
def visit(browser, address):
    made = []

    def come() -> Visit:
        made.append(Visit(browser.new_context(), address))
        return made[-1]

    yield come
    for each in made:
        each.context.close()
    assert [trouble for each in made for trouble in each.troubles] == []


def with_password(email: str) -> User:
    user = User.objects.get(email=email)
    user.set_password(PASSWORD)
    user.save()
    user.emailaddress_set.create(email=email, verified=True, primary=True)
    return user


def link(number: int = -1) -> str:
    """The path of the link in a mail."""
    return re.search(r"https?://[^/]+(/accounts/\S+)", mail.outbox[number].body)[1]


def code_of(secret: str) -> str:
    """What the app shows."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def authenticator(visit: Visit) -> tuple:
    """A fingerprint reader that always knows its owner."""
    session = visit.context.new_cdp_session(visit.page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    return session, session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def test_sign_up_confirm_register_a_company_and_come_back(visit):
    nora = visit()
    nora.open("/accounts/signup/")
    nora.look("sign-up")
    nora.page.fill("[name=email]", "nora@novum.example")
    nora.page.fill("[name=password1]", PASSWORD)
    nora.page.fill("[name=password2]", PASSWORD)
    nora.press("Create an account")
    expect(nora.page).to_have_url(re.compile("/supplier/register/$"))
    assert [message.to for message in mail.outbox] == [["nora@novum.example"]]
    nora.open(link())
    nora.look("confirm")
    nora.press("Confirm")
    assert User.objects.get(email="nora@novum.example").emailaddress_set.get().verified
    nora.open("/supplier/register/")
    nora.look("register")
    nora.page.fill("[name=name]", "Novum")
    nora.page.fill("[name=registration_number]", "HRB 7")
    nora.page.locator("[name=country]").fill("DE") if nora.page.locator("input[name=country]").count() else (
        nora.page.select_option("[name=country]", "DE")
    )
    nora.press("Sign up")
    expect(nora.page).to_have_url(re.compile("/supplier/verification/$"))
    assert nora.who() == "Novum"


def test_where_mail_is_obligatory_nobody_enters_before_the_address_is_confirmed(visit):
    with override_settings(ACCOUNT_EMAIL_VERIFICATION="mandatory"):
        nora = visit()
        nora.open("/accounts/signup/")
        nora.page.fill("[name=email]", "nora@novum.example")
        nora.page.fill("[name=password1]", PASSWORD)
        nora.page.fill("[name=password2]", PASSWORD)
        nora.press("Create an account")
        expect(nora.page).to_have_url(re.compile("/accounts/confirm-email/$"))
        nora.look("confirm-sent")
        nora.open("/supplier/register/")
        assert "/accounts/login/" in nora.page.url
        nora.open(link())
        nora.press("Confirm")
        nora.sign_in("nora@novum.example")
        expect(nora.page).to_have_url(re.compile("/supplier/register/$"))


def test_who_signs_up_with_a_known_address_learns_nothing_and_its_owner_is_told(visit):
    with_password("ana@amphora.example")
    with override_settings(ACCOUNT_EMAIL_VERIFICATION="mandatory"):
        thief = visit()
        thief.open("/accounts/signup/")
        thief.page.fill("[name=email]", "ana@amphora.example")
        thief.page.fill("[name=password1]", "thief-thief-thief")
        thief.page.fill("[name=password2]", "thief-thief-thief")
        thief.press("Create an account")
        expect(thief.page).to_have_url(re.compile("/accounts/confirm-email/$"))
        assert [message.to for message in mail.outbox] == [["ana@amphora.example"]]
        assert thief.who() is None


def test_a_wrong_password_says_the_same_whether_the_person_exists_or_not(visit):
    with_password("ana@amphora.example")
    said = []
    for email in ("ana@amphora.example", "nobody@nowhere.example"):
        guest = visit()
        guest.sign_in(email, "wrong-wrong-wrong")
        said.append(guest.page.get_by_role("main").inner_text())
        assert guest.who() is None
    assert said[0] == said[1]
    assert "not correct" in said[0]
    guest.look("wrong-password")


def test_after_five_wrong_passwords_the_right_one_is_refused_for_a_while(visit):
    with_password("ana@amphora.example")
    guest = visit()
    for _ in range(5):
        guest.sign_in("ana@amphora.example", "wrong-wrong-wrong")
    guest.sign_in("ana@amphora.example")
    assert guest.who() is None
    expect(guest.page.get_by_role("main")).to_contain_text("Too many")
    guest.look("locked-out")
    another = visit()
    with_password("hugo@harbour.example")
    another.sign_in("hugo@harbour.example")
    assert another.who() == "Harbour"


def test_a_forgotten_password_is_set_anew_by_mail_and_other_sessions_end(visit):
    with_password("ana@amphora.example")
    signed_in, ana = visit(), visit()
    signed_in.sign_in("ana@amphora.example")
    assert signed_in.who() == "Amphora"
    ana.open("/accounts/password/reset/")
    ana.look("reset")
    ana.page.fill("[name=email]", "ana@amphora.example")
    ana.page.get_by_role("main").get_by_role("button").first.click()
    expect(ana.page).to_have_url(re.compile("/reset/done/$"))
    ana.look("reset-sent")
    ana.open(link())
    ana.look("reset-key")
    ana.page.fill("[name=password1]", "another-rose-1493")
    ana.page.fill("[name=password2]", "another-rose-1493")
    ana.page.get_by_role("main").locator("button[type=submit]").first.click()
    expect(ana.page).to_have_url(re.compile("/key/done/$"))
    ana.look("reset-done")
    assert signed_in.who() is None
    ana.sign_in("ana@amphora.example", "another-rose-1493")
    assert ana.who() == "Amphora"
    ana.open(link(0))
    ana.look("reset-used-link")
    assert ana.page.locator("[name=password1]").count() == 0


def test_an_unknown_address_gets_the_same_answer_to_a_forgotten_password(visit):
    guest = visit()
    guest.open("/accounts/password/reset/")
    guest.page.fill("[name=email]", "nobody@nowhere.example")
    guest.page.get_by_role("main").get_by_role("button").first.click()
    expect(guest.page).to_have_url(re.compile("/reset/done/$"))


def test_an_authenticator_app_is_set_up_and_asked_for_and_its_code_works_once(visit):
    with_password("hugo@harbour.example")
    with override_settings(SECOND_FACTOR_REQUIRED=True):
        hugo = visit()
        hugo.sign_in("hugo@harbour.example")
        expect(hugo.page).to_have_url(re.compile("/accounts/2fa/$"))
        hugo.look("second-factor")
        hugo.open("/accounts/2fa/totp/activate/")
        if "reauthenticate" in hugo.page.url:
            hugo.look("reauthenticate")
            hugo.confirm_password()
        hugo.look("app")
        secret = re.search(r"\b[A-Z2-7]{32}\b", hugo.page.content())[0]
        hugo.page.fill("[name=code]", "000000")
        hugo.press("Activate")
        hugo.look("app-wrong-code")
        hugo.page.fill("[name=code]", code_of(secret))
        hugo.press("Activate")
        hugo.page.wait_for_load_state()
        hugo.look("app-done")
        hugo.open("/events/")
        assert hugo.page.url.endswith("/events/")

        phone = visit()
        phone.sign_in("hugo@harbour.example")
        expect(phone.page).to_have_url(re.compile("/accounts/2fa/authenticate/"))
        assert phone.who() is None
        phone.look("ask-code")
        phone.page.fill("[name=code]", "000000")
        phone.press("Sign in")
        assert phone.who() is None
        used = code_of(secret)
        phone.page.fill("[name=code]", used)
        phone.press("Sign in")
        assert phone.who() == "Harbour"

        thief = visit()
        thief.sign_in("hugo@harbour.example")
        thief.page.fill("[name=code]", used)
        thief.press("Sign in")
        assert thief.who() is None


def test_a_recovery_code_lets_in_once(visit):
    with_password("hugo@harbour.example")
    hugo = visit()
    hugo.sign_in("hugo@harbour.example")
    hugo.open("/accounts/2fa/totp/activate/")
    if "reauthenticate" in hugo.page.url:
        hugo.confirm_password()
    secret = re.search(r"\b[A-Z2-7]{32}\b", hugo.page.content())[0]
    hugo.page.fill("[name=code]", code_of(secret))
    hugo.press("Activate")
    hugo.page.wait_for_load_state()
    hugo.open("/accounts/2fa/recovery-codes/")
    hugo.look("recovery-codes")
    codes = hugo.page.locator("#recovery_codes").input_value().split()
    assert len(codes) == 10
    for expected in ("Harbour", None):
        other = visit()
        other.sign_in("hugo@harbour.example")
        other.page.fill("[name=code]", codes[0])
        other.press("Sign in")
        assert other.who() == expected
    hugo.open("/accounts/2fa/")
    hugo.look("second-factor-on")
    expect(hugo.page.get_by_role("main")).to_contain_text("9 of 10 are left")


def test_a_passkey_is_added_and_signs_in_without_a_password(visit):
    with_password("hugo@harbour.example")
    hugo = visit()
    session, reader = authenticator(hugo)
    hugo.sign_in("hugo@harbour.example")
    hugo.open("/accounts/2fa/webauthn/add/")
    if "reauthenticate" in hugo.page.url:
        hugo.confirm_password()
    hugo.look("passkey-add")
    hugo.page.fill("[name=name]", "Laptop")
    hugo.page.check("[name=passwordless]")
    hugo.press("Add")
    expect(hugo.page).not_to_have_url(re.compile("/webauthn/add/$"))
    hugo.open("/accounts/2fa/webauthn/")
    hugo.look("passkeys")
    expect(hugo.page.get_by_role("main")).to_contain_text("Laptop")
    hugo.open("/accounts/logout/")
    hugo.look("sign-out")
    hugo.press("Sign out")
    assert hugo.who() is None
    hugo.open("/accounts/login/")
    hugo.look("sign-in")
    hugo.press("Use a passkey")
    expect(hugo.page).to_have_url(re.compile("/funding/"))
    assert hugo.who() == "Harbour"

    # With the password the passkey is the second factor.
    hugo.context.clear_cookies()
    hugo.sign_in("hugo@harbour.example")
    assert hugo.who() is None
    hugo.press("Use a passkey or security key")
    expect(hugo.page).to_have_url(re.compile("/funding/"))
    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": reader})


def test_sessions_are_listed_and_the_others_can_be_ended(visit):
    with_password("hugo@harbour.example")
    here, there = visit(), visit()
    here.sign_in("hugo@harbour.example")
    there.sign_in("hugo@harbour.example")
    here.open("/accounts/sessions/")
    here.look("sessions")
    expect(here.page.locator("main .factor")).to_have_count(2)
    here.press("Sign out all others")
    expect(here.page.locator("main .factor")).to_have_count(1)
    assert (here.who(), there.who()) == ("Harbour", None)


def test_one_changes_the_party_one_acts_for_at_the_head_of_the_page(visit):
    hugo = with_password("hugo@harbour.example")
    other = Membership.objects.get(user__email="cleo@crown.example").party
    Membership.objects.create(user=hugo, party=other, role="CHECKER", created_at=NOW)
    here = visit()
    here.sign_in("hugo@harbour.example")
    assert here.who() == "Crown"
    with here.page.expect_navigation():
        here.page.select_option("header.top select[name=party]", label="Harbour")
    expect(here.page).to_have_url(re.compile("/funding/"))
    assert here.who() == "Harbour"
    there = visit()
    there.sign_in("hugo@harbour.example")
    assert there.who() == "Crown"  # a choice of one session


@pytest.mark.parametrize("path", ["email", "password/change", "inactive"])
def test_the_other_pages_of_an_account_are_in_the_same_clothes(visit, path):
    with_password("hugo@harbour.example")
    hugo = visit()
    hugo.sign_in("hugo@harbour.example")
    hugo.open(f"/accounts/{path}/")
    hugo.look("account-" + path.replace("/", "-"))
    assert hugo.page.locator("link[href*='components.css']").count() == 1
