"""Approve, refer, decline: each reason alone, the deciding one first, and the price of what is approved."""

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from financing.credit.rules import DebtorAge, Inputs, Policy, Position, Result, canonical_json, decide
from tests.credit.facts import FACILITY, GOOD, POLICY, body, inputs, receivable
from tests.world import TODAY


def outcome(*receivables, **changed) -> tuple:
    result = decide(inputs(*receivables, **changed))
    return result.outcome, *result.reasons


def test_an_ordinary_request_is_approved_at_once():
    result = decide(inputs(receivable(1, 10_000), receivable(2, 10_000), asked_minor=12_000))
    assert (result.outcome, result.reasons, result.grade, result.points) == ("APPROVED", ("WITHIN_AUTHORITY",), "A", 97)
    assert (result.limit_minor, result.base.available_minor, result.security_ids) == (180_000, 18_000, (1, 2))


def test_the_price_of_an_approved_request():
    soon, later = receivable(1, 10_000, due_date=TODAY + timedelta(20)), receivable(2, 10_000)
    terms = decide(inputs(soon, later, asked_minor=12_000)).terms
    # 9 % on 360 days: 120.00 for 20 days are 60 minor units; then 20.00 for ten more are 5. Fee 30 bp is below 0.50.
    assert (terms.annual_rate, terms.day_count) == (Decimal("0.09"), "ACT/360")
    assert (terms.fee_minor, terms.interest_minor, terms.total_cost_minor) == (50, 65, 115)
    assert terms.expected_settlement_date == TODAY + timedelta(30)
    assert terms.due_date == TODAY + timedelta(35)


def test_the_fee_is_the_grade_s_basis_points_above_the_minimum():
    assert decide(inputs(receivable(1, 100_000), asked_minor=50_000)).terms.fee_minor == 150


def test_what_was_quoted_stands():
    quoted = decide(inputs()).terms
    dearer = Policy.from_body(body(amounts={"min_fee_minor": 900}))
    assert decide(inputs(policy=dearer)).terms.fee_minor == 900
    assert decide(inputs(policy=dearer, quoted=quoted)).terms == quoted


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"is_admitted": False}, "SUPPLIER_NOT_ADMITTED"),
        ({"verification_expires_on": None}, "VERIFICATION_NOT_VALID"),
        ({"verification_expires_on": TODAY - timedelta(1)}, "VERIFICATION_NOT_VALID"),
        ({"is_active": False}, "FACILITY_NOT_ACTIVE"),
        ({"position": Position(days_overdue=1)}, "ADVANCE_OVERDUE"),
        ({"features": replace(GOOD, days_of_trade=89)}, "THIN_HISTORY_DAYS"),
        ({"features": replace(GOOD, order_lines=9)}, "THIN_HISTORY_LINES"),
        ({"receivables": (receivable(status="RECEIVED"),)}, "NO_ELIGIBLE_RECEIVABLE"),
        ({"debtor": DebtorAge(100, 11)}, "NO_ELIGIBLE_RECEIVABLE"),
        ({"asked_minor": 1_999}, "BELOW_MINIMUM"),
        ({"asked_minor": 9_001}, "ABOVE_BASE"),
        ({"position": Position(principal_minor=4_001)}, "ABOVE_BASE"),
        ({"features": replace(GOOD, monthly_delivered_3m_minor=2_499)}, "ABOVE_LIMIT"),
    ],
)
def test_each_ground_declines_by_itself(changed, reason):
    assert outcome(**changed) == ("DECLINED", reason)


def test_kyb_holds_on_its_last_day():
    assert outcome(verification_expires_on=TODAY) == ("APPROVED", "WITHIN_AUTHORITY")


WEAK = replace(
    GOOD, days_of_trade=100, order_lines=12, monthly_delivered_3m_minor=20_000, monthly_delivered_6m_minor=20_000,
    volatility=Decimal(1), trend=None, top_category_share=Decimal(1),
)  # fmt: skip


def test_a_grade_below_authority_is_referred_with_the_same_facts():
    result = decide(inputs(features=WEAK))
    assert (result.points, result.grade, result.outcome, result.reasons) == (48, "D", "REFERRED", ("GRADE_REFERRED",))
    assert (result.limit_minor, result.base.available_minor, result.security_ids) == (10_000, 7_000, (1,))
    assert result.terms.annual_rate == Decimal("0.18")


def test_the_last_grade_is_declined_for_the_grade_and_not_for_the_limit_that_follows_from_it():
    poor = replace(WEAK, on_time_share=Decimal("0.5"), fulfilled_share=Decimal("0.8"))
    assert outcome(features=poor) == ("DECLINED", "GRADE_DECLINED")


def test_amount_and_exposure_above_authority_are_referred():
    policy = Policy.from_body(body(authority={"max_amount_minor": 5_000, "max_exposure_minor": 7_000}))
    assert outcome(policy=policy, asked_minor=5_000) == ("APPROVED", "WITHIN_AUTHORITY")
    assert outcome(policy=policy, asked_minor=5_001) == ("REFERRED", "AMOUNT_ABOVE_AUTHORITY")
    owing = Position(principal_minor=2_001)
    assert outcome(policy=policy, position=owing) == ("REFERRED", "EXPOSURE_ABOVE_AUTHORITY")


