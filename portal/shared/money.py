"""Amounts of money: integers of the currency's minor unit, and the few places where they are rounded.

Pure: no Django. Sources: ISO 4217 table A.1 for the exponents, CLDR for the codes.
"""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, InvalidOperation
from functools import cache

from babel.numbers import list_currencies

from portal.shared.sentences import Sentence

# ISO 4217 minor units where they are not 2.
_EXPONENTS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0, "KRW": 0,
    "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0,
    "XOF": 0, "XPF": 0,
}  # fmt: skip

NO_MONEY = frozenset({"XXX", "XTS"})
"""Codes of ISO 4217 that stand for no currency and for tests."""

_PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
MAX_MINOR = 10**15
"""Above ten trillion (of a currency with two decimals) an amount is a mistake, not a trade."""


def is_plain(text: str) -> bool:
    """Whether text is a number as people and programmes write it: digits of ASCII, a sign and a point at most."""
    return bool(_PLAIN.fullmatch(text.strip()))


class MoneyError(ValueError):
    """An amount that is no money: wrong currency, too many decimals, absurd size."""

    def __init__(self, sentence: str, /, **facts):
        self.said = Sentence(sentence, **facts)
        super().__init__(str(self.said))


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies()) - NO_MONEY


def is_currency(code: str) -> bool:
    return code in _currencies()


def exponent(currency: str) -> int:
    """Number of decimals of the currency's minor unit."""
    if len(currency) != 3 or not currency.isalpha() or not currency.isupper():
        raise MoneyError("'{currency}' is not an ISO 4217 currency code.", currency=currency)
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal | str | int, currency: str) -> int:
    """Minor units of an exact amount; refuses what has more decimals than the currency."""
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise MoneyError("'{amount}' is not an amount.", amount=amount) from None
    if not value.is_finite():
        raise MoneyError("'{amount}' is not an amount.", amount=amount)
    scaled = value.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise MoneyError("{amount} has more decimals than {currency} knows.", amount=amount, currency=currency)
    if abs(scaled) > MAX_MINOR:
        raise MoneyError("{amount} {currency} is beyond any plausible trade.", amount=amount, currency=currency)
    return int(scaled)


def from_minor(minor: int, currency: str) -> Decimal:
    """Decimal amount with exactly the currency's decimals."""
    return Decimal(minor).scaleb(-exponent(currency))


def round_half_even(value: Decimal) -> int:
    """Banker's rounding to a whole minor unit: for what is booked."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def round_down(value: Decimal) -> int:
    """Towards zero: for what is offered, so that no offer exceeds its base."""
    return int(value.quantize(Decimal(1), rounding=ROUND_DOWN))


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount with its currency; arithmetic refuses to mix currencies."""

    minor: int
    currency: str

    def __post_init__(self):
        exponent(self.currency)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise MoneyError("{one} and {other} cannot be added.", one=self.currency, other=other.currency)
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __str__(self) -> str:
        return f"{from_minor(self.minor, self.currency):,} {self.currency}"
