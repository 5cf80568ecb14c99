"""The running house of the stories: real processes, the bank's own book, and people who act over HTTP."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import httpx
from celery import current_app
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.clients.services import create_clients
from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Delivery
from financing.advances.models import Advance, Application
from financing.banking.iso20022 import iban
from financing.banking.models import BankAccount, BankEntry, PaymentInstruction
from financing.banking.services import register_account
from financing.credit import services as credit
from financing.credit.models import Facility, Programme
from financing.ledger.models import Book
from financing.ledger.queries import balance, findings
from financing.ledger.services import LegOf, Posting, post
from financing.receivables.models import Receivable
from portal.runtime.world import World
from portal.sandbox.bank.client import BankClient
from portal.shared.access import ADMIN, MAKER, SYSTEM_ACTOR
from tests import world
from tests.world import CURRENCY, IBANS, NOW, TODAY, Cast, as_member

CAPITAL_MINOR = 100_000_000_00  # a hundred rounds of faults (tests/faults) lend more than a million
LET_IN_BEFORE = timedelta(days=30)
"""The word of a machine counts as that of a second one only some days after it was let in."""
PATIENCE = 40
"""Seconds until a story gives up: beat asks and sweeps every few seconds, on machines that may be busy."""


def eventually[T](look: Callable[[], T], what: str = "", seconds: float = PATIENCE) -> T:
    """The first true answer of `look`; fails with `what` when none comes."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"It did not happen in {seconds:g} s: {what or look}"
        time.sleep(0.05)
    return found


class Caller:
    """A machine with a token of its own. Answers are the JSON; what is not taken raises unless `refused` is wanted."""

    def __init__(self, url: str, party: Party, role: str):
        [(bound, secret)] = create_clients(
            actor=SYSTEM_ACTOR, party_ids=[party.id], name="stories", role=role, now=timezone.now() - LET_IN_BEFORE
        )
        self.client = httpx.Client(base_url=f"{url}/api/v1/", timeout=30, trust_env=False)
        answer = httpx.post(
            f"{url}/identity/o/api/token", auth=(bound.client_id, secret), trust_env=False, timeout=30,
            data={"grant_type": "client_credentials"},
        )  # fmt: skip
        answer.raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str):
        return self._taken(self.client.get(path))

    def post(self, path: str, body: object = None):
        return self._taken(self.client.post(path, json=body))

    def status_of(self, path: str) -> int:
        return self.client.get(path).status_code

    def refused(self, path: str, body: object) -> dict:
        answer = self.client.post(path, json=body)
        assert answer.status_code >= 400, answer.text
        return answer.json()

    @staticmethod
    def _taken(answer: httpx.Response):
        assert answer.is_success, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
        return answer.json()


@dataclass
class Supplier:
    """A supplier of one story, its facility, its account and its machine."""

    party: Party
    facility_id: int
    iban: str
    api: Caller

    @property
    def facility(self) -> Facility:
        return Facility.objects.get(id=self.facility_id)

    def quote(self, amount_minor: int | None = None) -> dict:
        return self.api.post("quotes/", {"facility": self.facility_id, "amount_minor": amount_minor})

    def apply(self, amount_minor: int | None = None) -> int:
        """Take up a quote for an amount (None: all that is available); the application's number."""
        return self.api.post("applications/", {"quote": self.quote(amount_minor)["id"]})["id"]

    # ── documents ────────────────────────────────────────────────────────────────────────────────────────────────────
    def invoice(self, debtor: Party) -> dict:
        """Over ten delivered orders of 100.00 each: the match with order and receipt accepts it."""
        lines = [
            {"order": f"PO-{self.party.id}-{age}", "order_line": "1", "quantity": "1", "unit_price": "100.00",
             "amount": "100.00"}
            for age in range(20, 40, 2)
        ]  # fmt: skip
        return {
            "type": "INVOICE", "number": "2026/17", "issue_date": "2026-02-20", "due_date": "2026-04-10",
            "currency": "EUR", "supplier": self.party.name.lower(), "lines": lines, "payable": "1000.00",
            "debtor": {"registration_number": debtor.registration_number},
        }  # fmt: skip

    def credit_note(self, debtor: Party) -> dict:
        """Over 300.00 of its first invoice."""
        return {
            "type": "CREDIT_NOTE", "number": "C-1", "invoice": f"{self.party.name.upper()}-1",
            "issue_date": "2026-03-01", "currency": "EUR", "supplier": self.party.name.lower(),
            "debtor": {"registration_number": debtor.registration_number},
            "lines": [{"quantity": "3", "unit_price": "100.00", "amount": "300.00"}], "payable": "300.00",
            "reason": "Three came back broken",
        }  # fmt: skip

    def available(self) -> int:
        return self.api.get(f"facilities/{self.facility_id}/availability/")["available_minor"]

    def receivables(self, **facts) -> list[Receivable]:
        return list(Receivable.objects.filter(supplier=self.party, **facts).order_by("id"))

    def states(self) -> list[str]:
        """Of its receivables, in the order in which they came."""
        return [each.status for each in self.receivables()]


