"""Who is told what: of every event that the portal records, which people hear, and by which topic they choose mails.

Nobody is told what they did themselves, and only people of parties that may know the event are (`News.parties`).
"""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.notices.rules import AT_ONCE, DAILY, Table, Told, Topic, Words
from accounts.parties.models import User
from accounts.trail.models import Event
from portal.shared.access import (
    ADMIN,
    BANK,
    CHECKER,
    FINANCIER,
    FUNDERS,
    MAKER,
    OPERATOR,
    PLATFORM,
    SUPERVISOR,
    SUPPLIER,
    VIEWER,
)
from portal.workspaces import pages, sentences

MAKERS, CHECKERS, STAFF = (MAKER, ADMIN), (CHECKER, ADMIN), (MAKER, CHECKER, ADMIN)
EVERYBODY, ADMINS = (VIEWER, MAKER, CHECKER, ADMIN), (ADMIN,)
PARTIES = (SUPPLIER, PLATFORM, FINANCIER, BANK, SUPERVISOR)
ALL_KINDS = (*PARTIES, OPERATOR)

WORK, MONEY, PROBLEMS, DECISIONS = "work", "money", "problems", "decisions"
INVOICES, PEOPLE = "invoices", "people"

TOPICS = (
    Topic(WORK, _("Waiting for you"), _("What needs your decision or your hand."),
          {MAKER: AT_ONCE, CHECKER: AT_ONCE, ADMIN: AT_ONCE}),
    Topic(PROBLEMS, _("Problems"), _("What was disputed, refused, returned, is overdue or stuck."),
          {MAKER: AT_ONCE, CHECKER: AT_ONCE, ADMIN: AT_ONCE}),
    Topic(DECISIONS, _("Decisions"), _("What others decided: applications, policies, verification, facilities."),
          {MAKER: AT_ONCE, CHECKER: DAILY, ADMIN: AT_ONCE}),
    Topic(MONEY, _("Money"), _("What has arrived on the account, was settled or repaid."),
          {MAKER: AT_ONCE, CHECKER: DAILY, ADMIN: AT_ONCE}),
    Topic(INVOICES, _("Invoices"), _("What became of invoices and credit notes."),
          {MAKER: DAILY, CHECKER: DAILY, ADMIN: DAILY}),
    Topic(PEOPLE, _("People and access"), _("Who may act for your party, and the accounts money goes to."),
          dict.fromkeys(EVERYBODY, AT_ONCE)),
)  # fmt: skip


def told(topic: str, kinds: tuple[str, ...] | str, roles: tuple[str, ...], **more) -> tuple[Told, ...]:
    """The same for several kinds of party."""
    return tuple(Told(topic, kind, roles, **more) for kind in ((kinds,) if isinstance(kinds, str) else kinds))


UNMATCHED = ("NO_ORDER", "NOT_RECEIVED", "QUANTITY", "PRICE", "SIMILAR")

