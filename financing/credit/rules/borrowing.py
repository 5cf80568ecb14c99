"""Which receivables count, what may be lent against them, and which of them secure an amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from financing.credit.rules.facts import ACCEPTED, ASSIGNED, DISPUTED, ReceivableFacts
from financing.credit.rules.inputs import Inputs
from financing.credit.rules.policy import GradeTerms, Policy
from portal.shared.money import round_down

NOT_ACCEPTED = "NOT_ACCEPTED"
IN_DISPUTE = "IN_DISPUTE"
NOT_AVAILABLE_AS_SECURITY = "NOT_AVAILABLE_AS_SECURITY"
OTHER_CURRENCY = "OTHER_CURRENCY"
NOTHING_OPEN = "NOTHING_OPEN"
PAST_DUE = "PAST_DUE"
TOO_OLD = "TOO_OLD"
IN_RETURN_WINDOW = "IN_RETURN_WINDOW"
DUE_TOO_SOON = "DUE_TOO_SOON"
DUE_TOO_LATE = "DUE_TOO_LATE"
DEBTOR_CROSS_AGED = "DEBTOR_CROSS_AGED"


@dataclass(frozen=True, slots=True)
class BaseLine:
    """One receivable in the base. `counted_minor`: open and not under way already; `reasons`: why it does not count."""

    receivable_id: int
    counted_minor: int
    due_date: date
    is_assigned_here: bool
    reasons: tuple[str, ...] = ()

    @property
    def is_eligible(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Base:
    """The borrowing base, line by line. `gross - reserve = base`; `available` is never below zero."""

    lines: tuple[BaseLine, ...]
    eligible_minor: int
    advance_rate: Decimal
    reserve_share: Decimal
    gross_minor: int
    reserve_minor: int
    base_minor: int
    limit_minor: int
    exposure_minor: int
    available_minor: int

    @property
    def deficiency_minor(self) -> int:
        """Owed beyond what base and limit carry."""
        return max(0, self.exposure_minor - min(self.base_minor, self.limit_minor))

    @property
    def lending_share(self) -> Decimal:
        """What may be lent of each eligible unit, reserves taken off."""
        return max(Decimal(0), self.advance_rate - self.reserve_share)


def eligibility(receivable: ReceivableFacts, inputs: Inputs) -> tuple[str, ...]:
    """Reason codes why a receivable does not count; empty when it does.

    The tenor asked for new security is not asked again of what is assigned to this facility: that stays in the base
    until it is `max_days_past_due`. Where no receipt is known the return window runs from the invoice's date.
    """
    rule, today, debtor = inputs.policy.eligibility, inputs.business_date, inputs.debtor
    is_assigned_here = receivable.assigned_facility_id == inputs.facility_id
    reasons = []
    if receivable.status == DISPUTED:
        reasons.append(IN_DISPUTE)
    elif receivable.status not in (ACCEPTED, ASSIGNED):
        reasons.append(NOT_ACCEPTED)
    if receivable.assigned_facility_id is not None and not is_assigned_here:
        reasons.append(NOT_AVAILABLE_AS_SECURITY)
    if receivable.currency != inputs.currency:
        reasons.append(OTHER_CURRENCY)
    # A payment that is under way goes to whom it was instructed: what is left of it cannot be assigned meanwhile.
    is_being_settled = receivable.settling_minor > 0 and not is_assigned_here
    if is_being_settled or receivable.open_minor - receivable.settling_minor <= 0:
        reasons.append(NOTHING_OPEN)
    if (today - receivable.due_date).days > rule.max_days_past_due:
        reasons.append(PAST_DUE)
    if (today - receivable.issue_date).days > rule.max_days_from_invoice:
        reasons.append(TOO_OLD)
    window_began = receivable.goods_received_date or receivable.issue_date
    if (today - window_began).days < rule.return_window_days:
        reasons.append(IN_RETURN_WINDOW)
    remaining_days = (receivable.due_date - today).days
    if not is_assigned_here and remaining_days < rule.min_remaining_days:
        reasons.append(DUE_TOO_SOON)
    if not is_assigned_here and remaining_days > min(rule.max_remaining_days, inputs.max_tenor_days):
        reasons.append(DUE_TOO_LATE)
    if debtor.aged_minor > rule.cross_age_share * debtor.open_minor:
        reasons.append(DEBTOR_CROSS_AGED)
    return tuple(reasons)


def line_of(receivable: ReceivableFacts, inputs: Inputs) -> BaseLine:
    """How a receivable stands in the base: whatever is asked for, and however the supplier trades."""
    return BaseLine(
        receivable_id=receivable.id,
        counted_minor=max(0, receivable.open_minor - receivable.settling_minor),
        due_date=receivable.due_date,
        is_assigned_here=receivable.assigned_facility_id == inputs.facility_id,
        reasons=eligibility(receivable, inputs),
    )


def base_lines(inputs: Inputs) -> tuple[BaseLine, ...]:
    """Of all receivables, in their order."""
    return tuple(line_of(each, inputs) for each in inputs.receivables)


def borrowing_base(
    inputs: Inputs, grade_terms: GradeTerms, limit_minor: int, lines: tuple[BaseLine, ...] | None = None
) -> Base:
    """What may be lent now. Every amount offered is rounded down, and the whole is rounded once.

    base = eligible x (advance rate - dilution above the free share - standing reserve);
    available = min(base, limit) - exposure, where exposure is principal, reserved amounts and charges.
    `lines`: those of the receivables, where they are known.
    """
    if lines is None:
        lines = base_lines(inputs)
    eligible_minor = sum(line.counted_minor for line in lines if line.is_eligible)
    advance_rate = grade_terms.advance_rate
    reserve_share = reserve_share_of(inputs.features.dilution, inputs.policy)
    gross_minor = round_down(eligible_minor * advance_rate)
    base_minor = round_down(eligible_minor * max(Decimal(0), advance_rate - reserve_share))
    exposure_minor = inputs.position.exposure_minor
    return Base(
        lines=lines, eligible_minor=eligible_minor, advance_rate=advance_rate, reserve_share=reserve_share,
        gross_minor=gross_minor, reserve_minor=gross_minor - base_minor, base_minor=base_minor,
        limit_minor=limit_minor, exposure_minor=exposure_minor,
        available_minor=max(0, min(base_minor, limit_minor) - exposure_minor),
    )  # fmt: skip


def reserve_share_of(dilution: Decimal | None, policy: Policy) -> Decimal:
    """Share of what is eligible that is held back: dilution beyond the free share, and the standing reserve."""
    excess = max(Decimal(0), (dilution or Decimal(0)) - policy.reserves.dilution_free_share)
    return excess + policy.reserves.standing_share


def choose_security(base: Base, amount_minor: int, preferred: Sequence[int] = ()) -> tuple[int, ...]:
    """Ids of receivables to be assigned so that, with those assigned already, they carry the exposure and the amount.

    Those `preferred` (of a quote) come first, then the oldest due. Empty where what is assigned already is enough.
    Never asks for more than there is: whether the amount is available is decided before.
    """
    needed_minor = base.exposure_minor + amount_minor
    pledged_minor = sum(line.counted_minor for line in base.lines if line.is_eligible and line.is_assigned_here)
    first = frozenset(preferred)
    free = sorted(
        (line for line in base.lines if line.is_eligible and not line.is_assigned_here),
        key=lambda line: (line.receivable_id not in first, line.due_date, line.receivable_id),
    )
    chosen = []
    for line in free:
        if round_down(pledged_minor * base.lending_share) >= needed_minor:
            break
        chosen.append(line.receivable_id)
        pledged_minor += line.counted_minor
    return tuple(chosen)
