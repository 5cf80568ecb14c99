"""Days pass: interest accrues once a day, the bank's statements agree to the cent, and the ledger with itself."""

from datetime import timedelta

from accounts.trail.tasks import drain
from financing.advances.models import Advance, Repayment
from financing.advances.services import accrue_book
from financing.banking.models import BankAccount, Statement
from financing.ledger.models import Entry
from portal.shared.access import CHECKER, SYSTEM_ACTOR
from tests.stories.house import House, eventually
from tests.world import NOW


def next_day(house: House) -> None:
    """The bank closes its day, then Harbour; the portal's part follows from that."""
    day = house.business_date()
    house.reconcile(day)
    tomorrow = day + timedelta(days=1)
    house.bank.control("POST", "/clock", {"business_date": tomorrow.isoformat()})
    house.machine(house.cast.harbour, CHECKER).post("book/business-date/", {"to_date": tomorrow.isoformat()})
    accrued = Advance.objects.filter(status="ACTIVE", funder=house.cast.harbour, accrued_until__lt=tomorrow)
    eventually(lambda: not accrued.exists(), f"interest up to {tomorrow}")
    house.quiet()


def test_interest_accrues_by_the_day_and_every_day_is_reconciled_to_the_cent(house: House):
    supplier = house.supplier("Citrine", invoices=(1_000_00,))
    advance = house.funded(supplier, 900_00)
    first_day = house.business_date()
    assert (advance.due_date - first_day).days == 35

    next_day(house)
    advance.refresh_from_db()
    # 9 % of 900.00 on 360 days is 22.5 cents a day: 22 are booked, half a cent is carried. 2.70 over 35 days is 7.7.
    assert (advance.interest_minor, str(advance.interest_carry)) == (22, "0.500000000000")
    assert house.balance("INTEREST_RECEIVABLE", supplier.facility_id) == 22
    assert house.balance("DEFERRED_FEES", supplier.facility_id) == -2_70 + 8
    # Hearing of the same day again changes nothing.
    drain("advances.accrue")
    assert accrue_book(actor=SYSTEM_ACTOR, book_id=house.book.id, now=NOW) == 0

    next_day(house)
    advance.refresh_from_db()
    assert (advance.interest_minor, advance.interest_carry) == (45, 0)
    assert Entry.objects.filter(key__startswith=f"advance/{advance.id}/accrue/").count() == 2

    house.settle("citrine", (supplier.receivables()[0], None))
    advance = house.advance(advance.application_id, Advance.Status.REPAID)
    repayment = Repayment.objects.get(advance=advance)
    assert (repayment.fees_minor, repayment.interest_minor, repayment.principal_minor) == (2_70, 45, 900_00)
    assert repayment.value_date == first_day + timedelta(days=2)
    house.quiet()
    assert house.booked_at_bank(supplier.iban) == [900_00, 96_85]

    next_day(house)
    account = BankAccount.objects.get(party=house.cast.harbour)
    days = Statement.objects.filter(account=account, date__gte=first_day).order_by("date")
    assert [each.date for each in days] == [first_day + timedelta(days=number) for number in range(3)]
    assert {(each.difference_minor, each.unmatched) for each in days} == {(0, 0)}
    # The last day is the bank's and ours: what it closed with is what it says today, and what we say.
    assert days.last().closing_minor == house.balance("CASH") == house.at_bank(account.iban)


def test_at_the_end_of_all_stories_the_ledger_agrees_with_itself_and_with_every_payment(house: House):
    house.quiet()
    house.world.manage("verify_ledger")
    for advance in Advance.objects.select_related("instruction"):
        funded = advance.status not in (Advance.Status.FAILED, Advance.Status.DISBURSING)
        assert (advance.instruction.status == "SETTLED") == funded, advance
        lost = advance.amount_minor - advance.principal_minor if funded else 0
        repayments = advance.repayments.filter(returned=None)
        given_back = [each for each in repayments if Entry.objects.filter(key=f"repayment/{each.id}/given-back")]
        # Of a payment that never arrived every repayment was given back, and of no other.
        assert given_back == ([] if funded else list(repayments)), advance
        assert sum(each.principal_minor for each in repayments if each not in given_back) == lost, advance
