"""Which language one reads: what the person chose, else what this browser did, else what the browser asks for."""

from django.conf import settings
from django.test import Client

from accounts.parties.models import User
from tests.accounts.conftest import browser_of

COOKIE = settings.LANGUAGE_COOKIE_NAME


def language_of(browser: Client, asked: str = "", path: str = "/accounts/password/change/") -> str:
    answer = browser.get(path, headers={"accept-language": asked} if asked else {}, follow=True)
    return answer.content.decode().split('<html lang="')[1].split('"')[0]


def choose(browser: Client, language: str, following: str = "/events/"):
    return browser.post("/accounts/language/", {"language": language, "next": following})


def test_a_stranger_reads_what_the_browser_asks_for_until_it_chooses(db):
    browser = Client()
    assert language_of(browser) == "en"
    assert language_of(browser, "zh-CN,zh;q=0.9") == "zh-hans"
    answer = choose(browser, "zh-hans", "/accounts/login/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/")
    assert answer.cookies[COOKIE]["httponly"] and answer.cookies[COOKIE]["samesite"] == "Lax"
    assert language_of(browser, "en-GB") == "zh-hans"


def test_a_person_takes_its_language_along_to_any_browser(cast):
    ana = User.objects.get(email="ana@amphora.example")
    choose(browser_of(ana), "zh-hans")
    ana.refresh_from_db()
    assert ana.language == "zh-hans"
    elsewhere = browser_of(ana)
    assert language_of(elsewhere, "en-GB", "/events/") == "zh-hans"
    assert elsewhere.get("/events/").headers["Content-Language"] == "zh-hans"


def test_whoever_has_not_chosen_reads_what_the_browser_asks_for(cast):
    ana = browser_of(User.objects.get(email="ana@amphora.example"))
    assert language_of(ana, "zh-CN", "/events/") == "zh-hans"
    assert language_of(ana, "fr", "/events/") == "en"


def test_a_language_that_is_not_there_is_not_chosen(cast):
    ana = User.objects.get(email="ana@amphora.example")
    browser = browser_of(ana)
    for language in ("xx", "", "../en"):
        assert choose(browser, language).status_code == 404
    assert browser.get("/accounts/language/").status_code == 405
    ana.refresh_from_db()
    assert (ana.language, COOKIE in browser.cookies) == ("", False)


def test_after_choosing_nobody_is_sent_off_the_site(db):
    for following in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert choose(Client(), "en", following).headers["Location"] == "/"


def test_answers_say_that_they_depend_on_person_cookie_and_browser(db):
    varies = {each.strip() for each in Client().get("/accounts/login/").headers["Vary"].split(",")}
    assert {"Cookie", "Accept-Language"} <= varies


def test_whoever_signs_up_keeps_the_language_in_which_it_read_the_page(db):
    given = {"email": "mei@ningbo.example", "password1": "blue-harbour-77", "password2": "blue-harbour-77"}
    Client().post("/accounts/signup/", given, headers={"accept-language": "zh-CN"})
    assert User.objects.get(email="mei@ningbo.example").language == "zh-hans"
