"""Inline SVG icons, read once from the npm package @tabler/icons and kept in memory."""

import re
from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

_SHAPES = re.compile(r"<svg.*?>(.*)</svg>", re.DOTALL)


class UnknownIcon(LookupError):
    """The name is not among the outline icons of the package."""


def _folder() -> Path:
    return Path(settings.BASE_DIR) / "node_modules" / "@tabler" / "icons" / "icons" / "outline"


@cache
def shapes(name: str) -> SafeString:
    """What stands inside the icon's <svg>; empty where the browser assets are not installed.

    A page must be able to render without them (tests of the pages' words need no Node), but a misspelt
    name is a mistake of the page's author and is told at once.
    """
    folder = _folder()
    if not folder.is_dir():
        return SafeString()
    file = folder / f"{name}.svg"
    if not file.is_file():
        raise UnknownIcon(name)
    found = _SHAPES.search(file.read_text(encoding="utf-8"))
    inner = found.group(1).replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "")
    return mark_safe(re.sub(r"\s*\n\s*", "", inner))


@lru_cache(1000)
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """An icon of the text's size and colour: hidden from screen readers unless it is given a label."""
    if label:
        named = format_html('role="img" aria-label="{}"', label)
    else:
        named = mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" '
        'stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        css,
        named,
        shapes(name),
    )
