"""What a field of a message may hold. Names and free text are made to fit; identifiers never are, they must fit."""

import re
import unicodedata
from datetime import UTC, datetime

from financing.banking.iso20022.errors import UnsendableMessage
from portal.shared.sentences import Sentence

NAME_LENGTH = 70  # SEPA's limit; ISO 20022 itself allows 140
REMITTANCE_LENGTH = 140
REASON_TEXT_LENGTH = 105
IDENTIFIER_LENGTH = 35
AMOUNT_LIMIT_MINOR = 10**15  # with five decimals and a thousand transfers the total still has at most 18 digits

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_CODE = re.compile(r"[A-Za-z0-9]{1,4}")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")


def clean(text: str, limit: int) -> str:
    """Text as one line that XML can carry, at most `limit` characters, cut between whole visible characters.

    Line breaks and runs of blanks become one space; characters that XML 1.0 forbids, control characters and lone
    surrogates are left out. The same text comes back unchanged: clean(clean(x)) == clean(x).
    """
    if len(text) <= limit and _PLAIN.fullmatch(text):
        return text
    kept = "".join(character for character in " ".join(text.split()) if _is_carried(character))
    kept = " ".join(kept.split())
    if len(kept) <= limit:
        return kept
    end = limit
    while end and _continues(kept[end - 1], kept[end]):
        end -= 1
    return kept[: end or limit].rstrip()


def _is_carried(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs") and character not in "\ufffe\uffff"


def _continues(before: str, after: str) -> bool:
    """Whether `after` belongs to the visible character that ends with `before`."""
    return bool(unicodedata.combining(after)) or "\u200d" in (before, after) or "\ufe00" <= after <= "\ufe0f"


def name(text: str) -> str:
    """A party's name; SEPA's NOTPROVIDED where nothing of it can be carried."""
    return clean(text, NAME_LENGTH) or "NOTPROVIDED"


def optional(text: str | None, limit: int) -> str | None:
    """Free text, None where it is absent or nothing of it can be carried."""
    return (clean(text, limit) or None) if text else None


def identifier(label: str, text: str) -> str:
    """A reference of 1 to 35 characters. Never shortened: two long references could become one."""
    if not text or text != clean(text, IDENTIFIER_LENGTH):
        raise UnsendableMessage(
            "FIELD_INVALID",
            "{label} must be 1 to 35 printable characters on one line, not {text}.",
            label=label,
            text=shown(text),
        )
    return text


def iban(label: str, text: str) -> str:
    """The shape of an IBAN only: a wrong check digit is the bank's to refuse (AC01)."""
    return _matching(_IBAN, label, text, Sentence("an IBAN such as DE89370400440532013000"))


def bic(label: str, text: str | None) -> str | None:
    return text and _matching(_BIC, label, text, Sentence("a BIC of 8 or 11 characters"))


def currency(text: str) -> str:
    return _matching(_CURRENCY, "Currency", text, Sentence("an ISO 4217 code such as EUR"))


def reason(label: str, text: str | None) -> str | None:
    return text and _matching(_CODE, label, text, Sentence("an ISO 20022 code of 1 to 4 characters"))


def amount(minor: int, *, least: int = 1) -> int:
    """An amount in minor units without a sign: messages carry the direction beside it."""
    if type(minor) is not int or not least <= minor < AMOUNT_LIMIT_MINOR:
        raise UnsendableMessage(
            "AMOUNT_INVALID",
            "An amount must be at least {least} and below 10^15 minor units, not {minor}.",
            least=least,
            minor=minor,
        )
    return minor


def instant(label: str, moment: datetime) -> datetime:
    """An instant in UTC; one without a zone is refused."""
    if moment.tzinfo is None:
        raise UnsendableMessage("FIELD_INVALID", "{label} must carry a time zone.", label=label)
    return moment.astimezone(UTC)


def shown(text: str) -> str:
    """A received value as it may appear in a sentence: quoted and short."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _matching(pattern: re.Pattern[str], label: str, text: str, expected: Sentence) -> str:
    if not pattern.fullmatch(text):
        raise UnsendableMessage(
            "FIELD_INVALID", "{label} must be {expected}, not {text}.", label=label, expected=expected, text=shown(text)
        )
    return text
