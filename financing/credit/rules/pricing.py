"""What an amount costs until the debtor has settled what secures it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from financing import schedules
from financing.credit.rules.borrowing import Base, BaseLine
from financing.credit.rules.inputs import Inputs, Terms
from financing.credit.rules.policy import GradeTerms, Policy
from portal.shared.money import round_half_even


def price(inputs: Inputs, grade_terms: GradeTerms, base: Base, security_ids: Sequence[int]) -> Terms:
    """Price of the amount asked for, lent on the business date and repaid as its security falls due.

    Where nothing new is assigned, what is assigned already repays it.
    """
    annual_rate = grade_terms.annual_rate
    fee_minor = fee_of(inputs.policy, grade_terms, inputs.asked_minor)
    chosen = frozenset(security_ids)
    own = [line for line in base.lines if line.receivable_id in chosen]
    repaying = own or [line for line in base.lines if line.is_eligible and line.is_assigned_here]
    interest = Decimal(0)
    outstanding_minor, since = inputs.asked_minor, inputs.business_date
    for line in sorted(repaying, key=_by_due):
        until = max(line.due_date, since)
        interest += schedules.interest(outstanding_minor, annual_rate, inputs.day_count, since, until)
        outstanding_minor, since = outstanding_minor - line.counted_minor, until
        if outstanding_minor <= 0:
            break
    interest_minor, _ = schedules.round_interest(interest)
    return Terms(
        annual_rate=annual_rate, day_count=inputs.day_count, fee_minor=fee_minor, interest_minor=interest_minor,
        total_cost_minor=fee_minor + interest_minor, expected_settlement_date=since,
        due_date=since + timedelta(days=inputs.policy.amounts.due_grace_days),
    )  # fmt: skip


def fee_of(policy: Policy, grade_terms: GradeTerms, amount_minor: int) -> int:
    """The one-off fee: basis points of the amount, half-even, and no less than the policy's minimum."""
    return max(policy.amounts.min_fee_minor, round_half_even(Decimal(amount_minor * grade_terms.fee_bp).scaleb(-4)))


def _by_due(line: BaseLine) -> tuple[date, int]:
    return line.due_date, line.receivable_id
