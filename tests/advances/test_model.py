"""Whatever happens to a facility, in whatever order: it agrees with a model of a few sums, and so does the ledger.

The model knows nothing of the services: it adds up what was lent, paid and owed. What the policy answers is taken from
the portal; what follows from the answer is not.
"""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from financing.advances import services
from financing.advances.models import Advance, AdvanceReceivable, Application
from financing.advances.services.quote import NotOffered
from financing.advances.services.receipts import DisbursementUnderWay
from financing.banking.models import PaymentInstruction
from financing.banking.services import claim
from financing.credit.models import Facility
from financing.ledger import services as ledger
from financing.ledger.queries import balances, findings, trial_balance
from financing.receivables import services as receivables
from financing.receivables.models import Receivable, SettlementPayment
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import CURRENCY, NOW, TODAY, as_member, noon

DAILY_RATE = Fraction(9, 100) / 360  # grade A
ADVANCE_RATE = Fraction(9, 10)
OPEN_STATES = ("ACTIVE", "OVERDUE")


@dataclass
class Loan:
    """One advance as the model sees it."""

    amount: int
    fee: int
    due: date
    state: str = "DISBURSING"
    principal: int = 0
    fees: int = 0
    interest: int = 0
    carry: Fraction = Fraction(0)
    securities: frozenset[int] = frozenset()

    def accrue(self, days: int) -> None:
        exact = self.principal * DAILY_RATE * days + self.carry
        self.interest, self.carry = self.interest + round(exact), exact - round(exact)

    def take(self, amount: int) -> int:
        """Fees, then interest, then principal; what is left."""
        for name in ("fees", "interest", "principal"):
            part = min(amount, getattr(self, name))
            setattr(self, name, getattr(self, name) - part)
            amount -= part
        if not (self.fees or self.interest or self.principal):
            self.state = "REPAID"
        return amount


@dataclass
class Claim:
    """One receivable as the model sees it."""

    gross: int
    credited: int = 0
    settling: int = 0
    settled: int = 0

    @property
    def free(self) -> int:
        return self.gross - self.credited - self.settling - self.settled


@dataclass
class Model:
    day: date = TODAY
    cash: int = 0
    remainders: int = 0
    overpaid: int = 0
    held: int = 0
    got: dict[int, dict[int, tuple[int, int, int]]] = field(default_factory=dict)
    loans: dict[int, Loan] = field(default_factory=dict)
    claims: dict[int, Claim] = field(default_factory=dict)

    def of(self, *states: str) -> list[tuple[int, Loan]]:
        return [(number, loan) for number, loan in sorted(self.loans.items()) if loan.state in states]

    @property
    def principal(self) -> int:
        return sum(loan.principal for _, loan in self.of(*OPEN_STATES))

    @property
    def reserved(self) -> int:
        return sum(loan.amount for _, loan in self.of("DISBURSING"))

    def owed(self, name: str) -> int:
        return sum(getattr(loan, name) for _, loan in self.of(*OPEN_STATES))

    def would_leave(self, amount: int) -> bool:
        """Whether a receipt is more than all that is owed now, and what was paid too much before."""
        return amount > sum(map(self.owed, ("principal", "fees", "interest"))) + self.overpaid

    def receive(self, payment_id: int, receivable_id: int, amount: int) -> None:
        """The waterfall: first the advance that the receivable secures, then by due date."""
        self.cash += amount
        queue = sorted(
            self.of(*OPEN_STATES), key=lambda each: (receivable_id not in each[1].securities, each[1].due, each[0])
        )
        before = {number: (loan.fees, loan.interest, loan.principal) for number, loan in queue}
        for _, loan in queue:
            amount = loan.take(amount)
        self.got[payment_id] = {
            number: tuple(map(int.__sub__, before[number], (loan.fees, loan.interest, loan.principal)))
            for number, loan in queue
        }
        made_good = min(amount, self.overpaid)
        self.overpaid -= made_good
        self.remainders += amount - made_good

    def give_back(self, payment_id: int, amount: int) -> None:
        """A settlement comes back: what it paid is owed again, and what the supplier got of it too."""
        self.cash -= amount
        for number, (fees, interest, principal) in self.got.pop(payment_id).items():
            loan = self.loans[number]
            if loan.state == "FAILED":
                continue
            loan.fees, loan.interest = loan.fees + fees, loan.interest + interest
            loan.principal += principal
            amount -= fees + interest + principal
            if loan.state == "REPAID" and (fees or interest or principal):
                loan.state, loan.carry = "OVERDUE" if loan.due < self.day else "ACTIVE", Fraction(0)
        from_held = min(amount, self.held)
        self.held -= from_held
        self.overpaid += amount - from_held

    def never_paid(self, number: int) -> None:
        """The payment of a loan comes back: it owes nothing, and what had repaid it is held for the supplier."""
        loan = self.loans[number]
        self.cash += loan.amount
        loan.principal = loan.fees = loan.interest = 0
        paid = sum(sum(parts.get(number, ())) for parts in self.got.values())
        made_good = min(paid, self.overpaid)
        self.overpaid -= made_good
        self.held += paid - made_good


