"""The second person: approves a settlement that another one proposed, or cancels it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from accounts.trail.services import record
from financing.receivables.models import Receivable, Settlement
from financing.receivables.services.assignment import lock
from financing.receivables.services.settlement import amount_of, news, pay_out, unverified_payees
from portal.shared.access import Actor, permits, require
from portal.shared.database import acting
from portal.shared.errors import NotFound, OwnWork, Stale

Status = Settlement.Status


def seen_hash(settlement: Settlement) -> str:
    """Binds an approval to what was seen: each receivable, how much of it is paid, and to whom."""
    return _hash(
        {row.id: row for row in Receivable.objects.filter(ordered__settlement=settlement)}, _ordered(settlement)
    )


def approve_settlement(*, actor: Actor, settlement_id: int, seen_hash: str, now: datetime) -> Settlement:
    """Pay what another person proposed. Approved by the same person again, it is the same.

    All is asked as if it were ordered now: what was assigned meanwhile goes to its funder, and is to be seen before.
    Raises NotFound, Forbidden, OwnWork, InvalidTransition, Stale, NotSettleable, PayeeNotVerified, AboveOpen,
    NoBankAccount.
    """
    with acting(actor):
        settlement = _lock(actor, settlement_id)
        require(actor, "receivables.approve_payment")
        if settlement.status == Status.INSTRUCTED and settlement.decided_by == actor.identity:
            return settlement
        if settlement.created_by == actor.identity:
            raise OwnWork()
        settlement.move_to(Status.INSTRUCTED)
        amounts = _ordered(settlement)
        rows = lock(amounts)
        if _hash(rows, amounts) != seen_hash:
            raise Stale()
        unverified = unverified_payees(rows.values())
        for row in rows.values():
            amount_of(row, amounts[row.id], unverified)
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
            require(actor, "receivables.approve_payment")
        if settlement.status == Status.CANCELLED:
            return settlement
        settlement.move_to(Status.CANCELLED)
        settlement.reason = reason.strip()[:280]
        _decided(actor, settlement, now)
        amounts = _ordered(settlement)
        record(actor, now, [news("settlement.cancelled", settlement, 0, sum(amounts.values()))])
        return settlement


def _lock(actor: Actor, settlement_id: int) -> Settlement:
    found = Settlement.objects.visible_to(actor).select_for_update().filter(id=settlement_id).first()
    if found is None:
        raise NotFound()
    return found


def _decided(actor: Actor, settlement: Settlement, now: datetime) -> None:
    settlement.decided_at, settlement.decided_by = now, actor.identity
    settlement.save(update_fields=["status", "decided_at", "decided_by", "reason"])


def _ordered(settlement: Settlement) -> dict[int, int]:
    return dict(settlement.ordered.values_list("receivable_id", "amount_minor"))


def _hash(rows: Mapping[int, Receivable], amounts: Mapping[int, int]) -> str:
    said = sorted((row.id, amounts[row.id], row.due_to_id) for row in rows.values())
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
