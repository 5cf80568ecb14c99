"""Who gets what of a receipt."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financing.schedules import Allocation, Debt, waterfall

MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)
OLD = Debt(1, MARCH, fees_minor=100, interest_minor=200, principal_minor=1_000)
SECURED = Debt(2, MAY, fees_minor=50, interest_minor=20, principal_minor=500)
LATER = Debt(3, APRIL, fees_minor=0, interest_minor=0, principal_minor=400)


def test_the_advance_secured_by_what_was_settled_comes_first_then_the_oldest_due():
    assert waterfall(2_000, [LATER, OLD, SECURED], first={2}) == (
        [Allocation(2, 50, 20, 500), Allocation(1, 100, 200, 1_000), Allocation(3, 0, 0, 130)],
        0,
    )


def test_within_an_advance_fees_penalty_interest_principal():
    debt = Debt(1, MARCH, fees_minor=10, penalty_minor=20, interest_minor=30, principal_minor=40)
    assert waterfall(5, [debt]) == ([Allocation(1, 5, 0, 0)], 0)
    assert waterfall(25, [debt]) == ([Allocation(1, 10, 0, 0, penalty_minor=15)], 0)
    assert waterfall(45, [debt]) == ([Allocation(1, 10, 15, 0, penalty_minor=20)], 0)
    assert waterfall(75, [debt]) == ([Allocation(1, 10, 30, 15, penalty_minor=20)], 0)


def test_what_nobody_owes_remains():
    assert waterfall(3_000, [OLD, SECURED, LATER])[1] == 3_000 - 2_270
    assert waterfall(70, []) == ([], 70)


def test_a_debt_that_gets_nothing_is_left_out():
    assert [each.id for each in waterfall(1_300, [OLD, LATER])[0]] == [1]


def test_a_negative_receipt_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        waterfall(-1, [OLD])


amounts = st.integers(0, 10**9)
debts = st.lists(
    st.builds(
        Debt,
        id=st.integers(1, 50),
        due_date=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        fees_minor=amounts,
        interest_minor=amounts,
        principal_minor=amounts,
        penalty_minor=amounts,
    ),
    max_size=8,
    unique_by=lambda debt: debt.id,
)


@given(receipt=st.integers(0, 10**10), debts=debts, first=st.sets(st.integers(1, 50), max_size=4))
def test_every_unit_is_allocated_or_remains_and_nobody_pays_more_than_is_owed(receipt, debts, first):
    allocations, remainder = waterfall(receipt, debts, first)
    assert sum(each.total_minor for each in allocations) + remainder == receipt
    owed = {debt.id: debt for debt in debts}
    for each in allocations:
        debt = owed[each.id]
        assert 0 <= each.fees_minor <= debt.fees_minor
        assert 0 <= each.penalty_minor <= debt.penalty_minor
        assert 0 <= each.interest_minor <= debt.interest_minor
        assert 0 <= each.principal_minor <= debt.principal_minor


@given(receipt=st.integers(0, 10**10), debts=debts, first=st.sets(st.integers(1, 50), max_size=4))
def test_only_the_last_that_gets_something_is_paid_in_part(receipt, debts, first):
    allocations, remainder = waterfall(receipt, debts, first)
    owed = {debt.id: debt for debt in debts}

    def whole(debt):
        return debt.fees_minor + debt.penalty_minor + debt.interest_minor + debt.principal_minor

    for each in allocations[:-1]:
        assert each.total_minor == whole(owed[each.id])
    if remainder:
        assert sum(each.total_minor for each in allocations) == sum(whole(debt) for debt in debts)
    order = [(each.id not in first, owed[each.id].due_date, each.id) for each in allocations]
    assert order == sorted(order)
