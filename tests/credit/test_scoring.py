"""Points, grade and limit of a supplier."""

from dataclasses import replace
from decimal import Decimal

import pytest

from financing.credit.rules import DEFAULT_BODY, PastRepayment, Policy, limit_of, monthly_amount, score
from tests.credit.facts import GOOD, POLICY, body


def test_a_strong_supplier_is_an_a_and_every_point_has_its_reason():
    scored = score(GOOD, POLICY)
    assert (scored.points, scored.grade) == (97, "A")
    assert {line.feature: (line.points, line.code) for line in scored.lines} == {
        "days_of_trade": (12, "DAYS_OF_TRADE_STRONG"),
        "order_lines": (12, "ORDER_LINES_STRONG"),
        "monthly_delivered_3m_minor": (12, "MONTHLY_DELIVERED_3M_STRONG"),
        "trend": (10, "TREND_STRONG"),
        "volatility": (10, "VOLATILITY_STRONG"),
        "on_time_share": (14, "ON_TIME_SHARE_STRONG"),
        "fulfilled_share": (10, "FULFILLED_SHARE_STRONG"),
        "cancelled_share": (5, "CANCELLED_SHARE_STRONG"),
        "return_share": (5, "RETURN_SHARE_STRONG"),
        "top_category_share": (5, "TOP_CATEGORY_SHARE_STRONG"),
        "late_repayment_share": (2, "LATE_REPAYMENT_SHARE_UNKNOWN"),
    }


@pytest.mark.parametrize(
    ("feature", "worse", "lost"),
    [
        ("days_of_trade", 364, 4),
        ("order_lines", 79, 4),
        ("monthly_delivered_3m_minor", 79_999, 4),
        ("trend", Decimal("0.49"), 10),
        ("volatility", Decimal("1.2"), 10),
        ("on_time_share", Decimal("0.79"), 14),
        ("fulfilled_share", Decimal("0.89"), 10),
        ("cancelled_share", Decimal("0.06"), 5),
        ("return_share", Decimal("0.15"), 5),
        ("top_category_share", Decimal(1), 5),
        ("repayment", PastRepayment(repaid=10, repaid_late=2), 2),
    ],
)
def test_each_weakness_costs_its_own_points(feature, worse, lost):
    assert score(replace(GOOD, **{feature: worse}), POLICY).points == 97 - lost


def test_repaying_in_time_earns_points():
    assert score(replace(GOOD, repayment=PastRepayment(repaid=3)), POLICY).points == 100


@pytest.mark.parametrize(
    ("changed", "reasons"),
    [
        ({"days_of_trade": 89}, ("THIN_HISTORY_DAYS",)),
        ({"order_lines": 9}, ("THIN_HISTORY_LINES",)),
        ({"days_of_trade": 1, "order_lines": 1}, ("THIN_HISTORY_DAYS", "THIN_HISTORY_LINES")),
    ],
)
def test_a_thin_history_is_not_scored_however_good_it_looks(changed, reasons):
    scored = score(replace(GOOD, **changed), POLICY)
    assert (scored.points, scored.grade, scored.lines, scored.reasons) == (0, "", (), reasons)
    assert limit_of(GOOD, scored.grade, POLICY) == 0


def test_ninety_days_and_ten_lines_are_enough_to_be_scored():
    assert score(replace(GOOD, days_of_trade=90, order_lines=10), POLICY).grade != ""


def test_the_limit_is_the_grade_s_multiple_of_the_lower_average():
    assert monthly_amount(GOOD) == 90_000
    assert limit_of(GOOD, "A", POLICY) == 180_000
    assert limit_of(GOOD, "B", POLICY) == 135_000
    assert limit_of(replace(GOOD, monthly_delivered_3m_minor=33_333), "B", POLICY) == 49_999
    assert limit_of(GOOD, "E", POLICY) == 0


def test_no_limit_is_above_the_policy_s_maximum():
    capped = Policy.from_body(body(amounts={"max_limit_minor": 100_000}))
    assert limit_of(GOOD, "A", capped) == 100_000


def test_grades_change_exactly_at_their_points():
    assert [POLICY.grade_at(points).grade for points in (78, 77, 66, 65, 54, 53, 42, 41, 0)] == list("ABBCCDDEE")


def test_a_policy_may_refer_thin_histories_on_the_terms_of_a_grade():
    policy = Policy.from_body(body(thin_history={"authority": "REFER"}))
    assert DEFAULT_BODY["thin_history"]["terms_of"] == "D"
    assert limit_of(GOOD, "", policy) == 45_000
