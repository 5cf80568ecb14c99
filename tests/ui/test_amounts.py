"""Amounts are written by hand for speed, and as CLDR would."""

import pytest
from babel import numbers
from django.utils import translation

from portal.shared.money import exponent, from_minor
from portal.ui import formats


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD"])
@pytest.mark.parametrize("minor", [0, 5, 99, 100, 123456, 100000000, -1, -123456789])
def test_an_amount_reads_as_in_cldr(language, currency, minor):
    decimals = exponent(currency)
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    with translation.override(language):
        expected = numbers.format_decimal(from_minor(minor, currency), format=pattern, locale=formats.locale())
        assert formats.amount(minor, currency) == expected.replace("-", "\N{MINUS SIGN}")
