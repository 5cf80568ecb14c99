"""Transfer to a funder and back. Called by the feature that lends, inside its transaction.

Who may ask is decided there; here it is decided what can be had. Locks are taken in the order of the primary keys.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.trail.services import News, record
from financing.receivables.models import Assignment, Receivable
from financing.receivables.refusals import NotAvailableAsSecurity
from portal.shared.access import Actor
from portal.shared.database import acting, insert_many, update_many


@dataclass(frozen=True, slots=True)
class Transfer:
    """One receivable to one facility of one funder, under the agreement that the supplier joined."""

    receivable_id: int
    facility_id: int
    funder_id: int
    agreement: str


def lock(receivable_ids: Iterable[int]) -> dict[int, Receivable]:
    """The receivables by id, locked in the order of their ids until the caller's transaction ends."""
    rows = Receivable.objects.filter(id__in=set(receivable_ids)).order_by("id").select_for_update(no_key=True)
    return {row.id: row for row in rows}


def is_assignable(receivable: Receivable) -> bool:
    """Whether a locked receivable can be taken as security now."""
    return (
        receivable.status == Receivable.Status.ACCEPTED
        and receivable.assigned_facility_id is None
        and receivable.settling_minor == 0
        and receivable.open_minor > 0
    )


def assign(
    *, actor: Actor, receivable_ids: Sequence[int], facility_id: int, funder_id: int, agreement: str, now: datetime
) -> list[Receivable]:
    """Assign receivables to one facility: all of them, or NotAvailableAsSecurity and none."""
    transfers = [Transfer(each, facility_id, funder_id, agreement) for each in receivable_ids]
    return assign_many(actor=actor, transfers=transfers, now=now)


def assign_many(*, actor: Actor, transfers: Sequence[Transfer], now: datetime) -> list[Receivable]:
    """Assign receivables to several facilities in five statements; all of them, or NotAvailableAsSecurity and none.

    A caller who wants to know beforehand which of them can be had calls `lock` and `is_assignable` in its transaction.
    """
    with acting(actor):
        by_id = {each.receivable_id: each for each in transfers}
        found = lock(by_id)
        if len(by_id) != len(transfers) or len(found) != len(by_id) or not all(map(is_assignable, found.values())):
            raise NotAvailableAsSecurity()
        rows = list(found.values())
        for row in rows:
            transfer = by_id[row.id]
            row.move_to(Receivable.Status.ASSIGNED)
            row.funder_id, row.assigned_facility_id = transfer.funder_id, transfer.facility_id
        _save(rows)
        # Notice and acknowledgement are standing in the platform's own programme; they are recorded all the same.
        insert_many([_assignment(row, by_id[row.id], now) for row in rows])
        record(actor, now, [_news("receivable.assigned", row, row.funder_id, row.assigned_facility_id) for row in rows])
        return rows


def _assignment(row: Receivable, transfer: Transfer, now: datetime) -> Assignment:
    return Assignment(
        receivable_id=row.id, facility_id=transfer.facility_id, funder_id=transfer.funder_id,
        agreement=transfer.agreement, assigned_at=now, notified_at=now, acknowledged_at=now,
    )  # fmt: skip


def release(*, actor: Actor, receivable_ids: Sequence[int], now: datetime) -> list[Receivable]:
    """Give receivables back to their supplier. Settled and cancelled ones are left as they are.

    A disputed one stays disputed and is no longer anybody's security. Returns those that were given back.
    """
    with acting(actor):
        states = (Receivable.Status.ASSIGNED, Receivable.Status.DISPUTED)
        rows = [
            row
            for row in lock(receivable_ids).values()
            if row.status in states and row.assigned_facility_id is not None
        ]
        freed = [(row, row.funder_id, row.assigned_facility_id) for row in rows]
        for row in rows:
            if row.status == Receivable.Status.ASSIGNED:
                row.move_to(Receivable.Status.ACCEPTED)
            row.funder_id = row.assigned_facility_id = None
        _save(rows)
        Assignment.objects.filter(receivable__in=[row.id for row in rows], released_at=None).update(released_at=now)
        record(actor, now, [_news("receivable.released", *each) for each in freed])
        return rows


def _save(rows: list[Receivable]) -> None:
    update_many(Receivable, rows, ["status", "funder", "assigned_facility_id"])


def _news(name: str, row: Receivable, funder_id: int, facility_id: int) -> News:
    # No facility: the debtor learns whom to pay, never how its suppliers borrow.
    payload = {"funder": funder_id, "number": row.number, "open_minor": row.open_minor,
               "currency": row.currency}  # fmt: skip
    return News(name, row, (row.supplier_id, row.debtor_id, funder_id), payload)
