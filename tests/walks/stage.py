"""A world with something behind every address, and everybody who might ask for it.

The objects are Amphora's, and those of who deals with it: Meridian, Harbour, Crown, Sextant, and Watch, who runs the
portal. For each of them there is somebody of the same kind who must find nothing: Bellows, Tramontane, Lantern,
Sovereign and Plumb.
"""

import copy
from dataclasses import dataclass, field
from decimal import Decimal

from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.clients.services import create_client
from accounts.intake.models import Document
from accounts.notices.models import Notice
from accounts.parties import services as parties
from accounts.parties.inviting import invite
from accounts.parties.models import BusinessVerification, Membership, Party, User
from accounts.trail.models import Delivery, EventParty
from financing.advances import services as advances
from financing.advances.models import Advance, Application
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction, Statement
from financing.banking.services import register_account
from financing.credit import services as credit
from financing.credit.models import Decision
from financing.credit.rules import DEFAULT_BODY
from financing.ledger.models import Account, Entry, Leg
from financing.receivables.models import CreditNote, Receivable
from logistics.orders.models import PurchaseOrder, SupplierNumber
from logistics.orders.services import import_trade
from portal.shared.access import ADMIN, CHECKER, MAKER, ROLES, SYSTEM_ACTOR, VIEWER
from tests import world
from tests.api.conftest import Caller, caller_for
from tests.world import CURRENCY, NOW, TODAY, Cast, Lending, as_member

SIGNED_OUT, NO_PARTY = "signed out", "no party"
NOBODY = "nobody@nowhere.example"
COLUMNS = {
    SIGNED_OUT: "-",
    NO_PARTY: "-",
    "Amphora": "VMCA",
    "Bellows": "A",
    "Meridian": "VMCA",
    "Tramontane": "A",
    "Harbour": "VMCA",
    "Lantern": "A",
    "Crown": "VMCA",
    "Sovereign": "A",
    "Sextant": "VMCA",
    "Plumb": "A",
    "Watch": "VMCA",
}
"""Who asks, and in which roles: a letter each. Those with one letter own nothing of what is asked for."""

ROLE_OF = {VIEWER[0]: VIEWER, MAKER[0]: MAKER, CHECKER[0]: CHECKER, ADMIN[0]: ADMIN}
OTHERS = {
    "Tramontane": Party.Kind.PLATFORM,
    "Lantern": Party.Kind.FINANCIER,
    "Sovereign": Party.Kind.BANK,
    "Sextant": Party.Kind.SUPERVISOR,
    "Plumb": Party.Kind.SUPERVISOR,
}
SECRETS = ("AMPHORA-INVOICE", "PORTOLAN-SECRET-NOTE", world.IBANS["amphora"], world.IBANS["harbour"])
"""What stands in Amphora's and Harbour's objects, and may be read by nobody who has nothing to do with them."""


@dataclass
class Stage:
    """`objects`: what the parameters of addresses and the resources of the API stand for. `parties` by name."""

    lending: Lending
    parties: dict[str, Party]
    objects: dict[str, object] = field(default_factory=dict)

    def person(self, name: str, role: str = "") -> Client:
        """A browser in which somebody of this column is signed in; SIGNED_OUT is one in which nobody is."""
        browser = Client(raise_request_exception=False)
        if name == NO_PARTY:
            browser.force_login(User.objects.get(email=NOBODY))
        elif name != SIGNED_OUT:
            browser.force_login(User.objects.get(email=address_of(name, ROLE_OF[role])))
            world.confirmed(browser)
        return browser

    def machine(self, name: str, role: str = "") -> Caller:
        return Caller("") if name == SIGNED_OUT else caller_for(self.parties[name], ROLE_OF[role])


def address_of(name: str, role: str) -> str:
    return f"{role.lower()}@{name.lower()}.walk.example"


def set_up() -> Stage:
    lending = world.lending(body=cautious())
    known = founded(lending.cast)
    world.trade(lending.cast.amphora, lending.cast.meridian)
    for number in range(4):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"AMPHORA-INVOICE-{number}", due_in=30 + number)
    stage = Stage(lending, known)
    stage.objects = _money(stage) | _papers(stage) | _bank(stage) | _people(stage)
    return stage


