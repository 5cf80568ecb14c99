"""What may be booked: postings, checked before they reach the database. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from portal.shared.errors import InvalidInput, RuleViolation
from portal.shared.money import MAX_MINOR, MoneyError, exponent

MAX_KEY = 120
REVERSAL_PREFIX = "reversal of "


class Unbalanced(RuleViolation):
    """Debits and credits differ."""

    code = "LEDGER_UNBALANCED"
    sentence = "Entry {key} does not balance: its debits exceed its credits by {difference_minor} minor units."


class KeyReused(RuleViolation):
    """A key that stands for another movement already."""

    code, status = "LEDGER_KEY_REUSED", 409
    sentence = "Entry {key} is booked already, with other content."


class ValueDateAhead(RuleViolation):
    """A value date after the book's day: it is booked when that day comes."""

    code = "LEDGER_VALUE_DATE_AHEAD"
    sentence = "Entry {key} has a value date after the book's business date, {business_date}."


class DateGoesBackwards(RuleViolation):
    """A closed day stays closed."""

    code, status = "LEDGER_DATE_CLOSED", 409
    sentence = "The book is at {business_date} and does not go back to {to_date}."


class DateTooFar(RuleViolation):
    """A slip of the finger that could not be taken back: interest is booked, advances fall due, no day comes back."""

    code = "LEDGER_DATE_TOO_FAR"
    sentence = (
        "The book is at {business_date}. By the calendar it goes to {last_date} at the latest today, not to {to_date}."
    )


class IsReversal(RuleViolation):
    """What a reversal took back is booked anew, under a key of its own."""

    code = "LEDGER_IS_REVERSAL"
    sentence = "Entry {key} is a reversal and is not reversed: book the movement anew."


@dataclass(frozen=True, slots=True)
class LegOf:
    """One side of a movement. `account`: an Account.Kind; `amount_minor`: a debit positive, a credit negative."""

    account: str
    amount_minor: int
    facility_id: int | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """One balanced movement to book, in one currency.

    `key` names it for ever within its book and makes a retry safe. `value_date` None: the book's business date.
    """

    key: str
    kind: str
    currency: str
    legs: tuple[LegOf, ...]
    value_date: date | None = None
    subject_type: str = ""
    subject_id: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What two bookings under one key must agree on."""

    kind: str
    value_date: date
    subject_type: str
    subject_id: int | None
    reverses_id: int | None
    legs: frozenset
    """((account kind, currency, facility id, amount), how often)"""


def legs_of(legs: Iterable[tuple[str, str, int | None, int]]) -> frozenset:
    """Legs irrespective of their order."""
    return frozenset(Counter(legs).items())


def check(posting: Posting, kinds: Collection[str]) -> None:
    """Raise InvalidInput or Unbalanced unless it could be an entry. `kinds`: the kinds of accounts there are."""
    if not posting.key or len(posting.key) > MAX_KEY or posting.key.startswith(REVERSAL_PREFIX):
        raise InvalidInput("'{key}' is no key of an entry.", code="LEDGER_KEY_INVALID", key=posting.key)
    if not posting.kind:
        raise InvalidInput("Entry {key} says not what kind of movement it is.", key=posting.key)
    try:
        exponent(posting.currency)
    except MoneyError as error:
        raise InvalidInput(str(error)) from error
    if len(posting.legs) < 2:
        raise InvalidInput("Entry {key} has fewer than two legs.", code="LEDGER_TOO_FEW_LEGS", key=posting.key)
    for leg in posting.legs:
        if leg.account not in kinds:
            raise InvalidInput(
                "Entry {key} names '{account}', which is no account.", key=posting.key, account=leg.account
            )
        # bool is an int to Python, and no amount.
        if type(leg.amount_minor) is not int or not 0 < abs(leg.amount_minor) <= MAX_MINOR:
            raise InvalidInput(
                "Entry {key} has a leg of '{amount_minor}'.",
                code="LEDGER_AMOUNT_INVALID",
                key=posting.key,
                amount_minor=leg.amount_minor,
            )
    if difference := sum(leg.amount_minor for leg in posting.legs):
        raise Unbalanced(key=posting.key, difference_minor=difference)