EVENTS: dict[str, tuple[Told, ...]] = {
    # people
    "party.member_invited": told(PEOPLE, ALL_KINDS, ADMINS),
    "party.invitation_revoked": told(PEOPLE, ALL_KINDS, ADMINS, mailed=False),
    "party.member_added": told(PEOPLE, ALL_KINDS, ADMINS),
    "party.member_removed": told(PEOPLE, ALL_KINDS, ADMINS),
    "party.suspended": told(PROBLEMS, ALL_KINDS, STAFF),
    "party.resumed": told(DECISIONS, ALL_KINDS, STAFF),
    "user.shut_out": told(PEOPLE, ALL_KINDS, ADMINS),
    "user.let_in": told(PEOPLE, ALL_KINDS, ADMINS),
    "user.sessions_ended": told(PEOPLE, ALL_KINDS, ADMINS, mailed=False),
    "client.created": told(PEOPLE, ALL_KINDS, ADMINS),
    "client.changed": told(PEOPLE, ALL_KINDS, ADMINS),
    "client.secret_rotated": told(PEOPLE, ALL_KINDS, ADMINS),
    "client.removed": told(PEOPLE, ALL_KINDS, ADMINS),
    "bank_account.registered": told(PEOPLE, ALL_KINDS, ADMINS),
    "bank_account.proposed": told(PEOPLE, PARTIES, EVERYBODY, doer=True)
    + told(
        WORK,
        OPERATOR,
        CHECKERS,
        facts={"word": "OPERATOR"},
        sentence=_("An account in {currency} waits for you to ask the bank and confirm it"),
    ),
    "bank_account.confirmed": told(PEOPLE, PARTIES, EVERYBODY, doer=True)
    + told(PEOPLE, OPERATOR, ADMINS, sentence=_("The {currency} account …{end} of a party was confirmed")),
    "bank_account.replaced": told(PEOPLE, PARTIES, EVERYBODY, doer=True)
    + told(PEOPLE, OPERATOR, ADMINS, sentence=_("The {currency} account …{end} of a party was confirmed")),
    "bank_account.withdrawn": told(PEOPLE, PARTIES, ADMINS),
    "bank_account.refused": told(PEOPLE, PARTIES, EVERYBODY, doer=True),
    "bank_account.closed": told(PEOPLE, ALL_KINDS, ADMINS),
    "verification.submitted": told(WORK, OPERATOR, MAKERS, sentence=_("A supplier waits to be screened")),
    "verification.screened": told(
        WORK, OPERATOR, CHECKERS, sentence=_("A supplier was screened and waits for a decision")
    ),
    "verification.approved": told(DECISIONS, SUPPLIER, STAFF),
    "verification.rejected": told(DECISIONS, SUPPLIER, STAFF),
    "supplier_number.proposed": told(
        WORK, PLATFORM, CHECKERS, sentence=_("A supplier says that your trade knows it as {number}: confirm or refuse")
    ),
    "supplier_number.confirmed": told(DECISIONS, SUPPLIER, STAFF) + told(DECISIONS, PLATFORM, STAFF, mailed=False),
    "supplier_number.refused": told(PROBLEMS, SUPPLIER, STAFF),
    # invoices
    "receivable.received": tuple(
        Told(INVOICES, PLATFORM, MAKERS, facts={"match": found}, sentence=_("Invoice {number} waits to be accepted"))
        for found in UNMATCHED
    ),
    "receivable.accepted": told(INVOICES, SUPPLIER, MAKERS, facts={"by": "hand"}),
    "receivable.disputed": told(PROBLEMS, SUPPLIER, STAFF) + told(PROBLEMS, FUNDERS, STAFF),
    "receivable.dispute_resolved": told(INVOICES, SUPPLIER, MAKERS) + told(INVOICES, FUNDERS, MAKERS),
    "receivable.cancelled": told(INVOICES, (SUPPLIER, PLATFORM), MAKERS),
    "receivable.diluted": told(INVOICES, FUNDERS, MAKERS),
    "receivable.reopened": told(PROBLEMS, SUPPLIER, MAKERS) + told(PROBLEMS, FUNDERS, MAKERS, mailed=False),
    "receivable.settled": told(MONEY, SUPPLIER, EVERYBODY, mailed=False),
    "credit_note.received": told(INVOICES, SUPPLIER, MAKERS),
    "settlement.proposed": told(
        WORK, PLATFORM, CHECKERS, sentence=_("A settlement of {amount} waits for your approval")
    ),
    "settlement.cancelled": told(DECISIONS, PLATFORM, STAFF),
    "settlement.booked": told(MONEY, PLATFORM, MAKERS, mailed=False),
    "settlement.failed": told(PROBLEMS, PLATFORM, STAFF),
    "settlement.returned": told(PROBLEMS, PLATFORM, STAFF),
    # financing
    "application.referred": told(DECISIONS, SUPPLIER, MAKERS, mailed=False)
    + told(WORK, FUNDERS, STAFF, sentence=_("An application for {amount} waits for you")),
    "application.recommended": told(WORK, FUNDERS, CHECKERS, sentence=_("A recommendation waits for your decision")),
    "application.declined": told(DECISIONS, SUPPLIER, MAKERS),
    "application.withdrawn": told(DECISIONS, FUNDERS, STAFF, mailed=False),
    "advance.funded": told(MONEY, SUPPLIER, EVERYBODY),
    "advance.failed": told(PROBLEMS, SUPPLIER, STAFF) + told(PROBLEMS, FUNDERS, MAKERS),
    "advance.overdue": told(PROBLEMS, SUPPLIER, STAFF) + told(PROBLEMS, FUNDERS, STAFF),
    "advance.repaid": told(MONEY, SUPPLIER, EVERYBODY, mailed=False),
    "advance.repayments_given_back": told(
        PROBLEMS,
        SUPPLIER,
        STAFF,
        sentence=_("{amount} that had repaid an advance is yours: its money never reached you"),
    )
    + told(PROBLEMS, FUNDERS, MAKERS),
    "remainder.held": told(
        PROBLEMS, SUPPLIER, STAFF, sentence=_("{amount} could not be paid to you and is held for you")
    ),
    "remainder.owed_back": told(PROBLEMS, SUPPLIER, STAFF) + told(PROBLEMS, FUNDERS, MAKERS),
    "advance.repayment_returned": told(PROBLEMS, SUPPLIER, STAFF) + told(PROBLEMS, FUNDERS, MAKERS),
    "programme.figures_shared": told(DECISIONS, PLATFORM, MAKERS, mailed=False),
    "programme.figures_withheld": told(DECISIONS, PLATFORM, MAKERS, mailed=False),
    "facility.joined": told(DECISIONS, FUNDERS, MAKERS, mailed=False),
    "facility.suspended": told(PROBLEMS, SUPPLIER, STAFF),
    "facility.resumed": told(DECISIONS, SUPPLIER, STAFF),
    "policy.proposed": told(WORK, FUNDERS, CHECKERS, sentence=_("Policy {number} waits for your approval")),
    "policy.approved": told(DECISIONS, FUNDERS, MAKERS),
    "policy.rejected": told(DECISIONS, FUNDERS, MAKERS),
    "policy.withdrawn": told(DECISIONS, FUNDERS, CHECKERS, mailed=False),
    # what is stuck
    "payment.rejected": told(PROBLEMS, (OPERATOR, *FUNDERS), MAKERS),
    "payment.returned": told(PROBLEMS, (OPERATOR, *FUNDERS), MAKERS),
    "delivery.parked": told(PROBLEMS, OPERATOR, MAKERS),
}

