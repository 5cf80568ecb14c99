"""What the content security policy would silently drop never stands in a template; every icon named is there."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ALL = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
TEMPLATES = [path for path in ALL if path.parent.name != "email"]
"""A letter is read by mail programs, which know inline styles only and no policy of ours."""
ICONS = Path(settings.BASE_DIR) / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
INLINE = re.compile(r"""\sstyle=|\son[a-z]+=["']|hx-on|<style|javascript:|<script(?![^>]*(\ssrc=|application/json))""")


def name_of(path):
    return path.relative_to(settings.BASE_DIR).as_posix()


# Mails are under no policy, and mail clients know no style sheets.
PAGES = [path for path in TEMPLATES if path.parent.name != "email"]


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_no_template_has_inline_script_or_style(path):
    assert [found.group() for found in INLINE.finditer(path.read_text(encoding="utf-8"))] == []


@pytest.mark.skipif(not ICONS.is_dir(), reason="the browser assets are not installed")
def test_every_icon_that_a_template_names_exists():
    named = {
        name for path in TEMPLATES for name in re.findall(r"""\sicon=?\s?"([a-z0-9-]+)\"""", path.read_text("utf-8"))
    }
    assert len(named) > 20
    assert sorted(name for name in named if not (ICONS / f"{name}.svg").is_file()) == []
