"""What is known when it is decided: of the supplier's trade, its receivables and its facility."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

ACCEPTED, ASSIGNED, DISPUTED = "ACCEPTED", "ASSIGNED", "DISPUTED"
"""States of a receivable that the rules tell apart."""


@dataclass(frozen=True, slots=True)
class PastRepayment:
    """How a supplier's earlier advances went: counts."""

    repaid: int = 0
    repaid_late: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Features:
    """A supplier's trade with one debtor in one currency, at the end of the business date `as_of`.

    Months are rolling windows of 30 days. Monthly amounts in minor units, rounded down: `delivered` is what the debtor
    received, less what it sent back; `accepted` is the net amount of the receivables that it accepted. Shares are
    between 0 and 1; None where there is nothing to measure.

    trend                    delivered in the last 90 days / in the 90 days before
    volatility               standard deviation / mean of the last six months' delivered amounts
    return_share             returned / delivered amount, 12 months
    dispute_share            receivables in dispute / accepted or disputed, 12 months
    cancelled_share          cancelled / ordered lines, 12 months
    on_time_share            despatched in time / lines that were to be despatched by now, 12 months
    fulfilled_share          received / lines ordered more than 45 days ago and not cancelled, 12 months
    top_category_share       largest category's share of the delivered amount, 12 months
    dilution                 credit notes and returns / sales, 12 months
    late_repayment_share     advances repaid late or overdue / advances repaid or overdue
    """

    as_of: date
    days_of_trade: int = 0
    order_lines: int = 0
    active_months: int = 0
    monthly_delivered_3m_minor: int = 0
    monthly_delivered_6m_minor: int = 0
    monthly_accepted_3m_minor: int = 0
    trend: Decimal | None = None
    volatility: Decimal | None = None
    return_share: Decimal | None = None
    dispute_share: Decimal | None = None
    cancelled_share: Decimal | None = None
    on_time_share: Decimal | None = None
    fulfilled_share: Decimal | None = None
    top_category_share: Decimal | None = None
    dilution: Decimal | None = None
    repayment: PastRepayment = field(default_factory=PastRepayment)

    @property
    def late_repayment_share(self) -> Decimal | None:
        ended = self.repayment.repaid + self.repayment.overdue
        return Decimal(self.repayment.repaid_late + self.repayment.overdue) / ended if ended else None


SCORED_FEATURES = frozenset(
    {
        "days_of_trade", "order_lines", "active_months", "monthly_delivered_3m_minor", "monthly_delivered_6m_minor",
        "monthly_accepted_3m_minor", "trend", "volatility", "return_share", "dispute_share", "cancelled_share",
        "on_time_share", "fulfilled_share", "top_category_share", "dilution", "late_repayment_share",
    }
)  # fmt: skip
"""Attributes of Features that a policy may give points for."""


@dataclass(frozen=True, slots=True)
class ReceivableFacts:
    """`open_minor`: still owed. `settling_minor`: of it, already instructed by the debtor and not booked yet."""

    id: int
    open_minor: int
    issue_date: date
    due_date: date
    currency: str
    status: str
    goods_received_date: date | None = None
    assigned_facility_id: int | None = None
    settling_minor: int = 0


@dataclass(frozen=True, slots=True)
class DebtorAge:
    """What the debtor owes this funder: all of it, and what is past due by more than the policy's `cross_age_days`.

    Where nothing is, neither makes a difference, and both are 0.
    """

    open_minor: int = 0
    aged_minor: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """What the facility owes: principal, approved and not yet paid out, accrued interest and fees; days in arrears."""

    principal_minor: int = 0
    reserved_minor: int = 0
    charges_minor: int = 0
    days_overdue: int = 0

    @property
    def exposure_minor(self) -> int:
        return self.principal_minor + self.reserved_minor + self.charges_minor
