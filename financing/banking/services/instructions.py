"""Telling the portal to pay: instructions are written with the business that causes them, and sent afterwards."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, OuterRef

from accounts.parties.queries import operators
from accounts.trail.services import News, record
from financing.banking.inserting import insert_new
from financing.banking.iso20022.fields import AMOUNT_LIMIT_MINOR
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.rules import concerns_payee
from financing.ledger.models import Book
from portal.shared import tracing
from portal.shared.access import Actor
from portal.shared.database import acting
from portal.shared.errors import IdempotencyConflict, InvalidInput, RuleViolation


class NoBankAccount(RuleViolation):
    """`party` is the id of the party; a payer needs a connected account."""

    code = "NO_BANK_ACCOUNT"
    sentence = "There is no {currency} account in force to pay from or to. Register one, and have it confirmed."


class InstructionConflict(IdempotencyConflict):
    code = "INSTRUCTION_KEY_REUSED"
    sentence = "The payment {key} was instructed before, with other particulars."


@dataclass(frozen=True, slots=True)
class Payment:
    """`key` names the payment once and for all: asked again under it, it is the same payment.

    purpose       PaymentInstruction.Purpose
    contra_kind   account (ledger Account.Kind) of the payer's book that the cash moves against; a payer who keeps a
                  book has to name one, per facility where `facility_id` is given
    subject       what is paid: "advances.advance" and its id
    """

    key: str
    purpose: str
    payer_id: int
    payee_id: int
    amount_minor: int
    currency: str
    subject_type: str
    subject_id: int
    contra_kind: str = ""
    facility_id: int | None = None
    remittance: str = ""


def instruct(*, actor: Actor, payments: Sequence[Payment], now: datetime) -> list[PaymentInstruction]:
    """Have payments made, each once whatever happens; the instructions in the order of `payments`.

    Joins the caller's transaction, which has authorised them. They go to the bank after it commits: the event
    "payment.due" of each new instruction starts that.
    Raises NoBankAccount, InstructionConflict, InvalidInput (CONTRA_MISSING, PAYER_IS_PAYEE, AMOUNT_INVALID).
    """
    with acting(actor):
        wanted = {payment.key: payment for payment in payments}
        accounts = _open_accounts(party for each in payments for party in (each.payer_id, each.payee_id))
        prepared = [_instruction(each, accounts, _origin(actor, each), now) for _, each in sorted(wanted.items())]
        new = insert_new(prepared, "key")
        found = {instruction.key: instruction for instruction in new}
        if len(new) < len(wanted):
            found |= _known(wanted, found)
        _check_same(payments, found)
        record(actor, now, [_due(instruction) for instruction in new])
        return [found[payment.key] for payment in payments]


def require_accounts(*, payer_id: int, payee_ids: Iterable[int], currency: str) -> None:
    """Whether these could be paid now. Raises NoBankAccount."""
    payees = list(payee_ids)
    accounts = _open_accounts([payer_id, *payees])
    for payee_id in payees:
        _accounts_of(payer_id, payee_id, currency, accounts)


def _open_accounts(party_ids: Iterable[int]) -> dict[tuple[int, str], BankAccount]:
    keeps_book = Exists(Book.objects.filter(funder_id=OuterRef("party_id")))
    rows = BankAccount.objects.in_force().filter(party_id__in=set(party_ids)).annotate(keeps_book=keeps_book)
    return {(row.party_id, row.currency): row for row in rows}


def _accounts_of(payer_id: int, payee_id: int, currency: str, accounts: dict) -> tuple[BankAccount, BankAccount]:
    payer, payee = accounts.get((payer_id, currency)), accounts.get((payee_id, currency))
    if payer is None or not payer.connected:
        raise NoBankAccount(party=payer_id, currency=currency)
    if payee is None:
        raise NoBankAccount(party=payee_id, currency=currency)
    return payer, payee


def _instruction(payment: Payment, accounts: dict, request_id: str, now: datetime) -> PaymentInstruction:
    payer, payee = _accounts_of(payment.payer_id, payment.payee_id, payment.currency, accounts)
    if payer.id == payee.id:
        raise InvalidInput("Nobody pays themselves.", code="PAYER_IS_PAYEE")
    if not 0 < payment.amount_minor < AMOUNT_LIMIT_MINOR:
        # Found out only when the message is built, it would hold up the others in it.
        raise InvalidInput("This amount cannot be paid in one payment.", code="AMOUNT_INVALID")
    if payer.keeps_book and not payment.contra_kind:
        raise InvalidInput("A payment from a funder's account names its contra account.", code="CONTRA_MISSING")
    return PaymentInstruction(
        key=payment.key,
        purpose=payment.purpose,
        account=payer,
        payer_id=payer.party_id,
        payee_id=payment.payee_id,
        creditor_name=payee.holder,
        creditor_iban=payee.iban,
        creditor_bic=payee.bic,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        end_to_end_id=end_to_end_id(payment.key),
        remittance=payment.remittance[:140],
        contra_kind=payment.contra_kind,
        facility_id=payment.facility_id,
        subject_type=payment.subject_type,
        subject_id=payment.subject_id,
        request_id=request_id,
        created_at=now,
    )


def _origin(actor: Actor, payment: Payment) -> str:
    """The number of the request that the payment goes back to: what the bank says of it later is told under it."""
    return actor.request_id or tracing.current().request_id_of([f"{payment.subject_type}:{payment.subject_id}"])


def end_to_end_id(key: str) -> str:
    """35 characters, the most that a bank carries; the same for the same key, also after a restored backup."""
    return "PTL" + hashlib.sha256(key.encode()).hexdigest()[:32].upper()


def _known(wanted: dict, found: dict) -> dict[str, PaymentInstruction]:
    missing = wanted.keys() - found.keys()
    rows = PaymentInstruction.objects.filter(key__in=missing)
    return {row.key: row for row in rows}


def _check_same(payments: Sequence[Payment], found: dict[str, PaymentInstruction]) -> None:
    for payment in payments:
        instruction = found[payment.key]
        asked = (payment.purpose, payment.payer_id, payment.payee_id, payment.amount_minor, payment.currency)
        there = (
            instruction.purpose, instruction.payer_id, instruction.payee_id, instruction.amount_minor,
            instruction.currency,
        )  # fmt: skip
        subject = (payment.subject_type, payment.subject_id)
        if asked != there or subject != (instruction.subject_type, instruction.subject_id):
            raise InstructionConflict(key=payment.key)


def news(name: str, instruction: PaymentInstruction, others: tuple[int, ...] = (), **facts) -> News:
    """An event of an instruction: for who pays and who is paid."""
    payload = {
        "purpose": instruction.purpose,
        "subject_type": instruction.subject_type,
        "subject_id": instruction.subject_id,
        "amount_minor": instruction.amount_minor,
        "currency": instruction.currency,
    }
    return News(name, instruction, (instruction.payer_id, instruction.payee_id, *others), payload | facts)


def failed(name: str, reasons: Mapping[PaymentInstruction, str], *, came_back: bool = False) -> list[News]:
    """What the bank refused or, `came_back`, returned: those who run the portal hear of it, too."""
    others = operators() if reasons else ()
    return [_failed(name, each, others, reason, came_back) for each, reason in reasons.items()]


def _failed(name: str, instruction: PaymentInstruction, others: tuple, reason: str, came_back: bool) -> News:
    facts, own = why(reason, payers=(instruction.payer_id, *others), came_back=came_back)
    return replace(news(name, instruction, others, **facts), own=own)


def why(reason: str, *, payers: Iterable[int], came_back: bool) -> tuple[dict, dict[int, dict]]:
    """A bank's reason as facts of news: those for all who hear of it, and those for `payers` alone (`News.own`).

    What concerns the payee's account is told to all; anything else to the payer and those who run the portal.
    """
    if concerns_payee(reason, came_back=came_back):
        return {"reason": reason}, {}
    return {}, {party_id: {"reason": reason} for party_id in payers}


def _due(instruction: PaymentInstruction) -> News:
    return news("payment.due", instruction, end_to_end_id=instruction.end_to_end_id)
