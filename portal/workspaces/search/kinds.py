"""What can be found: for each kind of thing its permission, its one bounded query, and how a hit reads.

Every query starts at `visible_to(actor)`, is answered from an index by prefix or number, and fetches a few rows.
Invoices begin alike everywhere: among a million of others that begin with the same letters, six of one's own took 80 ms
by an index of numbers alone and take 0.5 ms by one that begins with whose they are. A kind of party that is given pages
of a kind of thing finds it from then on, and has to be given such an index as well.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Collate, Upper
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.models import Event
from financing.advances.models import Advance, Application, Quote
from financing.banking.models import PaymentInstruction
from financing.credit.models import PolicyVersion
from financing.receivables.models import CreditNote, Receivable, Settlement, SettlementPayment
from financing.receivables.rules import beginning_of_number
from logistics.orders.models import SupplierNumber
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.scopes import covers, needed
from portal.workspaces import pages
from portal.workspaces.platform.trading import suppliers_of
from portal.workspaces.sentences import sentence

LAST_NUMBER = re.compile(r"(?:^|[\s#])(\d{1,18})$")
LEAST, MOST = 2, 80
"""Characters of a query: one finds everything, and nothing here is called by more."""
NUMBERED = 20
"""Suppliers that are looked at for their numbers: more than a search shows."""


@dataclass(frozen=True)
class Query:
    """What somebody typed: at least two characters, or a number."""

    text: str

    @cached_property
    def number(self) -> int | None:
        """As in "17", "#17" or "Advance 17"."""
        match = LAST_NUMBER.search(self.text)
        return int(match[1]) if match else None

    @cached_property
    def document_number(self) -> str:
        return beginning_of_number(self.text)

    @cached_property
    def subject(self) -> tuple[str, int] | None:
        """A subject as events name it: advances.advance:17."""
        match = pages.SUBJECT.fullmatch(self.text.lower())
        return (match[1], int(match[2])) if match else None

    @property
    def is_searchable(self) -> bool:
        return len(self.text) >= LEAST or self.number is not None


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. `url`: its page for the acting party's kind."""

    kind: str
    id: int
    title: str
    url: str
    icon: str
    detail: str = ""
    status: str = ""
    amount_minor: int | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """`rows` gives what the actor may see of this kind and fits the query, None where nothing can.

    `group`: the scopes that a machine needs, as at the address of its own. `named`: what `pages` calls it where that is
    not its model.
    """

    name: str
    label: str | Promise
    icon: str
    model: type[Model]
    permission: str
    group: str
    rows: Callable[[Actor, Query], QuerySet | None]
    told: Callable[[Model], dict]
    named: str = ""

    @property
    def subject(self) -> str:
        return self.named or self.model._meta.label_lower

    def hit(self, actor: Actor, row: Model) -> Hit | None:
        url = pages.page_of(actor.party_kind, self.subject, row.pk)
        return Hit(self.name, row.pk, url=url, icon=self.icon, **self.told(row)) if url else None


def _of_number(model: type[Model], *related: str) -> Callable[[Actor, Query], QuerySet | None]:
    def rows(actor: Actor, query: Query) -> QuerySet | None:
        if query.number is None:
            return None
        return model.objects.visible_to(actor).filter(pk=query.number).select_related(*related)

    return rows


def _bytewise(field: str) -> Collate:
    """As the indexes that search by beginning have it: in the order of bytes, whatever the database's language."""
    return Collate(field, "C")


def _numbered(model: type[Model], *related: str) -> Callable[[Actor, Query], QuerySet | None]:
    """By the beginning of the document's number; the shortest, which is what was typed in full, comes first."""

    def rows(actor: Actor, query: Query) -> QuerySet | None:
        if not query.document_number:
            return None
        found = model.objects.visible_to(actor).annotate(sought=_bytewise("normalised_number"))
        found = found.filter(sought__startswith=query.document_number)
        return found.order_by("sought").select_related(*related)

    return rows


