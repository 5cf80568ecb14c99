"""On one advance everything at once, by the doors that it comes in by: the bank's messages, what users do, and a worker
for each of them. Then the bank books what is left, and by SQL that anyone can read all is as it should be.

In which order is left to chance: `RACES=100` looks for longer; the SEED of each is printed where it fails.
"""

import os
import time
from datetime import timedelta
from random import Random

import pytest

from financing.advances import services
from financing.advances.models import Advance, Application
from financing.ledger import services as ledger
from financing.ledger.queries import findings
from financing.receivables.models import SettlementPayment
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.advances import bank
from tests.advances.doing import credit
from tests.faults import soundness
from tests.threads import at_once, deadlocks, refusals
from tests.world import NOW, as_member, noon

RACES = int(os.environ.get("RACES") or 2)
SEED = int(os.environ.get("SEED") or time.time())
WITHIN_SECONDS = 0.03


class Stage:
    """One advance on its way to the supplier, and all who have something to do with it."""

    def __init__(self, lending):
        self.lending = lending
        self.ana = as_member("ana@amphora.example")
        self.invoice = world.receivable(lending.cast.amphora, lending.cast.meridian, "INV-1")
        self.advance = self.drawn(500_00)
        bank.send()

    def drawn(self, amount_minor: int) -> Advance:
        application = self.asked(amount_minor)
        services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
        return Advance.objects.select_related("instruction__account").get(application=application)

    def asked(self, amount_minor: int) -> Application:
        facility_id = self.lending.amphora_facility.id
        quote = services.quote(actor=self.ana, facility_id=facility_id, amount_minor=amount_minor, now=NOW)
        return services.apply(actor=self.ana, quote_id=quote.id, now=NOW)

    # ── what is done to it ───────────────────────────────────────────────────────────────────────────────────────────
    def the_bank_books(self) -> None:
        bank.book(self.advance.instruction)

    def the_bank_sends_it_back(self) -> None:
        bank.book(self.advance.instruction, return_reason="AC04")

    def the_platform_pays(self) -> None:
        self._paid("whole", None)

    def the_platform_pays_a_part(self) -> None:
        self._paid("part", 300_00)

    def a_payment_of_the_platform_comes_back(self) -> None:
        for each in self._paid("again", 100_00):
            bank.book(each.instruction, return_reason="AM04")

    def _paid(self, key: str, amount_minor: int | None) -> list[SettlementPayment]:
        made = world.settle([(self.invoice.id, amount_minor)], key=key)
        bank.send()
        found = list(made.payments.select_related("instruction__account"))
        for each in found:
            bank.book(each.instruction)
        return found

    def goods_come_back(self) -> None:
        credit(self.lending, self.invoice, "C-1", "20.00")

    def the_supplier_asks_for_more_and_withdraws(self) -> None:
        services.withdraw(actor=self.ana, application_id=self.asked(100_00).id, now=NOW)

    def the_supplier_asks_for_more(self) -> None:
        self.asked(100_00)

    def the_day_ends(self) -> None:
        self.lending.book.refresh_from_db()
        day = self.lending.book.business_date + timedelta(days=1)
        hugo = as_member("hugo@harbour.example")
        ledger.advance_business_date(actor=hugo, book_id=self.lending.book.id, to_date=day, now=noon(day))


ACTS = (
    Stage.the_bank_books,
    Stage.the_bank_sends_it_back,
    Stage.the_platform_pays,
    Stage.the_platform_pays_a_part,
    Stage.a_payment_of_the_platform_comes_back,
    Stage.goods_come_back,
    Stage.the_supplier_asks_for_more_and_withdraws,
    Stage.the_supplier_asks_for_more,
    Stage.the_day_ends,
)


@pytest.mark.parametrize("race", range(RACES))
def test_whatever_happens_to_an_advance_at_once_it_comes_to_rest_sound(race, committed_db, settings):
    settings.BANK_URL = "http://127.0.0.1:9"  # nobody: the bank speaks, and does not answer
    chance, lending = Random(SEED + race), world.lending()
    world.trade(lending.cast.amphora, lending.cast.meridian, amount_minor=500_00)
    before, stage = deadlocks(), Stage(lending)
    # That it is booked is left out now and then: it is booked when all come to rest.
    acts = chance.sample(ACTS, chance.randint(3, len(ACTS)))
    results = at_once(*(_with_its_worker(act, stage) for act in acts), within=WITHIN_SECONDS, chance=chance)
    print(f"SEED={SEED + race} RACES=1: {[act.__name__ for act in acts]}; refused with {sorted(refusals(results))}")
    bank.come_to_rest()
    assert soundness.breaches() == []
    assert findings(lending.book.id) == []
    assert deadlocks() == before


def _with_its_worker(act, stage: Stage):
    def both():
        try:
            act(stage)
        finally:
            bank.work()

    return both
