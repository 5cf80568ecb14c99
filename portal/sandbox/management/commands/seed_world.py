"""Make the demo world: a marketplace in full swing, with something to see on every page."""

import json
import logging
import os
import secrets
from dataclasses import asdict, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import httpx
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from accounts.notices.models import Notice
from accounts.parties.models import Membership, Party, User
from financing.advances.models import Advance
from financing.banking.iso20022 import iban
from financing.banking.services import replace_account
from financing.credit import services as credit
from financing.credit.rules import DEFAULT_BODY
from financing.receivables import services as receivables
from logistics.orders.models import OrderLine
from logistics.orders.numbers import enter_numbers
from portal.runtime.environment import write_private
from portal.runtime.world import UNFINISHED
from portal.sandbox.bank.client import BankClient
from portal.sandbox.world import characters, founding, signing_up
from portal.sandbox.world.characters import Supplier
from portal.sandbox.world.founding import PLATFORM_REFERENCE, House, Scale
from portal.sandbox.world.replay import WEEK, Clock, Replay
from portal.sandbox.world.signing_up import Machine
from portal.sandbox.world.trade import trade_of
from portal.shared.access import ADMIN, CHECKER, MAKER, SUPPLIER, VIEWER, Actor
from portal.shared.database import acting

SUPPLIERS, WEEKS = 40, 7
MOVES_ITS_ACCOUNT = 3
CAME_BY_ITSELF, WAITING_FOR_APPROVAL = SUPPLIERS - 1, SUPPLIERS - 2
"""The last has registered itself and done nothing yet; the platform knows it by its trade, and not that it is it."""
SUPPLIER_PEOPLE = (
    (0, "ana@amphora.example", "Ana Ruiz", ADMIN),
    (0, "aldo@amphora.example", "Aldo Conti", VIEWER),
    (MOVES_ITS_ACCOUNT, "dora@dovetail.example", "Dora Stein", ADMIN),
    (MOVES_ITS_ACCOUNT, "dario@dovetail.example", "Dario Lenz", ADMIN),
    (7, "hedi@hazel.example", "Hedi Marsh", MAKER),
    (WAITING_FOR_APPROVAL, "ivo@inkwell.example", "Ivo Lang", ADMIN),
    (CAME_BY_ITSELF, "jana@juniper.example", "Jana Berg", ADMIN),
)
"""Number of the supplier, e-mail, name and role."""


class Command(BaseCommand):
    help = "Make the demo world in an empty database; what is there already is left alone."

    def add_arguments(self, parser):
        parser.add_argument("--today", type=date.fromisoformat, help="last business date (the latest possible)")
        weeks = int(os.environ.get("DEMO_WEEKS") or WEEKS)
        parser.add_argument("--weeks", type=int, default=weeks, help="of business before it")

    def handle(self, *, today: date | None, weeks: int, **options):
        if Party.objects.filter(kind=Party.Kind.OPERATOR).exists():
            self.stdout.write("The world is there already.")
            return
        logging.getLogger("httpx").setLevel(logging.WARNING)  # the progress bar tells enough
        bank = BankClient(settings.BANK_URL, settings.BANK_SECRET)
        # Its last day opens at nine: before ten o'clock that was yesterday, so that nothing happens in the future.
        today = today or (timezone.now() - timedelta(hours=10)).date()
        world = Seed(bank, today, weeks, Path(os.environ["WORLD_DIR"]))
        unfinished = Path(os.environ["WORLD_DIR"]) / UNFINISHED
        unfinished.touch()  # a start that finds it makes everything anew
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*columns) as progress:
                task = progress.add_task("", total=weeks + 3)
                for doing in world.steps():
                    progress.update(task, description=doing, advance=1)
            unfinished.unlink()
        except httpx.TransportError as error:
            raise CommandError(f"The bank at {settings.BANK_URL} does not answer: {error}") from error
        finally:
            bank.close()
        self.stdout.write(world.told())


