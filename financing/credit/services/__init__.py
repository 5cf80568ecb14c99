"""What is done with policies, programmes, facilities and assessments: one public verb per intention.

policies    proposed by a maker, approved by a checker
replaying   what a version would have decided in the months before
facilities  programmes on offer, and who has joined them
assessing   a supplier measured and scored
"""

from financing.credit.services.assessing import NoPolicyInForce, assess
from financing.credit.services.facilities import (
    NotAdmitted,
    ProgrammeClosed,
    ProgrammeTerms,
    join_programme,
    open_programme,
    resume_facility,
    share_figures,
    suspend_facility,
)
from financing.credit.services.policies import (
    APPROVES,
    EffectiveDatePassed,
    PolicyInvalid,
    approve_policy,
    propose_policy,
    reject_policy,
    withdraw_policy,
)
from financing.credit.services.replaying import ReplayWindowUnknown, replay_some, request_replay

__all__ = [
    "APPROVES", "EffectiveDatePassed", "NoPolicyInForce", "NotAdmitted", "PolicyInvalid", "ProgrammeClosed",
    "ProgrammeTerms", "ReplayWindowUnknown",
    "approve_policy",
    "assess",
    "join_programme",
    "open_programme",
    "propose_policy",
    "reject_policy",
    "replay_some",
    "request_replay",
    "resume_facility",
    "share_figures",
    "suspend_facility",
    "withdraw_policy",
]  # fmt: skip
