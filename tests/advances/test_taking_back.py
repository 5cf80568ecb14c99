"""The bank sends a disbursement back after the advance was repaid: the supplier never had it and owed nothing."""

from datetime import timedelta

import pytest

from financing.advances import handlers, services
from financing.advances.models import Advance, Repayment, ReturnedRepayment
from financing.advances.queries import past_repayment
from financing.advances.services.receipts import EarlierPaymentComesBack
from financing.advances.services.take_back import NotBookedYet, ReturnedAfterLoss
from financing.advances.statement import movements
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import claim
from financing.ledger.models import Entry
from financing.ledger.queries import balance, findings
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.advances.test_holding import News, facility, remainder, returned, undo
from tests.advances.test_life import advance_to, apply_receipt, books, decide, funded, settle, take_up
from tests.world import CURRENCY, NOW, TODAY, as_member

pytestmark = pytest.mark.django_db

OF_LOANS = (
    "ADVANCES", "INTEREST_RECEIVABLE", "FEES_RECEIVABLE", "DEFERRED_FEES", "INTEREST_INCOME", "FEE_INCOME",
    "SETTLEMENT_CLEARING",
)  # fmt: skip
OTHER_IBAN = "DE68210501700012345678"


def returns(instruction):
    """The bank says that it sent the payment back."""
    claim(instruction_ids=[instruction.id], now=NOW)
    PaymentInstruction.objects.filter(id=instruction.id).update(status="RETURNED", reason="AC04")


def take_back(*advances):
    """Twice: the news may come again."""
    for each in advances:
        returns(each.instruction)
    news = [News("payment.returned", each.instruction) for each in advances]
    for _ in range(2):
        handlers.disbursement_returned(news)
    return [Advance.objects.get(id=each.id) for each in advances]


def repay(lending, key="S-1", amount_minor=None):
    """The platform pays what secures, and the waterfall runs."""
    payment = settle(lending, key, Receivable.objects.filter(status="ASSIGNED").order_by("id")[:1], amount_minor)
    apply_receipt(lending, payment)
    return payment


def another_account(lending):
    """The supplier registers one instead of the one that it had."""
    BankAccount.objects.filter(party=lending.cast.amphora).update(status="CLOSED", closed_at=NOW)
    return world.register_account(
        actor=SYSTEM_ACTOR, party_id=lending.cast.amphora.id, holder="Amphora", iban=OTHER_IBAN, currency=CURRENCY,
        now=NOW,
    )  # fmt: skip


def loans(lending, as_of=None):
    return {kind: balance(book_id=lending.book.id, kind=kind, currency=CURRENCY, as_of=as_of) for kind in OF_LOANS}


NOTHING = dict.fromkeys(OF_LOANS, 0)


def test_what_had_repaid_an_advance_whose_payment_comes_back_is_the_suppliers_whole(lending):
    advance = funded(lending)
    advance_to(lending, TODAY + timedelta(days=10))
    repay(lending)
    left = remainder().amount_minor

    [failed] = take_back(advance)

    assert (failed.status, failed.owed_minor, failed.closed_date) == ("FAILED", 0, TODAY + timedelta(days=10))
    assert loans(lending) == NOTHING
    assert loans(lending, TODAY + timedelta(days=5)) == NOTHING, "to every date as if it had never been"
    # The account that sent the payment back is the one on file: what is due is held until there is another.
    assert (books(lending, "CASH_COLLATERAL"), books(lending, "DUE_TO_SUPPLIER")) == (-(1_000_00 - left), -left)
    assert (facility(lending).principal_minor, facility(lending).overpaid_minor) == (0, 0)
    assert Receivable.objects.get(number="INV-0").status == "SETTLED"
    assert not Receivable.objects.filter(status="ASSIGNED").exists()
    assert findings(lending.book.id) == []


def test_it_counts_neither_on_the_statement_of_account_nor_in_the_suppliers_record(lending):
    advance = funded(lending)
    repay(lending)
    take_back(advance)
    assert movements(as_member("ana@amphora.example")) == []
    amphora = lending.cast.amphora.id
    found = past_repayment(funder_id=lending.cast.harbour.id, supplier_ids=[amphora])[amphora]
    assert (found.repaid, found.repaid_late, found.overdue) == (0, 0, 0)


def test_what_is_held_is_paid_as_soon_as_the_supplier_registers_another_account(lending):
    advance = funded(lending)
    left = 1_000_00 - 900_00 - advance.fee_minor
    repay(lending)
    take_back(advance)
    services.pay_held(actor=SYSTEM_ACTOR, book_id=lending.book.id, now=NOW)
    assert remainder().amount_minor == left, "nothing goes to the account that sent it back"

    registered = another_account(lending)
    event = type("Event", (), {"subject_id": registered.id})()
    for _ in range(2):
        handlers.account_entered([event])

    assert PaymentInstruction.objects.filter(purpose="REMAINDER").count() == 2
    assert (remainder().amount_minor, remainder().creditor_iban) == (1_000_00 - left, OTHER_IBAN)
    assert (books(lending, "CASH_COLLATERAL"), books(lending, "DUE_TO_SUPPLIER")) == (0, -1_000_00)


