"""Daily interest: rounded half-even to the minor unit, with the remainder carried so that nothing is lost."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from financing.schedules import accrue, interest, round_interest

START = date(2026, 3, 2)


def day_by_day(principal: int, rate: Decimal, day_count: str, days: int) -> tuple[int, Decimal]:
    booked, carry = 0, Decimal(0)
    for day in range(days):
        minor, carry = accrue(principal, rate, day_count, START + timedelta(day), START + timedelta(day + 1), carry)
        booked += minor
    return booked, carry


def test_a_day_of_10_000_at_9_percent_on_360_days_is_2_50():
    assert accrue(1_000_000, Decimal("0.09"), "ACT/360", START, START + timedelta(1)) == (250, 0)


def test_the_remainder_of_a_day_is_booked_on_a_later_day():
    # 100.00 at 9 % is 2.5 minor units a day: half-even books 2, then 3.
    first, carry = accrue(10_000, Decimal("0.09"), "ACT/360", START, START + timedelta(1))
    second, rest = accrue(10_000, Decimal("0.09"), "ACT/360", START + timedelta(1), START + timedelta(2), carry)
    assert (first, carry) == (2, Decimal("0.5"))
    assert (second, rest) == (3, 0)


def test_a_small_advance_earns_its_interest_though_no_day_reaches_half_a_cent():
    assert day_by_day(1_000, Decimal("0.09"), "ACT/360", 40)[0] == 10


def test_the_carry_has_no_more_decimals_than_the_column_that_keeps_it():
    _, carry = accrue(333_333, Decimal("0.113"), "ACT/365F", START, START + timedelta(1))
    assert carry.as_tuple().exponent == -12


@given(
    principal=st.integers(0, 10**12),
    rate=st.decimals("0", "1", places=6),
    day_count=st.sampled_from(["ACT/360", "ACT/365F"]),
    days=st.integers(1, 120),
)
def test_days_add_up_to_the_whole_within_one_unit(principal, rate, day_count, days):
    booked, carry = day_by_day(principal, rate, day_count, days)
    whole = interest(principal, rate, day_count, START, START + timedelta(days))
    assert abs(booked - whole) < 1
    assert abs(booked + carry - whole) < Decimal("1E-9")
    assert abs(carry) <= Decimal("0.5")


def test_half_a_minor_unit_is_half_whatever_digits_the_day_count_ends_in():
    assert accrue(1_500_00, Decimal("0.09"), "ACT/360", date(2026, 3, 2), date(2026, 3, 19)) == (638, Decimal("-0.5"))


def test_a_price_of_several_periods_rounds_half_a_minor_unit_as_an_accrual_does():
    first, second, third = date(2026, 3, 12), date(2026, 4, 1), date(2026, 4, 2)
    exact = interest(1_500_00, Decimal("0.09"), "ACT/360", first, second)
    exact += interest(500_00, Decimal("0.09"), "ACT/360", second, third)
    assert exact > Decimal("762.5")  # by the last digit of 20/360
    assert round_interest(exact) == (762, Decimal("0.5"))
