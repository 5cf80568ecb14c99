"""A supplier's trade measured from orders, receipts, returns and receivables, exactly."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.intake.models import Document
from accounts.parties.models import Party
from financing.credit.queries import features
from financing.credit.rules import Features, PastRepayment
from financing.receivables.models import CreditNote, Receivable
from tests.credit.conftest import days_ago, sell
from tests.world import CURRENCY, NOW, TODAY


@pytest.fixture
def measure(scene):
    def measure(supplier=None, as_of=TODAY, **more) -> Features:
        supplier = supplier or scene.cast.amphora
        return features(
            supplier_ids=[supplier.id], debtor_id=scene.cast.meridian.id, currency=CURRENCY, as_of=as_of, **more
        )[supplier.id]

    return measure


@pytest.fixture
def sold(scene):
    return lambda ordered, *args, **more: sell(scene.cast.amphora, scene.cast.meridian, ordered, *args, **more)


def claim(scene, number: str, issued: int, gross: int, **more) -> Receivable:
    document = Document.objects.create(
        kind="INVOICE",
        content=b"{}",
        sha256=number.rjust(64, "0"),
        media_type="application/json",
        size=2,
        received_at=NOW,
        received_from="system",
    )
    return Receivable.objects.create(
        supplier=scene.cast.amphora, debtor=scene.cast.meridian, number=number, normalised_number=number,
        fiscal_year=2026, issue_date=TODAY - timedelta(issued), due_date=TODAY + timedelta(60), currency=CURRENCY,
        gross_minor=gross, match="NO_ORDER", document=document, received_at=NOW,
        **({"status": "ACCEPTED", "accepted_at": NOW} | more),
    )  # fmt: skip


def test_a_supplier_without_trade_has_nothing_measured(measure):
    assert measure() == Features(as_of=TODAY)


def test_monthly_amounts_trend_and_volatility_over_rolling_months(measure, sold):
    for month, amount in enumerate((30_000, 20_000, 10_000, 10_000, 10_000, 20_000)):
        sold(month * 30 + 14, amount, received=month * 30 + 10)
    sold(200, 5_000, received=195)
    measured = measure()
    assert (measured.days_of_trade, measured.order_lines, measured.active_months) == (200, 7, 7)
    assert (measured.monthly_delivered_3m_minor, measured.monthly_delivered_6m_minor) == (20_000, 16_666)
    assert measured.trend == Decimal("1.500000")
    assert measured.volatility == Decimal("0.447214")  # sqrt(5/9 x 10^8) / 16,666.67


def test_what_comes_back_lowers_the_month_in_which_it_comes_back(measure, sold):
    sold(100, 90_000, received=95)
    sold(40, 30_000, received=35, returned=5)
    assert measure().monthly_delivered_3m_minor == 0
    assert measure().return_share == Decimal("0.250000")


def test_a_part_that_arrived_counts_in_part(measure, sold):
    sold(100, 1, received=95)
    sold(20, 40_000, received=15, quantity=4, arrived=3)
    assert measure().monthly_delivered_3m_minor == 10_000


def test_trend_and_volatility_wait_for_enough_months(measure, sold):
    sold(100, 30_000, received=60)
    assert measure().trend is None
    assert measure().volatility is not None
    assert measure(as_of=TODAY - timedelta(30)).volatility is None


def test_shares_of_lines(measure, sold):
    for number in range(4):
        sold(90 + number, received=80, late=number == 0, category="kitchen" if number < 3 else "garden")
    sold(100, cancelled=90)
    sold(101)
    measured = measure()
    assert measured.on_time_share == Decimal("0.800000")  # four of the five not cancelled
    assert measured.cancelled_share == Decimal("0.166667")
    assert measured.fulfilled_share == Decimal("0.800000")
    assert measured.top_category_share == Decimal("0.750000")


def test_a_young_order_is_not_yet_unfulfilled(measure, sold):
    sold(44)
    assert measure().fulfilled_share is None
    assert measure(as_of=TODAY + timedelta(2)).fulfilled_share == 0


def test_the_past_is_seen_as_it_was(measure, sold):
    sold(50, received=40, returned=5)
    sold(1)
    before = measure(as_of=TODAY - timedelta(10))
    assert (before.order_lines, before.return_share, before.days_of_trade) == (1, 0, 40)
    assert measure().order_lines == 2
    assert measure(known_at=NOW - timedelta(seconds=1)) == Features(as_of=TODAY)


def test_the_day_ends_where_the_book_is(measure, sold):
    sold(0)
    assert measure(as_of=TODAY - timedelta(1)).order_lines == 0
    # 12:00 UTC is 02:00 of the next day at UTC+14, 00:00 to 24:00 of which is another day.
    assert measure(time_zone="Pacific/Kiritimati").order_lines == 0
    assert measure(as_of=TODAY + timedelta(1), time_zone="Pacific/Kiritimati").order_lines == 1


def test_other_currencies_platforms_and_suppliers_do_not_count(scene, measure, sold):
    sold(10, currency="USD", received=5)
    other = Party.objects.create(kind="PLATFORM", name="Bazaar", country="DE", created_at=NOW)
    sell(scene.cast.amphora, other, 10, received=5)
    sell(scene.cast.bellows, scene.cast.meridian, 10, received=5)
    assert measure() == Features(as_of=TODAY)
    assert measure(scene.cast.bellows).order_lines == 1


def test_receivables_give_accepted_amount_disputes_and_dilution(scene, measure):
    first = claim(scene, "A1", 10, 60_000, deductions_minor=6_000)
    claim(scene, "A2", 100, 46_000)
    claim(scene, "A3", 10, 50_000, accepted_at=None, status="DISPUTED", dispute_reason="Broken")
    claim(scene, "A4", 10, 50_000, accepted_at=None, status="RECEIVED")
    claim(scene, "A5", 400, 50_000)
    CreditNote.objects.create(
        supplier=first.supplier, debtor=first.debtor, receivable=first, number="C1", normalised_number="C1",
        fiscal_year=2026, issue_date=TODAY, currency=CURRENCY, amount_minor=10_000, document=first.document,
        received_at=NOW,
    )  # fmt: skip
    measured = measure()
    assert measured.monthly_accepted_3m_minor == 18_000
    assert measured.dispute_share == Decimal("0.333333")
    assert measured.dilution == Decimal("0.100000")


def test_dilution_is_the_larger_of_credit_notes_and_returns_never_their_sum(scene, measure, sold):
    first = claim(scene, "A1", 10, 100_000)
    CreditNote.objects.create(
        supplier=first.supplier, debtor=first.debtor, receivable=first, number="C1", normalised_number="C1",
        fiscal_year=2026, issue_date=TODAY, currency=CURRENCY, amount_minor=10_000, document=first.document,
        received_at=NOW,
    )  # fmt: skip
    sold(60, 75_000, received=50)
    sold(60, 25_000, received=50, returned=40)
    assert measure().dilution == Decimal("0.250000")


def test_many_suppliers_take_two_statements(scene, django_assert_num_queries):
    suppliers = Party.objects.bulk_create(
        Party(kind="SUPPLIER", name=f"S{number}", country="DE", created_at=NOW) for number in range(50)
    )
    for each in suppliers[:3]:
        sell(each, scene.cast.meridian, 30, received=20)
    past = {suppliers[0].id: PastRepayment(repaid=2, repaid_late=1)}
    with django_assert_num_queries(2):
        measured = features(
            supplier_ids=[each.id for each in suppliers], debtor_id=scene.cast.meridian.id, currency=CURRENCY,
            as_of=TODAY, repayment=past,
        )  # fmt: skip
    assert sum(each.order_lines for each in measured.values()) == 3
    assert measured[suppliers[0].id].late_repayment_share == Decimal("0.5")
    assert len(measured) == 50


def test_noon_of_so_many_days_ago_is_what_the_tests_mean_by_days():
    assert days_ago(1).date() == TODAY - timedelta(1)
