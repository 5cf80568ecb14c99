"""What a supplier can have now, and what it costs."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from accounts.trail.services import News, record
from financing.advances.models import Quote
from financing.advances.queries import inputs_for, past_repayment
from financing.advances.services.rows import business_dates
from financing.credit import rules
from financing.credit.models import Facility, PolicyVersion
from financing.credit.queries import policy_in_force
from financing.credit.services import NoPolicyInForce, assess
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound, RuleViolation
from portal.shared.money import MAX_MINOR


class NotOffered(RuleViolation):
    """`reasons`: codes, the deciding one first; `available_minor`: what could be had instead."""

    code = "NOT_OFFERED"
    sentence = "Nothing can be offered now. The reasons tell why, and what would change it."


class AmountNotAvailable(NotOffered):
    code = "AMOUNT_NOT_AVAILABLE"
    sentence = "This amount is not available now. Ask for less, or wait until more of your receivables are accepted."


OF_THE_AMOUNT = {"ABOVE_LIMIT", "ABOVE_BASE", "BELOW_MINIMUM"}
"""Reasons that another amount would not meet."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the policy says to an amount on a business date; nothing is promised yet."""

    facility: Facility
    policy: PolicyVersion
    business_date: date
    amount_minor: int
    result: rules.Result
    inputs: rules.Inputs


def offer(*, actor: Actor, facility_id: int, amount_minor: int | None = None, now: datetime) -> Offer:
    """See what the policy would say to an amount (None: all that is available).

    Raises NotFound, Forbidden, NoPolicyInForce, InvalidInput.
    """
    with acting(actor):
        facility = Facility.objects.visible_to(actor).select_related("programme").filter(id=facility_id).first()
        if facility is None:
            raise NotFound()
        require(actor, "advances.view")
        if amount_minor is not None and not 0 < amount_minor <= MAX_MINOR:
            raise InvalidInput("Ask for an amount above zero.", code="AMOUNT_INVALID")
        today = business_dates([facility.funder_id])
        on = today[facility.funder_id]
        policy = policy_in_force(facility.funder_id, on)
        if policy is None:
            raise NoPolicyInForce(on=on)
        assessments = assess(
            actor=actor, programme_id=facility.programme_id, supplier_ids=[facility.supplier_id], as_of=on, now=now,
            policy_id=policy.id,
            repayment=past_repayment(funder_id=facility.funder_id, supplier_ids=[facility.supplier_id]),
        )  # fmt: skip
        inputs = inputs_for(
            facilities=[facility], policies={facility.id: policy},
            assessments={facility.id: assessments[facility.supplier_id]}, today=today,
        )[facility.id]  # fmt: skip
        asked = rules.decide(inputs).base.available_minor if amount_minor is None else amount_minor
        inputs = replace(inputs, asked_minor=asked)
        return Offer(facility, policy, on, asked, rules.decide(inputs), inputs)


def quote(*, actor: Actor, facility_id: int, amount_minor: int | None = None, now: datetime) -> Quote:
    """Offer an amount (None: all that is available) on terms that stand until `valid_until`.

    Raises NotFound, Forbidden, NoPolicyInForce, InvalidInput, AmountNotAvailable, NotOffered.
    """
    with acting(actor):
        offered = offer(actor=actor, facility_id=facility_id, amount_minor=amount_minor, now=now)
        require(actor, "advances.quote")
        if offered.result.outcome == rules.DECLINED:
            raise _refusal(offered.result)
        facility, terms = offered.facility, offered.result.terms
        made = Quote.objects.create(
            facility=facility, supplier_id=facility.supplier_id, funder_id=facility.funder_id, policy=offered.policy,
            grade=offered.result.grade, currency=facility.currency, amount_minor=offered.amount_minor,
            available_minor=offered.result.base.available_minor, annual_rate=terms.annual_rate,
            day_count=terms.day_count, fee_minor=terms.fee_minor, interest_minor=terms.interest_minor,
            business_date=offered.business_date, expected_settlement_date=terms.expected_settlement_date,
            due_date=terms.due_date, result=offered.result.to_json(), created_at=now, created_by=actor.identity,
            valid_until=now + timedelta(minutes=facility.programme.quote_valid_minutes),
        )  # fmt: skip
        facts = {"amount_minor": made.amount_minor, "currency": made.currency}
        record(actor, now, [News("quote.given", made, (made.supplier_id, made.funder_id), facts)])
        return made


def _refusal(result: rules.Result) -> NotOffered:
    facts = {"reasons": list(result.reasons), "available_minor": result.base.available_minor}
    # The deciding reason comes first: where it is the amount, there is no other reason to decline.
    another_amount = result.reasons[0] in OF_THE_AMOUNT and result.base.available_minor > 0
    return AmountNotAvailable(**facts) if another_amount else NotOffered(**facts)
