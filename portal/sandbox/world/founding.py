"""Parties and people, accounts and book, policy and programme of a world: by the portal's own services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.parties import services as parties
from accounts.parties.models import Membership, Party, User
from accounts.parties.second import SEASONED
from accounts.parties.services import Owner
from financing.banking.iso20022 import iban
from financing.banking.models import BankAccount
from financing.banking.services import register_account
from financing.credit import services as credit
from financing.credit.models import PolicyVersion, Programme
from financing.credit.rules import DEFAULT_BODY
from financing.ledger.models import Book
from financing.ledger.services import LegOf, Posting, open_book, post
from portal.sandbox.bank.client import BankClient
from portal.shared.access import ADMIN, CHECKER, MAKER, SYSTEM_ACTOR, VIEWER, Actor
from portal.shared.database import acting

Kind = Party.Kind
SANDBOX_BANK_CODE, SANDBOX_BIC = "90000001", "SANDDEFFXXX"


@dataclass(frozen=True, slots=True)
class Scale:
    """Amounts in minor units of the world's currency."""

    currency: str = "EUR"
    capital_minor: int = 800_000_000
    platform_cash_minor: int = 10_000_000_000
    platform_name: str = "Meridian Market"
    platform_country: str = "DE"
    platform_time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class House:
    """Who is there before the first supplier."""

    operator: Party
    platform: Party
    funder: Party
    bank: Party
    supervisor: Party
    book: Book
    programme: Programme


PEOPLE = (
    ("operator", "olga@portolan.example", "Olga Brandt", MAKER),
    ("operator", "omar@portolan.example", "Omar Haddad", CHECKER),
    ("operator", "olga@portolan.example", "Olga Brandt", ADMIN),
    ("platform", "maya@meridian.example", "Maya Lindqvist", MAKER),
    ("platform", "marc@meridian.example", "Marc Vidal", CHECKER),
    ("platform", "mina@meridian.example", "Mina Okafor", ADMIN),
    ("funder", "hana@harbour.example", "Hana Novak", MAKER),
    ("funder", "hugo@harbour.example", "Hugo Feld", CHECKER),
    ("funder", "vera@harbour.example", "Vera Sousa", VIEWER),
    ("bank", "cleo@crown.example", "Cleo Martin", MAKER),
    ("bank", "carl@crown.example", "Carl Jansen", CHECKER),
    ("supervisor", "sana@sextant.example", "Sana Petit", MAKER),
)
"""Place, e-mail, name and role of the people who are there from the start. Olga lets people in, too."""


def found(*, bank: BankClient, scale: Scale, business_date: date, today: date, now: datetime) -> House:
    """Found a world on an empty database; `today` counts for verifications, `business_date` is the book's first.

    Account by account the bank finds what it opened before, so that a founding that was interrupted can be repeated.
    """
    with acting(SYSTEM_ACTOR):
        places = _parties(scale, now - LOOKED_AT)
        for place, email, name, role in PEOPLE:
            add_person(places[place], email, name, role, now)
        verify([*places.values()], today=today, handed_in=now - LOOKED_AT, now=now)
        book = open_book(actor=SYSTEM_ACTOR, funder_id=places["funder"].id, business_date=business_date, now=now)
        programme = _programme(places, scale, business_date, now)
        open_accounts(bank, {places["platform"].id: scale.platform_cash_minor}, scale.currency, now, connected=True)
        open_accounts(bank, {places["funder"].id: scale.capital_minor}, scale.currency, now, connected=True)
        pay_in(book, scale, now)
        return House(**places, book=book, programme=programme)


def _parties(scale: Scale, now: datetime) -> dict[str, Party]:
    known = {
        "operator": (Kind.OPERATOR, "Portolan Operations", "DE", "UTC"),
        "platform": (Kind.PLATFORM, scale.platform_name, scale.platform_country, scale.platform_time_zone),
        "funder": (Kind.FINANCIER, "Harbour Trade Finance", scale.platform_country, "UTC"),
        "bank": (Kind.BANK, "Crown Bank", "GB", "UTC"),
        "supervisor": (Kind.SUPERVISOR, "Sextant Supervision", "NL", "UTC"),
    }
    return {
        place: parties.register_party(
            actor=SYSTEM_ACTOR, kind=kind, name=name, country=country, time_zone=zone, now=now,
            registration_number=PLATFORM_NUMBER if place == "platform" else f"HRB {7000 + number}",
            external_reference=PLATFORM_REFERENCE if place == "platform" else "",
        )
        for number, (place, (kind, name, country, zone)) in enumerate(known.items(), 1)
    }  # fmt: skip


PLATFORM_REFERENCE, PLATFORM_NUMBER = "MERIDIAN", "HRB 7002"
"""What suppliers write on their invoices, as docs/invoices.md shows it."""


def add_person(party: Party, email: str, name: str, role: str, now: datetime) -> User:
    """A person without a password, who can therefore not sign in yet. Its word counts from the first day on."""
    user = User.objects.filter(email=email).first() or User.objects.create(email=email, full_name=name, password="!")
    Membership.objects.get_or_create(
        user=user, party=party, role=role, ended_at=None, defaults={"created_at": now - SEASONED}
    )
    return user


