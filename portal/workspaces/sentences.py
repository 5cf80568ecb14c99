"""What happened, in a sentence for a person: the timeline of a subject and the list of a party's events.

Events are read only as far as the acting party may know them; names of people only where they act for that party.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Model, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.parties.models import BusinessVerification, Membership, Party
from accounts.trail import doers
from accounts.trail.models import Event
from financing.advances.models import Advance, Application, Quote
from financing.banking.models import BankAccount
from financing.banking.rules import concerns_payee
from financing.credit import saying, wording
from financing.credit.models import Facility
from financing.receivables.handlers import NO_REASON
from financing.receivables.models import CreditNote, Receivable
from logistics.orders.models import SupplierNumber
from portal.shared import access
from portal.shared.access import Actor
from portal.ui.formats import day, money
from portal.ui.states import state
from portal.workspaces import pages

# Event name -> (sentence, state that colours it). `{amount}` is the payload's amount with its currency.
SENTENCES = {
    "party.registered": (_("Registered with the portal"), ""),
    "party.renamed": (_("Known as {name} ({registration_number}) since it was verified, before as {name_before}"), ""),
    "party.edited": (_("Your time zone was changed to {time_zone}"), ""),
    "party.member_invited": (_("Somebody was invited to act for you as {role}"), ""),
    "party.invitation_revoked": (_("An invitation to act for you as {role} was withdrawn"), ""),
    "party.member_added": (_("A colleague may act for you as {role}"), ""),
    "party.member_removed": (_("A colleague no longer acts for you as {role}"), ""),
    "party.suspended": (_("Suspended by the operator: {reason}"), "SUSPENDED"),
    "party.closed": (_("Closed: its trade is that of a supplier which came by itself"), "CLOSED"),
    "supplier_number.proposed": (_("Said to be known to the platform as {number}"), "PENDING"),
    "supplier_number.confirmed": (_("Known to the platform as {number}"), "CONFIRMED"),
    "supplier_number.refused": (_("Not known to the platform as {number}: {reason}"), "REFUSED"),
    "supplier_number.withdrawn": (_("No longer said to be known as {number}"), "WITHDRAWN"),
    "party.resumed": (_("Admitted again by the operator"), "ADMITTED"),
    "user.shut_out": (_("A person was shut out by the operator"), "SUSPENDED"),
    "user.let_in": (_("A person was let in again by the operator"), ""),
    "user.sessions_ended": (_("A person was signed out everywhere by the operator"), ""),
    "client.created": (_("An API client was created"), ""),
    "client.changed": (_("An API client was changed"), ""),
    "client.secret_rotated": (_("An API client was given another secret"), ""),
    "client.removed": (_("An API client was removed"), ""),
    "bank_account.registered": (_("A bank account in {currency} was registered"), ""),
    "bank_account.proposed": (
        _("The {currency} account …{end} was proposed; it waits to be confirmed"),
        "WAITING",
    ),
    "bank_account.confirmed": (_("The {currency} account …{end} was confirmed: it is paid to from now on"), "IN_FORCE"),
    "bank_account.withdrawn": (_("The proposal of the {currency} account …{end} was withdrawn"), "WITHDRAWN"),
    "bank_account.refused": (_("The proposal of the {currency} account …{end} was refused"), "REFUSED"),
    "bank_account.replaced": (
        _("The {currency} account to be paid to was changed from …{old_end} to …{new_end}"),
        "",
    ),
    "bank_account.closed": (_("A bank account in {currency} was closed"), "CLOSED"),
    "verification.submitted": (_("Handed in for verification"), "SUBMITTED"),
    "verification.screened": (_("Screened against sanctions and adverse media"), "SCREENED"),
    "verification.approved": (_("Verified"), "APPROVED"),
    "verification.rejected": (_("Verification refused"), "REJECTED"),
    "document.replayed": (_("A document was run through again: {outcome}"), ""),
    "trade.handed_in": (_("Trade history handed in"), ""),
    "trade.imported": (_("Trade history imported: {new} new lines"), ""),
    "receivable.received": (_("Invoice {number} received"), "RECEIVED"),
    "receivable.accepted": (_("Invoice {number} accepted"), "ACCEPTED"),
    "receivable.disputed": (_("Invoice {number} disputed"), "DISPUTED"),
    "receivable.dispute_resolved": (_("Dispute on invoice {number} resolved"), "ACCEPTED"),
    "receivable.cancelled": (_("Invoice {number} cancelled"), "CANCELLED"),
    "receivable.assigned": (_("Invoice {number} assigned to the funder"), "ASSIGNED"),
    "receivable.released": (_("Invoice {number} released"), "ACCEPTED"),
    "receivable.diluted": (_("Invoice {number} reduced by a credit note"), ""),
    "receivable.settled": (_("{amount} of invoice {number} settled"), "SETTLED"),
    "receivable.reopened": (_("Payment of invoice {number} came back: {amount} is open again"), ""),
    "credit_note.received": (_("Credit note {number} received"), ""),
    "settlement.proposed": (_("Settlement of {amount} proposed"), "PROPOSED"),
    "settlement.cancelled": (_("Settlement of {amount} cancelled"), "CANCELLED"),
    "settlement.instructed": (_("Settlement of {amount} instructed"), ""),
    "settlement.booked": (_("Settlement of {amount} booked by the bank"), "BOOKED"),
    "settlement.failed": (_("Settlement of {amount} refused by the bank"), "FAILED"),
    "settlement.returned": (_("Settlement of {amount} returned by the bank"), "RETURNED"),
    "programme.opened": (_("Programme opened"), ""),
    "programme.figures_shared": (_("Totals of the programme are shared with the platform"), ""),
    "programme.figures_withheld": (_("Totals of the programme are no longer shared with the platform"), ""),
    "facility.joined": (_("Joined the programme"), "ACTIVE"),
    "facility.suspended": (_("Facility suspended: {reason}"), "SUSPENDED"),
    "facility.resumed": (_("Facility active again"), "ACTIVE"),
    "policy.proposed": (_("Policy {number} proposed"), "PROPOSED"),
    "policy.approved": (_("Policy {number} approved"), "APPROVED"),
    "policy.replay_requested": (_("Replay of policy {number} begun; months looked at: {months}"), ""),
    "policy.replayed": (
        _("Replayed; months looked at: {months}. {changed} of {decisions} with another outcome, grade, limit or price"),
        "",
    ),
    "policy.rejected": (_("Policy {number} rejected"), "REJECTED"),
    "policy.withdrawn": (_("Policy {number} withdrawn"), "WITHDRAWN"),
    "quote.given": (_("Quoted {amount}"), ""),
    "application.submitted": (_("Applied for {amount}"), "SUBMITTED"),
    "application.approved": (_("Approved: {amount}"), "APPROVED"),
    "application.referred": (_("Waiting for a person of the funder to decide"), "REFERRED"),
    "application.declined": (_("Declined"), "DECLINED"),
    "application.withdrawn": (_("Withdrawn"), "WITHDRAWN"),
    "application.recommended": (_("Recommended: {recommendation}"), ""),
    "advance.approved": (_("Advance of {amount} booked and instructed"), "APPROVED"),
    "advance.funded": (_("{amount} is on the account"), "ACTIVE"),
    "advance.failed": (_("The bank did not pay {amount}: {reason}"), "FAILED"),
    "advance.overdue": (_("Advance {subject} is overdue"), "OVERDUE"),
    "advance.repayment_applied": (_("Repaid: principal {principal}, interest {interest}, fees {fees}"), ""),
    "advance.repaid": (_("Advance {subject} repaid in full"), "REPAID"),
    "advance.repayment_returned": (
        _("A repayment came back: principal {principal}, interest {interest} and fees {fees} are owed again"),
        "RETURNED",
    ),
    "advance.repayments_given_back": (
        _("The money never arrived: {amount} that had repaid it is the supplier's"),
        "RETURNED",
    ),
    "remainder.owed_back": (_("{amount} of a settlement that came back is made good from what comes next"), "DUE"),
    "remainder.held": (_("{amount} could not be paid out and is held until it can be"), "DUE"),
    "delivery.parked": (_("The news {event} did not reach {subscriber}"), "PARKED"),
    "payment.due": (_("Payment of {amount} handed to the bank's channel"), "DUE"),
    "payment.sent": (_("Payment of {amount} sent to the bank"), "SENT"),
    "payment.unanswered": (_("The bank has not answered about {amount}; it is being asked"), "UNKNOWN"),
    "payment.accepted": (_("The bank accepted the payment of {amount}"), "ACCEPTED"),
    "payment.rejected": (_("The bank refused the payment of {amount}: {reason}"), "REJECTED"),
    "payment.settled": (_("The bank booked the payment of {amount}"), "SETTLED"),
    "payment.returned": (_("The bank returned the payment of {amount}: {reason}"), "RETURNED"),
    "cash.received": (_("{amount} received on the account"), "BOOKED"),
    "statement.reconciled": (_("Statement of {date} reconciled"), ""),
    "backoffice.exported": (_("{model} exported from the back office as {format}"), ""),
    "book.opened": (_("Book opened"), ""),
    "book.business_date_advanced": (_("Business date moved from {from} to {to}"), ""),
}

BANK_REASONS = {
    "AC01": _("the account number is wrong"),
    "AC03": _("the account number is wrong"),
    "AC04": _("the account is closed"),
    "AC06": _("the account is blocked"),
    "AC07": _("the account is closed"),
    "AC14": _("the account does not take such payments"),
    "AG01": _("the account does not take such payments"),
    "AM04": _("there was not enough money"),
    "BE05": _("the bank does not know who sent it"),
    "CUST": _("it was called back"),
    "FOCR": _("it was called back"),
    "MS02": _("the account holder refused it"),
    "MS03": _("the bank gives no reason"),
    "RC01": _("the bank's code is wrong"),
    "RC04": _("the bank's code is wrong"),
}
"""Reason codes of ISO 20022 (external code sets) that a payment is refused or returned with."""

OF_PAYMENTS = {"payment.rejected", "payment.returned", "advance.failed", "remainder.held", "settlement.failed"}
"""What suppliers hear of payments to them that did not arrive."""

LENDS = (*access.FUNDERS, access.OPERATOR)
OF_WHOM = (
    (BusinessVerification, "legal_name", (access.OPERATOR,)),
    (Party, "name", (access.OPERATOR,)),
    (BankAccount, "party__name", (access.OPERATOR,)),
    (Facility, "supplier__name", LENDS),
    (Quote, "supplier__name", LENDS),
    (Application, "supplier__name", LENDS),
    (Advance, "supplier__name", LENDS),
    (Receivable, "supplier__name", (access.PLATFORM, *LENDS)),
    (CreditNote, "supplier__name", (access.PLATFORM, *LENDS)),
    (SupplierNumber, "supplier__name", (access.PLATFORM, access.OPERATOR)),
)
"""Subjects of which one reader sees those of many parties: the name of the party, and who such a reader is."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of a timeline, as the timeline component takes it."""

    at: datetime
    sentence: str
    state: str = ""
    actor: str = ""
    detail: str = ""
    url: str = ""
    took_ms: int | None = None
    name: str = ""
    subject: str = ""

    @property
    def of(self) -> str:
        """The kind of thing that it is a state of."""
        return self.name.partition(".")[0]


