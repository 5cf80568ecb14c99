"""What a person finds of itself: its name, its language, for whom it acts, and where it is signed in."""

import time

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client as Browser

from accounts.parties.models import User
from portal.workspaces.account.browsers import known
from tests.world import PASSWORD, cast

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
CHROME = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0"


@pytest.fixture
def people(db):
    return cast()


def browser_of(email: str, user_agent: str = FIREFOX) -> Browser:
    """Signed in a moment ago, and seen once."""
    browser = Browser(headers={"user-agent": user_agent})
    browser.force_login(User.objects.get(email=email), backend="django.contrib.auth.backends.ModelBackend")
    signed_in_before(browser, 0)
    user = User.objects.get(email=email)
    UserSession.objects.create(
        user=user, session_key=browser.session.session_key, ip="203.0.113.7", user_agent=user_agent
    )
    return browser


def signed_in_before(browser: Browser, seconds: float) -> None:
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - seconds}]
    session.save()


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/accounts/profile/").status_code == 200


def test_a_person_changes_its_name_and_reads_for_whom_it_acts(people):
    ana = browser_of("ana@amphora.example")
    page = ana.get("/accounts/profile/").text
    assert "Amphora" in page and "Admin" in page and "Bellows" not in page
    assert ana.post("/accounts/profile/", {"full_name": "Ana  Alves "}, follow=True).status_code == 200
    assert User.objects.get(email="ana@amphora.example").full_name == "Ana Alves"
    assert ana.post("/accounts/profile/", {"full_name": " "}).status_code == 422
    assert User.objects.get(email="ana@amphora.example").full_name == "Ana Alves"


def test_each_page_of_the_account_leads_to_the_others(people):
    ana = browser_of("ana@amphora.example")
    addresses = [each.url for each in ana.get("/accounts/profile/").context["own_pages"]()]
    assert addresses[0] == "/accounts/profile/" and len(addresses) == 6
    for address in ("/accounts/profile/", "/accounts/sessions/", "/accounts/notices/"):
        assert f'href="{address}" aria-current="page"' in ana.get(address).text


def test_one_other_browser_is_signed_out_and_the_rest_stay(people):
    here, there, elsewhere = (browser_of("ana@amphora.example", each) for each in (FIREFOX, CHROME, EDGE))
    page = here.get("/accounts/sessions/").text
    for name in ("Firefox on Linux", "Chrome on Android", "Edge on Windows"):
        assert name in page
    ended = {"session": UserSession.objects.get(user_agent=CHROME).id}
    assert "That browser is signed out." in here.post("/accounts/sessions/end/", ended, follow=True).text
    assert (is_signed_in(here), is_signed_in(there), is_signed_in(elsewhere)) == (True, False, True)


def test_all_others_are_signed_out_at_once(people):
    here, there, elsewhere = (browser_of("ana@amphora.example", each) for each in (FIREFOX, CHROME, EDGE))
    assert "You are signed in nowhere else." in here.post("/accounts/sessions/", follow=True).text
    assert (is_signed_in(here), is_signed_in(there), is_signed_in(elsewhere)) == (True, False, False)


@pytest.mark.parametrize("path", ["sessions/", "sessions/end/"])
def test_a_session_that_lies_open_ends_no_other(people, path):
    ana = User.objects.get(email="ana@amphora.example")
    ana.set_password(PASSWORD)
    ana.save()
    here, there = (browser_of("ana@amphora.example", each) for each in (FIREFOX, CHROME))
    signed_in_before(here, 3600)
    form = {"session": UserSession.objects.get(user_agent=CHROME).id}
    assert here.post(f"/accounts/{path}", form).url.startswith("/accounts/reauthenticate/")
    assert is_signed_in(there)


def test_nobody_ends_anothers_session_nor_its_own_this_way(people):
    ana, ben = browser_of("ana@amphora.example"), browser_of("ben@bellows.example")
    own, hers = (UserSession.objects.get(user__email=each) for each in ("ben@bellows.example", "ana@amphora.example"))
    for number in (hers.id, own.id, "x", "", "9" * 30, "²"):
        assert ben.post("/accounts/sessions/end/", {"session": number}).status_code == 404, number
    assert is_signed_in(ana) and is_signed_in(ben)
    assert Browser().post("/accounts/sessions/end/").url.startswith("/accounts/login/")


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        (CHROME, ("Chrome", "Android")),
        (EDGE, ("Edge", "Windows")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Safari/604.1", ("Safari", "iPhone")),
        ("curl/8.14", ("", "")),
        ("", ("", "")),
    ],
)  # fmt: skip
def test_a_browser_is_told_as_its_owner_knows_it(user_agent, said):
    assert known(user_agent) == said
