"""A platform, its financing company and a supplier, with accounts at a real bank that speaks to the real portal."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

from accounts.parties.models import Party
from accounts.trail.models import Event
from financing.banking import handlers, services
from financing.banking.models import BankAccount, PaymentInstruction, Statement
from financing.banking.services import Payment, register_account
from financing.credit.models import Facility, Programme
from financing.ledger.queries import balance
from financing.ledger.services import LegOf, Posting, open_book, post
from portal.shared.access import SYSTEM_ACTOR
from tests.sandbox.conftest import PATIENCE, SECRET, BankProcess, total

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
OPENING = 10_000_000
SUPPLIERS_IBAN = "DE27100777770209299700"


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


def until[T](condition: Callable[[], T], what: str = "") -> T:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"It never came: {what or condition}"
        time.sleep(0.01)
    return found


@pytest.fixture
def portal_url(committed_db) -> Iterator[str]:
    """The portal on a port of its own, each request in a thread with a connection of its own."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet, connections_override={})
    server.set_app(WSGIHandler())
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bank(tmp_path: Path, portal_url: str, settings) -> Iterator[BankProcess]:
    bank = BankProcess(tmp_path, portal_url)
    settings.BANK_URL, settings.BANK_SECRET = bank.url, SECRET
    bank.control("POST", "/clock", {"business_date": TODAY.isoformat()})
    yield bank
    if bank.running:
        bank.stop()
    assert total(bank.book) == 0


@dataclass
class World:
    bank: BankProcess
    meridian: Party  # platform
    harbour: Party  # lends own funds
    amphora: Party  # supplier
    book_id: int
    facility_id: int

    # ── paying ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def instruct(self, *numbers: int, amount_minor: int = 97_000) -> list[PaymentInstruction]:
        """Harbour disburses to Amphora."""
        payments = [
            Payment(
                key=f"advance:{number}:disbursement", purpose="DISBURSEMENT", payer_id=self.harbour.id,
                payee_id=self.amphora.id, amount_minor=amount_minor, currency="EUR", subject_type="advances.advance",
                subject_id=number, contra_kind="DISBURSEMENT_CLEARING", facility_id=self.facility_id,
            )
            for number in numbers or (1,)
        ]  # fmt: skip
        return services.instruct(actor=SYSTEM_ACTOR, payments=payments, now=NOW)

    def settle(self, number: int = 1, amount_minor: int = 100_000) -> PaymentInstruction:
        """Meridian pays Harbour what is due on an assigned receivable."""
        payment = Payment(
            key=f"settlement:{number}", purpose="SETTLEMENT", payer_id=self.meridian.id, payee_id=self.harbour.id,
            amount_minor=amount_minor, currency="EUR", subject_type="receivables.settlementpayment", subject_id=number,
        )  # fmt: skip
        return services.instruct(actor=SYSTEM_ACTOR, payments=[payment], now=NOW)[0]

    def due(self) -> list[Event]:
        return list(Event.objects.filter(name="payment.due").order_by("id"))

    def send(self) -> None:
        handlers.send(self.due())

    def pay(self, *numbers: int, amount_minor: int = 97_000) -> list[PaymentInstruction]:
        instructed = self.instruct(*numbers, amount_minor=amount_minor)
        self.send()
        return instructed

    # ── what became of it ────────────────────────────────────────────────────────────────────────────────────────────
    def statuses(self) -> list[str]:
        return list(PaymentInstruction.objects.order_by("id").values_list("status", flat=True))

    def becomes(self, *statuses: str) -> None:
        until(lambda: self.statuses() == list(statuses), f"{statuses}, but {self.statuses()}")

    def account(self, party: Party) -> BankAccount:
        return BankAccount.objects.get(party=party)

    def cash(self) -> int:
        return self.balance("CASH")

    def balance(self, kind: str) -> int:
        return balance(book_id=self.book_id, kind=kind, currency="EUR")

    def booked(self, party: Party, end_to_end_id: str = "") -> list[int]:
        """Amounts in the bank's own book, debits negative."""
        rows = self.bank.control("GET", f"/accounts/{self.account(party).iban}/entries")
        return [
            row["amount_minor"] if row["direction"] == "CRDT" else -row["amount_minor"]
            for row in rows
            if end_to_end_id in ("", row["end_to_end_id"])
        ]

    def at_bank(self, party: Party) -> int:
        return self.bank.control("GET", f"/accounts/{self.account(party).iban}")["balance_minor"]

    def names(self, *without: str) -> list[str]:
        """Names of the events of payments and cash, in order."""
        found = Event.objects.filter(name__regex="^(payment|cash)").exclude(name__in=without).order_by("id")
        return list(found.values_list("name", flat=True))

    def reconciled(self) -> None:
        """Bank and ledger agree on everything, to the cent."""
        services.collect_statements(now=NOW, date=TODAY)
        assert self.cash() == self.at_bank(self.harbour)
        for statement in Statement.objects.all():
            assert (statement.difference_minor, statement.unmatched) == (0, 0)
        assert Statement.objects.count() == 2


@pytest.fixture
def world(bank: BankProcess) -> World:
    return make_world(bank)


def make_world(bank: BankProcess) -> World:
    parties = {
        name: Party.objects.create(kind=kind, name=name.capitalize(), country="DE", status="ADMITTED", created_at=NOW)
        for name, kind in (("meridian", "PLATFORM"), ("harbour", "FINANCIER"), ("amphora", "SUPPLIER"))
    }
    for name in ("meridian", "harbour"):
        opened = {"holder": parties[name].name, "currency": "EUR", "opening_minor": OPENING}
        number = bank.control("POST", "/accounts", opened)["iban"]
        _register(parties[name], number, connected=True)
    _register(parties["amphora"], SUPPLIERS_IBAN)
    book = open_book(actor=SYSTEM_ACTOR, funder_id=parties["harbour"].id, business_date=TODAY, now=NOW)
    capital = (LegOf("CASH", OPENING), LegOf("CAPITAL", -OPENING))
    post(actor=SYSTEM_ACTOR, book_id=book.id, postings=[Posting("capital", "capital", "EUR", capital)], now=NOW)
    granted = facility(parties["harbour"], parties["meridian"], parties["amphora"])
    return World(bank=bank, book_id=book.id, facility_id=granted.id, **parties)


def facility(funder: Party, debtor: Party, supplier: Party) -> Facility:
    """That a facility's accounts are opened for: the ledger knows none that was not granted."""
    programme = Programme.objects.create(
        funder=funder, debtor=debtor, name="Get paid now", currency="EUR", agreement="RF-2026-1"
    )
    return Facility.objects.create(
        programme=programme, supplier=supplier, funder=funder, debtor=debtor, currency="EUR", joined_at=NOW,
        joined_by="system",
    )  # fmt: skip


def _register(party: Party, number: str, *, connected: bool = False) -> None:
    register_account(
        actor=SYSTEM_ACTOR, party_id=party.id, holder=party.name, iban=number, currency="EUR", connected=connected,
        now=NOW,
    )  # fmt: skip
