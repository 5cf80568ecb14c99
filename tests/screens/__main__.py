"""`make screens`: every page of every role as a picture, and one sheet to look at them all.

    var/screens/<role>/<page>-<width>-<theme>-<language>[-empty].png      var/screens/index.html

ROLES=supplier,bank takes some only; LANGUAGES=en, WIDTHS=1440 and THEMES=dark too, and PAGES=advance takes the pages
whose names have it. The world is var/screens-world, made when it is not there; a portal that runs over it already is
used as it is.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

import django
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from portal.runtime import environment
from portal.runtime.console import seed
from portal.runtime.environment import PROJECT
from portal.runtime.processes import Guard
from portal.runtime.world import Taken, World, world
from tests.screens.people import Viewer, newcomers, viewers

WORLD = PROJECT / "var" / "screens-world"
PICTURES = PROJECT / "var" / "screens"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
SIGNED_OUT = {
    "login": "/accounts/login/", "signup": "/accounts/signup/", "forgotten": "/accounts/password/reset/",
    "reset-sent": "/accounts/password/reset/done/", "not-found": "/nowhere/",
}  # fmt: skip


IS_DRESSED = """theme => { const root = document.documentElement;
    return (root.dataset.bsTheme ?? (root.classList.contains("dark") ? "dark" : "light")) === theme; }"""
"""The back office tells light from dark by a class."""


def wanted(name: str, otherwise: str) -> list[str]:
    return os.environ.get(name, otherwise).split(",")


def is_wanted(page: str) -> bool:
    return any(part in page for part in wanted("PAGES", ""))


def main() -> int:
    if not CHROMIUM:
        print("There is no Chromium on this machine: install it, or set CHROMIUM to where it is.")
        return 1
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    with running() as w, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        everybody = viewers(w.directory)
        w.manage("shell", "-v", "0", "-c", newcomers(everybody[0].password), as_owner=True)
        if "signed-out" in wanted("ROLES", "signed-out"):
            signed_out(chromium, w)
        for viewer in everybody:
            if viewer.role in wanted("ROLES", viewer.role):
                Shoot(chromium, w, viewer).everything()
        chromium.close()
    write_index()
    return 0


@contextmanager
def running() -> Iterator[World]:
    """The world of the pictures; where it runs already, a handle to that one."""
    try:
        with world(WORLD, seed=seed) as w:
            yield w
    except Taken:
        kept = environment.read(WORLD / "environment")
        yield World(WORLD, Guard(), print, os.environ | kept)


class Shoot:
    """One person's pages, in each language, width and theme."""

    def __init__(self, browser: Browser, w: World, viewer: Viewer):
        self.viewer, self.place = viewer, PICTURES / viewer.role
        self.context: BrowserContext = browser.new_context(base_url=w.url, reduced_motion="reduce")
        self.page: Page = self.context.new_page()
        self._sign_in()

    def _sign_in(self) -> None:
        self.page.goto("/accounts/login/")
        self.page.fill("[name=login]", self.viewer.email)
        self.page.fill("[name=password]", self.viewer.password)
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url(lambda url: "/accounts/login/" not in url)

    def everything(self) -> None:
        from tests.screens.crawl import found_from

        self.speak("en")
        found = found_from(self.page, self.viewer.first, lambda path: self.page.goto(path).status)
        found.pop("home", None)
        for language in wanted("LANGUAGES", "en,zh-hans"):
            self.speak(language)
            for name, path in found.items():
                if not is_wanted(name):
                    continue
                self.page.goto(path)
                pictures(self.page, self.place / name, language, "-empty" if self.viewer.is_empty else "")
        self.speak("en")
        self.context.close()
        print(f"{self.viewer.role}{' (empty)' if self.viewer.is_empty else ''}: {', '.join(found)}", flush=True)

    def speak(self, language: str) -> None:
        """Choose the language of the pages, as its menu does."""
        self.page.goto("/accounts/2fa/")
        token = self.page.evaluate("document.querySelector('[name=csrfmiddlewaretoken]').value")
        self.page.request.post(
            "/accounts/language/", form={"language": language, "csrfmiddlewaretoken": token},
            headers={"Referer": self.page.url},
        )  # fmt: skip


def pictures(page: Page, stem: Path, language: str, suffix: str) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    for width in wanted("WIDTHS", "1440,390"):
        page.set_viewport_size({"width": int(width), "height": 900 if int(width) > 600 else 844})
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": int(width), "height": height})  # bars stand at its end, not across it
        for theme in wanted("THEMES", "light,dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            if not page.evaluate(IS_DRESSED, theme):
                page.reload()  # the back office looks once, when a page is opened
            page.wait_for_function(IS_DRESSED, arg=theme)
            see_all_of(page)
            path = f"{stem}-{width}-{theme}-{language}{suffix}.png"
            page.screenshot(path=path, animations="disabled", timeout=120_000)


def see_all_of(page: Page) -> None:
    """Wait for the charts, which are drawn when they come into view."""
    for drawing in page.locator("[data-chart]:visible").all():
        drawing.scroll_into_view_if_needed()
        drawing.locator("canvas").first.wait_for()
    page.evaluate("scrollTo(0, 0)")


def signed_out(browser: Browser, w: World) -> None:
    for language in wanted("LANGUAGES", "en,zh-hans"):
        context = browser.new_context(base_url=w.url, locale=language, reduced_motion="reduce")
        page = context.new_page()
        for name, path in SIGNED_OUT.items():
            page.goto(path)
            pictures(page, PICTURES / "signed-out" / name, language, "")
        context.close()


def write_index() -> None:
    """One sheet: a row for each page, a picture for each of its looks."""
    rows: dict[str, list[Path]] = {}
    for path in sorted(PICTURES.glob("*/*.png")):
        page = re.sub(r"-(1440|390)-.*", "-empty" if path.stem.endswith("-empty") else "", path.stem)
        rows.setdefault(f"{path.parent.name} / {page}", []).append(path.relative_to(PICTURES))
    parts = ["<!doctype html><meta charset=utf-8><title>Pages</title>", STYLE]
    for title, paths in rows.items():
        parts.append(f"<h2>{escape(title)}</h2><div>")
        parts += [f'<a href="{path}"><img loading="lazy" src="{path}" title="{path}"></a>' for path in paths]
        parts.append("</div>")
    (PICTURES / "index.html").write_text("\n".join(parts), encoding="utf-8")
    print(f"{sum(map(len, rows.values()))} pictures of {len(rows)} pages: {PICTURES / 'index.html'}")


STYLE = (
    "<style>body{font:14px sans-serif;margin:2rem}div{display:flex;gap:1rem;flex-wrap:wrap}img{height:20rem}</style>"
)

if __name__ == "__main__":
    sys.exit(main())