@dataclass
class House:
    """Harbour lends to Meridian's suppliers; every process of the portal runs."""

    world: World
    bank: BankClient
    cast: Cast
    book: Book
    programme: Programme
    machines: dict[tuple[int, str], Caller] = field(default_factory=dict)
    caller = Caller

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def supplier(
        self, name: str, invoices: tuple[int, ...] = (1_000_00,) * 4, *, days: int = 300,
        programme: Programme | None = None,
    ) -> Supplier:  # fmt: skip
        """A verified supplier that has traded for so many days, with accepted invoices due from 30 days on."""
        party = Party.objects.create(
            kind=Party.Kind.SUPPLIER, name=name, country="DE", registration_number=f"HRB {name}", created_at=NOW,
            status=Party.Status.ADMITTED,
        )  # fmt: skip
        world.known_as(self.cast.meridian, **{name.lower(): party})
        user = User.objects.create(email=f"{name.lower()}@supplier.example", full_name=name, password="!")
        Membership.objects.create(user=user, party=party, role=ADMIN, created_at=NOW)
        world.verify(party)
        account = self.open_account(party)
        world.trade(party, self.cast.meridian, days=days)
        for number, gross_minor in enumerate(invoices):
            world.receivable(party, self.cast.meridian, f"{name.upper()}-{number + 1}", gross_minor, due_in=30 + number)
        facility = credit.join_programme(
            actor=as_member(user.email), programme_id=(programme or self.programme).id, now=timezone.now()
        )
        return Supplier(party, facility.id, account, self.machine(party, MAKER))

    def machine(self, party: Party, role: str) -> Caller:
        if (party.id, role) not in self.machines:
            self.machines[party.id, role] = self.caller(self.world.url, party, role)
        return self.machines[party.id, role]

    def open_account(self, party: Party, opening_minor: int = 0, *, connected: bool = False) -> str:
        """An account at the sandbox bank, known to the portal; its IBAN."""
        number = world.IBANS.get(party.name.lower()) or iban.make("DE", f"90000001{party.id:010d}")
        asked = {"holder": party.name, "currency": CURRENCY, "iban": number, "opening_minor": opening_minor}
        self.bank.control("POST", "/accounts", asked | {"notified": connected})
        register_account(
            actor=SYSTEM_ACTOR, party_id=party.id, holder=party.name, iban=number, currency=CURRENCY,
            connected=connected, now=NOW,
        )  # fmt: skip
        return number

    # ── what people wait for ─────────────────────────────────────────────────────────────────────────────────────────
    def decided(self, application_id: int) -> Application:
        def look():
            found = Application.objects.select_related("decision").get(id=application_id)
            return found if found.status != Application.Status.SUBMITTED else None

        return eventually(look, f"application {application_id} is decided")

    def advance(self, application_id: int, status: str = Advance.Status.ACTIVE) -> Advance:
        """The advance of an application, once it has come to this state."""
        return eventually(
            lambda: Advance.objects.filter(application=application_id, status=status).first(),
            f"the advance of application {application_id} is {status}",
        )

    def funded(self, supplier: Supplier, amount_minor: int | None = None) -> Advance:
        return self.advance(supplier.apply(amount_minor))

    def settle(self, key: str, *lines: tuple[Receivable, int | None]) -> dict:
        """Meridian pays receivables (amount None: all that is open)."""
        asked = [{"receivable": each.id, "amount_minor": amount_minor} for each, amount_minor in lines]
        made = self.machine(self.cast.meridian, MAKER).post("settlements/", {"key": key, "lines": asked})
        self.quiet()
        return made

    def ask_the_bank(self) -> None:
        """What beat does every fifteen seconds."""
        current_app.send_task("banking.ask", queue="events")

    def reconcile(self, day: date) -> None:
        """Hold the bank's statement of a day against the ledger, as the command does; it ends in error on a gap."""
        self.world.manage("reconcile", day.isoformat(), stdout=subprocess.DEVNULL)

    def quiet(self, seconds: float = PATIENCE) -> None:
        """Return when every event has reached every subscriber, and nothing is on its way to or from the bank."""
        eventually(lambda: not self.open_work(), f"all is quiet, but: {self.open_work()}", seconds)

    def open_work(self) -> list[str]:
        """At one instant: what came home between a look at the news and one at the payments would be overlooked."""
        Delivery.objects.exists()  # a new connection says first who asks; nothing may be said before the level is set
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return self._open_work()

    def _open_work(self) -> list[str]:
        waiting = Delivery.objects.filter(state=Delivery.State.WAITING).select_related("event")
        states = PaymentInstruction.Status
        ended = [states.SETTLED, states.REJECTED, states.RETURNED]
        open_payments = PaymentInstruction.objects.exclude(status__in=ended)
        return [f"{each} {each.last_error}" for each in waiting[:20]] + [
            f"{each} {each.status}" for each in open_payments[:20]
        ]

    # ── what the bank's own book says ────────────────────────────────────────────────────────────────────────────────
    def fault(self, kind: str, count: int | None = 1, **parameters) -> int:
        """The number by which the bank lists it."""
        return self.bank.control("POST", "/faults", {"kind": kind, "count": count} | parameters)["id"]

    def iban_of(self, party: Party) -> str:
        return BankAccount.objects.get(party=party, closed_at=None).iban

    def at_bank(self, number: str) -> int:
        return self.bank.control("GET", f"/accounts/{number}")["balance_minor"]

    def booked_at_bank(self, number: str) -> list[int]:
        """Amounts on an account in the order of their booking, debits negative."""
        rows = self.bank.control("GET", f"/accounts/{number}/entries?limit=10000")
        return [each["amount_minor"] * (1 if each["direction"] == "CRDT" else -1) for each in rows]

    # ── what the ledger says ─────────────────────────────────────────────────────────────────────────────────────────
    def balance(self, kind: str, facility_id: int | None = None, book: Book | None = None) -> int:
        return balance(book_id=(book or self.book).id, kind=kind, currency=CURRENCY, facility_id=facility_id)

    def business_date(self) -> date:
        return Book.objects.get(id=self.book.id).business_date

    def check_sound(self) -> None:
        """Nothing waits or is parked; every book balances, and agrees with the bank and its facilities."""
        self.quiet(90)
        assert list(Delivery.objects.filter(state=Delivery.State.PARKED)) == []
        for book in Book.objects.select_related("funder"):
            account = BankAccount.objects.get(party=book.funder)
            assert findings(book.id) == []
            assert self.balance("CASH", book=book) == self.at_bank(account.iban), book
            for clearing in ("DISBURSEMENT_CLEARING", "SETTLEMENT_CLEARING", "UNAPPLIED_RECEIPTS", "DUE_TO_SUPPLIER"):
                assert self.balance(clearing, book=book) == 0, (book, clearing)
            lent = Facility.objects.filter(funder=book.funder).aggregate(
                principal=Sum("principal_minor", default=0), reserved=Sum("reserved_minor", default=0)
            )
            assert lent == {"principal": self.balance("ADVANCES", book=book), "reserved": 0}
            open_minor = Advance.objects.filter(funder=book.funder).aggregate(total=Sum("principal_minor", default=0))
            assert open_minor["total"] == lent["principal"]
            assert BankEntry.objects.filter(account=account, instruction=None).count() == 0
        over = [each.id for each in Facility.objects.all() if each.principal_minor > each.limit_minor]
        assert over == []


def found[H: House](running: World, bank: BankClient, kind: type[H] = House) -> H:
    """The cast with its accounts and books, before any story begins."""
    bank.control("POST", "/clock", {"business_date": TODAY.isoformat()})
    lending = world.lending()
    for party in lending.cast.parties():
        if party.name.lower() in IBANS:
            connected = BankAccount.objects.get(party=party).connected
            opened = {"holder": party.name, "currency": CURRENCY, "iban": IBANS[party.name.lower()]}
            bank.control(
                "POST", "/accounts", opened | {"opening_minor": CAPITAL_MINOR * connected, "notified": connected}
            )
    legs = (LegOf("CASH", CAPITAL_MINOR), LegOf("CAPITAL", -CAPITAL_MINOR))
    capital = Posting(key="capital/opening", kind="capital.paid_in", currency=CURRENCY, legs=legs)
    post(actor=SYSTEM_ACTOR, book_id=lending.book.id, postings=[capital], now=world.NOW)
    return kind(running, bank, lending.cast, lending.book, lending.programme)
