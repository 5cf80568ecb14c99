"""The words of the trade: explained where they stand, and all on one page."""

import re

from django.template import Context, Template
from django.test import Client, RequestFactory

from portal.ui.glossary import TERMS
from portal.ui.why import Part, Why
from tests import world
from tests.world import TODAY


def rendered(text: str, **context) -> str:
    request = RequestFactory().get("/")
    return Template("{% load ui %}" + text).render(Context({"request": request, **context}))


def test_the_glossary_has_each_word_once_under_its_anchor(db, as_user):
    world.cast()
    page = as_user("ana@amphora.example").get("/glossary/").content.decode()
    anchors = re.findall(r'class="glossary-entry" id="([a-z0-9-]+)"', page)
    assert sorted(anchors) == sorted(key.replace(".", "-") for key in TERMS)
    assert len(anchors) >= 40


def test_a_search_finds_what_is_called_so_before_what_speaks_of_it(db, as_user):
    world.cast()
    page = as_user("ana@amphora.example").get("/glossary/?q=dilution").content.decode()
    assert re.findall(r'glossary-entry" id="([a-z0-9-]+)"', page) == ["dilution", "credit-note"]
    assert "No such word here" in as_user("ana@amphora.example").get("/glossary/?q=xyzzy").content.decode()


def test_a_stranger_signs_in_before_the_glossary(db):
    assert Client().get("/glossary/").headers["Location"] == "/accounts/login/?next=/glossary/"


def test_a_word_used_twice_opens_an_explanation_of_its_own_each_time(db):
    page = rendered('{% term "tenor" %}Tenor{% endterm %} {% term "tenor" %}tenor{% endterm %}')
    targets = re.findall(r'popovertarget="([^"]+)"', page)
    assert targets == ["term-tenor", "term-tenor-2"]
    assert re.findall(r'popover class="pop term-pop" id="([^"]+)"', page) == targets
    assert page.count(str(TERMS["tenor"].text)) == 2


def test_a_figure_tells_what_it_is_made_of_by_whose_rule_and_as_of_when(db):
    made = Why(
        how="One less the other.", as_of=TODAY, basis="Policy 3", basis_url="/policies/3/",
        parts=[Part("Owed", 500_00, "EUR", url="/owed/"), Part("Left", -120_00, "EUR", note="paid", total=True)],
    )  # fmt: skip
    page = rendered('{% figure "Left over" amount_minor=38000 currency="EUR" why=made %}', made=made)
    assert 'aria-label="Why this figure: Left over"' in page
    for said in ("One less the other.", '<a href="/owed/">Owed</a>', "500.00", "−120.00", "paid",
                 '<a href="/policies/3/">Policy 3</a>', 'As of <time datetime="2026-03-02">'):  # fmt: skip
        assert said in page, said


def test_a_figure_without_a_why_has_no_button(db):
    assert "popover" not in rendered('{% figure "Left over" amount_minor=38000 currency="EUR" %}')


def test_texts_given_to_a_why_are_escaped(db):
    page = rendered('{% why made "x" %}', made=Why(how="<b>bold</b>", parts=[Part("<i>", value="<u>")]))
    assert not re.search("<b>|<i>|<u>", page)
