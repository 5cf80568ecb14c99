"""A chart as its component shows it: every number written for people, and beside it as the script draws it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from portal.shared.money import from_minor
from portal.ui import formats
from portal.ui.charts import Chart, Series, tones

Number = int | float | Decimal | None


@dataclass(frozen=True, slots=True)
class Point:
    """`text` for people, `value` for the script; both are empty where nothing is known."""

    text: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table behind the chart. `short` is its label where there is little room."""

    label: str
    short: str
    url: str
    points: list[Point]


def written(value: Number, chart: Chart) -> str:
    if chart.unit == "money":
        return formats.money(int(value), chart.currency)
    if chart.unit == "percent":
        return formats.percent(value)
    if chart.unit == "elapsed":
        return formats.elapsed(int(value))
    return formats.number(value)


def _point(value: Number, chart: Chart) -> Point:
    if value is None:
        return Point()
    exact = from_minor(int(value), chart.currency) if chart.unit == "money" else value
    return Point(written(value, chart), str(exact))


def lines(chart: Chart) -> list[Line]:
    urls = list(chart.urls) or [""] * len(chart.labels)
    found = []
    for index, (label, url) in enumerate(zip(chart.labels, urls, strict=True)):
        points = [_point(series.values[index], chart) for series in chart.series]
        found.append(Line(_label(label, chart), _short_label(label, chart), url, points))
    return found


def named(chart: Chart) -> list[dict]:
    """The series with their tones, as the legend takes them."""
    pairs = zip(chart.series, tones(chart.series), strict=True)
    return [{"name": series.name, "tone": tone} for series, tone in pairs]


def described(chart: Chart) -> str:
    """What the eye takes from the drawing, in sentences: from where to where, the least, the most, the last."""
    return " ".join(_described(each, chart) for each in chart.series)


def _described(series: Series, chart: Chart) -> str:
    known = [(value, label) for value, label in zip(series.values, chart.labels, strict=True) if value is not None]
    if not known:
        return _("{name}: nothing known.").format(name=series.name)
    (least, least_at), (most, most_at) = min(known, key=lambda each: each[0]), max(known, key=lambda each: each[0])
    last, last_at = known[-1]
    return _("{name}: least {least} ({least_at}), most {most} ({most_at}), last {last} ({last_at}).").format(
        name=series.name,
        least=written(least, chart), least_at=_label(least_at, chart),
        most=written(most, chart), most_at=_label(most_at, chart),
        last=written(last, chart), last_at=_label(last_at, chart),
    )  # fmt: skip


def _label(label: str | date, chart: Chart) -> str:
    if not isinstance(label, date):
        return str(label)
    return formats.month(label) if chart.by_month else formats.day(label)


def _short_label(label: str | date, chart: Chart) -> str:
    if not isinstance(label, date):
        return str(label)
    return formats.short_month(label) if chart.by_month else formats.short_day(label)
