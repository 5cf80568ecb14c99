"""The named cast of the tests: who they are and for whom they act.

`cast()` makes the parties and people; `as_role` gives the Actor that a person is.

    Meridian    the platform, an e-commerce marketplace, debtor of its suppliers
    Harbour     its financing company: lends own funds
    Crown       a bank
    Amphora     a supplier of kitchenware; Bellows, a supplier of tools, who must never learn of Amphora
    Watch       the operator of the portal
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import time as clock

from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client

from accounts.intake.models import Document
from accounts.parties.models import BusinessVerification, Membership, Party, User
from financing.banking.services import register_account
from financing.credit import services as credit
from financing.credit.models import Facility, PolicyVersion, Programme
from financing.credit.rules import DEFAULT_BODY
from financing.ledger.models import Book
from financing.ledger.services import open_book
from financing.receivables import services as receivables
from financing.receivables.models import Receivable, Settlement
from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine
from logistics.orders.numbers import enter_numbers
from portal.shared.access import ADMIN, CHECKER, MAKER, SYSTEM_ACTOR, VIEWER, Actor
from portal.shared.money import from_minor

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
PASSWORD = "compass-rose-1492"
CURRENCY = "EUR"


@dataclass(frozen=True)
class Cast:
    meridian: Party
    harbour: Party
    crown: Party
    amphora: Party
    bellows: Party
    watch: Party

    def parties(self) -> tuple[Party, ...]:
        return (self.meridian, self.harbour, self.crown, self.amphora, self.bellows, self.watch)


MEMBERS = {
    "meridian": {"maya@meridian.example": MAKER, "marc@meridian.example": CHECKER},
    "harbour": {"hana@harbour.example": MAKER, "hugo@harbour.example": CHECKER, "vera@harbour.example": VIEWER},
    "crown": {"cleo@crown.example": MAKER, "carl@crown.example": CHECKER},
    "amphora": {"ana@amphora.example": ADMIN, "aldo@amphora.example": VIEWER},
    "bellows": {"ben@bellows.example": ADMIN},
    "watch": {"wim@watch.example": MAKER, "wanda@watch.example": CHECKER},
}


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def cast(now: datetime = NOW) -> Cast:
    """All parties, admitted and verified, with their people (without passwords: hashing them is slow).

    They were let in a month ago: the word of each counts as that of a second person.
    """
    kinds = {"meridian": Party.Kind.PLATFORM, "harbour": Party.Kind.FINANCIER, "crown": Party.Kind.BANK}
    kinds |= {"amphora": Party.Kind.SUPPLIER, "bellows": Party.Kind.SUPPLIER, "watch": Party.Kind.OPERATOR}
    parties = [
        Party(
            kind=kind, name=name.capitalize(), country="DE", registration_number=f"HRB {1000 + number}",
            created_at=now, status=Party.Status.ADMITTED,
        )
        for number, (name, kind) in enumerate(kinds.items(), 1)
    ]  # fmt: skip
    made = dict(zip(kinds, Party.objects.bulk_create(parties), strict=True))
    roles = [(email, made[name], role) for name, members in MEMBERS.items() for email, role in members.items()]
    users = [User(email=email, full_name=email.split("@")[0].capitalize(), password="!") for email, _, _ in roles]
    Membership.objects.bulk_create(
        Membership(user=user, party=party, role=role, created_at=now - timedelta(days=30))
        for user, (_, party, role) in zip(User.objects.bulk_create(users), roles, strict=True)
    )
    known_as(made["meridian"], amphora=made["amphora"], bellows=made["bellows"])
    for name in ("amphora", "bellows"):
        verify(made[name], now)
    return Cast(**made)


def member(email: str, party: Party, role: str = "ADMIN", since: datetime = NOW) -> Membership:
    """Somebody who acts for the party from an instant on, the letter and its acceptance left aside."""
    user = User.objects.filter(email=email).first() or User.objects.create_user(email)
    return Membership.objects.create(user=user, party=party, role=role, created_at=since)


def known_as(platform: Party, **suppliers: Party) -> None:
    """The platform knows each supplier by its number, as from its own trade."""
    enter_numbers(actor=SYSTEM_ACTOR, platform_id=platform.id, suppliers=suppliers, now=NOW)


def verify(party: Party, now: datetime = NOW) -> BusinessVerification:
    """An approved verification that holds for a year."""
    wim, wanda = User.objects.get(email="wim@watch.example"), User.objects.get(email="wanda@watch.example")
    return BusinessVerification.objects.create(
        party=party, status=BusinessVerification.Status.APPROVED, legal_name=f"{party.name} GmbH",
        registration_number=party.registration_number, country=party.country,
        screening=BusinessVerification.Screening.CLEAR, submitted_at=now, screened_at=now, screened_by=wim,
        decided_at=now, decided_by=wanda, expires_on=now.date().replace(year=now.year + 1),
    )  # fmt: skip


def as_member(email: str) -> Actor:
    """The actor that this person is, in the one party it belongs to."""
    memberships = list(Membership.objects.filter(user__email=email, ended_at=None).select_related("party"))
    party = memberships[0].party
    return Actor(
        party_id=party.id, party_kind=party.kind, roles=frozenset(m.role for m in memberships),
        user_id=memberships[0].user_id,
    )  # fmt: skip


def confirmed(browser: Client) -> Client:
    """A browser whose person has just confirmed who it is."""
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": clock()}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()
    return browser


IBANS = {
    "meridian": "DE89370400440532013000",
    "harbour": "DE75512108001245126199",
    "amphora": "DE27100777770209299700",
    "bellows": "DE91100000000123456789",
}


@dataclass(frozen=True)
class Lending:
    """The cast with everything that lending needs: accounts, book, policy, programme, facilities."""

    cast: Cast
    book: Book
    policy: PolicyVersion
    programme: Programme
    amphora_facility: Facility
    bellows_facility: Facility


def lending(now: datetime = NOW, today: date = TODAY, body: dict | None = None) -> Lending:
    """Harbour lends to Meridian's suppliers by the default policy; Amphora and Bellows have joined."""
    people = cast(now)
    accounts = {name: getattr(people, name) for name in IBANS}
    for name, party in accounts.items():
        register_account(
            actor=SYSTEM_ACTOR, party_id=party.id, holder=party.name, iban=IBANS[name], currency=CURRENCY,
            connected=name in ("meridian", "harbour"), now=now,
        )  # fmt: skip
    book = open_book(actor=SYSTEM_ACTOR, funder_id=people.harbour.id, business_date=today, now=now)
    policy = approved_policy(people.harbour, body or DEFAULT_BODY, today, now)
    programme = Programme.objects.create(
        funder=people.harbour, debtor=people.meridian, name="Get paid now", currency=CURRENCY, agreement="RF-2026-1"
    )
    facilities = {
        name: credit.join_programme(actor=as_member(email), programme_id=programme.id, now=now)
        for name, email in (("amphora", "ana@amphora.example"), ("bellows", "ben@bellows.example"))
    }
    return Lending(people, book, policy, programme, facilities["amphora"], facilities["bellows"])


