"""Whatever happens to a facility, in whatever order: it agrees with a model of a few sums, and so does the ledger.

The model knows nothing of the services: it adds up what was lent, paid and owed, what can be had and what that costs.
Grade, limit and reserve, which come of months of trade, are taken from the portal; what follows from them is not.

LIVES (15) and STEPS (20) make it longer.
"""

import copy
import os
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from schwifty import IBAN

from financing.advances import services
from financing.advances.models import Advance, AdvanceReceivable, Application
from financing.advances.services.quote import NotOffered
from financing.advances.services.receipts import DisbursementUnderWay
from financing.advances.services.refer import NoLongerPossible
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import claim, replace_account
from financing.credit.models import Facility
from financing.credit.rules import DEFAULT_BODY
from financing.ledger import services as ledger
from financing.ledger.queries import balances, findings, trial_balance
from financing.receivables import services as receivables
from financing.receivables.models import Receivable, SettlementPayment
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.advances.doing import book_cash, credit
from tests.world import IBANS, NOW, TODAY, as_member, noon

LIVES, STEPS = int(os.environ.get("LIVES") or 15), int(os.environ.get("STEPS") or 20)
ADVANCE_RATE = Fraction(9, 10)
TERMS = {"A": (ADVANCE_RATE, 900, 30), "B": (Fraction(85, 100), 1100, 50), "C": (Fraction(80, 100), 1400, 75)}
"""Of each grade: what is lent of a receivable, interest of a year and fee, in basis points."""
BY_HAND_ABOVE = 1_000_00
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
    rate_bp: int = 900
    iban: str = ""

    def accrue(self, days: int) -> None:
        exact = Fraction(self.principal * self.rate_bp * days, 10_000 * 360) + self.carry
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
    """One receivable as the model sees it: invoiced, and its goods received, fifteen days before the first day."""

    gross: int
    due: date
    credited: int = 0
    settling: int = 0
    settled: int = 0

    @property
    def free(self) -> int:
        return self.gross - self.credited - self.settling - self.settled

    def counts(self, day: date, is_assigned: bool) -> bool:
        """Whether it is security: open, not on its way to somebody else, neither too old nor due too soon or late."""
        late, age = (day - self.due).days, (day - TODAY).days + 15
        if self.free <= 0 or late > 15 or age > 120:
            return False
        return is_assigned or (self.settling == 0 and -90 <= late <= -2)


@dataclass(frozen=True)
class Price:
    fee: int
    interest: int
    due: date


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
    iban: str = IBANS["amphora"]
    dead_ibans: set[str] = field(default_factory=set)

    @property
    def exposure(self) -> int:
        return self.reserved + sum(self.owed(name) for name in ("principal", "fees", "interest"))

    @property
    def is_late(self) -> bool:
        return bool(self.of("OVERDUE"))

    def eligible(self, assigned: set[int]) -> list[int]:
        """In the order in which they fall due."""
        found = [number for number, claim in self.claims.items() if claim.counts(self.day, number in assigned)]
        return sorted(found, key=lambda number: (self.claims[number].due, number))

    def available(self, assigned: set[int], share: Fraction, limit: int) -> int:
        base = int(sum(self.claims[each].free for each in self.eligible(assigned)) * share)
        return max(0, min(base, limit) - self.exposure)

    def secured_by(self, amount: int, assigned: set[int], share: Fraction) -> list[int]:
        """What has to be assigned beside what is: the oldest due first, until it carries all."""
        eligible, chosen = self.eligible(assigned), []
        pledged = sum(self.claims[each].free for each in eligible if each in assigned)
        for each in (each for each in eligible if each not in assigned):
            if int(pledged * share) >= self.exposure + amount:
                break
            chosen.append(each)
            pledged += self.claims[each].free
        return chosen

    def price(self, amount: int, assigned: set[int], share: Fraction, grade: str) -> Price:
        """ACT/360 until each receivable has repaid its part; the fee at least half a euro; five days of grace."""
        _, rate_bp, fee_bp = TERMS[grade]
        own = self.secured_by(amount, assigned, share) or [each for each in self.eligible(assigned) if each in assigned]
        interest, left, since = Fraction(0), amount, self.day
        for each in own:
            until = max(self.claims[each].due, since)
            interest += Fraction(left * rate_bp * (until - since).days, 10_000 * 360)
            left, since = left - self.claims[each].free, until
            if left <= 0:
                break
        fee = max(50, round(Fraction(amount * fee_bp, 10_000)))
        return Price(fee, round(interest), since + timedelta(days=5))

    def hold(self, amount: int) -> None:
        """What could not be paid to the supplier: it makes good what it was paid too much, the rest is kept for it."""
        made_good = min(amount, self.overpaid)
        self.overpaid -= made_good
        self.held += amount - made_good

    def pay_held(self) -> None:
        """Once nothing is late, to an account that has sent nothing back."""
        if not self.is_late and self.iban not in self.dead_ibans:
            self.remainders, self.held = self.remainders + self.held, 0

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
        loan.state = "FAILED"
        self.dead_ibans.add(loan.iban)
        self.hold_or_pay(sum(sum(parts.get(number, ())) for parts in self.got.values()), loan.iban)

    def hold_or_pay(self, amount: int, iban: str) -> None:
        """To another account than the one that sent it back; what is late keeps it here."""
        before = self.held
        self.hold(amount)
        if self.iban != iban and not self.is_late:
            self.remainders, self.held = self.remainders + self.held - before, before


