"""Every component and the sign-in pages in a real browser: WCAG 2.2 AA by axe-core, both themes, desk and phone, and
nothing that the content security policy had to stop."""

from itertools import product

import pytest
from playwright.sync_api import expect

from tests.browser.looking import IN_A_BROWSER, browser, dress, faults_in
from tests.browser.serving import served

__all__ = ["browser"]

PAGES = ["/styleguide/", "/styleguide/supplier/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def address(django_db_setup, django_db_blocker):
    """Address of a server of these pages. They read the database at most, so that nothing needs to be emptied."""
    with django_db_blocker.unblock(), served(ROOT_URLCONF="tests.browser.guide_urls") as address:
        yield address


@pytest.fixture
def page(browser):
    context = browser.new_context()
    page = context.new_page()
    page.stopped = []
    page.on("console", lambda message: page.stopped.append(message.text) if "Policy" in message.text else None)
    page.on("pageerror", lambda error: page.stopped.append(str(error)))
    yield page
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_fits_at_a_desk_and_on_a_phone_light_and_dark(page, address, path):
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert page.goto(address + path).status == 200
    for width, theme in product((1440, 390), ("dark", "light")):
        dress(page, width, theme)
        assert faults_in(page) == [], (width, theme)
    assert page.stopped == []


def test_a_search_narrows_the_table_and_keeps_the_caret(page, address):
    page.goto(f"{address}/styleguide/")
    page.fill("#receivables-q", "1042")
    expect(page.locator("#receivables tbody tr")).to_have_count(1)
    assert page.evaluate("document.activeElement.id") == "receivables-q"
    assert "receivables-q=1042" in page.url
    assert page.stopped == []


def test_a_heading_sorts_and_says_so(page, address):
    page.goto(f"{address}/styleguide/")
    page.click("#receivables th:last-child a")
    page.wait_for_selector("#receivables th[aria-sort=ascending]")
    first = page.locator("#receivables tbody tr td:last-child").first
    assert first.inner_text().replace("\xa0", " ") == "CNY 450.00"


def test_a_dialog_is_closed_by_escape_and_gives_the_focus_back(page, address):
    page.goto(f"{address}/styleguide/")
    page.click("[data-dialog=withdraw]")
    page.wait_for_selector("#withdraw[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#withdraw:not([open])", state="attached")
    assert page.evaluate("document.activeElement.dataset.dialog") == "withdraw"


def test_a_chart_is_drawn_when_it_is_seen_in_the_theme_of_the_page_and_moves_nothing(page, address):
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "echarts" in request.url else None)
    page.set_viewport_size({"width": 1440, "height": 500})
    page.goto(f"{address}/styleguide/")
    before = page.evaluate("document.documentElement.scrollHeight")
    assert asked == []
    page.locator("#chart-grades").scroll_into_view_if_needed()
    ink = """() => { const root = document.querySelector('#chart-grades .chart-drawing').shadowRoot;
        const canvas = root.querySelector('canvas'), pen = canvas.getContext('2d');
        const spots = new Map();
        const all = pen.getImageData(0, 0, canvas.width, canvas.height).data;
        for (let i = 0; i < all.length; i += 4)
            if (all[i + 3] === 255) {
                const colour = [all[i], all[i + 1], all[i + 2]].join();
                spots.set(colour, (spots.get(colour) ?? 0) + 1);
            }
        return [...spots].sort((a, b) => b[1] - a[1])[0][0]; }"""
    expect(page.locator("#chart-grades canvas")).to_be_visible(timeout=30_000)
    frames = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
    assert page.evaluate(frames)
    assert len(asked) == 1
    assert page.evaluate(ink) == "23,80,107"
    page.click("[data-theme-toggle]")
    assert page.evaluate(frames)
    assert page.evaluate(ink) == "42,119,157"
    assert page.evaluate("document.documentElement.scrollHeight") == before
    assert page.stopped == []


def test_the_chosen_theme_is_kept(page, address):
    page.emulate_media(color_scheme="light")
    page.goto(f"{address}/accounts/login/")
    page.click("[data-theme-toggle]")
    page.goto(f"{address}/styleguide/")
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_slider_and_amount_follow_each_other(page, address):
    page.goto(f"{address}/styleguide/")
    page.locator("[data-amount-slider]").fill("20000000")
    assert page.input_value("#want") == "200,000.00"
    page.fill("#want", "1234.5")
    page.keyboard.press("Tab")
    assert (page.input_value("#want"), page.input_value("[data-amount-slider]")) == ("1,234.50", "123500")
    page.fill("#want", "200,5")
    page.keyboard.press("Tab")
    assert page.input_value("#want") == "200.50"
    for no_amount in ("-5", "1e15", "1.000,0,0"):  # what is no amount stays as it was written
        page.fill("#want", no_amount)
        page.keyboard.press("Tab")
        assert page.input_value("#want") == no_amount


def test_news_renew_what_they_concern_and_the_mark_tells_of_a_cut(page, address):
    news = '{"name": "x", "subject_type": "advances.advance", "subject_id": 42, "at": ""}'
    page.route("**/live/**", lambda route: route.fulfill(
        status=200, headers={"content-type": "text/event-stream"}, body=f"event: news\ndata: {news}\n\n"
    ))  # fmt: skip
    page.goto(f"{address}/styleguide/")
    page.wait_for_selector("#timeline.renewed, [data-live-mark][data-state=cut]", state="attached")
    page.evaluate("document.querySelector('#timeline').lastElementChild.remove()")
    expect(page.locator("#timeline li")).to_have_count(4)
    expect(page.locator(".side .live-text")).to_have_text("Not live: reconnecting")
