"""A supplier's statement of account: what was paid out, charged and paid back, and what was owed after each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from financing.advances.models import Advance, Repayment
from portal.shared.access import Actor

ORDER = ("PAID_OUT", "FEE", "INTEREST", "REPAID", "ACCRUED")
"""What may move, and which comes first of what moves on one day."""
PLACES = {what: place for place, what in enumerate(ORDER)}
OF_ADVANCE = ("id", "currency", "amount_minor", "fee_minor", "interest_minor", "funded_date", "accrued_until")
OF_REPAYMENT = ("advance_id", "value_date", "fees_minor", "interest_minor", "principal_minor")


@dataclass(slots=True)
class Movement:
    """More owed is positive. `owed_minor`: of its currency, over all advances."""

    on: date
    what: str
    advance_id: int
    amount_minor: int
    currency: str
    owed_minor: int = 0

    @property
    def month(self) -> str:
        return f"{self.on:%Y-%m}"


def movements(actor: Actor) -> list[Movement]:
    """Every movement of the actor's advances, the oldest first. The last of a currency ends in what is owed now."""
    paid_out = Advance.objects.visible_to(actor).filter(funded_date__isnull=False).exclude(status=Advance.Status.FAILED)
    # In columns: of years there are thousands, and a model of each takes longer than all else.
    advances = list(paid_out.order_by("id").values_list(*OF_ADVANCE, named=True))
    currencies = {each.id: each.currency for each in advances}
    found = [each for advance in advances for each in _of_advance(advance)]
    repaid = Repayment.objects.filter(advance__in=paid_out.values("id"), returned=None).order_by("value_date", "id")
    for row in repaid.values_list(*OF_REPAYMENT, named=True):
        found += _of_repayment(row, currencies[row.advance_id])
    found.sort(key=lambda each: (each.on, PLACES[each.what], each.advance_id))
    owed: dict[str, int] = {}
    for each in found:
        owed[each.currency] = each.owed_minor = owed.get(each.currency, 0) + each.amount_minor
    return found


def _of_advance(advance: NamedTuple) -> list[Movement]:
    found = [Movement(advance.funded_date, "PAID_OUT", advance.id, advance.amount_minor, advance.currency)]
    if advance.fee_minor:
        found.append(Movement(advance.funded_date, "FEE", advance.id, advance.fee_minor, advance.currency))
    if advance.interest_minor:
        until = advance.accrued_until or advance.funded_date
        found.append(Movement(until, "ACCRUED", advance.id, advance.interest_minor, advance.currency))
    return found


def _of_repayment(row: NamedTuple, currency: str) -> list[Movement]:
    """Interest is charged as it is paid; what has accrued since stands at the end."""
    paid = row.fees_minor + row.interest_minor + row.principal_minor
    found = [Movement(row.value_date, "REPAID", row.advance_id, -paid, currency)]
    if row.interest_minor:
        found.append(Movement(row.value_date, "INTEREST", row.advance_id, row.interest_minor, currency))
    return found


@dataclass(frozen=True, slots=True)
class Account:
    """What moved in one currency in a span of days, and what was owed before and after."""

    currency: str
    opening_minor: int
    closing_minor: int
    movements: Sequence[Movement]


def accounts(actor: Actor, *, since: date, until: date) -> list[Account]:
    """By currency what moved from one day to another, both included. The last closes with what is owed now."""
    found = movements(actor)
    return [_account(each, found, since, until) for each in sorted({each.currency for each in found})]


def _account(currency: str, found: Sequence[Movement], since: date, until: date) -> Account:
    until_then = [each for each in found if each.currency == currency and each.on <= until]
    before = [each for each in until_then if each.on < since]
    return Account(
        currency,
        opening_minor=before[-1].owed_minor if before else 0,
        closing_minor=until_then[-1].owed_minor if until_then else 0,
        movements=until_then[len(before) :],
    )
