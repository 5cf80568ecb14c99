"""Day counts against the tables of ISDA and QuantLib, and by hand."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from financing.schedules import DAY_COUNTS, days_30_360, days_30e_360, year_fraction

TABLES = Path(__file__).resolve().parents[2].parent / "shared/data/worked-examples/day-count"


def table(name: str) -> list[dict]:
    path = TABLES / name
    if not path.exists():
        pytest.skip(f"{path} is not there: the published day-count tables were NOT checked.")
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("convention", "count", "cases"),
    [("30/360 BondBasis", days_30_360, 27), ("30/360 EurobondBasis", days_30e_360, 33)],
)
def test_thirty_day_months_agree_with_the_table_of_isda(convention, count, cases):
    rows = [row for row in table("quantlib_30_360_days_expected.csv") if row["convention"] == convention]
    assert len(rows) == cases
    for row in rows:
        start, end = date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"])
        assert count(start, end) == int(row["expected_days"]), row


def test_actual_actual_agrees_with_the_examples_of_isda():
    rows = [row for row in table("quantlib_actual_actual_expected.csv") if row["convention"] == "ISDA"]
    assert len(rows) == 7
    for row in rows:
        start, end = date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"])
        exact = year_fraction("ACT/ACT ISDA", start, end)
        assert abs(exact - Decimal(row["expected_year_fraction"])) < Decimal("1E-11"), row  # as far as the table goes


@pytest.mark.parametrize(
    ("day_count", "expected"),
    [
        ("ACT/360", Decimal(60) / 360),
        ("ACT/365F", Decimal(60) / 365),
        ("30/360", Decimal(60) / 360),
        ("30E/360", Decimal(60) / 360),
        ("ACT/ACT ISDA", Decimal(60) / 366),
    ],
)
def test_january_and_february_of_a_leap_year(day_count, expected):
    assert year_fraction(day_count, date(2024, 1, 1), date(2024, 3, 1)) == expected


@pytest.mark.parametrize("day_count", DAY_COUNTS)
def test_no_day_is_no_part_of_a_year(day_count):
    assert year_fraction(day_count, date(2026, 2, 28), date(2026, 2, 28)) == 0


def test_an_unknown_day_count_and_reversed_dates_are_refused():
    with pytest.raises(ValueError, match="no day count"):
        year_fraction("ACT/364", date(2026, 1, 1), date(2026, 1, 2))
    with pytest.raises(ValueError, match="before"):
        year_fraction("ACT/360", date(2026, 1, 2), date(2026, 1, 1))
