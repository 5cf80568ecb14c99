"""The door: who a request is, how much that costs, and what happens to those who belong nowhere (any more)."""

import re
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from accounts.parties.models import Membership, Party, User
from portal.middleware import ACTING_FOR, SESSION_PARTY, ActorMiddleware
from tests.accounts.conftest import browser_of
from tests.world import NOW, PASSWORD


@pytest.fixture
def hugo(cast) -> User:
    return User.objects.get(email="hugo@harbour.example")


def two_parties(user: User, *others: Party) -> Client:
    for party in others:
        Membership.objects.create(user=user, party=party, role="ADMIN", created_at=NOW)
    return browser_of(user)


def party_of(browser: Client) -> str:
    return browser.get("/api/v1/me/").json()["party"]["name"]


def test_a_stranger_is_sent_to_sign_in_and_the_api_says_401(db):
    assert Client().get("/").headers["Location"] == "/accounts/login/"
    assert Client().get("/events/").headers["Location"] == "/accounts/login/?next=/events/"
    assert Client().get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize(
    ("came_from", "next_page"),
    [
        ("http://testserver/supplier/quotes/7/?full=1", "/supplier/quotes/7/%3Ffull%3D1"),
        ("https://elsewhere.example/supplier/quotes/7/", "/"),
        ("", "/"),
    ],
)
def test_what_is_sent_by_somebody_signed_out_leads_back_to_the_page_it_was_sent_from(db, came_from, next_page):
    answer = Client().post("/supplier/quotes/7/apply/", headers={"referer": came_from} if came_from else {})
    assert answer.headers["Location"] == f"/accounts/login/?next={next_page}"
    told = Client(cookies=None)
    told.cookies = answer.cookies
    assert "What you sent was not done." in told.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("address", "above"),
    [
        ("/supplier/advances/applications/7/withdraw/", "/supplier/advances/applications/7/"),
        ("/party/members/3/end/", "/party/members/"),
        ("/party/", "/"),
    ],
)
def test_whoever_goes_to_an_address_of_forms_finds_a_page_and_the_way_on(cast, address, above):
    ana = browser_of(User.objects.get(email="ana@amphora.example"))
    answer = ana.get(address, headers={"accept": "text/html,*/*"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert f'<a class="btn btn-primary" href="{above}">' in answer.text and "Nothing was done" in answer.text
    assert ana.get(address, headers={"accept": "application/json"}).content == b""


def test_a_user_without_a_party_is_sent_to_register_a_supplier(cast):
    user = User.objects.create_user("nobody@nowhere.example")
    browser = browser_of(user)
    assert browser.get("/").headers["Location"] == "/supplier/register/"
    for path in ("/supplier/", "/funding/", "/events/"):
        assert browser.get(path).headers["Location"] == "/", path
    assert browser.get("/api/v1/me/").status_code in (401, 403)
    assert browser.get("/supplier/register/").status_code == 200
    given = {"name": "Novum", "country": "DE", "registration_number": "HRB 7"}
    assert browser.post("/supplier/register/", given).status_code == 302
    assert party_of(browser) == "Novum"
    assert browser.get("/").headers["Location"] == "/supplier/"


def test_everybody_lands_on_the_first_screen_of_the_kind(cast):
    for email, place in (("ana@amphora.example", "/supplier/"), ("hugo@harbour.example", "/funding/")):
        assert browser_of(User.objects.get(email=email)).get("/").headers["Location"] == place


def test_one_acts_for_one_party_at_a_time_and_may_change(cast, hugo):
    browser = two_parties(hugo, cast.crown, cast.amphora)
    assert party_of(browser) == "Amphora"  # the first by name
    for chosen in (cast.harbour, cast.crown):
        answer = browser.post("/party/", {"party": chosen.id, "next": "/events/"})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/events/")
        assert party_of(browser) == chosen.name


def test_a_party_that_one_does_not_belong_to_is_not_there(cast, hugo):
    browser = browser_of(hugo)
    for chosen in (cast.amphora.id, 10**9, "", "x"):
        assert browser.post("/party/", {"party": chosen}).status_code == 404
    assert party_of(browser) == "Harbour"
    Membership.objects.create(user=hugo, party=cast.amphora, role="ADMIN", created_at=NOW, ended_at=NOW)
    assert browser.post("/party/", {"party": cast.amphora.id}).status_code == 404
    assert browser.get("/party/").status_code == 405


def test_after_changing_nobody_is_sent_off_the_site(cast, hugo):
    for following in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        answer = browser_of(hugo).post("/party/", {"party": cast.harbour.id, "next": following})
        assert answer.headers["Location"] == "/"


def test_roles_are_those_of_the_acting_party_alone(cast, hugo):
    browser = two_parties(hugo, cast.amphora)
    assert browser.get("/api/v1/me/").json()["roles"] == ["ADMIN"]
    browser.post("/party/", {"party": cast.harbour.id})
    assert browser.get("/api/v1/me/").json()["roles"] == ["CHECKER"]


def test_a_membership_that_ends_ends_at_once_for_who_is_signed_in(cast, hugo):
    browser = browser_of(hugo)
    assert browser.get("/events/").status_code == 200
    hugo.memberships.update(ended_at=NOW)
    assert browser.get("/events/").headers["Location"] == "/"
    assert browser.get("/").headers["Location"] == "/supplier/register/"
    assert browser.get("/api/v1/me/").status_code in (401, 403)


def test_what_a_page_of_a_left_party_asks_is_not_done_for_another(cast, hugo):
    browser = two_parties(hugo, cast.amphora, cast.crown)
    browser.post("/party/", {"party": cast.crown.id})
    hugo.memberships.filter(party=cast.crown).update(ended_at=NOW)
    refused = browser.post("/supplier/verification/", {"legal_name": "X"})
    assert refused.status_code == 409
    assert "You no longer act for the party of this page" in refused.text
    assert "NO_LONGER_MEMBER" in refused.text
    assert party_of(browser) == "Amphora"
    assert browser.post("/supplier/verification/", {"legal_name": "X"}).status_code != 409


def test_what_a_page_of_one_party_asks_is_not_done_for_another_of_the_same_person(cast, hugo):
    browser = two_parties(hugo, cast.amphora, cast.bellows)
    browser.post("/party/", {"party": cast.bellows.id})
    refused = browser.post("/party/settings/", {"time_zone": "Asia/Shanghai", ACTING_FOR: cast.amphora.id})
    assert refused.status_code == 409
    assert "You act for Bellows by now" in refused.text
    assert not Party.objects.filter(time_zone="Asia/Shanghai").exists()
    browser.post("/party/settings/", {"time_zone": "Asia/Shanghai", ACTING_FOR: cast.bellows.id})
    assert Party.objects.get(time_zone="Asia/Shanghai") == cast.bellows
    assert browser.post("/party/", {"party": cast.amphora.id, ACTING_FOR: cast.amphora.id}).status_code == 302
    assert party_of(browser) == "Amphora"


def test_the_api_tells_the_same_as_a_problem_document(cast, hugo):
    browser = two_parties(hugo, cast.amphora, cast.crown)
    browser.post("/party/", {"party": cast.crown.id})
    hugo.memberships.filter(party=cast.crown).update(ended_at=NOW)
    refused = browser.post("/api/v1/verifications/", {}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "NO_LONGER_MEMBER")
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_who_left_a_party_can_still_sign_out_and_choose_another(cast, hugo):
    for path, given in (("/accounts/logout/", {}), ("/party/", {"party": cast.amphora.id})):
        browser = two_parties(hugo, cast.amphora) if path == "/accounts/logout/" else browser_of(hugo)
        session = browser.session
        session[SESSION_PARTY] = cast.crown.id
        session.save()
        assert browser.post(path, given).status_code == 302


def test_a_person_who_is_locked_out_is_out_at_once(cast, hugo):
    browser = browser_of(hugo)
    User.objects.filter(id=hugo.id).update(is_active=False)
    assert browser.get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize("asked, statements", [(False, 3), (True, 4)])
@pytest.mark.parametrize("parties", [1, 5])
def test_to_know_who_asks_costs_few_statements_whatever_number_of_parties(cast, hugo, asked, statements, parties):
    """Session, user, memberships with their parties; the second factor where it is asked for."""
    for number in range(1, parties):
        party = Party.objects.create(kind="BANK", name=f"Bank {number}", country="DE", created_at=NOW)
        Membership.objects.create(user=hugo, party=party, role="VIEWER", created_at=NOW)
    browser = browser_of(hugo)
    with override_settings(SECOND_FACTOR_REQUIRED=asked), CaptureQueriesContext(connection) as made:
        assert browser.get("/").status_code == 302
    assert len(made) == statements, [each["sql"] for each in made]


@pytest.mark.parametrize("remember, kept_seconds", [(False, ""), (True, 12 * 3600)])
def test_cookies_are_closed_to_scripts_and_a_session_ends_with_the_browser_or_the_day(cast, remember, kept_seconds):
    user = User.objects.create_user("c@x.example", PASSWORD)
    browser = Client()
    browser.post(
        "/accounts/login/", {"login": user.email, "password": PASSWORD} | ({"remember": "on"} if remember else {})
    )
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == kept_seconds
    assert browser.session.get_expiry_age() == 12 * 3600
    assert settings.SESSION_COOKIE_SECURE == settings.CSRF_COOKIE_SECURE == settings.HTTPS


def test_a_page_from_before_another_sign_in_is_refused_in_the_portals_words(hugo):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(hugo)
    refused = browser.post("/accounts/language/", {"language": "en"})
    assert (refused.status_code, "This page is from before you signed in" in refused.text) == (403, True)
    assert "DEBUG" not in refused.text


@pytest.mark.parametrize(
    "given, kept",
    [
        ("abcdef-12345678", True),
        ("short", False),
        ("x" * 65, False),
        ("with space 123", False),
        ("line\nbreak-123", False),
        ("<script>alert(1)</script>", False),
    ],
)
def test_a_request_has_a_number_and_keeps_a_well_formed_one(db, given, kept):
    answer = Client().get("/accounts/login/", headers={"X-Request-ID": given})
    number = answer.headers["X-Request-ID"]
    assert (number == given) is kept
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,64}", number)


def test_times_are_shown_in_the_zone_of_the_acting_party(cast, hugo):
    Party.objects.filter(id=cast.harbour.id).update(time_zone="Asia/Shanghai")
    seen = []

    def page(request):
        seen.append(timezone.get_current_timezone())
        return HttpResponse()

    request = RequestFactory().get("/events/")
    request.user, request.session, request.request_id = hugo, {}, "test-request"
    ActorMiddleware(page)(request)
    assert seen == [ZoneInfo("Asia/Shanghai")]
    assert timezone.get_current_timezone_name() == "UTC"  # the next request on this thread is another's
