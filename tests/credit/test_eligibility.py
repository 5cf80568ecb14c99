"""Which receivables count, at the very edge of each threshold."""

from datetime import timedelta

import pytest

from financing.credit.rules import DebtorAge, Policy, eligibility
from tests.credit.facts import FACILITY, body, inputs, receivable
from tests.world import TODAY


def days(number: int):
    return TODAY + timedelta(number)


def reasons(**changed) -> tuple[str, ...]:
    return eligibility(receivable(**changed), inputs())


def test_an_accepted_receivable_counts():
    assert reasons() == ()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"status": "RECEIVED"}, ("NOT_ACCEPTED",)),
        ({"status": "CANCELLED"}, ("NOT_ACCEPTED",)),
        ({"status": "SETTLED"}, ("NOT_ACCEPTED",)),
        ({"status": "DISPUTED"}, ("IN_DISPUTE",)),
        ({"status": "ASSIGNED", "assigned_facility_id": 8}, ("NOT_AVAILABLE_AS_SECURITY",)),
        ({"currency": "USD"}, ("OTHER_CURRENCY",)),
        ({"open_minor": 0}, ("NOTHING_OPEN",)),
        ({"settling_minor": 10_000}, ("NOTHING_OPEN",)),
        ({"settling_minor": 1}, ("NOTHING_OPEN",)),
        ({"goods_received_date": days(-6)}, ("IN_RETURN_WINDOW",)),
        ({"goods_received_date": days(-7)}, ()),
        ({"goods_received_date": None, "issue_date": days(-6)}, ("IN_RETURN_WINDOW",)),
        ({"issue_date": days(-121)}, ("TOO_OLD",)),
        ({"issue_date": days(-120)}, ()),
        ({"due_date": days(1)}, ("DUE_TOO_SOON",)),
        ({"due_date": days(2)}, ()),
        ({"due_date": days(90)}, ()),
        ({"due_date": days(91)}, ("DUE_TOO_LATE",)),
        ({"due_date": days(-16)}, ("PAST_DUE", "DUE_TOO_SOON")),
        ({"status": "RECEIVED", "currency": "USD"}, ("NOT_ACCEPTED", "OTHER_CURRENCY")),
    ],
)
def test_thresholds_are_exact(changed, expected):
    assert reasons(**changed) == expected


@pytest.mark.parametrize(("due", "expected"), [(-15, ()), (-16, ("PAST_DUE",)), (1, ()), (91, ())])
def test_what_is_assigned_here_stays_until_it_is_too_long_past_due(due, expected):
    assert reasons(status="ASSIGNED", assigned_facility_id=FACILITY, due_date=days(due)) == expected


def test_the_programme_s_tenor_holds_where_it_is_shorter():
    assert eligibility(receivable(due_date=days(31)), inputs(max_tenor_days=30)) == ("DUE_TOO_LATE",)


@pytest.mark.parametrize(("aged", "expected"), [(1_000, ()), (1_001, ("DEBTOR_CROSS_AGED",))])
def test_a_debtor_with_more_than_a_tenth_past_due_is_not_financed(aged, expected):
    assert eligibility(receivable(), inputs(debtor=DebtorAge(10_000, aged))) == expected


def test_thresholds_are_the_policy_s():
    strict = Policy.from_body(body(eligibility={"return_window_days": 30}))
    assert eligibility(receivable(), inputs(policy=strict)) == ("IN_RETURN_WINDOW",)
