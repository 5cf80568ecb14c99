"""What needs a party's hand, as its first page tells it: the same rows, for machines."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.parties.models import BusinessVerification
from financing.advances.overview import referrals
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.queries import flows
from financing.credit import wording
from financing.credit.models import Facility, PolicyVersion
from financing.receivables.queries import due_settlements
from logistics.orders.models import SupplierNumber
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.scopes import covers, needed
from portal.workspaces.operator.overview import boards
from portal.workspaces.payout import awaiting
from portal.workspaces.platform import exceptions
from portal.workspaces.supplier import steps

MOST = 200
"""Of each kind, the oldest: the list has the others."""
SCOPES = {
    "receivables": "receivables", "settlements": "settlements", "trade-history": "trade", "applications": "advances",
    "policies": "policies", "instructions": "banking", "deliveries": "operations", "documents": "documents",
    "verifications": "verifications", "bank-accounts": "banking", "programmes": "facilities",
    "supplier-numbers": "trade",
}  # fmt: skip
"""First part of an address -> the scopes that a machine needs there."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to do. `resource`: where the API has it; `count`: how many it stands for."""

    kind: str
    resource: str
    since: datetime | None = None
    count: int = 1
    subject: str = ""
    who: str = ""
    why: str = ""
    amount_minor: int | None = None
    currency: str = ""

    @property
    def scope(self) -> str:
        return needed(SCOPES[self.resource.split("/")[0]], changes=False)


def needs(actor: Actor, now: datetime) -> list[Need]:
    """The longest waiting first; of a machine what its scopes cover."""
    found = [*BY_KIND.get(actor.party_kind, lambda actor, now: [])(actor, now), *_accounts(actor, now)]
    seen = [each for each in found if actor.scopes is None or covers(actor.scopes, each.scope)]
    return sorted(seen, key=lambda each: (each.since is None, each.since or now))


def _accounts(actor: Actor, now: datetime) -> list[Need]:
    """Accounts of the party that another person proposed: for those alone whose word on them counts."""
    return [
        Need(
            "CONFIRM_ACCOUNT", f"bank-accounts/{each.account.id}/", each.account.created_at,
            subject=each.account.iban[-4:], who=each.by, currency=each.account.currency,
        )
        for each in awaiting(actor, now)
    ]  # fmt: skip


def _platform(actor: Actor, now: datetime) -> list[Need]:
    due = due_settlements(actor=actor, until=timezone.localdate(now))[:MOST]
    return [Need(**{k: v for k, v in row.items() if k != "url"}) for row in exceptions.found(actor, now, due).rows]


def _funder(actor: Actor, now: datetime) -> list[Need]:
    rows = referrals(actor).defer("decision__inputs", "decision__result")[:MOST]
    referred = [
        Need(
            "DECIDE" if row.recommended_by else "RECOMMEND", f"applications/{row.id}/", row.submitted_at,
            subject=str(row.id), who=row.supplier.name, amount_minor=row.amount_minor, currency=row.currency,
            why=" ".join(str(wording.reason(code, wording.OFFICER)) for code in row.decision.reasons),
        )
        for row in rows
    ]  # fmt: skip
    proposed = PolicyVersion.objects.visible_to(actor).filter(status=PolicyVersion.Status.PROPOSED).order_by("id")
    policies = [
        Need("APPROVE_POLICY", f"policies/{row.id}/", row.proposed_at, subject=str(row.number), why=row.note)
        for row in proposed[:MOST]
    ]
    return [*referred, *policies, *_came_back(actor)]


def _came_back(actor: Actor) -> list[Need]:
    """Own payments that the bank refused or returned."""
    states = PaymentInstruction.Status
    rows = flows(actor=actor).filter(payer_id=actor.party_id, status__in=[states.REJECTED, states.RETURNED])
    return [
        Need(
            f"PAYMENT_{row.status}", f"instructions/{row.id}/", row.answered_at or row.created_at,
            subject=row.end_to_end_id, who=row.payee.name, why=row.reason_text or row.reason,
            amount_minor=row.amount_minor, currency=row.currency,
        )
        for row in rows[:MOST]
    ]  # fmt: skip


def _operator(actor: Actor, now: datetime) -> list[Need]:
    return [
        Need(f"{board.resource.upper()}_{line.state}", board.resource_of(line.state), line.oldest, line.count)
        for board in boards(actor, now) for line in board.lines if line.needs_you
    ]  # fmt: skip


def _supplier(actor: Actor, now: datetime) -> list[Need]:
    verifications = list(BusinessVerification.objects.visible_to(actor).order_by("-id")[:10])
    held = set(BankAccount.objects.visible_to(actor).open().values_list("status", flat=True))
    in_force, waits = BankAccount.Status.IN_FORCE in held, BankAccount.Status.WAITING in held
    joined = Facility.objects.visible_to(actor).exclude(status=Facility.Status.CLOSED)
    said = set(SupplierNumber.objects.visible_to(actor).values_list("status", flat=True))
    step = steps.next_step(
        verifications, timezone.localdate(now), has_account=in_force, account_waits=waits,
        is_known=SupplierNumber.Status.CONFIRMED in said,
        number_waits=SupplierNumber.Status.PROPOSED in said, has_joined=joined.exists(),
    )  # fmt: skip
    if step not in steps.OWN:
        return []
    where = {steps.ACCOUNT: "bank-accounts/", steps.NUMBER: "supplier-numbers/", steps.JOIN: "programmes/"}.get(
        step, "verifications/"
    )
    return [Need(step, where, why=str(steps.SENTENCES[step]))]


BY_KIND: dict[str, Callable[[Actor, datetime], list[Need]]] = {
    access.SUPPLIER: _supplier,
    access.PLATFORM: _platform,
    access.FINANCIER: _funder,
    access.BANK: _funder,
    access.OPERATOR: _operator,
}
