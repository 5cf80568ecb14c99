"""Settlement, disbursement, credit note, return and withdrawal cross each other on one advance, in any order at once.

Nothing is lost and nothing counted twice: the funder's books, the facility and its advances say the same afterwards,
and whoever came too late got a refusal of the product. `CROSSINGS=200` looks for longer, `SEED=n` for the same again.
"""

import os
import random
from collections.abc import Callable
from functools import partial

import pytest

from financing.advances import services
from financing.advances.models import Advance, Application
from financing.banking.models import PaymentInstruction
from financing.credit.models import Facility
from financing.ledger.queries import balance, findings
from financing.receivables import services as receivables
from financing.receivables.models import Receivable, SettlementPayment
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import RuleViolation
from tests import world
from tests.advances.doing import book_cash, credit
from tests.faults.soundness import breaches
from tests.threads import at_once
from tests.world import CURRENCY, NOW, TODAY, as_member

pytestmark = pytest.mark.usefixtures("committed_db")
CROSSINGS = int(os.environ.get("CROSSINGS", 6))
SEED = int(os.environ.get("SEED", random.randrange(10**6)))
AT_REST = (
    "without exactly one outcome", "is on its way", "has not ended", "exactly one payment order", "being paid",
    "waits for somebody", "reserved for nobody", "what the ledger says",
)  # fmt: skip
"""Words of the invariants that hold only when no payment and no news is under way any more."""


class Crossing:
    """One facility with one advance that was just approved, and all that can happen to it now."""

    def __init__(self, lending: world.Lending, number: int):
        self.lending, self.number = lending, number
        self.facility_id = lending.amphora_facility.id
        self.ana = as_member("ana@amphora.example")
        made = [
            world.receivable(lending.cast.amphora, lending.cast.meridian, f"INV-{number}-{n}", 500_00, due_in=30 + n)
            for n in range(3)
        ]
        self.advance = Advance.objects.get(application=self.approved(600_00))
        self.waiting = self.applied(200_00)
        self.held = list(Receivable.objects.filter(status="ASSIGNED", id__in=[each.id for each in made]).order_by("id"))
        assert len(self.held) == 2
        self.settlement = world.settle([(self.held[0].id, 300_00)], key=f"S-{number}")
        self.payment = SettlementPayment.objects.get(settlement=self.settlement)

    def applied(self, amount: int) -> Application:
        quote = services.quote(actor=self.ana, facility_id=self.facility_id, amount_minor=amount, now=NOW)
        return services.apply(actor=self.ana, quote_id=quote.id, now=NOW)

    def approved(self, amount: int) -> Application:
        application = self.applied(amount)
        services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
        application.refresh_from_db()
        assert application.status == "APPROVED"
        return application

    # ── what comes at once: each as its handler or view would do it ──────────────────────────────────────────────────
    def funded(self):
        book_cash(self.lending, f"paid/{self.advance.id}", -600_00, "DISBURSEMENT_CLEARING", self.facility_id)
        services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={self.advance.id: TODAY}, now=NOW)

    def settled(self):
        receivables.book(actor=SYSTEM_ACTOR, value_dates={self.payment.id: TODAY}, now=NOW)

    def cash_arrives(self):
        book_cash(self.lending, f"received/{self.payment.id}", 300_00, "SETTLEMENT_CLEARING")
        services.apply_receipts(actor=SYSTEM_ACTOR, value_dates={self.payment.id: TODAY}, now=NOW)

    def credited(self, of: int, amount: str):
        credit(self.lending, self.held[of], f"C-{self.number}-{of}", amount)

    def settled_again(self):
        world.settle([(self.held[1].id, None)], key=f"T-{self.number}")

    def withdrawn(self):
        services.withdraw(actor=self.ana, application_id=self.waiting.id, now=NOW)

    def decided(self):
        services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[self.waiting.id], now=NOW)

    def asked(self):
        self.applied(100_00)

    def accrued(self):
        services.accrue_book(actor=SYSTEM_ACTOR, book_id=self.lending.book.id, now=NOW)

    def returned(self):
        book_cash(self.lending, f"returned/{self.advance.id}", 600_00, "DISBURSEMENT_CLEARING", self.facility_id)
        services.take_back(actor=SYSTEM_ACTOR, reasons={self.advance.id: "AC04"}, now=NOW)

    def first(self) -> list[Callable]:
        """News of the bank come twice, as from two workers after a crash."""
        return [
            *(self.funded, self.settled, self.cash_arrives) * 2, partial(self.credited, 1, "150.00"),
            partial(self.credited, 0, "250.00"), self.settled_again, self.withdrawn, self.decided, self.asked,
            self.accrued,
        ]  # fmt: skip

    def then(self) -> list[Callable]:
        return [self.returned, self.returned, self.settled_again, partial(self.credited, 1, "50.00"), self.accrued]


def cross(works: list[Callable], chance: random.Random) -> None:
    """All at once, begun in an order that the seed gives; what is refused is refused in words of the product."""
    chance.shuffle(works)
    faults = [each for each in at_once(*works) if isinstance(each, Exception) and not isinstance(each, RuleViolation)]
    assert faults == []


def assert_sound(lending: world.Lending, crossing: Crossing) -> None:
    facility = Facility.objects.get(id=crossing.facility_id)
    advances = list(Advance.objects.filter(facility=facility))
    on_its_way = sum(each.amount_minor for each in advances if each.status == "DISBURSING")
    assert (facility.reserved_minor, facility.principal_minor) == (on_its_way, sum(a.principal_minor for a in advances))
    assert facility.principal_minor + facility.reserved_minor <= facility.limit_minor
    lent = balance(book_id=lending.book.id, kind="ADVANCES", currency=CURRENCY)
    assert lent == facility.principal_minor + facility.reserved_minor
    assert findings(lending.book.id) == []
    payments = PaymentInstruction.objects.filter(purpose="DISBURSEMENT").count()
    assert payments == len(advances) == Application.objects.filter(status="APPROVED").count()
    assert [each for each in breaches() if not any(words in each.split(":")[0] for words in AT_REST)] == []
    for row in Receivable.objects.filter(id__in=[each.id for each in crossing.held]):
        assert row.credited_minor + row.settling_minor + row.settled_minor <= row.gross_minor


@pytest.mark.parametrize("number", range(CROSSINGS))
def test_what_crosses_on_one_advance_ends_as_if_it_had_come_one_after_the_other(number):
    print(f"SEED={SEED}")
    chance = random.Random(SEED + number)
    lending = world.lending()
    world.trade(lending.cast.amphora, lending.cast.meridian)
    crossing = Crossing(lending, number)

    cross(crossing.first(), chance)

    crossing.cash_arrives()  # what came before the disbursement was refused, and is tried again as a delivery is
    advance = Advance.objects.get(id=crossing.advance.id)
    assert advance.status == "ACTIVE"
    # All that arrived went to fees and principal of the advance, at whichever moment it came.
    paid = advance.amount_minor - advance.principal_minor + advance.fee_minor - advance.fees_minor
    assert paid == 300_00
    assert_sound(lending, crossing)

    cross(crossing.then(), chance)

    assert Advance.objects.get(id=crossing.advance.id).status == "FAILED"
    assert_sound(lending, crossing)