def founded(cast: Cast) -> dict[str, Party]:
    """Everybody by name, with one person for each role of each."""
    known = {party.name: party for party in cast.parties()}
    for number, (name, kind) in enumerate(OTHERS.items()):
        known[name] = Party.objects.create(
            kind=kind, name=name, country="PT", registration_number=f"PT {number}", status="ADMITTED", created_at=NOW
        )
    _staff(known)
    return known


def cautious() -> dict:
    """The usual policy, with an authority that ends at 500.00: what is more is referred to people."""
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 500_00
    return body


def _staff(known: dict[str, Party]) -> None:
    """One person for each role of each party, and one who belongs to none."""
    User.objects.create(email=NOBODY, full_name="Nobody", password="!")
    for name in known:
        users = [User(email=address_of(name, role), full_name=f"{role} of {name}", password="!") for role in ROLES]
        Membership.objects.bulk_create(
            Membership(user=user, party=known[name], role=role, created_at=NOW)
            for user, role in zip(User.objects.bulk_create(users), ROLES, strict=True)
        )


def _money(stage: Stage) -> dict[str, object]:
    ana, facility = as_member("ana@amphora.example"), stage.lending.amphora_facility

    def quoted(amount_minor: int):
        return advances.quote(actor=ana, facility_id=facility.id, amount_minor=amount_minor, now=NOW)

    small, large = (advances.apply(actor=ana, quote_id=quoted(minor).id, now=NOW) for minor in (400_00, 900_00))
    advances.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[small.id, large.id], now=NOW)
    advance = Advance.objects.get()
    advances.confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=NOW)
    large.refresh_from_db()
    assert large.status == Application.Status.REFERRED
    policy = credit.propose_policy(
        actor=as_member("hana@harbour.example"), funder_id=stage.lending.cast.harbour.id, body=cautious(),
        effective_from=TODAY, note="PORTOLAN-SECRET-NOTE", now=NOW,
    )  # fmt: skip
    return {
        "facility": facility,
        "ledger account": Account.objects.filter(book=stage.lending.book).earliest("id"),
        "ledger entry": Entry.objects.filter(book=stage.lending.book).earliest("id"),
        "ledger movement": Leg.objects.filter(account__book=stage.lending.book).earliest("id"),
        "order": PurchaseOrder.objects.filter(supplier=stage.lending.cast.amphora).earliest("id"),
        "supplier number": SupplierNumber.objects.create(
            platform=stage.lending.cast.meridian,
            supplier=stage.lending.cast.amphora,
            number="PORTOLAN-SECRET-NOTE",
            proposed_at=NOW,
            proposed_by=ana.identity,
        ),
        "offered receivable": Receivable.objects.get(number="AMPHORA-INVOICE-3"),
        "programme": stage.lending.programme,
        "quote": quoted(100_00),
        "application": large,
        "advance": advance,
        "decision": Decision.objects.get(application_id=small.id),
        "policy": policy,
        "replay": credit.request_replay(
            actor=as_member("hana@harbour.example"), policy_id=policy.id, months=3, now=NOW
        ),
    }


def _papers(stage: Stage) -> dict[str, object]:
    people, maya = stage.lending.cast, as_member("maya@meridian.example")
    received = world.receivable(people.amphora, people.meridian, "AMPHORA-INVOICE-9", status=Receivable.Status.RECEIVED)
    note = CreditNote.objects.create(
        supplier=people.amphora, debtor=people.meridian, receivable=received, number="C-1", normalised_number="C1",
        fiscal_year=2026, issue_date=TODAY, currency=CURRENCY, amount_minor=1, document=received.document,
        received_at=NOW,
    )  # fmt: skip
    owed = Receivable.objects.filter(status=Receivable.Status.ACCEPTED).earliest("id")
    settlement = world.settle([(owed.id, None)])
    header = b"order,line,supplier,sku,quantity,unit_price,currency,ordered_at\n"
    trade = import_trade(actor=maya, platform_id=people.meridian.id, mapping="portolan", content=header, now=NOW)
    invoice = received.document
    invoice.outcome, invoice.code, invoice.explanation = Document.Outcome.REFUSED, "PART", "PORTOLAN-SECRET-NOTE"
    invoice.save(update_fields=["outcome", "code", "explanation"])
    return {
        "receivable": received,
        "credit note": note,
        "settlement": settlement,
        "trade document": Document.objects.get(id=trade["document"]),
        "document": invoice,
    }