def _parties(actor: Actor, query: Query) -> QuerySet | None:
    return _named(actor, Party.objects.visible_to(actor), query)


def _suppliers(actor: Actor, query: Query) -> QuerySet | None:
    return _named(actor, suppliers_of(actor), query)


def _named(actor: Actor, parties: QuerySet[Party], query: Query) -> QuerySet[Party]:
    """By a part of the name, or by the beginning of the register's number, of a platform's code, or of the number by
    which a platform knows a supplier: to the platform its own, to the operator all of them."""
    text = query.text.upper()
    numbers = SupplierNumber.objects.visible_to(actor).in_force().annotate(sought=Collate(Upper("number"), "C"))
    numbers = numbers.filter(sought__startswith=text).order_by("sought")
    # Fetched first: beside a subquery the name would be looked for in every row.
    numbered = list(numbers.values_list("supplier_id", flat=True)[:NUMBERED])
    rows = parties.annotate(
        registered=Collate(Upper("registration_number"), "C"), code=Collate(Upper("external_reference"), "C")
    )
    by_number = Q(registered__startswith=text) | Q(code__startswith=text) | Q(pk__in=numbered)
    return rows.filter(Q(name__icontains=query.text) | by_number)


def _advances(actor: Actor, query: Query) -> QuerySet | None:
    """By number, or by the reference under which the money came."""
    rows = Advance.objects.visible_to(actor).select_related("supplier", "funder")
    if query.number is not None:
        return rows.filter(pk=query.number)
    return rows.filter(instruction__end_to_end_id__startswith=query.text) if _may_be_reference(query) else None


def _payments(actor: Actor, query: Query) -> QuerySet | None:
    if not _may_be_reference(query):
        return None
    found = PaymentInstruction.objects.visible_to(actor).filter(end_to_end_id__startswith=query.text)
    return found.select_related("payee")


def _settlements(actor: Actor, query: Query) -> QuerySet | None:
    """By number, or by the reference of one of its payments."""
    rows = Settlement.objects.visible_to(actor)
    if query.number is not None:
        return rows.filter(pk=query.number)
    if not _may_be_reference(query):
        return None
    named = SettlementPayment.objects.visible_to(actor).filter(instruction__end_to_end_id__startswith=query.text)
    return rows.filter(pk__in=named.values("settlement_id")[:20])


def _may_be_reference(query: Query) -> bool:
    """References are written without spaces; four characters leave few of them."""
    return len(query.text) >= 4 and " " not in query.text


def _policies(actor: Actor, query: Query) -> QuerySet | None:
    named = Q(note__icontains=query.text)
    if query.number is not None and query.number < 2**31:
        named |= Q(number=query.number)
    return PolicyVersion.objects.visible_to(actor).filter(named)


def _documents(actor: Actor, query: Query) -> QuerySet | None:
    rows = Document.objects.visible_to(actor).defer("content", "report")
    if actor.party_kind == access.PLATFORM:
        rows = rows.filter(kind=Document.Kind.TRADE_HISTORY)
    if re.fullmatch(r"[0-9a-fA-F]{64}", query.text):
        return rows.filter(sha256=query.text.lower())
    rows = rows.annotate(sought=Collate(Upper("file_name"), "C"))
    return rows.exclude(file_name="").filter(sought__startswith=query.text.upper()).order_by("sought")


def subject_of_events(actor: Actor, query: Query) -> list[Hit]:
    """What a subject of events is, by the latest that the acting party may know of it."""
    if query.subject is None or not may_read(actor, "events"):
        return []
    subject_type, number = query.subject
    known = Event.objects.visible_to(actor).filter(subject_type=subject_type, subject_id=number)
    latest = known.order_by("-id").first()
    if latest is None:
        return []
    url = pages.address(actor.party_kind, latest) or pages.history(subject_type, number)
    return [Hit("event", latest.id, query.text, url, "list-details", detail=sentence(latest))]


