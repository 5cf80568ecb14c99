"""The waterfall's drawing: every bar stands where the sum before it ended. Charts: their numbers are in a table."""

from datetime import date

import pytest
from django.template import Context, Template
from django.utils import translation

from portal.ui.charts import Chart, Series, Step, tones, waterfall
from portal.ui.drawing import described


def drawn(chart, options=""):
    return Template("{% load ui %}{% chart chart 'Approval time' 'times' " + options + " %}").render(
        Context({"chart": chart})
    )


def weeks(**changes):
    return Chart(
        **{
            "kind": "line",
            "head": "Week",
            "labels": [date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)],
            "unit": "elapsed",
            "series": [Series("median", [190, 172, 1500]), Series("p99", [902, None, 4000])],
        }
        | changes
    )


def test_a_chart_has_each_of_its_numbers_in_a_table_as_people_write_them():
    page = drawn(weeks())
    assert 'data-value="190">0.2 s<' in page
    assert 'data-value=""><span aria-label="none">' in page
    assert '<tr data-short="Nov 9"><th scope="row">Nov 9, 2026</th>' in page
    money = weeks(unit="money", currency="CNY", series=[Series("lent", [123456, 0, -5])])
    page = drawn(money)
    assert 'data-value="1234.56">CNY\xa01,234.56<' in page
    assert 'data-value="-0.05">CNY\xa0\N{MINUS SIGN}0.05<' in page


def test_months_are_named_without_a_day():
    months = weeks(labels=[date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)], by_month=True)
    assert '<tr data-short="Oct"><th scope="row">October 2026</th>' in drawn(months)
    assert "least 0.2 s (October 2026), most 1.5 s (November 2026)" in described(months)
    with translation.override("zh-hans"):
        assert '<tr data-short="10月"><th scope="row">2026年10月</th>' in drawn(months)


def test_a_chart_says_in_words_what_the_eye_takes_from_it():
    assert described(weeks(series=[Series("median", [190, 172, 1500])])) == (
        "median: least 0.2 s (Nov 9, 2026), most 1.5 s (Nov 16, 2026), last 1.5 s (Nov 16, 2026)."
    )
    assert described(weeks(series=[Series("median", [None] * 3)])) == "median: nothing known."


def test_a_chart_without_a_number_says_so_and_draws_nothing():
    page = drawn(weeks(labels=[], series=[Series("median", [])]))
    assert "There is nothing to draw yet." in page
    assert "data-chart=" not in page


def test_labels_lead_to_what_their_numbers_are_made_of():
    page = drawn(Chart(kind="bar", head="Grade", labels=["A"], urls=["/a/"], series=[Series("Suppliers", [3])]))
    assert '<th scope="row"><a href="/a/">A</a></th>' in page


def test_series_take_the_tones_that_are_free_in_order():
    assert tones([Series("a", []), Series("b", [], tone="sea"), Series("c", [])]) == ["ochre", "sea", "soft"]


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "pie"}, {"unit": "minutes"}, {"currency": "CNY"}, {"unit": "money"}, {"labels": [date(2026, 11, 2)]}],
)
def test_a_chart_that_cannot_be_true_is_refused(wrong):
    with pytest.raises(ValueError):
        weeks(**wrong)


def test_a_deduction_hangs_from_the_sum_before_it():
    total, minus, rest = waterfall([Step("a", 1000, total=True), Step("b", -250), Step("c", 750, total=True)])
    assert (total.x, total.width, total.before, total.after, total.tone) == (0, 1000, None, 1000, "total")
    assert (minus.x, minus.width, minus.before, minus.after, minus.tone) == (750, 250, 1000, 750, "minus")
    assert (rest.x, rest.width, rest.before) == (0, 750, 750)


def test_what_falls_below_zero_is_drawn_left_of_it():
    total, minus = waterfall([Step("a", 100, total=True), Step("b", -300)])
    assert (total.x, total.width) == (667, 333)
    assert (minus.x, minus.width, minus.after) == (0, 1000, 0)


def test_a_step_too_small_to_see_is_still_drawn():
    _, tiny = waterfall([Step("a", 10_000_000, total=True), Step("b", -1)])
    assert (tiny.x, tiny.width) == (996, 4)


def test_nothing_at_all_is_drawn_as_nothing():
    assert waterfall([]) == []
    assert [bar.width for bar in waterfall([{"label": "a", "amount_minor": 0, "total": True}])] == [0]
