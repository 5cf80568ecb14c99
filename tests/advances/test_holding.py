"""What goes wrong after a settlement: remainders that come back, receipts that come back, debts elsewhere."""

from datetime import timedelta

import pytest

from financing.advances import handlers, services
from financing.advances.models import Advance, Repayment, ReturnedRepayment
from financing.advances.services.receipts import EarlierPaymentComesBack
from financing.advances.services.undo import NotTakenBackYet
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import claim
from financing.credit import services as credit
from financing.credit.models import Facility, Programme
from financing.ledger.queries import balance, findings
from financing.ledger.services import LegOf, Posting, post
from financing.receivables import handlers as receivable_handlers
from financing.receivables import services as receivable_services
from financing.receivables.models import Receivable, SettlementPayment
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import OwnWork
from tests import world
from tests.advances.test_life import advance_to, apply_receipt, books, funded, settle
from tests.world import NOW, TODAY, as_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def repaid(lending):
    """An advance repaid by a settlement, its remainder instructed."""
    funded(lending)
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    apply_receipt(lending, payment)
    return payment


class News:
    """An event as a handler reads it."""

    def __init__(self, name, instruction, **facts):
        self.name, self.subject_id = name, instruction.id
        self.payload = {
            "purpose": instruction.purpose, "subject_type": instruction.subject_type,
            "subject_id": instruction.subject_id, "value_date": TODAY.isoformat(), **facts,
        }  # fmt: skip


def remainder():
    return PaymentInstruction.objects.filter(purpose="REMAINDER").order_by("-id").first()


def came_back():
    """The bank refuses the remainder: its account is closed."""
    claim(instruction_ids=[remainder().id], now=NOW)
    PaymentInstruction.objects.filter(id=remainder().id).update(status="REJECTED", reason="AC04")
    handlers.remainder_came_back([News("payment.rejected", remainder(), reason="AC04")])


def test_news_of_a_remainder_is_not_taken_for_news_of_the_settlement(lending, repaid):
    receivable_handlers.payment_returned([News("payment.returned", remainder(), reason="AC04")])
    receivable_handlers.payment_rejected([News("payment.rejected", remainder(), reason="AC04")])
    assert SettlementPayment.objects.get(id=repaid.id).status == "BOOKED"
    assert Receivable.objects.get(number="INV-0").status == "SETTLED"


def test_a_remainder_that_comes_back_is_held_for_its_supplier(lending, repaid):
    amount = remainder().amount_minor
    came_back()
    came_back()
    assert (books(lending, "DUE_TO_SUPPLIER"), books(lending, "CASH_COLLATERAL")) == (0, -amount)


def test_what_is_held_is_paid_once_the_supplier_has_another_account(lending, repaid):
    amount = remainder().amount_minor
    came_back()
    services.pay_held(actor=SYSTEM_ACTOR, book_id=lending.book.id, now=NOW)
    assert PaymentInstruction.objects.filter(purpose="REMAINDER").count() == 1
    BankAccount.objects.filter(party=lending.cast.amphora).update(status="CLOSED", closed_at=NOW)
    world.register_account(
        actor=SYSTEM_ACTOR, party_id=lending.cast.amphora.id, holder="Amphora", iban="DE68210501700012345678",
        currency="EUR", now=NOW,
    )  # fmt: skip
    for _ in range(2):
        services.pay_held(actor=SYSTEM_ACTOR, book_id=lending.book.id, now=NOW)
    assert PaymentInstruction.objects.filter(purpose="REMAINDER").count() == 2
    assert remainder().amount_minor == amount
    assert (books(lending, "CASH_COLLATERAL"), books(lending, "DUE_TO_SUPPLIER")) == (0, -amount)