DAYS = ("from", "to", "date")
"""Facts that are days of ours. What others wrote may look like one, and stands as they wrote it."""

SAME_NUMBER = {
    "holder": _("The name of the holder of the {currency} account …{new_end} was changed"),
    "bic": _("The BIC of the {currency} account …{new_end} was changed"),
}
"""Of an account that took the place of another with its number: what changed first, in words."""


class _Facts(dict):
    """A payload as a sentence reads it; a fact that is not there leaves a dash."""

    def __missing__(self, key: str) -> str:
        return "–"


def timeline(actor: Actor, *subjects: Model) -> list[Happening]:
    """What the acting party may know of these subjects, oldest first, with the time from each step to the next."""
    about = Q()
    for subject in subjects:
        about |= Q(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    if not about:
        return []
    rows = sorted(Event.objects.visible_to(actor).filter(about), key=_in_order)
    return tell(actor, rows, with_times=True)


def _in_order(event: Event) -> tuple:
    """One transaction records at one instant: what was decided, then what was booked, then what was instructed."""
    noun = event.name.split(".")[0]
    return event.recorded_at, {"advance": 1, "payment": 2}.get(noun, 0), event.id


def tell(actor: Actor, events: Sequence[Event], *, with_times: bool = False) -> list[Happening]:
    """Events in sentences, in their order: with the time from each to the next, or with links to their subjects."""
    names = doers.of_ours(actor, events)
    about = {} if with_times else parties_of(actor, events)
    told, before = [], None
    for event in events:
        took = round((event.recorded_at - before).total_seconds() * 1000) if with_times and before else None
        address = "" if with_times else pages.address(actor.party_kind, event)
        detail = with_party(about, event, reasons(actor.party_kind, event))
        told.append(_happening(event, _by(actor, event, names), detail, took, address))
        before = event.recorded_at
    return told


def sentence(event: Event, template: str = "") -> str:
    """An event in words: its own sentence, or another that reads the same facts."""
    own, _state = SENTENCES.get(event.name, (event.name.replace(".", " ").replace("_", " "), ""))
    if event.name == "bank_account.replaced":
        own = SAME_NUMBER.get(event.facts.get("changed"), own)
    return str(template or own).format_map(_Facts(_facts(event.facts) | {"subject": event.subject_id}))


def _facts(payload: dict) -> dict:
    facts = {key: value for key, value in payload.items() if isinstance(value, str | int)}
    if payload.get("role") in Membership.Role.values:
        facts["role"] = str(Membership.Role(payload["role"]).label)
    if payload.get("reason") in BANK_REASONS:
        facts["reason"] = f"{BANK_REASONS[payload['reason']]} ({payload['reason']})"
    elif payload.get("reason") == NO_REASON:
        facts["reason"] = gettext(NO_REASON)
    elif "reason" not in payload:
        facts["reason"] = gettext("the reason is between the payer and its bank")
    if payload.get("recommendation"):
        facts["recommendation"] = str(state(payload["recommendation"]).label)
    facts |= {key: day(date.fromisoformat(facts[key])) for key in DAYS if isinstance(facts.get(key), str)}
    currency = payload.get("currency", "")
    for key, value in payload.items():
        if key.endswith("_minor") and isinstance(value, int) and currency:
            facts[key.removesuffix("_minor")] = money(value, currency)
    return facts


def _happening(event: Event, by: str, detail: str, took_ms: int | None, url: str) -> Happening:
    return Happening(
        at=event.recorded_at,
        sentence=sentence(event),
        state=SENTENCES.get(event.name, ("", ""))[1],
        actor=by,
        detail=detail,
        url=url,
        took_ms=took_ms,
        name=event.name,
        subject=f"{event.subject_type}:{event.subject_id}",
    )


def _by(actor: Actor, event: Event, names: dict[str, str]) -> str:
    """Colleagues and own machines by name; nobody else."""
    if not doers.is_ours(actor, event):
        return ""
    return names.get(event.doer) or (gettext("a machine") if event.actor_client_id else "")


def reasons(kind: str, event: Event) -> str:
    """The reasons that a decision tells, in the words of readers of such a party; what a payee can do about them."""
    if (
        kind == access.SUPPLIER
        and event.name in OF_PAYMENTS
        and concerns_payee(event.facts.get("reason", ""), came_back=True)
    ):
        return gettext("Check the account number in Verification.")
    codes = event.payload.get("reasons")
    if not event.name.startswith("application.") or not isinstance(codes, list):
        return ""
    if event.name != "application.referred":
        codes = [code for code in codes if code not in saying.REFERRING]
    audience = wording.OFFICER if kind in access.FUNDERS else wording.SUPPLIER
    return " ".join(wording.reason(str(code), audience) for code in codes)


def with_party(parties: dict[tuple[str, int], str], event: Event, detail: str) -> str:
    """The party that an event is about, where `parties_of` names it, before what else is told of it."""
    return " · ".join(filter(None, (parties.get((event.subject_type, event.subject_id)), detail)))


def parties_of(actor: Actor, events: Sequence[Event]) -> dict[tuple[str, int], str]:
    """Whom the subjects are of, for those who read of many parties. Nothing for a supplier: all is its own."""
    found: dict[tuple[str, int], str] = {}
    for model, name, readers in OF_WHOM:
        kind = model._meta.label_lower
        ids = {event.subject_id for event in events if event.subject_type == kind}
        if ids and actor.party_kind in readers:
            rows = model.objects.visible_to(actor).filter(id__in=ids).values_list("id", name)
            found |= {(kind, number): named for number, named in rows}
    return found
