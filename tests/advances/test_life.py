"""The life of an advance, by its services: quoted, decided, funded, accrued, repaid; and each way it can end early."""

from datetime import timedelta

import pytest
from django.db import transaction

from financing.advances import services
from financing.advances.models import Advance, Application
from financing.advances.services.receipts import DisbursementUnderWay
from financing.banking.models import PaymentInstruction
from financing.credit.models import Decision, Facility
from financing.ledger import services as ledger
from financing.ledger.queries import balance
from financing.receivables import services as receivable_services
from financing.receivables.models import Receivable
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import CURRENCY, NOW, TODAY, as_member, noon

pytestmark = pytest.mark.django_db


def take_up(lending, amount_minor=900_00):
    ana = as_member("ana@amphora.example")
    quote = services.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=amount_minor, now=NOW)
    return services.apply(actor=ana, quote_id=quote.id, now=NOW)


def decide(*applications):
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[each.id for each in applications], now=NOW)


def funded(lending, amount_minor=900_00):
    application = take_up(lending, amount_minor)
    decide(application)
    advance = Advance.objects.get(application=application)
    services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=NOW)
    return Advance.objects.get(id=advance.id)


def books(lending, kind):
    return balance(book_id=lending.book.id, kind=kind, currency=CURRENCY)


def test_an_application_within_authority_is_approved_booked_and_instructed_at_once(lending):
    application = take_up(lending)
    decide(application)
    application.refresh_from_db()
    advance = Advance.objects.get(application=application)
    assert (application.status, advance.status) == (Application.Status.APPROVED, Advance.Status.DISBURSING)
    assert Decision.objects.get().decided_by == "system"
    assert advance.instruction.status == PaymentInstruction.Status.DUE
    assert advance.instruction.amount_minor == 900_00
    assert books(lending, "ADVANCES") == 900_00 and books(lending, "DISBURSEMENT_CLEARING") == -900_00
    facility = Facility.objects.get(id=lending.amphora_facility.id)
    assert (facility.principal_minor, facility.reserved_minor) == (0, 900_00)
    assert list(Receivable.objects.filter(assigned_facility_id=facility.id)) == [Receivable.objects.get(number="INV-0")]


def test_a_second_decision_run_changes_nothing(lending):
    application = take_up(lending)
    decide(application)
    decide(application)
    assert (Advance.objects.count(), PaymentInstruction.objects.count(), Decision.objects.count()) == (1, 1, 1)


def test_several_applications_on_one_facility_share_what_is_available(lending):
    first, second, third = (take_up(lending, 1_200_00) for _ in range(3))
    decide(first, second, third)
    assert [Application.objects.get(id=each.id).status for each in (first, second, third)] == [
        "APPROVED", "APPROVED", "DECLINED",
    ]  # fmt: skip
    assert Decision.objects.get(application_id=third.id).reasons == ["ABOVE_LIMIT"]
    facility = Facility.objects.get(id=lending.amphora_facility.id)
    assert facility.reserved_minor == 2_400_00


def test_the_banks_booking_makes_the_advance_active_and_charges_the_fee(lending):
    advance = funded(lending)
    assert (advance.status, advance.principal_minor, advance.funded_date) == ("ACTIVE", 900_00, TODAY)
    assert advance.fees_minor == advance.fee_minor > 0
    facility = Facility.objects.get(id=advance.facility_id)
    assert (facility.principal_minor, facility.reserved_minor) == (900_00, 0)
    assert books(lending, "FEES_RECEIVABLE") == advance.fee_minor == -books(lending, "DEFERRED_FEES")


def test_a_refused_payment_frees_limit_and_receivables_and_takes_the_booking_back(lending):
    application = take_up(lending)
    decide(application)
    advance = Advance.objects.get(application=application)
    services.fail(actor=SYSTEM_ACTOR, reasons={advance.id: "AC04"}, now=NOW)
    services.fail(actor=SYSTEM_ACTOR, reasons={advance.id: "AC04"}, now=NOW)
    advance.refresh_from_db()
    facility = Facility.objects.get(id=advance.facility_id)
    assert (advance.status, facility.principal_minor, facility.reserved_minor) == ("FAILED", 0, 0)
    assert set(Receivable.objects.values_list("status", flat=True)) == {"ACCEPTED"}
    assert books(lending, "ADVANCES") == books(lending, "DISBURSEMENT_CLEARING") == 0


def test_interest_accrues_by_business_date_and_adds_up_whatever_the_steps(lending):
    advance = funded(lending)
    for step in (1, 2, 9, 30):
        advance_to(lending, TODAY + timedelta(days=step))
    advance.refresh_from_db()
    expected = advance.principal_minor * advance.annual_rate * 30 / 360
    assert abs(advance.interest_minor - expected) <= 1
    assert books(lending, "INTEREST_RECEIVABLE") == advance.interest_minor == -books(lending, "INTEREST_INCOME")
    assert books(lending, "FEE_INCOME") + books(lending, "DEFERRED_FEES") == -advance.fee_minor


def test_an_advance_that_is_not_repaid_by_its_due_date_is_overdue_the_day_after(lending):
    advance = funded(lending)
    advance_to(lending, advance.due_date)
    advance.refresh_from_db()
    assert advance.status == "ACTIVE"
    advance_to(lending, advance.due_date + timedelta(days=1))
    advance.refresh_from_db()
    assert advance.status == "OVERDUE"


