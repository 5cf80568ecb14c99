"""The check digits of an IBAN (ISO 13616, ISO 7064 mod 97-10)."""

import re

_SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def is_valid(iban: str) -> bool:
    """Whether shape and check digits are right; the length that each country sets is not looked at."""
    return bool(_SHAPE.fullmatch(iban)) and _remainder(iban[4:] + iban[:4]) == 1


def make(country: str, basic: str) -> str:
    """The IBAN of a basic account number, with its check digits."""
    return f"{country}{98 - _remainder(f'{basic}{country}00'):02d}{basic}"


def _remainder(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97
