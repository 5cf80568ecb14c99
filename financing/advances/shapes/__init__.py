"""What the API takes and shows of quotes, applications and advances."""

from financing.advances.shapes.advances import AdvanceShown, AdvanceSummary
from financing.advances.shapes.applications import (
    ApplicationMade,
    ApplicationShown,
    ApplicationSummary,
    ByHand,
    ManyMade,
    ManyShown,
    StandingShown,
)
from financing.advances.shapes.offers import Availability, QuoteAsked, QuoteShown, Rate, audience_of

__all__ = [
    "AdvanceShown",
    "AdvanceSummary",
    "ApplicationMade",
    "ApplicationShown",
    "ApplicationSummary",
    "Availability",
    "ByHand",
    "ManyMade",
    "ManyShown",
    "QuoteAsked",
    "QuoteShown",
    "Rate",
    "StandingShown",
    "audience_of",
]