def test_a_remainder_is_held_while_another_facility_is_in_arrears_and_paid_when_it_is_not(lending):
    other = Programme.objects.create(
        funder=lending.cast.harbour, debtor=lending.cast.meridian, name="Second", currency="EUR", agreement="RF-2"
    )
    second = credit.join_programme(actor=as_member("ana@amphora.example"), programme_id=other.id, now=NOW)
    advance = funded(lending)
    late = Advance.objects.get(id=advance.id)
    application = late.application
    application.pk = application.quote_id = None
    quote = advance.application.quote
    quote.pk, quote.facility_id = None, second.id
    quote.save()
    application.quote, application.facility_id = quote, second.id
    application.decision = None
    application.status = "WITHDRAWN"
    application.save()
    late.pk = None
    late.application, late.facility_id, late.instruction = application, second.id, None
    late.status = "OVERDUE"
    late.principal_minor, late.fees_minor, late.deferred_fee_minor = 100, 0, 0
    late.save()
    apply_receipt(lending, settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED")))
    held = -books(lending, "CASH_COLLATERAL")
    assert held > 0 and remainder() is None
    services.pay_held(actor=SYSTEM_ACTOR, book_id=lending.book.id, now=NOW)
    assert remainder() is None
    Advance.objects.filter(id=late.id).update(status="ACTIVE")
    services.pay_held(actor=SYSTEM_ACTOR, book_id=lending.book.id, now=NOW)
    assert remainder().amount_minor == held and books(lending, "CASH_COLLATERAL") == 0


def returned(lending, payment):
    """The bank takes a settlement back from the funder's account."""
    claim(instruction_ids=[payment.instruction_id], now=NOW)
    PaymentInstruction.objects.filter(id=payment.instruction_id).update(status="RETURNED", reason="AC04")
    legs = (LegOf("CASH", -payment.amount_minor), LegOf("SETTLEMENT_CLEARING", payment.amount_minor))
    cash = Posting(key=f"back/{payment.id}", kind="bank.settlement_returned", currency="EUR", legs=legs)
    post(actor=SYSTEM_ACTOR, book_id=lending.book.id, postings=[cash], now=NOW)


def undo(lending, payment):
    """... and all who are told have heard of it."""
    returned(lending, payment)
    receivable_services.take_back(actor=SYSTEM_ACTOR, reasons={payment.id: "AC04"}, now=NOW)
    for _ in range(2):
        handlers.receipt_returned([News("payment.returned", payment.instruction, reason="AC04")])


def facility(lending):
    return Facility.objects.get(id=lending.amphora_facility.id)


def test_what_a_settlement_paid_that_comes_back_is_owed_again_and_its_security_is_back(lending):
    advance = funded(lending)
    advance_to(lending, TODAY + timedelta(days=10))
    owed = Advance.objects.get(id=advance.id).owed_minor
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    apply_receipt(lending, payment)
    assert Advance.objects.get(id=advance.id).status == "REPAID"

    undo(lending, payment)

    again = Advance.objects.get(id=advance.id)
    assert (again.status, again.owed_minor, again.closed_at) == ("ACTIVE", owed, None)
    assert (books(lending, "ADVANCES"), facility(lending).principal_minor) == (900_00, 900_00)
    assert books(lending, "SETTLEMENT_CLEARING") == 0
    assert Receivable.objects.get(number="INV-0").status == "ASSIGNED"
    assert ReturnedRepayment.objects.get().reason == "AC04"
    assert findings(lending.book.id) == []


def test_an_advance_that_falls_due_before_its_settlement_comes_back_is_overdue(lending):
    advance = funded(lending)
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    apply_receipt(lending, payment)
    advance_to(lending, advance.due_date + timedelta(days=3))
    undo(lending, payment)
    again = Advance.objects.get(id=advance.id)
    # The money was there until today: no interest for the days between.
    assert (again.status, again.interest_minor) == ("OVERDUE", 0)


def test_a_remainder_paid_from_what_came_back_is_made_good_from_the_next_payment(lending, repaid):
    paid = remainder().amount_minor
    undo(lending, repaid)
    assert facility(lending).overpaid_minor == paid > 0
    offered = services.offer(
        actor=as_member("ana@amphora.example"), facility_id=lending.amphora_facility.id, amount_minor=None, now=NOW
    )
    owed = Advance.objects.get().owed_minor
    assert offered.result.base.exposure_minor == owed + paid

    again = settle(lending, "S-2", Receivable.objects.filter(number="INV-0"))
    apply_receipt(lending, again)

    assert Advance.objects.get().status == "REPAID"
    assert facility(lending).overpaid_minor == 0
    assert PaymentInstruction.objects.filter(purpose="REMAINDER").count() == 1
    # The first remainder is instructed and not booked by the bank yet.
    assert books(lending, "DUE_TO_SUPPLIER") == -paid
    assert books(lending, "ADVANCES") == books(lending, "SETTLEMENT_CLEARING") == 0


def test_a_remainder_that_comes_back_too_is_not_owed_back(lending, repaid):
    undo(lending, repaid)
    came_back()
    came_back()
    assert facility(lending).overpaid_minor == 0
    assert books(lending, "DUE_TO_SUPPLIER") == books(lending, "CASH_COLLATERAL") == 0
    services.pay_held(actor=SYSTEM_ACTOR, book_id=lending.book.id, now=NOW)
    assert PaymentInstruction.objects.filter(purpose="REMAINDER").count() == 1


def test_what_is_held_for_the_supplier_is_taken_before_it_owes_anything_back(lending, repaid):
    came_back()
    undo(lending, repaid)
    assert facility(lending).overpaid_minor == 0
    assert books(lending, "DUE_TO_SUPPLIER") == books(lending, "CASH_COLLATERAL") == 0


def test_the_limit_follows_where_it_was_lent_again_before_the_settlement_came_back(lending):
    funded(lending)
    payment = settle(lending, "S-1", Receivable.objects.filter(number="INV-0"))
    apply_receipt(lending, payment)
    Facility.objects.filter(id=lending.amphora_facility.id).update(limit_minor=950_00)
    second = funded(lending)
    undo(lending, payment)
    after = facility(lending)
    assert second.principal_minor == 900_00
    assert (after.principal_minor, after.limit_minor) == (1_800_00, max(1_800_00, after.limit_minor))


def test_a_payment_that_overtakes_the_undoing_of_what_it_replaces_waits(lending, repaid):
    returned(lending, repaid)
    receivable_services.take_back(actor=SYSTEM_ACTOR, reasons={repaid.id: "AC04"}, now=NOW)
    again = settle(lending, "S-2", Receivable.objects.filter(number="INV-0", status="ASSIGNED"))
    with pytest.raises(EarlierPaymentComesBack):
        services.apply_receipts(actor=SYSTEM_ACTOR, value_dates={again.id: TODAY}, now=NOW)
    assert (PaymentInstruction.objects.filter(purpose="REMAINDER").count(), Repayment.objects.count()) == (1, 1)


def test_an_undoing_that_overtakes_the_receivables_waits(lending, repaid):
    returned(lending, repaid)
    with pytest.raises(NotTakenBackYet):
        handlers.receipt_returned([News("payment.returned", repaid.instruction, reason="AC04")])
    assert Advance.objects.get().status == "REPAID" and not ReturnedRepayment.objects.exists()


def test_a_settlement_that_came_back_before_it_was_applied_has_nothing_to_undo(lending):
    funded(lending)
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    undo(lending, payment)
    assert services.apply_receipts(actor=SYSTEM_ACTOR, value_dates={payment.id: TODAY}, now=NOW) == []
    assert Advance.objects.get().status == "ACTIVE" and not ReturnedRepayment.objects.exists()


def test_a_fee_is_earned_in_full_when_the_advance_is_repaid_early(lending):
    advance = funded(lending)
    advance_to(lending, TODAY + timedelta(days=10))
    apply_receipt(lending, settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED")))
    assert (books(lending, "DEFERRED_FEES"), books(lending, "FEE_INCOME")) == (0, -advance.fee_minor)
    assert findings(lending.book.id) == []


def test_a_receipt_goes_to_the_facility_that_the_receivable_was_assigned_to_when_it_was_paid(lending):
    advance = funded(lending)
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    receivable_services.book(actor=SYSTEM_ACTOR, value_dates={payment.id: TODAY}, now=NOW)
    Receivable.objects.filter(number="INV-0").update(assigned_facility_id=None, funder=None)
    services.apply_receipts(actor=SYSTEM_ACTOR, value_dates={payment.id: TODAY}, now=NOW)
    assert Advance.objects.get(id=advance.id).status == "REPAID"
    assert balance(book_id=lending.book.id, kind="ADVANCES", currency="EUR") == 0


def test_a_supplier_without_an_account_is_told_before_it_waits(lending):
    ana = as_member("ana@amphora.example")
    offered = services.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=500_00, now=NOW)
    BankAccount.objects.filter(party=lending.cast.amphora).update(status="CLOSED", closed_at=NOW)
    with pytest.raises(services.NoBankAccount):
        services.apply(actor=ana, quote_id=offered.id, now=NOW)


def test_whoever_disputes_what_they_handed_in_does_not_accept_it_by_resolving(lending):
    maya = as_member("maya@meridian.example")
    document = world.receivable(lending.cast.amphora, lending.cast.meridian, "NEW-1").document
    document.pk, document.received_from = None, maya.identity
    document.save(force_insert=True)
    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "NEW-2", status="RECEIVED", document=document)
    receivable_services.dispute(actor=maya, receivable_id=row.id, reason="wrong", now=NOW)
    with pytest.raises(OwnWork):
        receivable_services.resolve_dispute(actor=maya, receivable_id=row.id, now=NOW)
    assert Receivable.objects.get(id=row.id).status == "DISPUTED"