def _bank(stage: Stage) -> dict[str, object]:
    account = BankAccount.objects.get(party=stage.lending.cast.harbour)
    message = BankMessage.objects.create(
        direction="IN", kind="camt.053", message_id="S-1", account=account, state="PROCESSED", content=b"",
        sha256="", recorded_at=NOW,
    )  # fmt: skip
    statement = Statement.objects.create(
        account=account, date=TODAY, message=message, opening_minor=0, closing_minor=1, ledger_minor=0, unmatched=1,
        reconciled_at=NOW,
    )  # fmt: skip
    own = BankAccount.objects.get(party=stage.lending.cast.amphora)
    proposed = register_account(
        actor=as_member("ana@amphora.example"), party_id=own.party_id, holder="Amphora", iban="DE89370400440532013000",
        currency="USD", now=NOW,
    )  # fmt: skip
    payment = PaymentInstruction.objects.get(purpose=PaymentInstruction.Purpose.DISBURSEMENT)
    return {
        "message": message,
        "statement": statement,
        "bank entry": _entry(account, message, statement),
        "instruction": payment,
        "bank account": account,
        "own account": own,
        "proposed account": proposed,
    }


def _entry(account: BankAccount, message: BankMessage, statement: Statement) -> BankEntry:
    return BankEntry.objects.create(
        account=account, bank_reference="B-1", amount_minor=1, currency=CURRENCY, booking_date=TODAY, value_date=TODAY,
        remittance="PORTOLAN-SECRET-NOTE", message=message, statement=statement, recorded_at=NOW,
    )  # fmt: skip


def _people(stage: Stage) -> dict[str, object]:
    amphora = stage.lending.cast.amphora
    BusinessVerification.objects.filter(party=amphora).delete()
    verification = parties.submit_verification(
        actor=as_member("ana@amphora.example"), party_id=amphora.id, legal_name="Amphora GmbH", address="Kai 1",
        registration_number=amphora.registration_number, country="DE", now=NOW,
        owners=[parties.Owner("PORTOLAN-SECRET-NOTE", "DE", Decimal(60))],
    )  # fmt: skip
    delivery = Delivery.objects.order_by("id").first()
    Delivery.objects.filter(id=delivery.id).update(state=Delivery.State.PARKED, attempts=9, last_error="It broke")
    passkey = Authenticator.objects.create(
        user=User.objects.get(email="ana@amphora.example"),
        type=Authenticator.Type.WEBAUTHN,
        data={"name": "Key", "credential": {}},
    )
    client, _ = create_client(actor=SYSTEM_ACTOR, party_id=amphora.id, name="Till", role=MAKER, now=NOW)
    member = Membership.objects.get(user__email=address_of("Amphora", VIEWER))
    invitation = invite(actor=SYSTEM_ACTOR, party_id=amphora.id, email="iris@amphora.example", role=VIEWER, now=NOW)
    # Of Amphora's administrator alone: a colleague finds it as little as a stranger does.
    EventParty.objects.get_or_create(event=delivery.event, party_id=amphora.id)
    told = Notice.objects.create(
        user=User.objects.get(email=address_of("Amphora", ADMIN)), party=amphora, event=delivery.event, topic="money",
        mail="NEVER", created_at=NOW,
    )  # fmt: skip
    return {
        "party": amphora, "verification": verification, "delivery": delivery, "passkey": passkey, "client": client,
        "member": member, "invitation": invitation, "notice": told,
    }  # fmt: skip
