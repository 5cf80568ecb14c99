"""How a funder decides: pure calculations on frozen data. No Django, no clock, no database.

policy      what a funder decides by, as data
facts       what is known of a supplier, its receivables and its facility
inputs      the two together, all that a decision depends on
scoring     points, grade and limit
borrowing   eligibility, borrowing base, security
pricing     what an amount costs
decision    all of it: `decide(inputs)`
whatif      the same decision with one fact changed
waterfall   from what is owed to what can be had, step by step
replaying   what another policy would have decided
"""

from financing.credit.rules.borrowing import Base, BaseLine, base_lines, borrowing_base, choose_security, eligibility
from financing.credit.rules.decision import (
    APPROVED,
    BELOW_MINIMUM,
    BY_PERSONS,
    DECLINED,
    REFERRED,
    Improvement,
    Result,
    decide,
)
from financing.credit.rules.default import DEFAULT_BODY
from financing.credit.rules.facts import DebtorAge, Features, PastRepayment, Position, ReceivableFacts
from financing.credit.rules.inputs import Inputs, Terms
from financing.credit.rules.plain import Misshapen, canonical_json, content_hash, from_plain, to_plain
from financing.credit.rules.policy import GradeTerms, Policy, PolicyFaults
from financing.credit.rules.pricing import price
from financing.credit.rules.replaying import decide_by
from financing.credit.rules.scoring import Score, ScoreLine, limit_of, monthly_amount, score
from financing.credit.rules.waterfall import Fall, falls
from financing.credit.rules.whatif import Gain, gains

__all__ = [
    "APPROVED", "BELOW_MINIMUM", "BY_PERSONS", "DECLINED", "DEFAULT_BODY", "REFERRED", "Base", "BaseLine", "DebtorAge",
    "Fall", "Features", "Gain", "GradeTerms", "Improvement", "Inputs", "Misshapen", "PastRepayment", "Policy",
    "PolicyFaults", "Position", "ReceivableFacts", "Result", "Score", "ScoreLine", "Terms", "base_lines",
    "borrowing_base", "canonical_json", "choose_security", "content_hash", "decide", "decide_by", "eligibility",
    "falls", "from_plain", "gains", "limit_of", "monthly_amount", "price", "score", "to_plain",
]  # fmt: skip
