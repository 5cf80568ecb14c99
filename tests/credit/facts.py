"""Facts to decide by: a good supplier with some receivables, and short ways to change one thing."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from financing.credit.rules import DEFAULT_BODY, Features, Inputs, Policy, Position, ReceivableFacts
from tests.world import CURRENCY, TODAY

POLICY = Policy.from_body(DEFAULT_BODY)
FACILITY = 7

GOOD = Features(
    as_of=TODAY, days_of_trade=400, order_lines=90, active_months=12, monthly_delivered_3m_minor=100_000,
    monthly_delivered_6m_minor=90_000, monthly_accepted_3m_minor=88_000, trend=Decimal("1.20"),
    volatility=Decimal("0.300000"), return_share=Decimal("0.01"), dispute_share=Decimal(0), cancelled_share=Decimal(0),
    on_time_share=Decimal("0.98"), fulfilled_share=Decimal("1"), top_category_share=Decimal("0.5"),
    dilution=Decimal("0.01"),
)  # fmt: skip


def receivable(number: int = 1, open_minor: int = 10_000, **changed) -> ReceivableFacts:
    """Accepted, invoiced twenty days ago on goods received then, due in thirty days."""
    return replace(
        ReceivableFacts(
            id=number, open_minor=open_minor, issue_date=TODAY - timedelta(20), due_date=TODAY + timedelta(30),
            currency=CURRENCY, status="ACCEPTED", goods_received_date=TODAY - timedelta(20),
        ),
        **changed,
    )  # fmt: skip


def inputs(*receivables: ReceivableFacts, **changed) -> Inputs:
    """A good supplier asks for 50.00 against these receivables."""
    return replace(
        Inputs(
            policy=POLICY, features=GOOD, receivables=receivables or (receivable(),), position=Position(),
            asked_minor=5_000, business_date=TODAY, facility_id=FACILITY, currency=CURRENCY, day_count="ACT/360",
            max_tenor_days=120, is_admitted=True, verification_expires_on=date(2027, 3, 2), is_active=True,
        ),
        **changed,
    )  # fmt: skip


def body(**changed) -> dict:
    """The default body with parts replaced: `body(amounts={"max_limit_minor": 1})` changes that one value."""
    return {
        name: {**part, **changed[name]} if isinstance(part, dict) and name in changed else changed.get(name, part)
        for name, part in DEFAULT_BODY.items()
    }