def test_a_payment_that_the_bank_returns_is_undone_with_what_was_accrued(lending):
    advance = funded(lending)
    advance_to(lending, TODAY + timedelta(days=10))
    services.take_back(actor=SYSTEM_ACTOR, reasons={advance.id: "AC04"}, now=NOW)
    advance.refresh_from_db()
    facility = Facility.objects.get(id=advance.facility_id)
    assert (advance.status, advance.owed_minor, facility.principal_minor) == ("FAILED", 0, 0)
    for kind in (
        "ADVANCES",
        "INTEREST_RECEIVABLE",
        "INTEREST_INCOME",
        "FEES_RECEIVABLE",
        "FEE_INCOME",
        "DEFERRED_FEES",
    ):
        assert books(lending, kind) == 0, kind
    assert set(Receivable.objects.values_list("status", flat=True)) == {"ACCEPTED"}


def test_a_settlement_pays_fees_interest_and_principal_and_the_rest_goes_to_the_supplier(lending):
    advance = funded(lending)
    advance_to(lending, TODAY + timedelta(days=30))
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    apply_receipt(lending, payment)
    advance.refresh_from_db()
    interest = -books(lending, "INTEREST_INCOME")
    assert (advance.status, advance.owed_minor) == ("REPAID", 0)
    remainder = PaymentInstruction.objects.get(purpose="REMAINDER")
    assert remainder.amount_minor == 1_000_00 - 900_00 - interest - advance.fee_minor
    assert books(lending, "DUE_TO_SUPPLIER") == -remainder.amount_minor
    assert books(lending, "ADVANCES") == books(lending, "INTEREST_RECEIVABLE") == books(lending, "FEES_RECEIVABLE") == 0
    assert Facility.objects.get(id=advance.facility_id).principal_minor == 0


def test_a_receipt_applied_twice_counts_once(lending):
    funded(lending)
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    apply_receipt(lending, payment)
    assert services.apply_receipts(actor=SYSTEM_ACTOR, value_dates={payment.id: TODAY}, now=NOW) == []
    assert PaymentInstruction.objects.filter(purpose="REMAINDER").count() == 1


def test_a_partial_settlement_repays_in_part(lending):
    advance = funded(lending)
    security = Receivable.objects.get(status="ASSIGNED")
    payment = settle(lending, "S-1", [security], amount_minor=400_00)
    apply_receipt(lending, payment)
    advance.refresh_from_db()
    assert advance.status == "ACTIVE"
    assert advance.principal_minor == 900_00 - (400_00 - advance.fee_minor)
    assert not PaymentInstruction.objects.filter(purpose="REMAINDER").exists()


def test_what_one_advance_leaves_goes_to_the_facilitys_other_advances(lending):
    first, second = funded(lending), funded(lending)
    security = Receivable.objects.get(number="INV-0")
    apply_receipt(lending, settle(lending, "S-1", [security]))
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.status == "REPAID"
    left = 1_000_00 - 900_00 - first.fee_minor - second.fee_minor
    assert (second.status, second.principal_minor) == ("ACTIVE", 900_00 - left)


def test_a_settlement_that_overtakes_the_disbursement_waits_for_it_and_repays_it(lending):
    application = take_up(lending)
    decide(application)
    advance = Advance.objects.get(application=application)
    payment = settle(lending, "S-1", Receivable.objects.filter(status="ASSIGNED"))
    with pytest.raises(DisbursementUnderWay), transaction.atomic():
        apply_receipt(lending, payment)
    assert not PaymentInstruction.objects.filter(purpose="REMAINDER").exists()
    services.confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=NOW)
    apply_receipt(lending, payment)
    advance.refresh_from_db()
    assert (advance.status, advance.owed_minor) == ("REPAID", 0)
    assert PaymentInstruction.objects.get(purpose="REMAINDER").amount_minor == 1_000_00 - 900_00 - advance.fee_minor


def advance_to(lending, day):
    hugo = as_member("hugo@harbour.example")
    ledger.advance_business_date(actor=hugo, book_id=lending.book.id, to_date=day, now=noon(day))
    services.accrue_book(actor=SYSTEM_ACTOR, book_id=lending.book.id, now=NOW)


def settle(lending, key, receivables, amount_minor=None):
    """The platform settles; the payment that goes to Harbour."""
    lines = [(each.id, amount_minor) for each in receivables]
    made = world.settle(lines, key=key)
    return made.payments.get(payee=lending.cast.harbour)


def apply_receipt(lending, payment):
    """The bank books it on both accounts: the receivables are settled, the waterfall runs."""
    day = type(lending.book).objects.get(id=lending.book.id).business_date
    receivable_services.book(actor=SYSTEM_ACTOR, value_dates={payment.id: day}, now=NOW)
    legs = (ledger.LegOf("CASH", payment.amount_minor), ledger.LegOf("SETTLEMENT_CLEARING", -payment.amount_minor))
    cash = ledger.Posting(key=f"cash/{payment.id}", kind="cash.received", currency=CURRENCY, legs=legs)
    ledger.post(actor=SYSTEM_ACTOR, book_id=lending.book.id, postings=[cash], now=NOW)
    services.apply_receipts(actor=SYSTEM_ACTOR, value_dates={payment.id: day}, now=NOW)


def test_what_a_later_advance_stands_on_stays_assigned_when_the_earlier_one_fails(lending):
    earlier, later = take_up(lending, 400_00), take_up(lending, 400_00)
    decide(earlier, later)
    first, second = Advance.objects.get(application=earlier), Advance.objects.get(application=later)
    assert (first.securities.count(), second.securities.count()) == (1, 0)
    services.fail(actor=SYSTEM_ACTOR, reasons={first.id: "AC04"}, now=NOW)
    assert Receivable.objects.get(status="ASSIGNED").number == "INV-0"
    services.fail(actor=SYSTEM_ACTOR, reasons={second.id: "AC04"}, now=NOW)
    assert not Receivable.objects.filter(status="ASSIGNED").exists()