def test_it_is_paid_at_once_where_the_supplier_has_another_account_by_now(lending):
    advance = funded(lending)
    repay(lending)
    another_account(lending)
    take_back(advance)
    paid = remainder()
    assert (paid.amount_minor, paid.creditor_iban) == (900_00 + advance.fee_minor, OTHER_IBAN)
    assert (paid.subject_type, paid.subject_id) == ("advances.advance", advance.id)
    assert books(lending, "CASH_COLLATERAL") == 0

    # What is given back is a payment of the advance, and no disbursement: its return undoes nothing a second time.
    returns(paid)
    came_back = [News("payment.returned", paid)]
    handlers.disbursement_returned(came_back)
    handlers.remainder_came_back(came_back)
    assert books(lending, "CASH_COLLATERAL") == -paid.amount_minor


def test_an_overdue_advance_that_was_repaid_in_part_is_undone_and_its_security_is_free(lending):
    advance = funded(lending)
    repay(lending, amount_minor=400_00)
    advance_to(lending, advance.due_date + timedelta(days=3))
    assert Advance.objects.get(id=advance.id).status == "OVERDUE"

    [failed] = take_back(advance)

    assert (failed.status, failed.owed_minor) == ("FAILED", 0)
    assert loans(lending) == NOTHING
    assert books(lending, "CASH_COLLATERAL") == -400_00
    security = Receivable.objects.get(number="INV-0")
    assert (security.status, security.open_minor, security.assigned_facility_id) == ("ACCEPTED", 600_00, None)
    assert facility(lending).principal_minor == 0


def test_other_advances_of_the_facility_owe_what_they_owed_and_keep_their_security(lending):
    first, second = funded(lending), funded(lending)
    apply_receipt(lending, settle(lending, "S-1", [Receivable.objects.get(number="INV-0")]))
    before = Advance.objects.filter(id=second.id).values("status", "principal_minor", "fees_minor").get()

    take_back(first)

    assert Advance.objects.filter(id=second.id).values("status", "principal_minor", "fees_minor").get() == before
    assert facility(lending).principal_minor == before["principal_minor"] == books(lending, "ADVANCES")
    assert Receivable.objects.get(number="INV-1").status == "ASSIGNED"
    assert books(lending, "CASH_COLLATERAL") == -(900_00 + first.fee_minor)


def test_it_is_held_while_another_advance_is_in_arrears(lending):
    first, second = funded(lending), funded(lending)
    apply_receipt(lending, settle(lending, "S-1", [Receivable.objects.get(number="INV-0")]))
    Advance.objects.filter(id=second.id).update(status="OVERDUE")
    another_account(lending)
    take_back(first)
    assert remainder() is None
    assert books(lending, "CASH_COLLATERAL") == -(900_00 + first.fee_minor)


def test_what_the_supplier_was_paid_too_much_before_is_made_good_first(lending):
    advance = funded(lending)
    undo(lending, repay(lending))
    too_much = facility(lending).overpaid_minor
    assert too_much == 1_000_00 - 900_00 - advance.fee_minor
    repay(lending, "S-2", 400_00)

    take_back(advance)

    assert facility(lending).overpaid_minor == 0
    assert books(lending, "CASH_COLLATERAL") == -(400_00 - too_much)
    assert loans(lending) == NOTHING and findings(lending.book.id) == []


def test_a_settlement_that_comes_back_too_is_taken_from_what_is_held_and_revives_nothing(lending):
    advance = funded(lending)
    payment = repay(lending)
    left = remainder().amount_minor
    take_back(advance)

    undo(lending, payment)

    after = Advance.objects.get(id=advance.id)
    assert (after.status, after.owed_minor) == ("FAILED", 0)
    assert ReturnedRepayment.objects.get().repayment.advance_id == advance.id
    assert (books(lending, "CASH_COLLATERAL"), facility(lending).overpaid_minor) == (0, left)
    assert loans(lending) == NOTHING


def test_a_settlement_that_comes_back_and_is_not_undone_yet_is_waited_for(lending):
    advance = funded(lending)
    returned(lending, repay(lending))
    before = (Entry.objects.count(), loans(lending))
    with pytest.raises(EarlierPaymentComesBack):
        services.take_back(actor=SYSTEM_ACTOR, reasons={advance.id: "AC04"}, now=NOW)
    assert (Entry.objects.count(), loans(lending)) == before
    assert Advance.objects.get(id=advance.id).status == "REPAID"


def test_a_return_that_overtakes_its_booking_waits(lending):
    application = take_up(lending)
    decide(application)
    advance = Advance.objects.get(application=application)
    with pytest.raises(NotBookedYet):
        services.take_back(actor=SYSTEM_ACTOR, reasons={advance.id: "AC04"}, now=NOW)
    assert Advance.objects.get(id=advance.id).status == "DISBURSING"


def test_what_is_in_default_is_left_to_a_person_who_is_told_what_to_do(lending):
    advance = funded(lending)
    repay(lending, amount_minor=400_00)
    Advance.objects.filter(id=advance.id).update(status="DEFAULTED")
    with pytest.raises(ReturnedAfterLoss, match="Take the provision or the loss back"):
        services.take_back(actor=SYSTEM_ACTOR, reasons={advance.id: "AC04"}, now=NOW)
    assert Advance.objects.get(id=advance.id).status == "DEFAULTED"
    assert Repayment.objects.count() == 1 and books(lending, "CASH_COLLATERAL") == 0