class LifeOfAFacility(RuleBasedStateMachine):
    def __init__(self, lending):
        super().__init__()
        self.rolled_back = transaction.atomic()
        self.rolled_back.__enter__()
        self.lending, self.facility_id = lending, lending.amphora_facility.id
        self.ana, self.maya = as_member("ana@amphora.example"), as_member("maya@meridian.example")
        self.hana, self.hugo = as_member("hana@harbour.example"), as_member("hugo@harbour.example")
        self.model, self.waiting, self.referred, self.count = Model(), [], [], 0
        self.quoted: dict[int, tuple[Price, str]] = {}
        for row in Receivable.objects.order_by("id"):
            self.model.claims[row.id] = Claim(row.gross_minor, row.due_date)

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
        price = self.checked(offered, amount)
        application_id = services.apply(actor=self.ana, quote_id=offered.id, now=NOW).id
        self.waiting.append(application_id)
        self.quoted[application_id] = price, offered.grade

    def checked(self, offered, amount) -> Price:
        """What is offered is what can be had, at the price that it has."""
        model, assigned, base = self.model, self.assigned(), offered.result["base"]
        share = TERMS[offered.grade][0] - Fraction(base["reserve_share"])
        available = model.available(assigned, share, offered.result["limit_minor"])
        assert offered.available_minor == available
        assert offered.amount_minor == (available if amount is None else amount) <= available
        price = model.price(offered.amount_minor, assigned, share, offered.grade)
        assert Price(offered.fee_minor, offered.interest_minor, offered.due_date) == price
        assert offered.annual_rate * 10_000 == TERMS[offered.grade][1]
        return price

    @precondition(lambda self: self.waiting or self.referred)
    @rule(data=st.data())
    def withdraw(self, data):
        chosen = data.draw(st.sampled_from(self.waiting + self.referred))
        self.waiting = [each for each in self.waiting if each != chosen]
        self.referred = [each for each in self.referred if each != chosen]
        services.withdraw(actor=self.ana, application_id=chosen, now=NOW)

    # ── the policy ───────────────────────────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self.waiting)
    @rule()
    def decide(self):
        before = self.assigned()
        services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=self.waiting, now=NOW)
        for each in Application.objects.filter(id__in=self.waiting).order_by("id"):
            by_hand = each.amount_minor > BY_HAND_ABOVE
            assert each.status in ("DECLINED", "REFERRED" if by_hand else "APPROVED")
            if each.status == "APPROVED":
                self.approved(each, before)
            elif each.status == "REFERRED":
                self.referred.append(each.id)
        self.waiting = []
        if self.assigned() != before:
            assert self.carried()

    @precondition(lambda self: self.referred)
    @rule(data=st.data(), outcome=st.sampled_from(["APPROVED", "APPROVED", "DECLINED"]))
    def persons_decide(self, data, outcome):
        chosen, before = data.draw(st.sampled_from(self.referred)), self.assigned()
        asked = Application.objects.get(id=chosen)
        told = ["TRADE_TOO_WEAK"] if outcome == "DECLINED" else []
        word = {"application_id": chosen, "outcome": outcome, "note": "", "reasons": told, "now": NOW}
        seen = services.recommend(actor=self.hana, seen_hash=asked.seen_hash, **word).seen_hash
        try:
            services.decide_referral(actor=self.hugo, seen_hash=seen, **word)
        except NoLongerPossible:
            assert outcome == "APPROVED"
            return  # nothing has changed: the invariants say so
        self.referred.remove(chosen)
        asked.refresh_from_db()
        assert asked.status == outcome
        if outcome == "APPROVED":
            self.approved(asked, before)
            assert self.carried()

    def approved(self, application, assigned_before):
        advance, (price, grade) = Advance.objects.get(application=application), self.quoted[application.id]
        secured = frozenset(AdvanceReceivable.objects.filter(advance=advance).values_list("receivable_id", flat=True))
        taken = assigned_before.union(*(loan.securities for _, loan in self.model.of("DISBURSING")))
        assert not secured & taken, "a receivable secures two advances"
        assert all(self.model.claims[each].settling == 0 and self.model.claims[each].free > 0 for each in secured)
        assert advance.instruction.creditor_iban == self.model.iban
        self.model.loans[advance.id] = Loan(
            application.amount_minor, price.fee, price.due, securities=secured, rate_bp=TERMS[grade][1],
            iban=self.model.iban,
        )  # fmt: skip

    # ── the bank ─────────────────────────────────────────────────────────────────────────────────────────────────────
    @precondition(lambda self: self.model.reserved)
    @rule(data=st.data())
    def the_bank_books(self, data):
        number, loan = data.draw(st.sampled_from(self.model.of("DISBURSING")))
        book_cash(self.lending, f"paid/{number}", -loan.amount, "DISBURSEMENT_CLEARING", self.facility_id)
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
        book_cash(self.lending, f"returned/{number}", loan.amount, "DISBURSEMENT_CLEARING", self.facility_id)
        self.sent_and(PaymentInstruction.objects.get(purpose="DISBURSEMENT", subject_id=number), "RETURNED")
        services.take_back(actor=SYSTEM_ACTOR, reasons={number: "AC04"}, now=NOW)
        self.model.never_paid(number)
        self.failed(loan, carried, before)

    @rule(data=st.data())
    def a_remainder_is_refused(self, data):
        due = PaymentInstruction.objects.filter(purpose="REMAINDER", status="DUE").order_by("id")
        if not (found := list(due)):
            return
        chosen = data.draw(st.sampled_from(found))
        self.sent_and(chosen, "REJECTED")
        services.hold_back(actor=SYSTEM_ACTOR, instruction_ids=[chosen.id], now=NOW)
        self.model.remainders -= chosen.amount_minor
        self.model.dead_ibans.add(chosen.creditor_iban)
        self.model.hold(chosen.amount_minor)

    @rule()
    def the_supplier_has_another_account(self):
        self.count += 1
        known = BankAccount.objects.in_force().get(party=self.lending.cast.amphora)
        self.model.iban = str(IBAN.generate("DE", bank_code="10077777", account_code=f"{self.count:010}"))
        replace_account(
            actor=SYSTEM_ACTOR, account_id=known.id, holder="Amphora", iban=self.model.iban,
            now=NOW + timedelta(seconds=self.count),
        )  # fmt: skip
        services.pay_held_to(actor=SYSTEM_ACTOR, supplier_ids=[self.lending.cast.amphora.id], now=NOW)
        self.model.pay_held()

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
            book_cash(self.lending, f"received/{payment.id}", payment.amount_minor, "SETTLEMENT_CLEARING")
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
        self.sent_and(payment.instruction, "RETURNED")
        book_cash(self.lending, f"came-back/{payment.id}", -payment.amount_minor, "SETTLEMENT_CLEARING")
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
        invoice = Receivable.objects.get(id=chosen)
        entered = credit(self.lending, invoice, f"C-{self.count}", f"{amount // 100}.00")
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
        services.pay_held(actor=SYSTEM_ACTOR, book_id=self.lending.book.id, now=NOW)
        self.model.pay_held()

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
        due = PaymentInstruction.objects.filter(purpose="REMAINDER", status="DUE")
        remainders = due.values_list("amount_minor", flat=True)
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
        held = sum(self.model.claims[each].free for each in self.assigned())
        return held * ADVANCE_RATE >= self.model.exposure

    def sent_and(self, instruction, status):
        claim(instruction_ids=[instruction.id], now=NOW)
        PaymentInstruction.objects.filter(id=instruction.id).update(status=status)


@pytest.mark.django_db
def test_any_life_of_a_facility_agrees_with_a_model_of_a_few_sums():
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = BY_HAND_ABOVE
    lending = world.lending(body=body)
    world.trade(lending.cast.amphora, lending.cast.meridian)
    for number in range(5):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"INV-{number + 1}", due_in=30 + number)
    run_state_machine_as_test(
        lambda: LifeOfAFacility(lending),
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),
            report_multiple_bugs=False,
            database=None,
        ),
    )
