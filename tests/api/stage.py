"""A world in which every resource of the API has something to show."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction

from accounts.clients.models import PartyClient
from accounts.clients.services import create_client
from accounts.intake.models import Document
from accounts.notices.models import Notice
from accounts.parties.inviting import invite
from accounts.parties.models import BusinessVerification, Invitation, Membership, User
from accounts.trail.models import Delivery, Event
from financing.advances import services as advances
from financing.advances.models import Advance, Application, Quote
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction, Statement
from financing.credit import services as credit
from financing.credit.models import Decision, PolicyReplay
from financing.ledger.models import Account, Entry, Leg
from financing.receivables.models import CreditNote, Receivable, Settlement
from logistics.orders.models import PurchaseOrder, SupplierNumber
from logistics.orders.services import import_trade
from portal.shared.access import MAKER, SYSTEM_ACTOR, VIEWER
from tests import world
from tests.world import CURRENCY, NOW, TODAY, Lending, as_member


@dataclass
class Stage:
    """`numbers`: of one row of Amphora's (or its counterparties') for each route that shows one."""

    lending: Lending
    numbers: dict[str, int]


@pytest.fixture(scope="module")
def built(django_db_setup, django_db_blocker) -> Iterator[Stage]:
    """One world for all of them, never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield set_up()
        transaction.set_rollback(True)


@pytest.fixture
def stage(built) -> Iterator[Stage]:
    """What a test does in it is undone."""
    with transaction.atomic():
        yield built
        transaction.set_rollback(True)


def set_up() -> Stage:
    lending = world.with_trade(world.lending())
    people, ana = lending.cast, as_member("ana@amphora.example")
    quote = advances.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=900_00, now=NOW)
    application = advances.apply(actor=ana, quote_id=quote.id, now=NOW)
    advances.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
    advance = Advance.objects.get()
    advances.confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=NOW)
    waiting = advances.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=100_00, now=NOW)
    received = world.receivable(people.amphora, people.meridian, "INV-9", status=Receivable.Status.RECEIVED)
    note = CreditNote.objects.create(
        supplier=people.amphora, debtor=people.meridian, receivable=received, number="C-1", normalised_number="C1",
        fiscal_year=2026, issue_date=TODAY, currency=CURRENCY, amount_minor=1, document=received.document,
        received_at=NOW,
    )  # fmt: skip
    settlement = world.settle([(Receivable.objects.filter(status="ACCEPTED").first().id, None)])
    trade = import_trade(
        actor=as_member("maya@meridian.example"), platform_id=people.meridian.id, mapping="portolan", now=NOW,
        content=b"order,line,supplier,sku,quantity,unit_price,currency,ordered_at\n",
    )  # fmt: skip
    replay = credit.request_replay(
        actor=as_member("hana@harbour.example"), policy_id=lending.policy.id, months=1, now=NOW
    )
    verification = _verification(people)
    return Stage(
        lending,
        {
            "parties": people.watch.id,
            "clients": _client(people).id,
            "members": Membership.objects.get(user__email="aldo@amphora.example").id,
            "invitations": _invitation(people).id,
            "documents": received.document_id,
            "deliveries": _parked().id,
            "verifications": verification.id,
            "trade-history": trade["document"],
            "receivables": received.id,
            "credit-notes": note.id,
            "settlements": settlement.id,
            "programmes": lending.programme.id,
            "facilities": lending.amphora_facility.id,
            "policies": lending.policy.id,
            "policy-replays": replay.id,
            "decisions": Decision.objects.get().id,
            "quotes": waiting.id,
            "applications": application.id,
            "advances": advance.id,
            "bank-accounts": BankAccount.objects.get(party=people.harbour).id,
            "instructions": PaymentInstruction.objects.get(purpose="DISBURSEMENT").id,
            "statements": (statement := _statement(people)).id,
            "suppliers": people.amphora.id,
            "supplier-numbers": SupplierNumber.objects.create(
                platform=people.meridian,
                supplier=people.amphora,
                number="S-1",
                proposed_at=NOW,
                proposed_by=as_member("ana@amphora.example").identity,
            ).id,
            "purchase-orders": PurchaseOrder.objects.filter(supplier=people.amphora).latest("id").id,
            "ledger-accounts": Account.objects.filter(book=lending.book).latest("id").id,
            "ledger-entries": Entry.objects.filter(book=lending.book).latest("id").id,
            "ledger-movements": Leg.objects.filter(account__book=lending.book).latest("id").id,
            "bank-messages": statement.message_id,
            "bank-entries": _entry(statement).id,
            "notices": _notice(people).id,
        },
    )


def _parked() -> Delivery:
    found = Delivery.objects.order_by("id").first()
    Delivery.objects.filter(id=found.id).update(state=Delivery.State.PARKED, attempts=9, last_error="It broke")
    return found


def _client(people) -> PartyClient:
    return create_client(actor=SYSTEM_ACTOR, party_id=people.amphora.id, name="till", role=MAKER, now=NOW)[0]


def _invitation(people) -> Invitation:
    return invite(actor=SYSTEM_ACTOR, party_id=people.amphora.id, email="iris@amphora.example", role=VIEWER, now=NOW)


def _verification(people) -> BusinessVerification:
    return BusinessVerification.objects.filter(party=people.amphora).latest("id")


def _notice(people) -> Notice:
    """Of Ana: none that a machine of hers can read."""
    ana = User.objects.get(email="ana@amphora.example")
    event = Event.objects.filter(parties__party_id=people.amphora.id).latest("id")
    return Notice.objects.create(
        user=ana, party=people.amphora, event=event, topic="money", mail="NEVER", created_at=NOW
    )


def _statement(people) -> Statement:
    account = BankAccount.objects.get(party=people.harbour)
    message = BankMessage.objects.create(
        direction="IN", kind="camt.053", message_id="S-1", account=account, state="PROCESSED", content=b"", sha256="",
        recorded_at=NOW,
    )  # fmt: skip
    return Statement.objects.create(
        account=account, date=TODAY, message=message, opening_minor=0, closing_minor=0, unmatched=0, reconciled_at=NOW
    )


def _entry(statement: Statement) -> BankEntry:
    return BankEntry.objects.create(
        account=statement.account, bank_reference="B-1", amount_minor=1, currency=CURRENCY, booking_date=TODAY,
        value_date=TODAY, message=statement.message, statement=statement, recorded_at=NOW,
    )  # fmt: skip


def footprint() -> dict[str, object]:
    """What would differ if anything had been done."""
    return {
        "events": Event.objects.count(),
        "members": list(Membership.objects.order_by("id").values_list("id", "ended_at")),
        "deliveries": list(Delivery.objects.order_by("id").values_list("id", "state")),
        "clients": list(PartyClient.objects.order_by("id").values_list("id", "role", "client__secret")),
        "quotes": Quote.objects.count(),
        "documents": Document.objects.count(),
        "applications": list(Application.objects.order_by("id").values_list("id", "status", "recommended_by")),
        "receivables": list(Receivable.objects.order_by("id").values_list("id", "status", "settling_minor")),
        "settlements": Settlement.objects.count(),
        "numbers": list(SupplierNumber.objects.order_by("id").values_list("id", "status")),
        "replays": PolicyReplay.objects.count(),
    }
