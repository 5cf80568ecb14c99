"""The platform pays what it owes: one payment per payee, the funder where a receivable is assigned or its supplier.

What a person orders waits for a second one (`approving`); what a machine orders is paid at once.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.parties.models import Party
from accounts.trail.services import News, record
from financing.banking.models import BankAccount
from financing.banking.services import NoBankAccount, Payment, instruct, require_accounts
from financing.receivables.models import OrderedLine, Receivable, Settlement, SettlementLine, SettlementPayment
from financing.receivables.refusals import (
    AboveOpen,
    LeftOut,
    MixedCurrencies,
    NamedTwice,
    NotSettleable,
    PayeeNotVerified,
    SettlementKeyReused,
)
from financing.receivables.services.assignment import lock
from portal.shared.access import Actor, require
from portal.shared.database import acting, lock_name, update_many
from portal.shared.errors import InvalidInput, NotFound, RuleViolation

MAX_LINES = 10_000


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one line among many: what is paid of the receivable, or code and sentence of the refusal."""

    receivable_id: int
    amount_minor: int | None = None
    code: str = ""
    sentence: str = ""


def settle(*, actor: Actor, key: str, lines: Sequence[tuple[int, int | None]], now: datetime) -> Settlement:
    """Pay receivables of one debtor in one currency. `lines`: receivable id and amount in minor units (None: all open).

    The same key with the same lines is the same settlement; with other lines it is refused. A person's is PROPOSED: no
    more than its lines are written. What is instructed counts as settled once the bank has booked it.
    Raises NotFound, NotSettleable, PayeeNotVerified, AboveOpen, MixedCurrencies, SettlementKeyReused,
    InvalidInput, NoBankAccount.
    """
    with acting(actor):
        asked = _checked(key, lines)
        debtor_id = _debtor_of(actor, asked)
        require(actor, "receivables.settle")
        said = _hash(asked)
        known = _known(debtor_id, key, said)
        if known:
            return known
        rows = lock(asked)
        unverified = unverified_payees(rows.values())
        amounts = {row.id: amount_of(row, asked[row.id], unverified) for row in rows.values()}
        return _order(actor, debtor_id, key, said, rows, amounts, now)


def settle_each(
    *, actor: Actor, key: str, lines: Sequence[tuple[int, int | None]], now: datetime
) -> tuple[Settlement | None, list[Line]]:
    """Pay those of the lines that can be paid: the settlement (None: there was none), and an answer for each line.

    As `settle`, but for what one line lacks: that is answered, and spoils no other. Of one receivable in two lines
    neither is paid: which amount was meant nobody can tell. Asked for again under its key it is the same settlement;
    what was left out of it stays out.
    Raises Forbidden, SettlementKeyReused, InvalidInput, NoBankAccount (of the payer).
    """
    with acting(actor):
        require(actor, "receivables.settle")
        _check_size(key, lines)
        named = Counter(receivable_id for receivable_id, _ in lines)
        asked = {each: amount for each, amount in lines if named[each] == 1}
        made, answers = _settled(actor, key, asked, now) if asked else (None, {})
        return made, [answers.get(each) or _refused(each, NamedTwice()) for each, _ in lines]


def _settled(
    actor: Actor, key: str, asked: Mapping[int, int | None], now: datetime
) -> tuple[Settlement | None, dict[int, Line]]:
    """The settlement of those that can be paid, and what became of each."""
    seen = dict(Receivable.objects.visible_to(actor).filter(id__in=asked).values_list("id", "debtor_id"))
    if len(set(seen.values())) > 1:
        raise NotFound()
    if not seen:
        return None, {each: _refused(each, NotFound()) for each in asked}
    debtor_id, said = next(iter(seen.values())), _hash(asked, "each")
    known = _known(debtor_id, key, said)
    if known:
        return known, _lines_of(known, asked)
    rows = lock(seen)
    amounts, refusals = _payable(rows, asked)
    paid = {each: rows[each] for each in amounts}
    made = _order(actor, debtor_id, key, said, paid, amounts, now) if paid else None
    return made, {
        each: Line(each, amounts[each]) if each in amounts else _refused(each, refusals.get(each, NotFound()))
        for each in asked
    }