UNTOLD = {
    # steps on the way to something that is told, or that a person of the party has just done
    "party.edited", "party.renamed", "party.closed", "supplier_number.withdrawn",
    "party.registered", "programme.opened", "quote.given", "application.submitted", "application.approved",
    "advance.approved", "advance.repayment_applied", "receivable.assigned", "receivable.released",
    "trade.handed_in", "trade.imported",
    "settlement.instructed", "book.opened", "book.business_date_advanced",
    "backoffice.exported",
    "policy.replay_requested",
    "policy.replayed",
    "document.replayed",
    # what the portal does by itself, and asks the bank about by itself
    "payment.due", "payment.sent", "payment.unanswered", "payment.accepted", "payment.settled", "cash.received",
    "statement.reconciled",
}  # fmt: skip
"""Read on timelines; nobody is told."""


def words(kind: str, event: Event) -> Words:
    """An event as somebody of a party of this kind reads it in its notices."""
    own = next((rule.sentence for rule in EVENTS.get(event.name, ()) if rule.kind == kind and rule.sentence), "")
    return Words(
        sentence=sentences.sentence(event, str(own)),
        detail=_by(event) if event.name in NAMES_WHO and kind != OPERATOR else sentences.reasons(kind, event),
        state=sentences.SENTENCES.get(event.name, ("", ""))[1],
        path=pages.address(kind, event),
    )


NAMES_WHO = {"bank_account.proposed", "bank_account.confirmed", "bank_account.replaced", "bank_account.refused"}


def _by(event: Event) -> str:
    """Who changed what everybody has to know of; of the operator no more than that it did."""
    if event.payload.get("word") == "OPERATOR" and event.name != "bank_account.proposed":
        return gettext("By the operator of the portal, on the bank's word")
    user = User.objects.filter(id=event.actor_user_id).first()
    return gettext("By {person}").format(person=user) if user else gettext("By a machine of yours")


TABLE = Table(TOPICS, EVENTS, words)
