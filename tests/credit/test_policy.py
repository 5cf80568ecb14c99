"""A policy is data that is checked for every fault and comes back as it was."""

import copy
import json

import pytest

from financing.credit.rules import DEFAULT_BODY, Policy, PolicyFaults, content_hash
from tests.credit.facts import body


def faults_of(wrong: dict) -> list[str]:
    with pytest.raises(PolicyFaults) as refusal:
        Policy.from_body(wrong)
    return [str(each) for each in refusal.value.faults]


def test_a_body_comes_back_exactly_as_it_was_also_through_json():
    assert Policy.from_body(json.loads(json.dumps(DEFAULT_BODY))).to_body() == DEFAULT_BODY


def test_equal_bodies_have_one_hash_whatever_the_order_of_their_keys():
    turned = dict(reversed(DEFAULT_BODY.items()))
    assert content_hash(turned) == content_hash(DEFAULT_BODY) == content_hash(Policy.from_body(turned))


def test_the_points_of_the_default_policy_add_up_to_100():
    assert sum(each.max_points for each in Policy.from_body(DEFAULT_BODY).score) == 100


def test_all_faults_of_shape_are_told_at_once():
    wrong = copy.deepcopy(DEFAULT_BODY)
    del wrong["reserves"]
    wrong["surprise"] = 1
    wrong["amounts"]["min_draw_minor"] = "20"
    wrong["eligibility"]["cross_age_share"] = 0.1
    wrong["grades"][0]["advance_rate"] = "NaN"
    wrong["score"][0]["bands"] = {}
    assert faults_of(wrong) == [
        "reserves is missing.",
        "surprise is not known.",
        "eligibility.cross_age_share is not a decimal as text.",
        "score[0].bands is not a list.",
        "grades[0].advance_rate is not a decimal as text.",
        "amounts.min_draw_minor is not a whole number.",
    ]


def test_all_faults_of_meaning_are_told_at_once():
    wrong = copy.deepcopy(DEFAULT_BODY)
    wrong["eligibility"]["max_days_past_due"] = -1
    wrong["reserves"]["dilution_free_share"] = "1.5"
    wrong["score"][0]["feature"] = "zodiac"
    wrong["score"][1]["bands"].reverse()
    wrong["grades"][1]["advance_rate"] = "1.2"
    wrong["grades"][2]["authority"] = "PERHAPS"
    wrong["thin_history"] |= {"authority": "AUTOMATIC", "terms_of": "Z"}
    wrong["amounts"]["min_draw_minor"] = 0
    assert faults_of(wrong) == [
        "eligibility.max_days_past_due is not between 0 and 3650 days.",
        "reserves.dilution_free_share is not between 0 and 1.",
        "score: zodiac is no feature that can be scored.",
        "score.order_lines: the bands are empty or do not rise.",
        "grades.B: advance_rate is not between 0 and 1.",
        "grades.C: authority is not AUTOMATIC, REFER or DECLINE.",
        "thin_history.terms_of names no grade.",
        "thin_history.authority is not REFER or DECLINE: a thin history is never decided as good.",
        "amounts.min_draw_minor is zero.",
    ]


@pytest.mark.parametrize("wrong", [None, [], "policy", 7])
def test_what_is_no_object_is_no_policy(wrong):
    assert faults_of(wrong) == ["body is not an object."]


def test_grades_must_fall_to_one_that_takes_everybody():
    assert faults_of(body(grades=DEFAULT_BODY["grades"][:-1])) == [
        "grades are not ordered from the best, down to one that begins at 0 points."
    ]
    assert "grades are not ordered" in faults_of(body(grades=[]))[0]


def test_what_no_table_could_keep_is_refused_as_a_fault():
    wrong = copy.deepcopy(DEFAULT_BODY)
    wrong["score"][0]["bands"][3]["points"] = 10**9
    wrong["score"][1]["unknown"]["code"] = "A\0B"
    wrong["grades"][0]["grade"] = "A\0"
    wrong["amounts"] |= {"max_limit_minor": 10**30, "due_grace_days": 10**6}
    assert faults_of(wrong) == [
        "score.days_of_trade: points are not between 0 and 1000.",
        "score.order_lines: a reason code is not made of capitals, digits and underscores.",
        "grades: a name is used twice, or is not a capital, alone or with a digit or sign after it.",
        "amounts.max_limit_minor is not between 0 and 1000000000000000.",
        "amounts.due_grace_days is not between 0 and 3650.",
    ]
