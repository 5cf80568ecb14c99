"""What is gathered for browsers: nothing that a page names is left out as unused."""

import re
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.contrib.staticfiles import finders

from portal.runtime.prepare import UNUSED_STATIC

NAMED = re.compile(r"""\{% static ['"]([^'"]+)['"] %\}""")


def named_by_templates() -> set[str]:
    pages = Path(settings.BASE_DIR / "templates").rglob("*.html")
    return {name for page in pages for name in NAMED.findall(page.read_text())}


def test_whatever_a_page_names_is_there_and_is_gathered():
    named = named_by_templates()
    assert "vendor/htmx/htmx.min.js" in named
    missing = {name for name in named if not finders.find(name)}
    left_out = {
        name
        for name in named
        for part in PurePosixPath(name).parts
        if any(map(PurePosixPath(part).match, UNUSED_STATIC))
    }
    assert (missing, left_out) == (set(), set())
