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


def test_an_instant_is_told_in_the_readers_zone_and_language():
    with timezone.override("Asia/Shanghai"), translation.override("zh-hans"):
        assert formats.instant(datetime(2026, 11, 22, 20, 30, tzinfo=UTC)) == "2026年11月23日 04:30"
