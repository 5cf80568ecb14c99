from datetime import date

import pytest
from django import forms
from django.template import Context, Template
from django.test.html import parse_html
from django.utils import translation

from portal.ui.forms import DayInput, LongSelect


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_day_is_written_as_the_browsers_calendar_takes_it_in_every_language(language):
    with translation.override(language):
        shown = DayInput().render("until", date(2026, 3, 2))
    assert 'type="date"' in shown
    assert 'value="2026-03-02"' in shown


def test_a_choice_among_hundreds_reads_as_any_other():
    named = {"choices": [("a", "A <b>"), ("b", "B")], "required": True}

    class Both(forms.Form):
        usual, long = forms.ChoiceField(**named), forms.ChoiceField(**named, widget=LongSelect)

    form = Both(initial={"usual": "b", "long": "b"}, auto_id=False)
    usual, long = str(form["usual"]).replace('"usual"', '"long"'), str(form["long"])
    assert parse_html(long) == parse_html(usual)


def test_what_is_wrong_with_a_field_is_one_line_each():
    form = forms.Form({})
    form.fields["word"] = forms.CharField(required=False)
    for error in ("Too short.", "Too common."):
        form.add_error("word", error)
    shown = Template("{% load ui %}{% field form.word %}").render(Context({"form": form}))
    assert "<div><div>Too short.</div><div>Too common.</div></div>" in shown
