"""Everything that a decision is made of, as one value that can be kept and decided again."""

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import lru_cache

from financing.credit.rules.facts import DebtorAge, Features, Position, ReceivableFacts
from financing.credit.rules.plain import content_hash, from_plain, to_plain
from financing.credit.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Terms:
    """A price. Interest is what is expected where the debtor settles on the due dates; the fee is fixed.

    `expected_settlement_date`: when the settlements of the security will have repaid all; `due_date`: with the grace
    that the policy gives the debtor, when the supplier itself owes.
    """

    annual_rate: Decimal
    day_count: str
    fee_minor: int
    interest_minor: int
    total_cost_minor: int
    expected_settlement_date: date
    due_date: date


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a decision depends on.

    `verification_expires_on`: last day of the supplier's KYB, None where it has none. `quoted`: the price that was
    offered, which then stands; `quoted_security`: the receivables that the offer named.
    """

    policy: Policy
    features: Features
    receivables: tuple[ReceivableFacts, ...]
    position: Position
    asked_minor: int
    business_date: date
    facility_id: int
    currency: str
    day_count: str
    max_tenor_days: int
    is_admitted: bool
    verification_expires_on: date | None
    is_active: bool
    debtor: DebtorAge = field(default_factory=DebtorAge)
    quoted: Terms | None = None
    quoted_security: tuple[int, ...] = ()

    def to_json(self) -> dict:
        """As it is kept: of the policy the hash of its body, which its version holds once for all decisions."""
        plain = {each.name: to_plain(getattr(self, each.name)) for each in fields(self) if each.name != "policy"}
        return {"policy": _hash_of(self.policy), **plain}

    @classmethod
    def from_json(cls, data: dict, policy: Policy) -> "Inputs":
        """`policy`: of the version it was decided by. Raises plain.Misshapen where the data is no Inputs."""
        return from_plain(cls, {name: value for name, value in data.items() if name != "policy"}, policy=policy)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON."""
        return content_hash(self.to_json())


@lru_cache(maxsize=64)
def _hash_of(policy: Policy) -> str:
    """A few policies decide everything."""
    return content_hash(policy.to_body())
