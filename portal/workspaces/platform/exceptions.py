"""What waits for the platform's hand: invoices, disputes, payments that are due or came back, refused files."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.intake.models import Document
from financing.receivables.models import Receivable, SettlementPayment
from financing.receivables.queries import acceptance_queue
from financing.receivables.services import to_approve, to_confirm
from portal.shared.access import Actor
from portal.ui.formats import day
from portal.workspaces.platform.queries import held_back, settlements

KINDS = {
    "ACCEPT": gettext_lazy("Invoice to accept"),
    "DISPUTE": gettext_lazy("Dispute to resolve"),
    "RECOGNISE": gettext_lazy("Supplier to recognise"),
    "APPROVE_SETTLEMENT": gettext_lazy("Settlement to approve"),
    "DUE": gettext_lazy("Settlement due"),
    "FAILED": gettext_lazy("Payment failed"),
    "FILE": gettext_lazy("Rows refused"),
}
MOST = 200
"""Of each kind, the oldest: the queue's own page has the others."""
FAILED_DAYS, FILE_DAYS = 30, 14


@dataclass(frozen=True, slots=True)
class Found:
    """Rows, the longest waiting first: kind, since, subject, who, why, amount_minor, currency, url.

    `resource` is where the API has it, `count` how many it stands for.
    """

    rows: list[dict] = field(default_factory=list)

    @property
    def oldest(self) -> datetime | None:
        return self.rows[0]["since"] if self.rows else None

    @property
    def by_kind(self) -> list[tuple[str, int]]:
        kinds = [row["kind"] for row in self.rows]
        return [(label, kinds.count(kind)) for kind, label in KINDS.items() if kind in kinds]


def found(actor: Actor, now: datetime, due: Iterable[dict]) -> Found:
    """In eleven statements at most, however many there are. `due`: of `due_settlements`, until today at least."""
    rows = [
        *_invoices(actor),
        *_numbers(actor, now),
        *_proposed(actor, now),
        *_due(actor, due, timezone.localdate(now)),
        *_failed(actor, now),
        *_files(actor, now),
    ]
    return Found(sorted(rows, key=lambda row: row["since"]))


def _invoices(actor: Actor) -> list[dict]:
    disputed = Receivable.Status.DISPUTED
    return [
        {
            "kind": "DISPUTE" if row.status == disputed else "ACCEPT",
            "since": row.received_at, "subject": row.number, "who": row.supplier.name,
            "why": Truncator(row.dispute_reason if row.status == disputed else row.match_note).chars(80),
            "amount_minor": row.open_minor, "currency": row.currency,
            "url": reverse("platform:receivable", args=[row.id]), "resource": f"receivables/{row.id}/", "count": 1,
        }
        for row in acceptance_queue(actor=actor)[:MOST]
    ]  # fmt: skip


def _numbers(actor: Actor, now: datetime) -> list[dict]:
    """Suppliers that came by themselves, and say by which number the platform's trade names them."""
    return [
        {
            "kind": "RECOGNISE", "since": row.proposed_at, "subject": row.number, "who": row.supplier.name,
            "why": _("Says that this is its number"),
            "amount_minor": None, "currency": "",
            "url": reverse("platform:number", args=[row.id]), "resource": f"supplier-numbers/{row.id}/", "count": 1,
        }
        for row in to_confirm(actor, now).select_related("supplier").order_by("id")[:MOST]
    ]  # fmt: skip


def _proposed(actor: Actor, now: datetime) -> list[dict]:
    """Settlements that wait for the actor's word."""
    return [
        {
            "kind": "APPROVE_SETTLEMENT", "since": row.created_at, "subject": row.key, "who": "",
            "why": _("To be approved by a second person"),
            "amount_minor": row.amount_minor, "currency": row.currency,
            "url": reverse("platform:settlement", args=[row.id]), "resource": f"settlements/{row.id}/", "count": 1,
        }
        for row in to_approve(actor, settlements(actor), now).order_by("id")[:MOST]
    ]  # fmt: skip


def _due(actor: Actor, due: Iterable[dict], today: date) -> list[dict]:
    """Since the day began on which it fell due."""
    rows = list(islice((each for each in due if each["due_date"] <= today), MOST))
    held = held_back(actor, today) if rows else {}
    return [
        {
            "kind": "DUE", "since": datetime.combine(row["due_date"], time(), UTC), "subject": day(row["due_date"]),
            "who": ngettext("{count} invoice", "{count} invoices", row["count"]).format(count=row["count"]),
            "why": _why_due(row["count"], *held.get((row["due_date"], row["currency"]), (0, 0))),
            "amount_minor": row["payable_minor"], "currency": row["currency"],
            "url": reverse("platform:due", args=[row["due_date"].isoformat(), row["currency"]]),
            "resource": f"settlements/due/?on={row['due_date'].isoformat()}", "count": row["count"],
        }
        for row in rows
    ]  # fmt: skip


def _why_due(invoices: int, held: int, suppliers: int) -> str:
    """Why what is due is not paid. `held`: how many of the invoices wait for their suppliers to be verified."""
    if not held:
        return _("To be paid on its day")
    if held < invoices:
        told = ngettext(
            "To be paid on its day, but for {n} supplier that is not verified yet",
            "To be paid on its day, but for {n} suppliers that are not verified yet", suppliers,
        )  # fmt: skip
    else:
        told = ngettext("{n} supplier is not verified yet", "{n} suppliers are not verified yet", suppliers)
    return told.format(n=suppliers)


def _failed(actor: Actor, now: datetime) -> list[dict]:
    """Payments that came back while what they were to pay is still open."""
    rows = SettlementPayment.objects.visible_to(actor).filter(
        Q(status=SettlementPayment.Status.FAILED, settlement__created_at__gte=now - timedelta(days=FAILED_DAYS)),
        lines__receivable__open_minor__gt=0,
    )
    return [
        {
            "kind": "FAILED", "since": row.booked_at or row.settlement.created_at, "subject": row.settlement.key,
            "who": row.payee.name, "why": _(row.failure) if row.failure else "", "amount_minor": row.amount_minor,
            "currency": row.settlement.currency, "url": reverse("platform:settlement", args=[row.settlement_id]),
            "resource": f"settlements/{row.settlement_id}/", "count": 1,
        }
        for row in rows.select_related("settlement", "payee").distinct().order_by("id")[:MOST]
    ]  # fmt: skip


def _files(actor: Actor, now: datetime) -> list[dict]:
    outcomes = Document.Outcome
    rows = Document.objects.visible_to(actor).filter(
        kind=Document.Kind.TRADE_HISTORY, outcome__in=[outcomes.PARTLY, outcomes.REFUSED],
        received_at__gte=now - timedelta(days=FILE_DAYS),
    )  # fmt: skip
    return [
        {
            "kind": "FILE", "since": row.received_at, "subject": row.file_name or row.sha256[:12], "who": "",
            "why": row.explanation, "amount_minor": None, "currency": "",
            "url": reverse("platform:trade_import", args=[row.id]), "resource": f"trade-history/{row.id}/", "count": 1,
        }
        for row in rows.defer("content", "report").order_by("id")[:MOST]
    ]  # fmt: skip
