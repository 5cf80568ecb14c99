"""Every code has its words, for both readers."""

from dataclasses import replace
from decimal import Decimal

import pytest

from financing.credit import wording
from financing.credit.rules import borrowing, decide, decision, scoring
from financing.credit.rules.facts import SCORED_FEATURES
from tests.credit.facts import GOOD, POLICY, inputs, receivable


def codes_of(module) -> set[str]:
    outcomes = {"APPROVED", "REFERRED", "DECLINED", "ACCEPTED", "ASSIGNED", "DISPUTED"}
    return {
        value for name, value in vars(module).items() if name.isupper() and isinstance(value, str) and name != "__doc__"
    } - outcomes


@pytest.mark.parametrize("module", [decision, borrowing, scoring])
def test_every_reason_code_has_a_sentence(module):
    for code in codes_of(module) - {"DECLINE"}:
        assert wording.reason(code) != code, code
        assert wording.reason(code, wording.OFFICER).endswith("."), code


def test_every_scored_feature_and_level_has_a_word():
    assert wording.FEATURES.keys() >= SCORED_FEATURES
    for each in POLICY.score:
        for code in (each.unknown.code, *(band.code for band in each.bands)):
            assert code.rsplit("_", 1)[-1] in wording.LEVELS


def test_a_line_of_the_score_reads_as_a_sentence_with_its_value():
    lines = {line.feature: line for line in decide(inputs()).score_lines}
    assert wording.score_line(lines["on_time_share"], "EUR") == "Orders sent in time: 98.0%, very good"
    assert wording.score_line(lines["monthly_delivered_3m_minor"], "EUR", wording.OFFICER) == (
        "Monthly delivered amount, 3 months: EUR\xa01,000.00, strong"
    )
    assert wording.score_line(lines["late_repayment_share"], "EUR") == "Earlier advances repaid late: too early to say"


def test_every_improvement_reads_as_a_sentence():
    weak = replace(GOOD, days_of_trade=95, return_share=Decimal("0.1"), order_lines=12)
    rows = [receivable(number, status=status) for number, status in enumerate(("ACCEPTED", "RECEIVED", "DISPUTED"), 1)]
    for found in decide(inputs(*rows, features=weak)).improvements:
        assert wording.improvement(found, "EUR").endswith("."), found
    thin = decide(inputs(features=replace(GOOD, days_of_trade=50))).improvements
    assert "How long you have been selling: 50 now, 90 needed." in [wording.improvement(each, "EUR") for each in thin]