def _priced(row: Model, title: str, detail: str = "") -> dict:
    return {
        "title": title, "detail": detail, "status": row.status, "amount_minor": row.amount_minor,
        "currency": row.currency,
    }  # fmt: skip


KINDS: tuple[Kind, ...] = (
    Kind("party", gettext_lazy("Parties"), "building-store", Party, "parties.view", "parties", _parties,
         lambda row: {"title": row.name, "detail": row.registration_number, "status": row.status}),
    Kind("supplier", gettext_lazy("Suppliers"), "building-store", Party, "receivables.view", "trade", _suppliers,
         lambda row: {"title": row.name, "detail": row.known_as, "status": row.status}, pages.SUPPLIERS),
    Kind("receivable", gettext_lazy("Receivables"), "file-invoice", Receivable, "receivables.view", "receivables",
         _numbered(Receivable, "supplier", "debtor"),
         lambda row: {"title": row.number, "status": row.status, "amount_minor": row.gross_minor,
                      "currency": row.currency,
                      "detail": _("{supplier} to {debtor}").format(supplier=row.supplier, debtor=row.debtor)}),
    Kind("credit-note", gettext_lazy("Credit notes"), "receipt-refund", CreditNote, "receivables.view", "receivables",
         _numbered(CreditNote, "receivable"),
         lambda row: {"title": row.number, "amount_minor": row.amount_minor, "currency": row.currency,
                      "detail": _("to invoice {number}").format(number=row.receivable)}),
    Kind("advance", gettext_lazy("Advances"), "coins", Advance, "advances.view", "advances", _advances,
         lambda row: _priced(row, _("Advance {number}").format(number=row.pk), _("{funder} to {supplier}").format(
             funder=row.funder, supplier=row.supplier))),
    Kind("application", gettext_lazy("Applications"), "scale", Application, "advances.view", "advances",
         _of_number(Application, "supplier"),
         lambda row: _priced(row, _("Application {number}").format(number=row.pk), row.supplier.name)),
    Kind("quote", gettext_lazy("Quotes"), "tag", Quote, "advances.view", "advances", _of_number(Quote, "supplier"),
         lambda row: {"title": _("Quote {number}").format(number=row.pk), "amount_minor": row.amount_minor,
                      "currency": row.currency, "detail": row.supplier.name}),
    Kind("settlement", gettext_lazy("Settlements"), "building-bank", Settlement, "banking.view", "settlements",
         _settlements,
         lambda row: {"title": _("Settlement {number}").format(number=row.pk), "detail": row.currency}),
    Kind("payment", gettext_lazy("Payments"), "building-bank", PaymentInstruction, "banking.view", "banking",
         _payments,
         lambda row: _priced(row, row.end_to_end_id, row.payee.name)),
    Kind("policy", gettext_lazy("Policies"), "adjustments", PolicyVersion, "credit.view_policy", "policies", _policies,
         lambda row: {"title": _("Policy {number}").format(number=row.number), "detail": row.note,
                      "status": row.status}),
    Kind("document", gettext_lazy("Documents"), "file-text", Document, "receivables.view", "receivables", _documents,
         lambda row: {"title": row.file_name or row.sha256[:12], "detail": row.explanation, "status": row.outcome}),
)  # fmt: skip


def kinds_for(actor: Actor) -> Iterable[Kind]:
    """What the actor's role may look at, a machine's scopes cover, and its kind of party has a page for."""
    for kind in KINDS:
        permitted = access.permits(actor, kind.permission) and may_read(actor, kind.group)
        if permitted and pages.has_page(actor.party_kind, kind.subject):
            yield kind


def may_read(actor: Actor, group: str) -> bool:
    """People have no scopes; a machine finds what it could read at its own address."""
    return actor.scopes is None or covers(actor.scopes, needed(group, changes=False))
