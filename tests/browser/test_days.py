"""A day of each role in a real browser, at a desk and on a phone: what it opens the portal for, from its first page on,
by what it reads there. The supplier's is in test_supplier.py, the platform's in test_platform.py."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.parties.models import User
from accounts.trail.models import Delivery
from financing.advances.models import Application
from financing.credit.models import PolicyVersion
from tests import world
from tests.browser.test_reading import address, browser, opened, pytestmark, stage
from tests.walks.stage import address_of

__all__ = ["address", "browser", "pytestmark", "stage"]

Open = Callable[..., Page]


@pytest.fixture
def sit_down(browser, address) -> Iterator[Open]:
    """sit_down("Harbour", "MAKER", 390, language="zh-hans", theme="dark") -> that person's first page."""
    contexts = []

    def sit_down(name: str, role: str, width: int, language: str = "en", theme: str = "light") -> Page:
        person = Client()
        person.force_login(User.objects.get(email=address_of(name, role)))
        User.objects.filter(email=address_of(name, role)).update(language=language)
        page = opened(browser, address, person)
        contexts.append(page.context)
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.goto(f"{address}/")
        return page

    yield sit_down
    for context in contexts:
        context.close()


def test_a_maker_recommends_what_was_referred_and_a_checker_approves_it(sit_down, stage):
    referred = stage.objects["application"]
    world.verify(stage.lending.cast.amphora)  # the stage's own waits for the operator
    maker = sit_down("Harbour", "MAKER", 390)
    maker.locator(f"main a[href='/funding/applications/{referred.id}/']").first.click()
    maker.locator("#judgement input[type=radio]").first.check()
    maker.locator("#judgement textarea").fill("Paid on time for two years")
    maker.get_by_role("button", name="Recommend").click()
    expect(maker.locator("#judgement")).to_contain_text("so a colleague decides.")
    checker = sit_down("Harbour", "CHECKER", 1440, theme="dark")
    checker.locator(f"main a[href='/funding/applications/{referred.id}/']").first.click()
    expect(checker.locator("#judgement")).to_contain_text("Paid on time for two years")
    checker.locator("#judgement input[type=radio]").first.check()
    checker.get_by_role("button", name="Decide").click()
    expect(checker.locator("h1")).to_contain_text("Approved")
    referred.refresh_from_db()
    assert referred.status == Application.Status.APPROVED


def test_a_maker_proposes_a_policy_and_a_checker_approves_exactly_what_was_read(sit_down, stage):
    maker = sit_down("Harbour", "MAKER", 1440, theme="dark")
    maker.goto(maker.url.split("/funding")[0] + "/funding/policies/new/")
    maker.locator("[name='authority.max_amount_minor']").fill("750")
    maker.locator("[name=note]").fill("Fewer referrals")
    maker.get_by_role("button", name="Propose").click()
    expect(maker.locator("#changes")).to_contain_text("750.00")
    version = PolicyVersion.objects.latest("id")
    checker = sit_down("Harbour", "CHECKER", 390)
    checker.goto(checker.url.split("/funding")[0] + f"/funding/policies/{version.id}/")
    expect(checker.locator("#changes")).to_contain_text("750.00")
    checker.locator("[data-dialog=approve]").click()
    checker.locator("#approve").get_by_role("button", name="Approve").click()
    expect(checker.locator("h1")).to_contain_text("Approved")
    version.refresh_from_db()
    assert version.status == PolicyVersion.Status.APPROVED


def test_the_operator_screens_a_business_on_a_phone_and_a_colleague_admits_it(sit_down, stage):
    verification = stage.objects["verification"]
    maker = sit_down("Watch", "MAKER", 390, "zh-hans", "dark")
    maker.goto(maker.url.split("/operations")[0] + f"/operations/verifications/{verification.id}/")
    maker.locator("#screening input[value=yes]").check()
    maker.locator("#screening textarea").fill("EU 与联合国名单：无")
    maker.locator("#screening button[type=submit]").click()
    expect(maker.locator("main")).to_contain_text("EU 与联合国名单：无")
    checker = sit_down("Watch", "CHECKER", 1440, "zh-hans")
    checker.goto(maker.url)
    checker.locator("#decision input[value=yes]").check()
    checker.locator("#decision textarea").fill("文件齐全")
    checker.locator("#decision button[type=submit]").click()
    expect(checker.locator("main")).to_contain_text("文件齐全")
    verification.refresh_from_db()
    assert verification.status == "APPROVED"


def test_the_operator_tries_a_parked_delivery_again(sit_down, stage):
    parked = stage.objects["delivery"]
    page = sit_down("Watch", "ADMIN", 390)
    page.locator("main a[href^='/operations/deliveries/']").first.click()
    page.locator(f"main a[href='/operations/deliveries/{parked.id}/']").first.click()
    expect(page.locator("main")).to_contain_text("It broke")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#messages")).to_contain_text("1 is tried again.")
    parked.refresh_from_db()
    assert (parked.state, parked.attempts) == (Delivery.State.WAITING, 0)


@pytest.mark.parametrize(("name", "width", "theme"), [("Crown", 390, "dark"), ("Sextant", 1440, "light")])
def test_the_bank_and_the_supervisor_find_what_is_theirs_and_nothing_of_others(sit_down, stage, name, width, theme):
    page = sit_down(name, "VIEWER", width, "zh-hans", theme)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("Amphora")
    page.goto(page.url.rstrip("/").rsplit("/", 1)[0] + "/events/")
    expect(page.locator("body")).not_to_contain_text("Amphora")
