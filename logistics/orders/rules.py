"""What makes a line of a trade file true, and what a currency is. Pure: no Django, no clock, no database."""

from functools import cache

from babel.numbers import list_currencies

NO_MONEY = frozenset({"XXX", "XTS"})
"""Codes of ISO 4217 that stand for no currency and for tests."""


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies()) - NO_MONEY


def is_currency(code: str) -> bool:
    return code in _currencies()
