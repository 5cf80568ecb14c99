"""A real browser, and axe-core in it: WCAG 2.2 AA by its rules and what it calls best practice."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from accounts.parties.models import User

AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
AXE_ADDRESS = "/of-tests/axe.js"
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""The first has no windows to draw: it takes half of the time of the others."""
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: run `npm ci`"),
]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
LISTEN = (
    "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective + e.blockedURI))"
)
NOT_MEANT = ("/live/", "status of 4")
"""What the console says of answers of 4xx: the stream of news is served by another process."""

FIND = """
async ([where, rules, address]) => {
    if (!('axe' in window)) await new Promise((loaded, failed) => {
        const script = Object.assign(document.createElement('script'), {src: address, onload: loaded, onerror: failed})
        document.head.append(script)
        script.remove()
    })
    const found = await axe.run(where, {runOnly: rules, reporter: 'no-passes', selectors: false, preload: false})
    return found.violations.map(each => `${each.id}: ` + each.nodes.slice(0, 3).map(node => node.html.slice(0, 200)))
}
"""
"""What it finds alone travels out of the browser: all that it has seen is a hundred times as much. axe is loaded as the
portal's own scripts are (serving.py): a browser that has seen it neither fetches nor compiles it again."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright's loop runs in this thread, and Django would take every query of it for a mistake.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=20_000)  # on a busy machine, too
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def opened(browser: Browser, address: str, person: Client | str, **context) -> Page:
    """A browser's page in which this person (or who has this e-mail) is signed in, if anybody is.

    `page.said` collects what its console and its policy complain of.
    """
    if isinstance(person, str):
        email, person = person, Client()
        person.force_login(User.objects.get(email=email))
    made = browser.new_context(**{"reduced_motion": "reduce", "base_url": address} | context)
    cookie = settings.SESSION_COOKIE_NAME
    if cookie in person.cookies:
        made.add_cookies([{"name": cookie, "value": person.cookies[cookie].value, "url": address}])
    page = made.new_page()
    page.add_init_script(LISTEN)
    page.said = []
    page.on("console", lambda message: page.said.append(f"{page.url}: {message.text}") if unmeant(message) else None)
    page.on("pageerror", lambda error: page.said.append(f"{page.url}: {error}"))
    return page


def unmeant(message: ConsoleMessage) -> bool:
    told = message.text + message.location.get("url", "")
    return message.type == "error" and not any(each in told for each in NOT_MEANT)


def dress(page: Page, width: int, theme: str) -> None:
    """Let the page be of this width and theme."""
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.wait_for_function("theme => document.documentElement.dataset.bsTheme === theme", arg=theme)


def faults_in(page: Page) -> list[str]:
    """What is wrong with the page as it stands: too wide for the screen, or what axe finds."""
    wide = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
    return ([f"{wide} pixels too wide"] if wide > 0 else []) + axe(page)


def axe(page: Page, where: str = "html", rules: list[str] = RULES) -> list[str]:
    return page.evaluate(FIND, [where, rules, AXE_ADDRESS])