def approved_policy(funder: Party, body: dict, effective_from: date, now: datetime = NOW) -> PolicyVersion:
    proposed = credit.propose_policy(
        actor=as_member("hana@harbour.example"), funder_id=funder.id, body=body, effective_from=effective_from, now=now
    )
    return credit.approve_policy(
        actor=as_member("hugo@harbour.example"), policy_id=proposed.id, seen_hash=proposed.body_hash, now=now
    )


def settle(lines, *, key: str = "day-1", now: datetime = NOW) -> Settlement:
    """Meridian pays receivables (id, amount or None: all that is open): a maker proposes, a checker approves."""
    made = receivables.settle(actor=as_member("maya@meridian.example"), key=key, lines=list(lines), now=now)
    return receivables.approve_settlement(
        actor=as_member("marc@meridian.example"), settlement_id=made.id, seen_hash=receivables.seen_hash(made), now=now
    )


def trade(supplier: Party, platform: Party, *, days: int = 300, every: int = 2, amount_minor: int = 100_00,
          until: date = TODAY) -> None:  # fmt: skip
    """A blameless history: an order line every few days, despatched and received in time, in three categories."""
    end = datetime.combine(until, datetime.min.time(), UTC)
    orders = [
        PurchaseOrder(platform=platform, supplier=supplier, number=f"PO-{supplier.id}-{age}", recorded_at=end,
                      ordered_at=end - timedelta(days=age))
        for age in range(days, 0, -every)
    ]  # fmt: skip
    PurchaseOrder.objects.bulk_create(orders)
    lines = [
        OrderLine(order=order, line_number="1", sku=f"SKU-{n % 3}", category=f"category {n % 3}", quantity=1,
                  unit_price=from_minor(amount_minor, CURRENCY), amount_minor=amount_minor, currency=CURRENCY,
                  despatch_by=order.ordered_at + timedelta(days=3), recorded_at=end,
                  despatched_at=order.ordered_at + timedelta(days=1))
        for n, order in enumerate(orders)
    ]  # fmt: skip
    OrderLine.objects.bulk_create(lines)
    ReceiptLine.objects.bulk_create(
        ReceiptLine(order_line=line, number="R1", quantity=1, recorded_at=end,
                    received_at=line.order.ordered_at + timedelta(days=5))
        for line in lines if line.order.ordered_at + timedelta(days=5) < end
    )  # fmt: skip


def receivable(
    supplier: Party, platform: Party, number: str, gross_minor: int = 1_000_00, *, due_in: int = 45, age: int = 15,
    status: str = Receivable.Status.ACCEPTED, today: date = TODAY, currency: str = CURRENCY, **others,
) -> Receivable:  # fmt: skip
    """A receivable as it stands after acceptance, issued `age` days ago on goods received that day; or by `others`."""
    document = Document.objects.create(
        party=supplier, kind=Document.Kind.INVOICE, media_type="application/json", content=number.encode(),
        sha256=hashlib.sha256(number.encode()).hexdigest(), size=len(number), received_at=NOW, received_from="test",
    )  # fmt: skip
    issued = today - timedelta(days=age)
    accepted = status != Receivable.Status.RECEIVED
    row = Receivable(
        supplier=supplier, debtor=platform, number=number, normalised_number=number, fiscal_year=issued.year,
        issue_date=issued, due_date=today + timedelta(days=due_in), goods_received_date=issued, currency=currency,
        gross_minor=gross_minor, status=status, match=Receivable.Match.MATCHED, document=document, received_at=NOW,
        accepted_at=NOW if accepted else None, accepted_by="system" if accepted else "",
    )  # fmt: skip
    for name, value in others.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def with_trade(lending: Lending, invoices: int = 4) -> Lending:
    """Amphora has traded for most of a year and has so many invoices accepted."""
    trade(lending.cast.amphora, lending.cast.meridian)
    for number in range(invoices):
        receivable(lending.cast.amphora, lending.cast.meridian, f"INV-{number}", due_in=30 + number)
    return lending
