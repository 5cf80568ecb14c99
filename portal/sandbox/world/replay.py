"""Weeks of business through the portal's own services, one business date after the other, with the dates of the time.

The replay does what people, workers and machines do: it hands in, decides, settles, and brings every event to its
subscribers itself, because no worker runs yet while a world is made.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import batched
from random import Random
from unittest.mock import patch

from django.utils import timezone

from accounts.parties.models import Party
from accounts.trail import services as trail
from accounts.trail.delivery import drain
from accounts.trail.subscribers import subscribers
from financing.advances import services as advances
from financing.advances.models import Advance, Application, Quote
from financing.advances.services.quote import NotOffered
from financing.advances.services.refer import NoLongerPossible
from financing.banking import services as banking
from financing.banking.models import PaymentInstruction
from financing.credit.models import Facility
from financing.ledger.services import advance_business_date
from financing.receivables import services as receivables
from financing.receivables.models import Receivable
from financing.receivables.queries import UNVERIFIED
from logistics.orders.rules import TradeLine
from logistics.orders.services import import_trade
from portal.sandbox.bank.client import BankClient
from portal.sandbox.world import invoicing, trade
from portal.sandbox.world.founding import House, member
from portal.sandbox.world.invoicing import Terms
from portal.shared.access import CHECKER, MAKER, Actor

WEEK = timedelta(days=7)
OPENING = time(9, tzinfo=UTC)
PATIENCE = 30
AT_ONCE = 8


ABOVE_THE_ORDER = "The price is above the one that we ordered at."


class Clock:
    """The portal's clock during a replay: every look at it takes some milliseconds."""

    def __init__(self, day: date):
        self._now = datetime.combine(day, OPENING)

    def __call__(self) -> datetime:
        self._now += timedelta(milliseconds=23)
        return self._now

    def open(self, day: date) -> None:
        self._now = max(self._now, datetime.combine(day, OPENING))

    def wait(self, **duration: float) -> None:
        self._now += timedelta(**duration)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Whoever asks Django for the time in this process is told this one.

        Nobody is woken meanwhile: the replay brings every event to its subscribers itself.
        """
        with patch.object(timezone, "now", self), patch.object(trail, "wake"):
            yield


class Replay:
    """`lines`: the suppliers' whole trade, of which each day knows only what had happened."""

    def __init__(self, house: House, bank: BankClient, lines: Sequence[TradeLine], clock: Clock, platform: str):
        self.house, self.clock = house, clock
        self._bank, self._lines = bank, lines
        self._terms = Terms(platform)
        self._random = Random(1492)
        self._known = datetime(2000, 1, 1, tzinfo=UTC)
        self._invoiced: dict[tuple[str, str], str] = {}
        self.left_unpaid: set[int] = set()

    # ── days ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    def open_day(self, day: date) -> None:
        self.clock.open(day)
        self._bank.control("POST", "/clock", {"business_date": day.isoformat()})
        checker = member(self.house.funder, CHECKER)
        advance_business_date(actor=checker, book_id=self.house.book.id, to_date=day, now=self.clock())
        self.work_off()

    def close_day(self, day: date) -> None:
        self.work_off()
        banking.collect_statements(now=self.clock(), date=day)

    def work_off(self) -> None:
        """What workers do: bring events to their subscribers, and fetch what the bank booked, until all is quiet."""
        deadline = timezone.now() + timedelta(minutes=PATIENCE)
        while True:
            handled = sum(drain(name, self.clock()) for name in subscribers())
            if self._open_payments():
                banking.ask(now=self.clock())
            elif not handled:
                return
            if timezone.now() > deadline:
                raise TimeoutError(f"Payments stay open: {list(self._open_payments()[:5])}")

    def _open_payments(self):
        states = PaymentInstruction.Status
        return PaymentInstruction.objects.filter(status__in=[states.DUE, states.SENT, states.ACCEPTED])

    # ── trade ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def bring_in_trade(self, day: date) -> dict:
        """Import what became known since the last time."""
        until = datetime.combine(day, time(6), UTC)
        lines = [line for line in self._lines if trade.happened(line, self._known, until)]
        report = import_trade(
            actor=member(self.house.platform, MAKER), platform_id=self.house.platform.id,
            content=trade.to_csv(lines, until), mapping="portolan", now=self.clock(), known_until=until,
            file_name=f"orders-{day:%Y-%m-%d}.csv",
        )  # fmt: skip
        self._known = until
        return report

    def invoice(self, day: date, machines: dict[str, Actor]) -> list[receivables.ItemResult]:
        """Every supplier hands in one invoice for what arrived in the last week, and credits what went back."""
        until = datetime.combine(day, time(6), UTC)
        due = day + timedelta(days=self._random.choice((28, 35, 35, 42)))
        new = invoicing.invoices(self._lines, after=until - WEEK, until=until, issued=day, due=due, terms=self._terms)
        new = [invoicing.overcharged(each, self._terms) if self._is_careless() else each for each in new]
        notes = invoicing.credit_notes(
            self._lines, after=until - WEEK, until=until, issued=day, invoice_of=self._invoiced.get, terms=self._terms
        )
        for document in new:
            for line in document["lines"]:
                self._invoiced[line["order"], line["order_line"]] = document["number"]
        results = []
        for supplier, actor in machines.items():
            if mine := [each for each in (*new, *notes) if each["supplier"] == supplier]:
                results += self.hand_in(actor, mine)
        return results

    def _is_careless(self) -> bool:
        return self._random.random() < 0.06

    def hand_in(self, actor: Actor, documents: list[dict]) -> list[receivables.ItemResult]:
        return receivables.submit(
            actor=actor, content=json.dumps(documents).encode(), media_type="application/json", now=self.clock(),
            file_name=f"{documents[0]['number']}.json",
        )  # fmt: skip

    # ── the platform ─────────────────────────────────────────────────────────────────────────────────────────────────
    def look_at_unmatched(self, *, leave: int = 0) -> None:
        """What no match has accepted: most is accepted by hand, every fourth disputed; the last ones wait."""
        maker = member(self.house.platform, MAKER)
        waiting = Receivable.objects.filter(status=Receivable.Status.RECEIVED).order_by("id")
        for number, row in enumerate(waiting[: max(0, len(waiting) - leave)]):
            if number % 4 == 3:
                is_price = row.match == Receivable.Match.PRICE
                reason = ABOVE_THE_ORDER if is_price else "The count at the dock was lower than invoiced."
                receivables.dispute(actor=maker, receivable_id=row.id, reason=reason, now=self.clock())
            else:
                receivables.accept(actor=maker, receivable_ids=[row.id], now=self.clock())

    def settle_due(self, day: date) -> None:
        states = [Receivable.Status.ACCEPTED, Receivable.Status.ASSIGNED]
        due = Receivable.objects.filter(debtor=self.house.platform, status__in=states, due_date__lte=day)
        due = due.exclude(supplier__in=self.left_unpaid).exclude(UNVERIFIED)
        rows = due.order_by("id").values_list("id", flat=True)
        if rows:
            proposed = receivables.settle(
                actor=member(self.house.platform, MAKER), key=f"run-{day.isoformat()}", now=self.clock(),
                lines=[(each, None) for each in rows],
            )  # fmt: skip
            receivables.approve_settlement(
                actor=member(self.house.platform, CHECKER), settlement_id=proposed.id,
                seen_hash=receivables.seen_hash(proposed), now=self.clock(),
            )  # fmt: skip
            self.work_off()

    # ── financing ────────────────────────────────────────────────────────────────────────────────────────────────────
    def draw(self, machines: dict[int, Actor], wanted: Callable[[Facility], float]) -> int:
        """Each supplier asks for a share (0: nothing) of what it can have; returns how many have applied.

        A handful apply within the same moment and are decided together: that is quicker than one by one.
        """
        applied = 0
        asking = [(each, wanted(each)) for each in Facility.objects.filter(supplier__in=machines).order_by("id")]
        for some in batched([(each, share) for each, share in asking if share], AT_ONCE):
            offers = [self._quote(machines[each.supplier_id], each, share) for each, share in some]
            self.clock.wait(seconds=self._random.randint(8, 40))
            for actor, offered in filter(None, offers):
                advances.apply(actor=actor, quote_id=offered.id, now=self.clock())
                applied += 1
            self.work_off()
            self.clock.wait(seconds=self._random.randint(100, 1500))
        return applied

    def _quote(self, actor: Actor, facility: Facility, share: float) -> tuple[Actor, Quote] | None:
        try:
            offered = advances.quote(actor=actor, facility_id=facility.id, now=self.clock())
            if share < 1:
                amount = max(5_000, int(offered.amount_minor * share) // 10_000 * 10_000)
                offered = advances.quote(actor=actor, facility_id=facility.id, amount_minor=amount, now=self.clock())
        except NotOffered:
            return None
        return actor, offered

    def decide_referrals(self, *, leave: int = 0) -> None:
        """A maker recommends, a checker decides; every fifth is declined, the last ones wait."""
        referred = Application.objects.filter(status=Application.Status.REFERRED).select_related("decision")
        waiting = list(referred.order_by("id"))
        for number, application in enumerate(waiting[: max(0, len(waiting) - leave)]):
            outcome = "DECLINED" if number % 5 == 4 else "APPROVED"
            note = {"APPROVED": "Orders and receipts agree; within what we know of it.",
                    "DECLINED": "Sales are falling; we wait for another month."}[outcome]  # fmt: skip
            said = {"application_id": application.id, "outcome": outcome, "note": note}
            if outcome == "DECLINED":
                said |= {"reasons": ["TRADE_TOO_WEAK"], "explanation": "Show us one more month of steady sales."}
            self.clock.wait(minutes=self._random.randint(3, 25))
            recommended = advances.recommend(
                actor=member(self.house.funder, MAKER), now=self.clock(), seen_hash=application.seen_hash, **said
            )
            said["seen_hash"] = recommended.seen_hash
            self.clock.wait(minutes=self._random.randint(3, 40))
            try:
                advances.decide_referral(actor=member(self.house.funder, CHECKER), now=self.clock(), **said)
            except NoLongerPossible:
                said |= {"outcome": "DECLINED", "reasons": ["NO_LONGER_CARRIED"]}
                advances.decide_referral(actor=member(self.house.funder, CHECKER), now=self.clock(), **said)
        if leave and waiting:
            self._recommend(waiting[-1], "APPROVED", "A good customer; the limit carries it.")
        self.work_off()

    def _recommend(self, application: Application, outcome: str, note: str) -> None:
        """One of those that wait, waits for the checker."""
        advances.recommend(
            actor=member(self.house.funder, MAKER), application_id=application.id, outcome=outcome, note=note,
            seen_hash=application.seen_hash, now=self.clock(),
        )  # fmt: skip

    def leave_one_unpaid(self, before: date) -> Party | None:
        """The platform holds back what it owes one supplier, so that its advance becomes overdue."""
        active = Advance.objects.filter(status=Advance.Status.ACTIVE, due_date__lt=before)
        late = active.order_by("due_date", "id").first()
        if late:
            self.left_unpaid.add(late.supplier_id)
        return late.supplier if late else None
