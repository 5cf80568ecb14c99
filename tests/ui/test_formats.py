"""Amounts and durations as a person reads them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from portal.ui import formats

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123456789, "CNY", f"CNY{NBSP}1,234,567.89"),
        (-5, "EUR", f"EUR{NBSP}−0.05"),
        (1200, "JPY", f"JPY{NBSP}1,200"),
        (1200500, "BHD", f"BHD{NBSP}1,200.500"),
        (0, "USD", f"USD{NBSP}0.00"),
    ],
)
def test_an_amount_has_exactly_the_decimals_of_its_currency(minor, currency, text):
    assert formats.money(minor, currency) == text


def test_the_largest_amount_loses_no_digit():
    assert formats.amount(10**15 - 1, "CNY") == "9,999,999,999,999.99"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(84, "84 ms"), (402, "0.4 s"), (12_000, "12 s"), (192_000, "3 min"), (7_200_000, "2 h"), (432_000_000, "5 d")],
)
def test_a_duration_is_told_in_the_unit_one_thinks_in(milliseconds, text):
    assert formats.elapsed(milliseconds) == text


def test_a_ratio_is_a_percentage():
    assert formats.percent(Decimal("0.1425")) == "14.2%"


def test_a_share_of_a_hundred_has_decimals_only_where_it_is_no_whole_number():
    assert [formats.hundredths(Decimal(share)) for share in ("60.00", "33.25", "100")] == ["60%", "33.25%", "100%"]


def test_a_country_is_told_by_its_name_in_the_readers_language():
    assert (formats.country("DE"), formats.country("??")) == ("Germany", "??")
    with translation.override("zh-hans"):
        assert formats.country("DE") == "德国"


def test_the_time_of_a_day_is_written_alike_with_milliseconds_and_without():
    at = datetime(2026, 11, 22, 9, 0, 42, 999_900, tzinfo=UTC)
    with timezone.override(UTC):
        short = formats.instant(at, seconds=True).rpartition(", ")[2]
        assert (short, formats.clock(at)) == ("9:00:42\u202fAM", "9:00:42\u202fAM")
        assert formats.clock(at, milliseconds=True) == "9:00:42.999\u202fAM"
        with translation.override("zh-hans"):
            assert formats.clock(at, milliseconds=True) == "09:00:42.999"


@pytest.mark.parametrize(
    ("iso", "told"),
    [
        ("2026-11-22", "Nov 22, 2026"),
        ("2026-11-22T20:30:00+00:00", "Nov 22, 2026, 8:30\u202fPM"),
        ("2026-13-01", "2026-13-01"),
        ("soon", "soon"),
    ],
)
def test_a_moment_that_a_sentence_names_is_told_as_days_and_instants_are(iso, told):
    with timezone.override(UTC):
        assert formats.moment(iso) == told


def test_an_instant_is_told_in_the_readers_zone_and_language():
    with timezone.override("Asia/Shanghai"), translation.override("zh-hans"):
        assert formats.instant(datetime(2026, 11, 22, 20, 30, tzinfo=UTC)) == "2026年11月23日 04:30"
