"""The pages of a role, found as a person finds them: by following links from the first one."""

from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Page

LINKS = "[...document.querySelectorAll('a[href]:not([download])')].map(each => each.href)"
NOT_FOLLOWED = ("api/", "accounts/logout/", "static/", "admin/logout/", "styleguide/")
BACK_OFFICE = "/admin/"
MOST = 100


def found_from(page: Page, start: str, open_page: Callable[[str], int]) -> dict[str, str]:
    """Name of each page -> the first address of it, in the order of the finding.

    `open_page(path)` goes there and tells the status. One address is opened for each name: a hundred invoices are one
    page.
    """
    found: dict[str, str] = {}
    waiting = deque([start])
    while waiting and len(found) < MOST:
        path = waiting.popleft()
        name = name_of(path)
        if not name or name in found:
            continue
        if path.startswith(BACK_OFFICE) != start.startswith(BACK_OFFICE):
            continue  # a place of its own, with a round of its own
        if not opened(open_page, path) or (name_of(urlsplit(page.url).path) != name and path != start):
            continue  # no page, or one that sends on to another
        found[name] = path
        origin = urlsplit(page.url).netloc
        for link in page.evaluate(LINKS):
            parts = urlsplit(link)
            if parts.netloc == origin and not parts.query and name_of(parts.path) not in (*found, ""):
                waiting.append(parts.path)
    return found


def opened(open_page: Callable[[str], int], path: str) -> bool:
    """Whether it is a page: what is downloaded instead is none."""
    try:
        return open_page(path) < 400
    except Exception as error:
        if "Download is starting" in str(error):
            return False
        raise


def name_of(path: str) -> str:
    """`supplier:advance` as `supplier-advance`; empty for what is no page of ours."""
    if path.lstrip("/").startswith(NOT_FOLLOWED):
        return ""
    try:
        match = resolve(path)
    except Resolver404:
        return ""
    return (match.view_name or "").replace(":", "-").replace("_", "-")