class LifeOfAFacility(RuleBasedStateMachine):
    def __init__(self, lending):
        super().__init__()
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()
        self.lending, self.facility_id = lending, lending.amphora_facility.id
        self.ana, self.maya = as_member("ana@amphora.example"), as_member("maya@meridian.example")
        self.hugo = as_member("hugo@harbour.example")
        self.model, self.waiting, self.count = Model(), [], 0
        for row in Receivable.objects.order_by("id"):
            self.model.claims[row.id] = Claim(row.gross_minor)

    def teardown(self):
        transaction.set_rollback(True)
        self.rolled_back.__exit__(None, None, None)

    # ── the supplier ─────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(amount=st.sampled_from([None, 123_45, 450_00, 400_00, 900_00, 1_500_00]))
    def apply(self, amount):
        try:
            offered = services.quote(actor=self.ana, facility_id=self.facility_id, amount_minor=amount, now=NOW)
        except NotOffered:
            return
        self.waiting.append(services.apply(actor=self.ana, quote_id=offered.id, now=NOW).id)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def withdraw(self, data):
        chosen = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(chosen)
        services.withdraw(actor=self.ana, application_id=chosen, now=NOW)

    # ── the policy ───────────────────────────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self.waiting)
    @rule()
    def decide(self):
        before = self.assigned()
        services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=self.waiting, now=NOW)
        for each in Application.objects.filter(id__in=self.waiting).order_by("id"):
            assert each.status in ("APPROVED", "DECLINED")
            if each.status == "APPROVED":
                self.approved(Advance.objects.get(application=each), before)
        self.waiting = []
        if self.assigned() != before:
            assert self.carried()

    def approved(self, advance, assigned_before):
        secured = frozenset(AdvanceReceivable.objects.filter(advance=advance).values_list("receivable_id", flat=True))
        taken = assigned_before.union(*(loan.securities for _, loan in self.model.of("DISBURSING")))
        assert not secured & taken, "a receivable secures two advances"
        assert all(self.model.claims[each].settling == 0 and self.model.claims[each].free > 0 for each in secured)
        self.model.loans[advance.id] = Loan(
            advance.amount_minor, advance.fee_minor, advance.due_date, securities=secured
        )

    # ── the bank ─────────────────────────────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self.model.reserved)
    @rule(data=st.data())
    def the_bank_books(self, data):
        number, loan = data.draw(st.sampled_from(self.model.of("DISBURSING")))
        self.book_cash(f"paid/{number}", -loan.amount, "DISBURSEMENT_CLEARING", self.facility_id)
        services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={number: self.model.day}, now=NOW)
        loan.state, loan.principal, loan.fees = "ACTIVE", loan.amount, loan.fee
        self.model.cash -= loan.amount

    @precondition(lambda self: self.model.reserved)
    @rule(data=st.data())
    def the_bank_refuses(self, data):
        number, loan = data.draw(st.sampled_from(self.model.of("DISBURSING")))
        carried, before = self.carried(), self.assigned()
        services.fail(actor=SYSTEM_ACTOR, reasons={number: "AC04"}, now=NOW)
        self.failed(loan, carried, before)

    @precondition(lambda self: self.model.of(*OPEN_STATES, "REPAID"))
    @rule(data=st.data())
    def the_bank_returns(self, data):
        number, loan = data.draw(st.sampled_from(self.model.of(*OPEN_STATES, "REPAID")))
        carried, before = self.carried(), self.assigned()
        self.book_cash(f"returned/{number}", loan.amount, "DISBURSEMENT_CLEARING", self.facility_id)
        services.take_back(actor=SYSTEM_ACTOR, reasons={number: "AC04"}, now=NOW)
        self.model.never_paid(number)
        self.failed(loan, carried, before)

    def failed(self, loan, carried_before, assigned_before):
        loan.state = "FAILED"
        freed = assigned_before - self.assigned()
        if self.model.principal or self.model.reserved:
            assert freed <= loan.securities
            assert self.carried() or not carried_before, "what others owe has lost its security"
        else:
            assert not self.assigned(), "nothing is owed, and something is held"

    # ── the platform ─────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(data=st.data(), share=st.sampled_from([Fraction(1, 400), Fraction(1, 3), Fraction(1)]))
    def settle(self, data, share):
        payable = [number for number, claim in sorted(self.model.claims.items()) if claim.free]
        if not payable:
            return
        chosen = data.draw(st.sampled_from(payable))
        amount = max(1, int(self.model.claims[chosen].free * share))
        self.count += 1
        world.settle([(chosen, amount)], key=f"S-{self.count}")
        self.model.claims[chosen].settling += amount

    @rule(cash_first=st.booleans(), data=st.data())
    def a_settlement_is_booked(self, cash_first, data):
        if (payment := self.a_settlement(data)) is None:
            return
        line = payment.lines.get()
        dates, claim = {payment.id: self.model.day}, self.model.claims[line.receivable_id]
        to_funder = payment.payee_id == self.lending.cast.harbour.id
        if to_funder and self.model.reserved and self.model.would_leave(line.amount_minor):
            # What is on its way may be owed in a moment: nothing is left for the supplier before.
            with pytest.raises(DisbursementUnderWay), transaction.atomic():
                services.apply_receipts(actor=SYSTEM_ACTOR, value_dates=dates, now=NOW)
            return
        # The news of both bookings go separate ways: either may be the first.
        steps = [
            lambda: receivables.book(actor=SYSTEM_ACTOR, value_dates=dates, now=NOW),
            lambda: to_funder and services.apply_receipts(actor=SYSTEM_ACTOR, value_dates=dates, now=NOW),
        ]
        if to_funder:
            self.book_cash(f"received/{payment.id}", payment.amount_minor, "SETTLEMENT_CLEARING")
        for step in reversed(steps) if cash_first else steps:
            step()
        claim.settling, claim.settled = claim.settling - line.amount_minor, claim.settled + line.amount_minor
        if to_funder:
            self.model.receive(payment.id, line.receivable_id, line.amount_minor)

    @precondition(lambda self: self.model.got)
    @rule(data=st.data())
    def a_booked_settlement_comes_back(self, data):
        payment = SettlementPayment.objects.get(id=data.draw(st.sampled_from(sorted(self.model.got))))
        line = payment.lines.get()
        claim(instruction_ids=[payment.instruction_id], now=NOW)
        PaymentInstruction.objects.filter(id=payment.instruction_id).update(status="RETURNED")
        self.book_cash(f"came-back/{payment.id}", -payment.amount_minor, "SETTLEMENT_CLEARING")
        receivables.take_back(actor=SYSTEM_ACTOR, reasons={payment.id: "AC04"}, now=NOW)
        services.undo_receipts(actor=SYSTEM_ACTOR, reasons={payment.id: "AC04"}, now=NOW)
        self.model.claims[line.receivable_id].settled -= line.amount_minor
        self.model.give_back(payment.id, line.amount_minor)

    @rule(data=st.data())
    def a_settlement_is_refused(self, data):
        if (payment := self.a_settlement(data)) is None:
            return
        receivables.fail(actor=SYSTEM_ACTOR, reasons={payment.id: "AM04"}, now=NOW)
        line = payment.lines.get()
        self.model.claims[line.receivable_id].settling -= line.amount_minor

    def a_settlement(self, data):
        waiting = list(SettlementPayment.objects.filter(status="INSTRUCTED").order_by("id"))
        return data.draw(st.sampled_from(waiting)) if waiting else None

    @rule(data=st.data(), amount=st.sampled_from([50_00, 300_00]))
    def credit(self, data, amount):
        able = [number for number, claim in sorted(self.model.claims.items()) if claim.free >= amount]
        if not able:
            return
        chosen = data.draw(st.sampled_from(able))
        self.count += 1
        note = {
            "type": "CREDIT_NOTE", "number": f"C-{self.count}", "invoice": Receivable.objects.get(id=chosen).number,
            "issue_date": TODAY.isoformat(), "currency": CURRENCY, "supplier": "amphora",
            "payable": f"{amount // 100}.00",
            "debtor": {"registration_number": self.lending.cast.meridian.registration_number},
            "lines": [{"quantity": "1", "amount": f"{amount // 100}.00"}],
        }  # fmt: skip
        [entered] = receivables.submit(
            actor=self.ana, content=json.dumps(note).encode(), media_type="application/json", now=NOW
        )
        assert entered.accepted, entered
        self.model.claims[chosen].credited += amount

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────
    @rule(days=st.sampled_from([1, 2, 5, 17]))
    def days_pass(self, days):
        self.model.day += timedelta(days=days)
        day = self.model.day
        ledger.advance_business_date(actor=self.hugo, book_id=self.lending.book.id, to_date=day, now=noon(day))
        services.accrue_book(actor=SYSTEM_ACTOR, book_id=self.lending.book.id, now=NOW)
        for _, loan in self.model.of(*OPEN_STATES):
            loan.accrue(days)
            if loan.due < self.model.day:
                loan.state = "OVERDUE"

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────────────────
    @invariant()
    def the_facility_owes_what_the_model_says_within_its_limit(self):
        facility = Facility.objects.get(id=self.facility_id)
        assert (facility.principal_minor, facility.reserved_minor) == (self.model.principal, self.model.reserved)
        assert facility.overpaid_minor == self.model.overpaid
        assert facility.principal_minor + facility.reserved_minor <= facility.limit_minor
        assert {
            each.id: (each.status, each.principal_minor, each.fees_minor, each.interest_minor)
            for each in Advance.objects.all()
        } == {
            number: (loan.state, loan.principal, loan.fees, loan.interest)
            for number, loan in self.model.loans.items()
        }  # fmt: skip

    @invariant()
    def the_ledger_says_the_same(self):
        model = self.model
        expected = {
            "ADVANCES": model.principal + model.reserved,
            "DISBURSEMENT_CLEARING": -model.reserved,
            "FEES_RECEIVABLE": model.owed("fees"),
            "INTEREST_RECEIVABLE": model.owed("interest"),
            "DUE_TO_SUPPLIER": model.overpaid - model.remainders,
            "CASH_COLLATERAL": -model.held,
            "SETTLEMENT_CLEARING": 0,
            "CASH": model.cash,
        }
        lines = trial_balance(self.lending.book.id)
        booked = {line.kind: line.balance_minor for line in lines}
        assert {kind: booked.get(kind, 0) for kind in expected} == expected
        assert sum(booked.values()) == 0
        assert findings(self.lending.book.id) == []
        remainders = PaymentInstruction.objects.filter(purpose="REMAINDER").values_list("amount_minor", flat=True)
        assert sum(remainders) == model.remainders
        of_facility = balances(book_id=self.lending.book.id, kinds=["ADVANCES"], facility_ids=[self.facility_id])
        assert sum(of_facility.values()) == expected["ADVANCES"]

    @invariant()
    def every_receivable_is_owed_once_and_held_once(self):
        rows = Receivable.objects.order_by("id")
        assert {row.id: (row.credited_minor, row.settling_minor, row.settled_minor) for row in rows} == {
            number: (claim.credited, claim.settling, claim.settled) for number, claim in self.model.claims.items()
        }
        for row in rows:
            assert (row.status == "ASSIGNED") <= (row.assigned_facility_id == self.facility_id)
            assert (row.open_minor == 0) == (row.status in ("SETTLED", "CANCELLED"))

    def assigned(self) -> set[int]:
        return set(Receivable.objects.filter(status="ASSIGNED").values_list("id", flat=True))

    def carried(self) -> bool:
        """What is assigned carries all that is owed and on its way."""
        owed = self.model.reserved + sum(self.model.owed(name) for name in ("principal", "fees", "interest"))
        held = sum(self.model.claims[each].free for each in self.assigned())
        return held * ADVANCE_RATE >= owed

    def book_cash(self, key, amount, contra, facility_id=None):
        legs = (ledger.LegOf("CASH", amount), ledger.LegOf(contra, -amount, facility_id))
        posting = ledger.Posting(key=key, kind="bank", currency=CURRENCY, legs=legs)
        ledger.post(actor=SYSTEM_ACTOR, book_id=self.lending.book.id, postings=[posting], now=NOW)


@pytest.mark.django_db
def test_any_life_of_a_facility_agrees_with_a_model_of_a_few_sums():
    lending = world.lending()
    world.trade(lending.cast.amphora, lending.cast.meridian)
    for number in range(5):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"INV-{number + 1}", due_in=30 + number)
    run_state_machine_as_test(
        lambda: LifeOfAFacility(lending),
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),
            report_multiple_bugs=False,
            database=None,
        ),
    )