def member(party: Party, *roles: str) -> Actor:
    """The first person who acts for the party in one of the roles."""
    found = Membership.objects.filter(party=party, role__in=roles, ended_at=None).order_by("id")[0]
    return Actor(party.id, party.kind, frozenset({found.role}), user_id=found.user_id)


LOOKED_AT = timedelta(hours=5)
"""For how long the operator looks at parties before it lets them in."""


def verify(
    found: Sequence[Party], *, today: date, handed_in: datetime, now: datetime, owner: str = "Robin Sample",
    leave: int = 0,
) -> None:  # fmt: skip
    """Verification as parties go through it: handed in, screened one by one by a maker, approved by a checker until
    `now`. The last ones wait to be approved.
    """
    waiting = [submit_verification(each, now=handed_in, owner=owner) for each in found]
    operator = Party.objects.get(kind=Kind.OPERATOR)
    part = (now - handed_in) / 3
    each_takes = part / len(waiting)
    for number, verification in enumerate(waiting, 1):
        parties.screen(
            actor=member(operator, MAKER), verification_id=verification.id, clear=True,
            now=handed_in + part + number * each_takes,
            note="No match on the lists of the day; no adverse press found.",
        )  # fmt: skip
    for number, verification in enumerate(waiting[: len(waiting) - leave], 1):
        parties.decide_verification(
            actor=member(operator, CHECKER), verification_id=verification.id, approve=True, today=today,
            now=handed_in + 2 * part + number * each_takes,
            note="Register extract and owners agree with what was declared.",
        )  # fmt: skip


def submit_verification(party: Party, *, now: datetime, owner: str):
    return parties.submit_verification(
        actor=SYSTEM_ACTOR, party_id=party.id, legal_name=party.name, country=party.country,
        registration_number=party.registration_number or f"REG-{party.id:06d}", address="1 Sample Street",
        owners=[Owner(owner, party.country, Decimal(60))], now=now,
    )  # fmt: skip


def _programme(places: dict[str, Party], scale: Scale, business_date: date, now: datetime) -> Programme:
    funder = places["funder"]
    approve_policy(funder, DEFAULT_BODY, business_date, now, note="Opening policy.")
    terms = credit.ProgrammeTerms(
        name="Get paid now", debtor_id=places["platform"].id, currency=scale.currency, agreement="RF-1"
    )
    checker = member(funder, CHECKER)
    opened = credit.open_programme(actor=checker, funder_id=funder.id, terms=terms, now=now)
    return credit.share_figures(actor=checker, programme_id=opened.id, shared=True, now=now)


def propose_policy(funder: Party, body: dict, effective_from: date, now: datetime, note: str) -> PolicyVersion:
    return credit.propose_policy(
        actor=member(funder, MAKER), funder_id=funder.id, body=body, effective_from=effective_from, note=note, now=now
    )


def approve_policy(funder: Party, body: dict, effective_from: date, now: datetime, note: str) -> PolicyVersion:
    proposed = propose_policy(funder, body, effective_from, now, note)
    return credit.approve_policy(
        actor=member(funder, CHECKER), policy_id=proposed.id, seen_hash=proposed.body_hash, now=now
    )


def open_accounts(
    bank: BankClient, openings: dict[int, int], currency: str, now: datetime, *, connected: bool = False,
    by: Mapping[int, Actor] | None = None,
) -> None:  # fmt: skip
    """Accounts at the sandbox bank (party id -> opening balance) and their registration with the portal.

    `by`: party id -> who proposes it; the others' are in force at once.
    """
    owners = {each.id: each for each in Party.objects.filter(id__in=openings)}
    asked = [
        {
            "holder": owners[party_id].name, "currency": currency, "opening_minor": opening, "notified": connected,
            "iban": iban.make("DE", f"{SANDBOX_BANK_CODE}{10_000_000 + party_id:010d}"),
        }
        for party_id, opening in openings.items()
    ]  # fmt: skip
    if not asked:
        return
    bank.control("POST", "/accounts", asked)
    for party_id, account in zip(openings, asked, strict=True):
        register_account(
            actor=(by or {}).get(party_id, SYSTEM_ACTOR), party_id=party_id, holder=account["holder"],
            iban=account["iban"], bic=SANDBOX_BIC, currency=currency, connected=connected, now=now,
        )  # fmt: skip


def pay_in(book: Book, scale: Scale, now: datetime) -> None:
    """The capital that the account at the bank was opened with."""
    legs = (LegOf("CASH", scale.capital_minor), LegOf("CAPITAL", -scale.capital_minor))
    account = BankAccount.objects.in_force().get(party_id=book.funder_id, currency=scale.currency)
    entry = Posting(
        key="capital/opening", kind="capital.paid_in", currency=scale.currency, legs=legs,
        subject_type=account._meta.label_lower, subject_id=account.id,
    )  # fmt: skip
    post(actor=SYSTEM_ACTOR, book_id=book.id, postings=[entry], now=now)
