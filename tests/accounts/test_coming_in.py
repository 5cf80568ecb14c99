"""Coming in, and staying in: what strangers cannot do to it, and what of it lies in the database or in a browser."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.test.utils import override_settings

from accounts.parties import familiar
from accounts.parties.models import Invitation, User
from portal.shared.sealing import MARK, WrongKey, unseal
from tests import world
from tests.accounts.test_freshness import earlier
from tests.world import PASSWORD

HOURLY = {
    "login_address": "100/h/ip", "login_failed": "5/h/key", "reset_password": "100/h/ip,5/h/key",
    "signup_address": "5/h/key",
}  # fmt: skip
ANA = "ana@amphora.example"


@pytest.fixture
def ana(db) -> User:
    cache.clear()
    with override_settings(ACCOUNT_RATE_LIMITS=HOURLY, ACCOUNT_EMAIL_VERIFICATION="mandatory"):
        user = User.objects.create_user(ANA, PASSWORD)
        user.emailaddress_set.create(email=ANA, primary=True, verified=True)
        yield user
    cache.clear()


def tries(browser: Client, password: str, email: str = ANA) -> bool:
    return browser.post("/accounts/login/", {"login": email, "password": password}).status_code == 302


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


# ── nobody is shut out by strangers ──────────────────────────────────────────────────────────────────────────────────
def test_a_stranger_who_guesses_for_ever_does_not_shut_out_a_browser_that_was_let_in_before(ana):
    own = Client()
    assert tries(own, PASSWORD)
    own.post("/accounts/logout/")
    for _ in range(6):
        tries(Client(), "wrong")
    assert not tries(Client(), PASSWORD)  # from a browser that nobody knows the account is shut
    assert tries(own, PASSWORD)


def test_a_known_browser_has_as_few_guesses_and_opens_nothing_by_itself(ana):
    own = Client()
    assert tries(own, PASSWORD)
    own.post("/accounts/logout/")
    assert own.get("/accounts/profile/").status_code == 302
    for _ in range(5):
        assert not tries(own, "wrong")
    assert not tries(own, PASSWORD)
    assert tries(Client(), PASSWORD)  # whoever stole the cookie shuts out nobody else


def test_a_browser_that_several_share_knows_each_of_them_again(ana):
    people = [f"p{number}@amphora.example" for number in range(familiar.PEOPLE)]
    for email in people:
        user = User.objects.create_user(email, PASSWORD)
        user.emailaddress_set.create(email=email, primary=True, verified=True)
    own = Client()
    for email in (ANA, ANA, *people[:-1]):
        assert tries(own, PASSWORD, email)
        own.post("/accounts/logout/")
    for _ in range(6):
        tries(Client(), "wrong")
    assert not tries(Client(), PASSWORD)
    assert tries(own, PASSWORD)
    own.post("/accounts/logout/")
    for email in people:  # of more than it can keep, it forgets who was there longest ago
        assert tries(own, PASSWORD, email)
        own.post("/accounts/logout/")
    assert not tries(own, PASSWORD)


@pytest.mark.parametrize("forged", ["", "x", "x:1:y", "ben"])
def test_a_browser_is_known_to_the_one_account_alone_that_it_let_in(ana, forged):
    ben = User.objects.create_user("ben@bellows.example", PASSWORD)
    ben.emailaddress_set.create(email=ben.email, primary=True, verified=True)
    stranger = Client()
    if forged == "ben":
        assert tries(stranger, PASSWORD, ben.email)
        forged = stranger.cookies[familiar.COOKIE].value
        assert ben.email not in forged and str(ben.pk) != forged.split(":")[0]
    for _ in range(6):
        tries(Client(), "wrong")
    stranger = Client()
    stranger.cookies[familiar.COOKIE] = forged
    assert not tries(stranger, PASSWORD)


# ── no clock and no letter-box tells ─────────────────────────────────────────────────────────────────────────────────
class Counting(MD5PasswordHasher):
    hashed = 0

    def encode(self, password, salt):
        Counting.hashed += 1
        return super().encode(password, salt)


def work_of(act) -> int:
    before = Counting.hashed
    with override_settings(PASSWORD_HASHERS=["tests.accounts.test_coming_in.Counting"]):
        act()
    return Counting.hashed - before


def sign_up(email: str):
    given = {"email": email, "password1": "a quay by the sea", "password2": "a quay by the sea"}
    return Client().post("/accounts/signup/", given)


def test_to_sign_up_with_an_address_that_is_known_costs_as_much_work_as_with_a_new_one(ana):
    assert work_of(lambda: sign_up(ANA)) == work_of(lambda: sign_up("nora@novum.example")) == 1


def test_a_wrong_password_costs_as_much_work_whether_or_not_there_is_an_account(ana):
    with override_settings(PASSWORD_HASHERS=["tests.accounts.test_coming_in.Counting"]):
        ana.set_password(PASSWORD)
        ana.save()
    assert work_of(lambda: tries(Client(), "wrong")) == work_of(lambda: tries(Client(), "wrong", "nobody@x.example"))


@pytest.mark.parametrize("email", [ANA, "nobody@nowhere.example"])
def test_a_mailbox_is_not_filled_by_who_asks_for_letters_to_it_from_many_addresses(ana, mailoutbox, email):
    for number in range(7):
        answer = Client(REMOTE_ADDR=f"203.0.113.{number}").post("/accounts/password/reset/", {"email": email})
    assert answer.status_code == 429
    for _ in range(7):
        answer = sign_up(email)
    assert answer.status_code == 429
    # The first sign-up of a new address makes the account, which hears of those that follow.
    assert len(mailoutbox) <= 10 and all(each.to == [email] for each in mailoutbox)


# ── a session ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_shows_anew_who_it_is_goes_on_under_another_token_and_the_one_before_is_worth_nothing(ana):
    browser, thief = Client(), Client()
    assert tries(browser, PASSWORD)
    thief.cookies["sessionid"] = before = browser.cookies["sessionid"].value
    assert thief.get("/accounts/profile/").status_code == 200
    assert browser.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    assert browser.cookies["sessionid"].value != before
    assert browser.get("/accounts/profile/").status_code == 200
    assert thief.get("/accounts/profile/").status_code == 302
    assert not Session.objects.filter(session_key=before).exists()
    listed = list(UserSession.objects.values_list("session_key", flat=True))
    assert listed == [browser.cookies["sessionid"].value]  # and is listed once


def test_signing_out_clears_what_the_browser_kept_of_pages(ana):
    browser = Client()
    assert tries(browser, PASSWORD)
    assert "Clear-Site-Data" not in browser.get("/accounts/profile/").headers
    assert browser.post("/accounts/logout/").headers["Clear-Site-Data"] == '"cache"'


@pytest.mark.parametrize(
    "path, form",
    [
        ("/accounts/email/", {"action_add": "", "email": "ana@elsewhere.example"}),
        ("/accounts/2fa/totp/activate/", {"code": "000000"}),
        ("/party/clients/new/", {"name": "ERP", "role": "MAKER", "scopes": ["portolan"], "days": "90"}),
        ("/party/members/", {"email": "eve@elsewhere.example", "role": "ADMIN"}),
    ],
)
def test_a_stolen_session_changes_no_account_and_lets_nobody_in(db, path, form):
    world.cast()
    ana = User.objects.get(email=ANA)
    ana.set_password(PASSWORD)
    ana.save()
    ana.emailaddress_set.update_or_create(email=ANA, defaults={"primary": True, "verified": True})
    browser = Client()
    assert tries(browser, PASSWORD)
    earlier(browser, 3600)
    answer = browser.post(path, form)
    assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/reauthenticate/")
    assert list(ana.emailaddress_set.values_list("email", flat=True)) == [ANA]
    assert not Invitation.objects.exists() and not Authenticator.objects.exists()
    for resource, body in (("clients", {"name": "ERP", "role": "MAKER", "scopes": ["portolan"]}), ("members", form)):
        refused = browser.post(f"/api/v1/{resource}/", body, content_type="application/json")
        assert (refused.status_code, refused.json()["code"]) == (403, "REAUTHENTICATION_REQUIRED")
    assert not Invitation.objects.exists()


# ── second factors in the database ───────────────────────────────────────────────────────────────────────────────────
def test_an_authenticator_app_and_recovery_codes_lie_sealed_and_let_in(ana):
    secret = generate_totp_secret()
    TOTP.activate(ana, secret)
    codes = RecoveryCodes.activate(ana).generate_codes()
    kept = {each.type: each.data for each in Authenticator.objects.all()}
    assert kept["totp"]["secret"].startswith(MARK) and secret not in str(kept)
    assert kept["recovery_codes"]["seed"].startswith(MARK)
    browser = Client()
    assert tries(browser, PASSWORD)
    assert browser.get("/accounts/profile/").status_code == 302
    assert browser.post("/accounts/2fa/authenticate/", {"code": code_of(secret)}).status_code == 302
    assert browser.get("/accounts/profile/").status_code == 200
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).validate_code(codes[3])


def test_a_key_is_changed_while_the_one_before_still_opens_and_what_lay_open_is_sealed_with_it(ana):
    secret = generate_totp_secret()
    open_one = Authenticator.objects.create(user=ana, type="totp", data={"secret": secret})
    assert TOTP(open_one).validate_code(code_of(secret))
    RecoveryCodes.activate(ana)
    passkey = Authenticator.objects.create(user=ana, type="webauthn", data={"credential": {"id": "x"}})
    with override_settings(
        SEALING_KEY="another key", SEALING_KEY_BEFORE="nothing is sealed by this that anybody would want to read"
    ):
        call_command("seal_secrets")
        sealed = {each.pk: each.data for each in Authenticator.objects.all()}
        call_command("seal_secrets")  # and once is enough
        assert {each.pk: each.data for each in Authenticator.objects.all()} == sealed
    with override_settings(SEALING_KEY="another key", SEALING_KEY_BEFORE=""):
        open_one.refresh_from_db()
        assert open_one.data["secret"].startswith(MARK) and unseal(open_one.data["secret"]) == secret
        assert len(RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).generate_codes()) == 10
    with pytest.raises(WrongKey):
        unseal(open_one.data["secret"])
    passkey.refresh_from_db()
    assert passkey.data == {"credential": {"id": "x"}}