class Seed:
    def __init__(self, bank: BankClient, today: date, weeks: int, directory: Path):
        self.today, self.weeks, self.directory = today, weeks, directory
        self._bank = bank
        self._first = today - weeks * WEEK
        self._clock = Clock(self._first - timedelta(days=2))
        *known, last = characters.suppliers(SUPPLIERS)
        self._suppliers = [*known, replace(last, character=characters.STEADY)]  # whose first quote a visitor can get
        self._scale = Scale()
        self._numbers = count()

    def steps(self):
        """Make it piece by piece; yields what is done next."""
        with self._clock.running():
            yield "Parties and people"
            # Whole or not at all: a start that is interrupted here begins anew.
            with transaction.atomic():
                house = self._found()
                parties = self._register_suppliers(house)
                self._write_keys(house, parties)
            yield "Trade history"
            lines = trade_of(self._suppliers, until=self.today, currency=self._scale.currency)
            replay = Replay(house, self._bank, lines, self._clock, PLATFORM_REFERENCE)
            self._join(house)
            for week in range(self.weeks + 1):
                day = self._first + week * WEEK
                yield f"Business of {day:%d %B %Y}"
                self._week(replay, week, day)
            # What is older than a day was read in its time.
            Notice.objects.filter(created_at__lt=self._clock() - timedelta(days=1)).update(read_at=F("created_at"))

    # ── who is there ─────────────────────────────────────────────────────────────────────────────────────────────────
    def _found(self) -> House:
        day = self._first - timedelta(days=1)
        self._bank.control("POST", "/clock", {"business_date": day.isoformat()})
        self._clock.wait(seconds=founding.LOOKED_AT.total_seconds())
        house = founding.found(
            bank=self._bank, scale=self._scale, business_date=day, today=self.today, now=self._clock()
        )
        self._open_more_accounts(house)
        return house

    def _open_more_accounts(self, house: House) -> None:
        """Of those who neither lend nor buy in this world, so that their first pages have something to show."""
        now, currency = self._clock(), self._scale.currency
        founding.open_accounts(self._bank, {house.bank.id: 250_000_000}, currency, now, connected=True)
        founding.open_accounts(self._bank, {house.supervisor.id: 0}, currency, now)

    def _register_suppliers(self, house: House) -> list[Party]:
        handed_in = self._clock()
        found = [self._register(each, handed_in) for each in self._suppliers]
        self._clock.wait(seconds=founding.LOOKED_AT.total_seconds())
        now, rest = self._clock(), found[WAITING_FOR_APPROVAL:]
        with acting(founding.SYSTEM_ACTOR):
            founding.verify(found[: WAITING_FOR_APPROVAL + 1], today=self.today, handed_in=handed_in, now=now, leave=1)
            verified = [each.id for each in found[:WAITING_FOR_APPROVAL]]
            founding.open_accounts(self._bank, dict.fromkeys(verified, 0), self._scale.currency, now)
            machines = signing_up.let_in(found, role=MAKER, name="ERP", now=now)
        self._machines = {machine.party_id: machine for machine in machines}
        self._actors = {each.id: self._actor(self._machines[each.id]) for each in found}
        known = dict(zip([each.reference for each in self._suppliers[:CAME_BY_ITSELF]], found, strict=False))
        enter_numbers(actor=founding.SYSTEM_ACTOR, platform_id=house.platform.id, suppliers=known, now=now)
        self._by_reference = {reference: self._actors[each.id] for reference, each in known.items()}
        self._by_reference[self._suppliers[CAME_BY_ITSELF].reference] = founding.member(house.platform, MAKER)
        for number, email, name, role in SUPPLIER_PEOPLE:
            founding.add_person(found[number], email, name, role, now)
        by = {each.id: founding.member(each, ADMIN) for each in rest}
        founding.open_accounts(self._bank, dict.fromkeys(by, 0), self._scale.currency, now, by=by)
        self._moving = found[MOVES_ITS_ACCOUNT]
        return found

    def _register(self, supplier: Supplier, now) -> Party:
        return founding.parties.register_party(
            actor=founding.SYSTEM_ACTOR, kind=SUPPLIER, name=supplier.name, country=supplier.country, now=now,
            registration_number=f"R-{supplier.number + 4711}",
        )  # fmt: skip

    def _actor(self, machine: Machine) -> Actor:
        return Actor(machine.party_id, SUPPLIER, frozenset({MAKER}), client_id=machine.client_id)

    def _join(self, house: House) -> None:
        for party_id in list(self._actors)[:WAITING_FOR_APPROVAL]:
            credit.join_programme(actor=self._actors[party_id], programme_id=house.programme.id, now=self._clock())

    def _write_keys(self, house: House, suppliers: list[Party]) -> None:
        """One password for all people of this world: made here, known to its folder alone."""
        password = f"{secrets.choice(WORDS)}-{secrets.choice(WORDS)}-{secrets.randbelow(9000) + 1000}"
        User.objects.filter(memberships__isnull=False).update(password=make_password(password))
        people = User.objects.filter(memberships__isnull=False).distinct()
        EmailAddress.objects.bulk_create(
            EmailAddress(user=each, email=each.email, verified=True, primary=True) for each in people
        )
        rows = [
            {"role": f"{each.party.kind} {each.role}".lower(), "party": each.party.name, "email": each.user.email,
             "password": password}
            for each in Membership.objects.select_related("user", "party").order_by("id")
        ]  # fmt: skip
        write_private(self.directory / "users.json", json.dumps(rows, indent=1, ensure_ascii=False))
        now = self._clock()
        machines = [
            *signing_up.let_in([house.platform, house.funder], role=MAKER, name="ERP", now=now),
            *signing_up.let_in([house.funder], role=CHECKER, name="Treasury", now=now),
            *(self._machines[each.id] for each in suppliers[:8]),
        ]
        text = json.dumps([asdict(each) for each in machines], indent=1, ensure_ascii=False)
        write_private(self.directory / "clients.json", text)

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────────
    def _week(self, replay: Replay, week: int, day: date) -> None:
        is_last = week == self.weeks
        replay.open_day(day)
        replay.bring_in_trade(day)
        replay.settle_due(day)
        self._mischief(replay, week)
        replay.invoice(day, self._by_reference)
        if is_last:
            self._hand_in_nonsense(replay, day)
        replay.look_at_unmatched(leave=4 if is_last else 0)
        if week == self.weeks - 1:
            replay.leave_one_unpaid(before=self.today)
        replay.draw(self._actors, self._wanted)
        replay.decide_referrals(leave=2 if is_last else 0)
        if is_last:
            self._propose_policy(replay)
            self._propose_account()
        replay.close_day(day)

    def _mischief(self, replay: Replay, week: int) -> None:
        """Once the bank refuses a payment, once it sends one back."""
        if kind := {self.weeks - 3: "refused", self.weeks - 2: "returned"}.get(week):
            self._bank.control("POST", "/faults", {"kind": kind, "match": {"debtor_iban": self._funder_iban(replay)}})

    def _funder_iban(self, replay: Replay) -> str:
        return replay.house.funder.bank_accounts.get().iban

    def _wanted(self, facility) -> float:
        """Every second supplier draws in a week, some all they can have, some a part.

        The first, for whom a visitor signs in first, leaves most of it to ask for.
        """
        if facility.supplier_id == next(iter(self._by_reference.values())).party_id:
            return 0.2
        return (0, 1, 0, 0.5, 0, 0.8)[(facility.id + next(self._numbers) // SUPPLIERS) % 6]

    def _hand_in_nonsense(self, replay: Replay, day: date) -> None:
        """A number twice, a sum that is wrong, goods that nobody received: what each gets can be seen on its page."""
        ana = next(iter(self._by_reference.values()))
        invoice = {
            "number": "A-2001", "issue_date": day.isoformat(), "due_date": (day + 5 * WEEK).isoformat(),
            "currency": self._scale.currency, "debtor": PLATFORM_REFERENCE, "payable": "480.00",
            "lines": [{"sku": "KETTLE", "quantity": "10", "unit_price": "48.00", "amount": "480.00"}],
        }  # fmt: skip
        replay.hand_in(ana, [invoice])
        replay.hand_in(ana, [invoice])
        (mistaken,) = replay.hand_in(ana, [invoice | {"number": "A-2003", "payable": "48.00", "lines": [
            {"sku": "KETTLE", "quantity": "1", "unit_price": "48.00", "amount": "48.00"}]}])  # fmt: skip
        reason = "Ten were sent, not one: A-2001 is right."
        receivables.cancel(actor=ana, receivable_id=mistaken.receivable_id, reason=reason, now=self._clock())
        replay.hand_in(ana, [invoice | {"number": "A-2002", "payable": "840.00"}])

    def _propose_policy(self, replay: Replay) -> None:
        """A version that waits for its checker: a little more for the best."""
        grades = [
            grade | {"limit_multiple": "2.5"} if grade["grade"] == "A" else grade for grade in DEFAULT_BODY["grades"]
        ]
        founding.propose_policy(
            replay.house.funder, DEFAULT_BODY | {"grades": grades}, self.today + timedelta(days=7), self._clock(),
            note="Grade A has not lost a cent in two months: raise its multiple to 2.5.",
        )  # fmt: skip

    def _propose_account(self) -> None:
        """A supplier changes its bank: one of its people has proposed the account, the other is to confirm it."""
        old, colleague = self._moving.bank_accounts.get(), User.objects.get(email="dario@dovetail.example")
        replace_account(
            actor=Actor(self._moving.id, SUPPLIER, frozenset({ADMIN}), user_id=colleague.id), account_id=old.id,
            holder=old.holder, iban=iban.make("DE", f"10000001{7_400_112_360 + self._moving.id:010d}"),
            now=self._clock(),
        )  # fmt: skip

    def told(self) -> str:

        return (
            f"{SUPPLIERS} suppliers, {OrderLine.objects.count():,} order lines, {Advance.objects.count()} advances "
            f"until {self.today:%d %B %Y}."
        )


WORDS = (
    "amber", "anchor", "atlas", "beacon", "brass", "cargo", "cedar", "chart", "compass", "coral", "delta", "ensign",
    "fathom", "galley", "harbour", "helm", "keel", "lagoon", "lantern", "meridian", "mizzen", "oar", "pilot", "quay",
    "rudder", "sextant", "sounding", "spar", "tide", "windlass",
)  # fmt: skip
