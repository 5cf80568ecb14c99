"""What travels to a browser that comes for the first time, and to one that was here before."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.contrib.staticfiles import storage
from django.core.management import call_command
from django.test import Client
from django.test.testcases import LiveServerThread
from django.test.utils import override_settings

from accounts.parties.models import User
from portal.runtime.prepare import UNUSED_STATIC
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser
from tests.walks.stage import address_of, set_up

__all__ = ["browser"]

pytestmark = IN_A_BROWSER
FIRST_KB, LATER_KB = 500, 60
PEOPLE = {
    "supplier": "ana@amphora.example",
    "platform": "maya@meridian.example",
    "financier": "hana@harbour.example",
    "bank": "cleo@crown.example",
    "supervisor": address_of("Sextant", "MAKER"),
    "operator": "wim@watch.example",
}
WITH_CHARTS = {"platform": "/platform/settlements/", "financier": "/funding/exposure/"}
"""The library that draws them is half of what a first visit loads: no page is heavier than these."""


@pytest.fixture(scope="module")
def served(tmp_path_factory, django_db_setup) -> Iterator[None]:
    """Files gathered, named by their content and compressed, as `make run` serves them."""
    place = tmp_path_factory.mktemp("static")
    stores = settings.STORAGES | {"staticfiles": {"BACKEND": "portal.ui.static_files.NamedByContent"}}
    with override_settings(STATIC_ROOT=place, STORAGES=stores, ALLOWED_HOSTS=["*"]):
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=list(UNUSED_STATIC))
        storage.staticfiles_storage._setup()
        yield
    storage.staticfiles_storage._setup()


@pytest.fixture
def address(served, committed_db) -> Iterator[str]:
    set_up()
    server = LiveServerThread("127.0.0.1", lambda application: application)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


def travelled(page, path: str) -> dict[str, int]:
    """Bytes on the wire by address, compressed and with their heads, for a visit that scrolls to the end."""
    wire, names, sizes = page.context.new_cdp_session(page), {}, {}
    wire.send("Network.enable")
    wire.on("Network.requestWillBeSent", lambda said: names.update({said["requestId"]: said["request"]["url"]}))
    wire.on("Network.loadingFinished", lambda said: sizes.update({said["requestId"]: said["encodedDataLength"]}))
    page.goto(path)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    wire.detach()
    return {names[each]: size for each, size in sizes.items() if size and each in names}


def test_first_visits_are_light_and_later_ones_fetch_the_page_alone(browser, address):
    for role, path in [*((role, "/") for role in PEOPLE), *WITH_CHARTS.items()]:
        context = browser.new_context(base_url=address)
        context.add_cookies([signed_in(PEOPLE[role]) | {"url": address}])
        page = context.new_page()
        first, later = travelled(page, path), travelled(page, path)
        context.close()
        print(f"{role} {path}: {sum(first.values())} bytes first, {sum(later.values())} later")
        assert sum(first.values()) < FIRST_KB * 1000, (role, path, first)
        assert sum(later.values()) < LATER_KB * 1000, (role, path, later)
        assert [each for each in later if "/static/" in each] == [], (role, path)
        assert any("echarts" in each for each in first) or path not in WITH_CHARTS.values(), (role, path)
        assert any("/static/" in each for each in first), (role, path)


def signed_in(email: str) -> dict[str, str]:
    """The cookie of a browser in which this person is."""
    client, name = Client(), settings.SESSION_COOKIE_NAME
    client.force_login(User.objects.get(email=email))
    return {"name": name, "value": client.cookies[name].value}


def test_what_a_browser_loads_is_kept_for_ever_under_a_name_of_its_content(served, db):
    world.cast()
    page = Client().get("/accounts/login/").text
    named = storage.staticfiles_storage.url("css/tokens.css")
    assert named in page and named != "/static/css/tokens.css"
    answer = Client().get(named, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
