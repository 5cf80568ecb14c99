"""The second person: approves a settlement that another one proposed, or cancels it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet

from accounts.parties.second import awaited, require_seasoned
from accounts.trail.services import record
from financing.banking.models import BankAccount
from financing.banking.services import NoBankAccount
from financing.receivables.models import Receivable, Settlement
from financing.receivables.services.assignment import lock
from financing.receivables.services.settlement import amount_of, news, pay_out, unverified_payees
from portal.shared import wall
from portal.shared.access import Actor, permits, require
from portal.shared.database import acting
from portal.shared.errors import NotFound, OwnWork, Stale

Status = Settlement.Status
APPROVES = "receivables.approve_payment"


def seen_hash(settlement: Settlement) -> str:
    """Binds an approval to what was seen: each receivable, how much of it is paid, to whom and to which account.

    Take it before what is shown beside it is read: of what changes in between, the approval is refused then.
    """
    rows = {row.id: row for row in Receivable.objects.filter(ordered__settlement=settlement)}
    return _hash(rows, _ordered(settlement), payout_accounts(settlement, _payees(rows)))


def payout_accounts(settlement: Settlement, payees: Iterable[int]) -> dict[int, BankAccount]:
    """Where payees are paid by this settlement, as of now: by payee, the account of each that has one in force."""
    with wall.inside():  # the accounts are the payees': who orders the payments is shown where they go
        return _by_payee(_in_force(settlement, payees).select_related("party"))


def _in_force(settlement: Settlement, payees: Iterable[int]) -> QuerySet[BankAccount]:
    return BankAccount.objects.in_force().filter(currency=settlement.currency, party__in=set(payees)).order_by("id")


def to_approve(actor: Actor, settlements: QuerySet[Settlement], now: datetime) -> QuerySet[Settlement]:
    """Those of them that the actor may approve now (its second factor left aside)."""
    if not permits(actor, APPROVES) or awaited(actor, APPROVES, now):
        return settlements.none()
    return settlements.filter(status=Status.PROPOSED).exclude(created_by=actor.identity)


def approve_settlement(*, actor: Actor, settlement_id: int, seen_hash: str, now: datetime) -> Settlement:
    """Pay what another person proposed. Approved by the same person again, it is the same.

    All is asked as if it were ordered now: what was assigned meanwhile goes to its funder, and is to be seen before; so
    is an account that took the place of another.
    Raises NotFound, Forbidden, OwnWork, LetInLately, InvalidTransition, Stale, NotSettleable, PayeeNotVerified,
    AboveOpen, NoBankAccount.
    """
    with acting(actor):
        settlement = _lock(actor, settlement_id)
        require(actor, APPROVES)
        if settlement.status == Status.INSTRUCTED and settlement.decided_by == actor.identity:
            return settlement
        if settlement.created_by == actor.identity:
            raise OwnWork()
        require_seasoned(actor, APPROVES, now, maker=settlement.created_by)
        settlement.move_to(Status.INSTRUCTED)
        amounts = _ordered(settlement)
        rows = lock(amounts)
        # Nobody puts another in the place of one of these before the payments are written.
        accounts = _by_payee(_in_force(settlement, _payees(rows)).select_for_update(no_key=True))
        if _hash(rows, amounts, accounts) != seen_hash:
            raise Stale()
        unverified = unverified_payees(rows.values())
        for row in rows.values():
            amount_of(row, amounts[row.id], unverified)
        if lacking := _payees(rows) - accounts.keys():  # what comes into force by now, nobody has seen
            raise NoBankAccount(party=min(lacking), currency=settlement.currency)
        _decided(actor, settlement, now)
        pay_out(actor, settlement, rows, amounts, now)
        return settlement


def cancel_settlement(*, actor: Actor, settlement_id: int, reason: str = "", now: datetime) -> Settlement:
    """Who proposed it withdraws it, or a second person refuses it: no money moves either way. Repeatable.

    Raises NotFound, Forbidden, InvalidTransition.
    """
    with acting(actor):
        settlement = _lock(actor, settlement_id)
        if not permits(actor, "receivables.settle"):
            require(actor, APPROVES)
        if settlement.status == Status.CANCELLED:
            return settlement
        settlement.move_to(Status.CANCELLED)
        settlement.reason = reason.strip()[:280]
        _decided(actor, settlement, now)
        amounts = _ordered(settlement)
        record(actor, now, [news("settlement.cancelled", settlement, 0, sum(amounts.values()))])
        return settlement


def _lock(actor: Actor, settlement_id: int) -> Settlement:
    found = Settlement.objects.visible_to(actor).select_for_update(no_key=True).filter(id=settlement_id).first()
    if found is None:
        raise NotFound()
    return found


def _payees(rows: Mapping[int, Receivable]) -> set[int]:
    return {row.due_to_id for row in rows.values()}


def _by_payee(accounts: Iterable[BankAccount]) -> dict[int, BankAccount]:
    return {account.party_id: account for account in accounts}


def _decided(actor: Actor, settlement: Settlement, now: datetime) -> None:
    settlement.decided_at, settlement.decided_by = now, actor.identity
    settlement.save(update_fields=["status", "decided_at", "decided_by", "reason"])


def _ordered(settlement: Settlement) -> dict[int, int]:
    return dict(settlement.ordered.values_list("receivable_id", "amount_minor"))


def _hash(rows: Mapping[int, Receivable], amounts: Mapping[int, int], accounts: Mapping[int, BankAccount]) -> str:
    paid = {payee: account.iban for payee, account in accounts.items()}
    said = sorted((row.id, amounts[row.id], row.due_to_id, paid.get(row.due_to_id, "")) for row in rows.values())
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
