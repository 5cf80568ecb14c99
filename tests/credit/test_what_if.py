"""What would raise the limit: each figure is that of the same decision with one fact changed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from financing.credit.rules import decide, gains
from tests.credit.facts import GOOD, inputs, receivable
from tests.world import TODAY


def gain(known, code, feature=""):
    found = [g for g in gains(known, decide(known)) if g.improvement.code == code]
    return next((g for g in found if not feature or g.improvement.feature == feature), None)


def test_what_waits_for_acceptance_adds_what_it_would_carry():
    known = inputs(receivable(1, 10_000), receivable(2, 4_000, status="RECEIVED"))
    accepted = inputs(receivable(1, 10_000), receivable(2, 4_000, status="ACCEPTED"))
    more = decide(accepted).base.available_minor - decide(known).base.available_minor
    assert more > 0
    assert gain(known, "GET_ACCEPTED").available_minor == more


def test_what_can_still_be_returned_adds_what_it_would_carry_when_the_window_closes():
    early = receivable(2, 4_000, goods_received_date=TODAY, issue_date=TODAY)
    known = inputs(receivable(1, 10_000), early)
    assert decide(known).base.lines[1].reasons == ("IN_RETURN_WINDOW",)
    later = inputs(receivable(1, 10_000), replace(early, goods_received_date=TODAY - timedelta(60)))
    more = decide(later).base.available_minor - decide(known).base.available_minor
    assert gain(known, "WAIT_RETURN_WINDOW").available_minor == more > 0


def test_dilution_above_what_is_free_tells_what_bringing_it_down_would_add():
    known = inputs(
        receivable(1, 100_000), features=replace(GOOD, dilution=Decimal("0.09"), return_share=Decimal("0.01"))
    )
    found = gain(known, "LOWER_FEATURE", "dilution")
    assert decide(known).base.reserve_minor > 0
    assert found.improvement.wanted == known.policy.reserves.dilution_free_share
    assert found.available_minor == decide(known).base.reserve_minor


def test_the_figures_come_largest_first_and_are_never_below_nothing():
    known = inputs(
        receivable(1, 10_000),
        receivable(2, 4_000, status="RECEIVED"),
        features=replace(GOOD, on_time_share=Decimal("0.7")),
    )
    found = gains(known, decide(known))
    assert [g.available_minor for g in found] == sorted((g.available_minor for g in found), reverse=True)
    assert min(g.limit_minor for g in found) >= 0
