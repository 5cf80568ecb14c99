"""The borrowing base: exact in worked examples, and never more than limit, reserves and rounding allow."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from financing.credit.rules import Position, borrowing_base, choose_security
from tests.credit.facts import FACILITY, GOOD, POLICY, inputs, receivable
from tests.world import TODAY

A = POLICY.terms_of("A")


def base_of(*receivables, limit=1_000_000, terms=A, **changed):
    return borrowing_base(inputs(*receivables, **changed), terms, limit)


def test_ninety_percent_of_what_is_eligible_less_what_is_owed():
    base = base_of(
        receivable(1, 10_000), receivable(2, 5_555), receivable(3, 99_999, status="DISPUTED"),
        position=Position(principal_minor=2_000, reserved_minor=300, charges_minor=45),
    )  # fmt: skip
    assert (base.eligible_minor, base.gross_minor, base.reserve_minor) == (15_555, 13_999, 0)
    assert (base.base_minor, base.exposure_minor, base.available_minor) == (13_999, 2_345, 11_654)
    assert [line.reasons for line in base.lines] == [(), (), ("IN_DISPUTE",)]


def test_dilution_beyond_five_percent_is_reserved():
    base = base_of(receivable(1, 10_000), features=replace(GOOD, dilution=Decimal("0.085")))
    # 10,000 x (0.90 - 0.035)
    assert (base.gross_minor, base.reserve_minor, base.base_minor) == (9_000, 350, 8_650)
    assert base_of(receivable(1, 10_000), features=replace(GOOD, dilution=Decimal("0.05"))).reserve_minor == 0


def test_the_limit_caps_the_base():
    assert base_of(receivable(1, 10_000), limit=4_000).available_minor == 4_000


def test_what_is_assigned_here_stays_in_the_base_and_what_is_being_paid_leaves_it():
    base = base_of(
        receivable(1, 10_000, status="ASSIGNED", assigned_facility_id=FACILITY, settling_minor=4_000),
        receivable(2, 10_000, status="ASSIGNED", assigned_facility_id=8),
    )
    assert base.eligible_minor == 6_000


def test_owing_more_than_the_base_leaves_nothing_and_shows_the_deficiency():
    base = base_of(receivable(1, 1_000), position=Position(principal_minor=1_500))
    assert (base.available_minor, base.deficiency_minor) == (0, 600)


def test_the_oldest_due_secure_an_amount_and_no_more_than_it_takes():
    soon, later, last = (receivable(number, 10_000, due_date=TODAY + timedelta(10 * number)) for number in (1, 2, 3))
    base = base_of(last, soon, later)
    assert choose_security(base, 9_000) == (1,)
    assert choose_security(base, 9_001) == (1, 2)
    assert choose_security(base, 27_000) == (1, 2, 3)


def test_what_a_quote_named_comes_first():
    soon, later = (receivable(number, 10_000, due_date=TODAY + timedelta(10 * number)) for number in (1, 2))
    assert choose_security(base_of(soon, later), 5_000, preferred=[2]) == (2,)


def test_surplus_of_what_is_assigned_already_secures_a_further_amount():
    pledged = receivable(1, 10_000, status="ASSIGNED", assigned_facility_id=FACILITY)
    base = base_of(pledged, receivable(2, 10_000), position=Position(principal_minor=4_000))
    assert choose_security(base, 5_000) == ()
    assert choose_security(base, 5_001) == (2,)


receivables = st.lists(
    st.builds(
        receivable,
        number=st.integers(1, 10**6),
        open_minor=st.integers(0, 10**9),
        settling_minor=st.integers(0, 10**6),
        status=st.sampled_from(["ACCEPTED", "RECEIVED", "DISPUTED"]),
        due_date=st.dates(TODAY - timedelta(40), TODAY + timedelta(120)),
        assigned_facility_id=st.sampled_from([None, FACILITY, 8]),
    ),
    max_size=8,
    unique_by=lambda each: each.id,
)
positions = st.builds(
    Position,
    principal_minor=st.integers(0, 10**9),
    reserved_minor=st.integers(0, 10**6),
    charges_minor=st.integers(0, 10**5),
)
dilutions = st.none() | st.decimals("0", "1", places=6)
grades = st.sampled_from(POLICY.grades)
limits = st.integers(0, 10**9)


def any_base(rows, position, dilution, terms, limit):
    return borrowing_base(
        inputs(receivable(), position=position, features=replace(GOOD, dilution=dilution), receivables=tuple(rows)),
        terms,
        limit,
    )


@settings(suppress_health_check=[HealthCheck.too_slow])  # a machine may be busy
@given(receivables, positions, dilutions, grades, limits)
def test_availability_is_never_above_limit_or_base_less_exposure(rows, position, dilution, terms, limit):
    base = any_base(rows, position, dilution, terms, limit)
    exposure = position.principal_minor + position.reserved_minor + position.charges_minor
    assert 0 <= base.available_minor <= max(0, limit - exposure)
    assert base.available_minor <= max(0, base.base_minor - exposure)


@given(receivables, positions, dilutions, grades, limits)
def test_no_rounding_is_ever_in_favour_of_lending(rows, position, dilution, terms, limit):
    base = any_base(rows, position, dilution, terms, limit)
    exact = base.eligible_minor * max(Decimal(0), terms.advance_rate - base.reserve_share)
    assert exact - 1 < base.base_minor <= exact
    assert base.gross_minor - base.reserve_minor == base.base_minor
    assert base.reserve_minor >= 0


@given(receivables, positions, dilutions, grades, limits, st.integers(1, 10**9))
def test_one_more_receivable_never_makes_less_available(rows, position, dilution, terms, limit, more):
    before = any_base(rows, position, dilution, terms, limit)
    after = any_base([*rows, receivable(2 * 10**6, more)], position, dilution, terms, limit)
    assert after.available_minor >= before.available_minor


@given(receivables, positions, dilutions, grades, limits, st.decimals("0", "0.5", places=6))
def test_more_dilution_never_makes_more_available(rows, position, dilution, terms, limit, more):
    before = any_base(rows, position, dilution, terms, limit)
    after = any_base(rows, position, (dilution or Decimal(0)) + more, terms, limit)
    assert after.available_minor <= before.available_minor


@given(receivables, positions, dilutions, grades, limits, st.data())
def test_the_chosen_security_carries_exposure_and_amount_with_none_to_spare(
    rows, position, dilution, terms, limit, data
):
    base = any_base(rows, position, dilution, terms, limit)
    amount = data.draw(st.integers(0, base.available_minor))
    chosen = choose_security(base, amount)
    lines = {line.receivable_id: line for line in base.lines}
    assert all(lines[each].is_eligible and not lines[each].is_assigned_here for each in chosen)

    def carried(ids) -> Decimal:
        pledged = sum(line.counted_minor for line in base.lines if line.is_eligible and line.is_assigned_here)
        return (pledged + sum(lines[each].counted_minor for each in ids)) * base.lending_share

    if amount:
        assert carried(chosen) >= base.exposure_minor + amount
    if chosen:
        assert carried(chosen[:-1]) < base.exposure_minor + amount