def _payable(
    rows: Mapping[int, Receivable], asked: Mapping[int, int | None]
) -> tuple[dict[int, int], dict[int, RuleViolation]]:
    """What is paid of each receivable, and why others are not. The first that can be paid sets the currency."""
    amounts: dict[int, int] = {}
    refusals: dict[int, RuleViolation] = {}
    accounts, unverified = _with_accounts(rows.values()), unverified_payees(rows.values())
    currency = ""
    for each in (each for each in asked if each in rows):
        row = rows[each]
        try:
            amount = amount_of(row, asked[each], unverified)
            if currency and row.currency != currency:
                raise MixedCurrencies()
            if (row.due_to_id, row.currency) not in accounts:
                raise NoBankAccount(currency=row.currency)
        except RuleViolation as refusal:
            refusals[each] = refusal
        else:
            currency, amounts[each] = row.currency, amount
    return amounts, refusals


def _with_accounts(rows: Iterable[Receivable]) -> set[tuple[int, str]]:
    """Payee and currency of those who can be paid."""
    payees = {row.due_to_id for row in rows}
    return set(BankAccount.objects.in_force().filter(party__in=payees).values_list("party_id", "currency"))


def unverified_payees(rows: Iterable[Receivable]) -> set[int]:
    """Payees that are suppliers and not admitted."""
    suppliers = {row.supplier_id for row in rows if row.status != Receivable.Status.ASSIGNED}
    return set(
        Party.objects.filter(id__in=suppliers).exclude(status=Party.Status.ADMITTED).values_list("id", flat=True)
    )


def _refused(receivable_id: int, refusal: RuleViolation) -> Line:
    return Line(receivable_id, code=refusal.code, sentence=refusal.sentence)


def _lines_of(settlement: Settlement, asked: Iterable[int]) -> dict[int, Line]:
    lines = SettlementLine.objects.filter(payment__settlement=settlement).values_list("receivable_id", "amount_minor")
    paid = dict(settlement.ordered.values_list("receivable_id", "amount_minor")) or dict(lines)
    return {each: Line(each, paid[each]) if each in paid else _refused(each, LeftOut()) for each in asked}


def _known(debtor_id: int, key: str, said: str) -> Settlement | None:
    """The settlement of this key, where it was asked for before; nobody else makes one meanwhile."""
    lock_name("settlement", debtor_id, key)
    known = Settlement.objects.filter(debtor_id=debtor_id, key=key).first()
    if known and known.request_hash != said:
        raise SettlementKeyReused()
    return known


def _order(
    actor: Actor, debtor_id: int, key: str, said: str, rows: Mapping[int, Receivable], amounts: Mapping[int, int],
    now: datetime,
) -> Settlement:  # fmt: skip
    currencies = {row.currency for row in rows.values()}
    if len(currencies) > 1:
        raise MixedCurrencies()
    needs_second = actor.user_id is not None
    settlement = Settlement.objects.create(
        debtor_id=debtor_id, key=key, request_hash=said, currency=currencies.pop(), created_at=now,
        created_by=actor.identity, decided_at=None if needs_second else now,
        status=Settlement.Status.PROPOSED if needs_second else Settlement.Status.INSTRUCTED,
    )  # fmt: skip
    if needs_second:
        _propose(actor, settlement, rows, amounts, now)
    else:
        pay_out(actor, settlement, rows, amounts, now)
    return settlement


def _propose(
    actor: Actor, settlement: Settlement, rows: Mapping[int, Receivable], amounts: Mapping[int, int], now: datetime
) -> None:
    """Write down what is to be paid. Nothing is taken out of anybody's reach: all is asked again at its approval."""
    payees = {row.due_to_id for row in rows.values()}
    require_accounts(payer_id=settlement.debtor_id, payee_ids=payees, currency=settlement.currency)
    OrderedLine.objects.bulk_create(
        OrderedLine(settlement=settlement, receivable_id=each, amount_minor=amount) for each, amount in amounts.items()
    )
    record(actor, now, [news("settlement.proposed", settlement, len(payees), sum(amounts.values()))])


def pay_out(
    actor: Actor, settlement: Settlement, rows: Mapping[int, Receivable], amounts: Mapping[int, int], now: datetime
) -> None:
    """Of locked receivables these amounts are on their way from now on. Raises NoBankAccount."""
    for row in rows.values():
        row.settling_minor += amounts[row.id]
    update_many(Receivable, list(rows.values()), ["settling_minor"])
    payments = _pay(actor, settlement, rows, amounts, now)
    record(actor, now, [news("settlement.instructed", settlement, len(payments), sum(amounts.values()))])


