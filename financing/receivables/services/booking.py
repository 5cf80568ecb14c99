"""What the bank says of a settlement's payments, brought home to the receivables they pay. Set-based."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.banking.services import why
from financing.receivables.models import Receivable, SettlementLine, SettlementPayment
from financing.receivables.services.assignment import lock
from financing.receivables.services.crediting import owed
from portal.shared.access import Actor
from portal.shared.database import acting


@dataclass(frozen=True, slots=True)
class Locked:
    """Payments with their lines and receivables, all locked."""

    payments: list[SettlementPayment]
    lines: dict[int, list[SettlementLine]]
    receivables: dict[int, Receivable]

    def pairs(self):
        for payment in self.payments:
            for line in self.lines[payment.id]:
                yield payment, line, self.receivables[line.receivable_id]


def book(*, actor: Actor, value_dates: Mapping[int, date], now: datetime) -> list[SettlementPayment]:
    """The bank booked these payments (payment id -> value date): what was settling is settled. Skips those booked."""
    with acting(actor):
        found = _lock(value_dates, SettlementPayment.Status.INSTRUCTED)
        news = []
        for payment, line, row in found.pairs():
            row.settling_minor -= line.amount_minor
            row.settled_minor += line.amount_minor
            if owed(row) == 0:
                row.move_to(Receivable.Status.SETTLED)
                row.settled_at = now
            news.append(_told(row, "receivable.settled", line, value_dates[payment.id]))
        for payment in found.payments:
            payment.move_to(SettlementPayment.Status.BOOKED)
            payment.booked_at, payment.value_date = now, value_dates[payment.id]
            news.append(_of_payment("settlement.booked", payment, found, value_date=payment.value_date.isoformat()))
        _save(found)
        record(actor, now, news)
        return found.payments


def fail(*, actor: Actor, reasons: Mapping[int, str], now: datetime) -> list[SettlementPayment]:
    """The bank refused these payments (payment id -> reason) before it booked them: the receivables are open again."""
    with acting(actor):
        found = _lock(reasons, SettlementPayment.Status.INSTRUCTED)
        for _, line, row in found.pairs():
            row.settling_minor -= line.amount_minor
        for payment in found.payments:
            payment.move_to(SettlementPayment.Status.FAILED)
            payment.failure = reasons[payment.id][:140]
        _save(found)
        record(actor, now, [_failed("settlement.failed", each, found) for each in found.payments])
        return found.payments


def take_back(*, actor: Actor, reasons: Mapping[int, str], now: datetime) -> list[SettlementPayment]:
    """The bank returned these payments after it had booked them: what they settled is owed again."""
    with acting(actor):
        # A return that overtakes the news of its booking finds the payment still instructed.
        fail(actor=actor, reasons=reasons, now=now)
        found = _lock(reasons, SettlementPayment.Status.BOOKED)
        news = []
        for _, line, row in found.pairs():
            row.settled_minor -= line.amount_minor
            if row.status == Receivable.Status.SETTLED:
                assigned = row.assigned_facility_id is not None
                row.move_to(Receivable.Status.ASSIGNED if assigned else Receivable.Status.ACCEPTED)
                row.settled_at = None
            news.append(_told(row, "receivable.reopened", line, None))
        for payment in found.payments:
            payment.move_to(SettlementPayment.Status.FAILED)
            payment.failure = reasons[payment.id][:140]
            news.append(_failed("settlement.returned", payment, found))
        _save(found)
        record(actor, now, news)
        return found.payments


def _lock(payment_ids, status: str) -> Locked:
    """Receivables first, as everywhere; then the payments, of which only those in `status` are taken."""
    lines = defaultdict(list)
    for line in SettlementLine.objects.filter(payment__in=list(payment_ids), payment__status=status).order_by("id"):
        lines[line.payment_id].append(line)
    receivables = lock(line.receivable_id for each in lines.values() for line in each)
    payments = list(
        SettlementPayment.objects.filter(id__in=lines, status=status)
        .select_for_update(no_key=True, of=("self",))
        .select_related("settlement")
        .order_by("id")
    )
    return Locked(payments, lines, receivables)


def _save(found: Locked) -> None:
    fields = ["settling_minor", "settled_minor", "status", "settled_at"]
    Receivable.objects.bulk_update(found.receivables.values(), fields)
    SettlementPayment.objects.bulk_update(found.payments, ["status", "booked_at", "value_date", "failure"])


def _told(row: Receivable, name: str, line: SettlementLine, value_date: date | None) -> News:
    """For those who are party to this one receivable: its supplier learns nothing of the payment's other lines."""
    payload = {
        "number": row.number,
        "amount_minor": line.amount_minor,
        "open_minor": owed(row),
        "currency": row.currency,
    }
    if value_date:
        payload["value_date"] = value_date.isoformat()
    return News(name, row, (row.supplier_id, row.debtor_id, row.funder_id), payload)


def _failed(name: str, payment: SettlementPayment, found: Locked) -> News:
    came_back = name == "settlement.returned"
    facts, own = why(payment.failure, payers=[payment.settlement.debtor_id], came_back=came_back)
    return replace(_of_payment(name, payment, found, **facts), own=own)


def _of_payment(name: str, payment: SettlementPayment, found: Locked, **facts: str) -> News:
    """For debtor and payee. The lines are read from the payment: there may be thousands."""
    settlement = payment.settlement
    payload = {
        "settlement": settlement.id,
        "payer": settlement.debtor_id,
        "payee": payment.payee_id,
        "amount_minor": payment.amount_minor,
        "currency": settlement.currency,
        "lines": len(found.lines[payment.id]),
        **facts,
    }
    return News(name, payment, (settlement.debtor_id, payment.payee_id), payload)