def test_a_ground_to_decline_outweighs_a_ground_to_refer():
    assert outcome(features=WEAK, is_active=False) == ("DECLINED", "FACILITY_NOT_ACTIVE", "GRADE_REFERRED")


def test_what_cannot_be_carried_has_no_security_and_no_price():
    result = decide(inputs(asked_minor=9_001))
    assert (result.security_ids, result.terms) == ((), None)


def test_what_would_raise_the_limit_is_told_with_figures_and_the_largest_first():
    lifted = replace(GOOD, days_of_trade=170, on_time_share=Decimal("0.85"), order_lines=30, trend=Decimal("0.7"))
    result = decide(inputs(features=lifted))
    assert (result.points, result.grade, result.limit_minor) == (66, "B", 135_000)
    best = result.improvements[0]
    assert (best.code, best.feature, best.now, best.wanted, best.gain_minor) == (
        "SELL_MORE", "monthly_amount", 90_000, 99_000, 13_500,
    )  # fmt: skip
    told = {each.feature: each for each in result.improvements}
    assert (told["on_time_share"].code, told["on_time_share"].wanted, told["on_time_share"].points) == (
        "RAISE_FEATURE", Decimal("0.90"), 5,
    )  # fmt: skip


def test_one_step_that_lifts_the_grade_tells_the_limit_it_brings():
    near = replace(GOOD, days_of_trade=170, order_lines=30, trend=Decimal("0.7"), volatility=Decimal("0.6"))
    result = decide(inputs(features=near))
    assert (result.points, result.grade) == (72, "B")
    nearer = replace(near, days_of_trade=364)
    result = decide(inputs(features=nearer))
    assert (result.points, result.grade) == (76, "B")
    assert result.improvements[0].feature == "days_of_trade"
    assert (result.improvements[0].grade, result.improvements[0].gain_minor) == ("A", 45_000)


def test_where_less_is_better_the_value_to_come_below_is_told():
    result = decide(inputs(features=replace(GOOD, return_share=Decimal("0.10"))))
    told = next(each for each in result.improvements if each.feature == "return_share")
    assert (told.code, told.now, told.wanted, told.points) == ("LOWER_FEATURE", Decimal("0.10"), Decimal("0.08"), 2)


def test_invoices_that_wait_are_told_with_what_they_would_bring():
    result = decide(inputs(receivable(1), receivable(2, 4_000, status="RECEIVED")))
    told = next(each for each in result.improvements if each.code == "GET_ACCEPTED")
    assert (told.wanted, told.gain_minor) == (4_000, 3_600)


shares = st.none() | st.decimals("0", "2", places=6)
features = st.builds(
    replace,
    st.just(GOOD),
    days_of_trade=st.integers(0, 2_000),
    order_lines=st.integers(0, 5_000),
    monthly_delivered_3m_minor=st.integers(0, 10**9),
    monthly_delivered_6m_minor=st.integers(0, 10**9),
    trend=shares,
    volatility=shares,
    return_share=shares,
    cancelled_share=shares,
    on_time_share=shares,
    dilution=shares,
)
anything = st.builds(
    lambda rows, features, **changed: inputs(*rows, features=features, **changed),
    rows=st.lists(
        st.builds(
            receivable,
            number=st.integers(1, 99),
            open_minor=st.integers(0, 10**8),
            status=st.sampled_from(["ACCEPTED", "RECEIVED", "DISPUTED"]),
            due_date=st.dates(date(2026, 1, 1), date(2026, 9, 1)),
            assigned_facility_id=st.sampled_from([None, FACILITY, 8]),
            goods_received_date=st.none() | st.dates(date(2026, 1, 1), date(2026, 3, 2)),
        ),
        max_size=5,
        unique_by=lambda each: each.id,
    ),
    features=features,
    position=st.builds(Position, principal_minor=st.integers(0, 10**7), charges_minor=st.integers(0, 10**4)),
    asked_minor=st.integers(0, 10**8),
    debtor=st.builds(DebtorAge, open_minor=st.integers(0, 100), aged_minor=st.integers(0, 100)),
)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a machine may be busy
@given(anything)
def test_inputs_and_result_come_back_from_json_exactly_and_decide_the_same(given_inputs):
    again = Inputs.from_json(json.loads(canonical_json(given_inputs.to_json())), given_inputs.policy)
    assert again == given_inputs
    assert again.hash == given_inputs.hash
    result = decide(given_inputs)
    assert canonical_json(decide(again)) == canonical_json(result)
    assert Result.from_json(json.loads(canonical_json(result))) == result


@settings(suppress_health_check=[HealthCheck.too_slow])  # a machine may be busy
@given(anything)
def test_nothing_is_approved_beyond_limit_base_or_authority(given_inputs):
    result = decide(given_inputs)
    if result.outcome == "DECLINED":
        return
    owed = given_inputs.position.exposure_minor + given_inputs.asked_minor
    assert owed <= result.limit_minor
    assert owed <= result.base.base_minor
    assert result.grade in ("A", "B", "C", "D")
    assert given_inputs.features.days_of_trade >= 90
    assert given_inputs.features.order_lines >= 10
    if result.outcome == "APPROVED":
        assert result.grade != "D"
        assert given_inputs.asked_minor <= POLICY.authority.max_amount_minor


def test_two_inputs_that_differ_in_a_cent_have_two_hashes():
    assert inputs(asked_minor=5_000).hash != inputs(asked_minor=5_001).hash