def _checked(key: str, lines: Sequence[tuple[int, int | None]]) -> dict[int, int | None]:
    _check_size(key, lines)
    asked = dict(lines)
    if len(asked) != len(lines):
        raise NamedTwice()
    if not asked:
        raise InvalidInput("A settlement pays between 1 and {most} receivables.", most=MAX_LINES)
    return asked


def _check_size(key: str, lines: Sequence) -> None:
    if not key or len(key) > 80:
        raise InvalidInput("A settlement needs a key of 1 to 80 characters, so that paying twice pays once.")
    if len(lines) > MAX_LINES:
        raise InvalidInput("A settlement pays between 1 and {most} receivables.", most=MAX_LINES)


def _debtor_of(actor: Actor, asked: dict[int, int | None]) -> int:
    """The one debtor of receivables that the actor can see, before anything is locked."""
    rows = list(Receivable.objects.visible_to(actor).filter(id__in=asked).values_list("id", "debtor_id"))
    debtors = {debtor for _, debtor in rows}
    if len(rows) != len(asked) or len(debtors) != 1:
        raise NotFound()
    return debtors.pop()


def _hash(asked: Mapping[int, int | None], way: str = "") -> str:
    """Of all that was asked; `way` tells apart who wants all of it and who wants what can be had."""
    return hashlib.sha256((way + json.dumps(sorted(asked.items()))).encode()).hexdigest()


def amount_of(row: Receivable, asked: int | None, unverified: set[int]) -> int:
    if row.status not in (Receivable.Status.ACCEPTED, Receivable.Status.ASSIGNED):
        raise NotSettleable(number=row.number, state=row.status)
    if row.due_to_id in unverified:
        raise PayeeNotVerified(number=row.number)
    payable = row.open_minor - row.settling_minor
    amount = payable if asked is None else asked
    if not 0 < amount <= payable:
        raise AboveOpen(number=row.number, open_minor=payable, asked_minor=amount)
    return amount


def _pay(actor, settlement, rows, amounts, now) -> list[SettlementPayment]:
    """One payment and one instruction per payee, and the lines that say what each payment pays."""
    by_payee = defaultdict(list)
    for row in rows.values():
        by_payee[row.due_to_id].append(row.id)
    payments = SettlementPayment.objects.bulk_create(
        SettlementPayment(settlement=settlement, payee_id=payee, amount_minor=sum(amounts[each] for each in ids))
        for payee, ids in sorted(by_payee.items())
    )
    SettlementLine.objects.bulk_create(
        SettlementLine(payment=payment, receivable_id=each, amount_minor=amounts[each])
        for payment in payments
        for each in by_payee[payment.payee_id]
    )
    instructions = instruct(actor=actor, payments=[_payment(settlement, each) for each in payments], now=now)
    by_subject = {each.subject_id: each for each in instructions}
    for payment in payments:
        payment.instruction = by_subject[payment.id]
    update_many(SettlementPayment, payments, ["instruction"])
    return payments


def _payment(settlement: Settlement, payment: SettlementPayment) -> Payment:
    """Named after the debtor's own key: a settlement that a restored database has lost is handed in again, and is paid
    once."""
    named = hashlib.sha256(settlement.key.encode()).hexdigest()[:32]
    return Payment(
        key=f"settlement/{settlement.debtor_id}/{named}/{payment.payee_id}",
        purpose="SETTLEMENT",
        payer_id=settlement.debtor_id,
        payee_id=payment.payee_id,
        amount_minor=payment.amount_minor,
        currency=settlement.currency,
        subject_type=payment._meta.label_lower,
        subject_id=payment.id,
        remittance=f"Settlement {settlement.key}"[:140],
    )


def news(name: str, settlement: Settlement, payments: int, amount_minor: int) -> News:
    # Only the debtor: whom else it pays on the day is none of a payee's business.
    payload = {
        "key": settlement.key, "payments": payments, "amount_minor": amount_minor, "currency": settlement.currency,
    }  # fmt: skip
    return News(name, settlement, (settlement.debtor_id,), payload)
