"""What is not there, and what is none of the asker's business: one page for both."""

import re

import pytest
from django.test import Client

from financing.receivables.models import Receivable
from tests import world
from tests.pages.supplier.conftest import browser_of

OF_ONE_REQUEST = re.compile(
    r'value="[^"]*"|hx-headers[^>]*|data-news-from="[^"]*"|href="\?[^"]*"|nonce="[^"]*"|[0-9a-f]{32}'
)


@pytest.fixture
def lending(db):
    return world.lending(now=world.NOW)


def told(answer) -> str:
    assert answer.status_code == 404
    return OF_ONE_REQUEST.sub("", answer.text)


def test_what_is_another_partys_or_of_another_kind_reads_as_what_is_not_there(lending):
    ben = browser_of("ben@bellows.example")
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    anothers = str(Receivable.objects.get().id)
    pages = [told(ben.get(f"/supplier/receivables/{each}/")) for each in ("999999", anothers, "nowhere")]
    assert pages[0] == pages[1]
    assert "There is nothing at this address" in pages[0] and "NOT_FOUND" not in pages[0]
    assert pages[2] == pages[0]


def test_whoever_is_signed_in_keeps_the_navigation_and_the_language(lending):
    ana = browser_of("ana@amphora.example")
    for path in ("/nowhere/", "/funding/"):
        page = told(ana.get(path))
        assert 'href="/supplier/receivables/"' in page and 'lang="zh-hans"' in page
    said = told(ana.get("/funding/", headers={"Accept-Language": "zh-hans"}))
    assert "此地址没有内容" in said and "There is nothing" not in said


def test_whoever_is_signed_out_is_led_to_sign_in_and_reads_nothing_of_parties(db):
    page = told(Client().get("/nowhere/"))
    assert 'class="btn btn-primary" href="/accounts/login/"' in page
    assert "you act for" not in page and 'lang="zh-hans"' in page


def test_what_waits_to_be_told_is_not_told_by_a_page_that_is_not_there(lending):
    """A browser asks for addresses by itself."""
    ana = browser_of("ana@amphora.example")
    ana.post("/party/settings/", {"time_zone": "Europe/Berlin"})
    told(ana.get("/apple-touch-icon.png"))
    assert "Your days are those of Europe/Berlin now." in ana.get("/party/settings/").text
