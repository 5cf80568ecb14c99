"""Two windows, two parties: the one that was left behind does nothing in the name of the other."""

import pytest
from django.conf import settings
from playwright.sync_api import expect

from accounts.parties.models import Membership, Party, User
from portal.middleware import SESSION_PARTY
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser
from tests.browser.serving import served
from tests.live.conftest import signed_in
from tests.world import NOW

__all__ = ["browser"]

pytestmark = IN_A_BROWSER


@pytest.fixture
def cast(committed_db):
    return world.cast()


def test_a_form_of_the_window_left_behind_is_refused(cast, browser):
    ana = User.objects.get(email="ana@amphora.example")
    Membership.objects.create(user=ana, party=cast.bellows, role="ADMIN", created_at=NOW)
    session = signed_in(ana, cast.amphora)
    with served() as address:
        context = browser.new_context(base_url=address)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": address}])
        page = context.new_page()
        page.goto("/party/settings/", wait_until="domcontentloaded")
        page.locator("[name=time_zone]").select_option("Asia/Shanghai")
        session[SESSION_PARTY] = cast.bellows.id
        session.save()
        page.locator("form:has([name=time_zone]) [type=submit]").click()
        expect(page.locator("main")).to_contain_text("ACTS_FOR_ANOTHER")
        context.close()
    assert not Party.objects.filter(time_zone="Asia/Shanghai").exists()
