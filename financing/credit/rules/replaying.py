"""What another policy would have decided, on the facts that were known then."""

from dataclasses import replace

from financing.credit.rules.decision import Result, decide
from financing.credit.rules.inputs import Inputs
from financing.credit.rules.policy import Policy
from financing.credit.rules.scoring import score


def decide_by(inputs: Inputs, earlier: Policy, earlier_grade: str) -> Result:
    """What `inputs.policy` makes of facts that were decided and graded by an earlier policy.

    The price that was quoted stands where both price the supplier alike, so that a policy replayed on its own decisions
    changes nothing; and where the offer had lapsed, which no policy mends. Otherwise the amount is priced anew.
    """
    has_lapsed = inputs.quoted is not None and inputs.quoted.due_date <= inputs.business_date
    grade = score(inputs.features, inputs.policy).grade
    if not has_lapsed and _pricing(inputs.policy, grade) != _pricing(earlier, earlier_grade):
        inputs = replace(inputs, quoted=None)
    return decide(inputs)


def _pricing(policy: Policy, grade: str) -> tuple[int, int, int, int]:
    """All of a policy that a price depends on, the security aside."""
    terms, amounts = policy.terms_of(grade), policy.amounts
    return terms.annual_rate_bp, terms.fee_bp, amounts.min_fee_minor, amounts.due_grace_days
