"""What a supplier can have now, and what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from accounts.trail.services import News, record
from financing.advances.models import Quote
from financing.advances.queries import inputs_for, past_repayment
from financing.advances.services.rows import business_dates
from financing.credit import rules
from financing.credit.models import Assessment, Facility, PolicyVersion
from financing.credit.queries import Alike, policies_in_force, receivables_alike, summed
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


class AmountBelowMinimum(NotOffered):
    """`least_minor`: the smallest advance of the policy."""

    code = "AMOUNT_BELOW_MINIMUM"
    sentence = "This is less than the smallest advance that is made. Ask for more."


OF_THE_AMOUNT = {"ABOVE_LIMIT", "ABOVE_BASE", "BELOW_MINIMUM"}
"""Reasons that another amount would not meet."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the policy says to an amount on a business date; nothing is promised yet.

    `alike`: for how many receivables each line of the base stands, by its id; None where each stands for its own.
    """

    facility: Facility
    policy: PolicyVersion
    business_date: date
    amount_minor: int
    result: rules.Result
    inputs: rules.Inputs
    alike: Mapping[int, int] | None = None


def offer(
    *, actor: Actor, facility_id: int, amount_minor: int | None = None, now: datetime, in_sums: bool = False
) -> Offer:
    """See what the policy would say to an amount (None: all that is available).

    `in_sums`: a line of the base for all receivables that the rules cannot tell apart, of which there are far fewer.
    Amounts, reasons and price are the same; which receivables would secure it, it does not tell.
    Raises NotFound, Forbidden, NoPolicyInForce, InvalidInput.
    """
    with acting(actor):
        facility = Facility.objects.visible_to(actor).select_related("programme").filter(id=facility_id).first()
        if facility is None:
            raise NotFound()
        require(actor, "advances.view")
        if amount_minor is not None and amount_minor <= 0:
            raise InvalidInput("Ask for an amount above zero.", code="AMOUNT_INVALID")
        if amount_minor is not None and amount_minor > MAX_MINOR:
            raise InvalidInput("This amount is too large to be asked for.", code="AMOUNT_INVALID")
        alike = receivables_alike(facilities=[facility]) if in_sums else None
        known = _known(actor, [facility], now, alike)
        if facility.id not in known:
            raise NoPolicyInForce(on=business_dates([facility.funder_id])[facility.funder_id])
        policy, inputs = known[facility.id]
        asked, lines = amount_minor, None
        if asked is None:
            all_of_it = rules.decide(inputs).base
            asked, lines = all_of_it.available_minor, all_of_it.lines
        inputs = replace(inputs, asked_minor=asked)
        return Offer(
            facility, policy, inputs.business_date, asked, rules.decide(inputs, lines), inputs,
            {each.facts.id: len(each.ids) for each in alike[facility.id]} if alike else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counted:
    """How open receivables that the rules cannot tell apart stand in a base: one line for all of these ids."""

    line: rules.BaseLine
    currency: str
    ids: Sequence[int]


def counted(*, actor: Actor, now: datetime) -> list[Counted]:
    """What the open facilities that the actor sees count of its receivables, facility by facility.

    Those without a policy in force are left out. The same statements, however many facilities.
    """
    with acting(actor):
        require(actor, "advances.view")
        visible = Facility.objects.visible_to(actor).exclude(status=Facility.Status.CLOSED)
        facilities = list(visible.select_related("programme").order_by("id"))
        alike = receivables_alike(facilities=facilities)
        return [
            Counted(line, each.facts.currency, each.ids)
            for facility_id, (_policy, inputs) in _known(actor, facilities, now, alike).items()
            for each, line in zip(alike[facility_id], rules.base_lines(inputs), strict=True)
        ]


type Known = tuple[PolicyVersion, rules.Inputs]


def _known(
    actor: Actor, facilities: Sequence[Facility], now: datetime, alike: Mapping[int, Sequence[Alike]] | None = None
) -> dict[int, Known]:
    """The policy in force for each facility, and what it looks at; by facility id, left out where there is none."""
    today = business_dates(each.funder_id for each in facilities)
    in_force = policies_in_force(today)
    ready = [each for each in facilities if each.funder_id in in_force]
    policies = {each.id: in_force[each.funder_id] for each in ready}
    assessments = _assessments(actor, ready, policies, today, now)
    inputs = inputs_for(
        facilities=ready, policies=policies, assessments=assessments, today=today,
        receivables=None if alike is None else summed(alike),
    )  # fmt: skip
    return {each.id: (policies[each.id], inputs[each.id]) for each in ready}


def _assessments(
    actor: Actor, facilities: Sequence[Facility], policies: Mapping[int, PolicyVersion], today: Mapping[int, date],
    now: datetime,
) -> dict[int, Assessment]:  # fmt: skip
    """By facility id; whoever was not scored yet on the business date is measured now, programme by programme."""
    rows = Assessment.objects.filter(
        supplier__in={each.supplier_id for each in facilities}, policy__in={each.id for each in policies.values()},
        as_of__in=set(today.values()),
    ).exclude(grade="")  # fmt: skip
    kept = {(row.supplier_id, row.debtor_id, row.policy_id, row.currency, row.as_of): row for row in rows}
    found = {}
    for each in facilities:
        policy, on = policies[each.id], today[each.funder_id]
        key = each.supplier_id, each.debtor_id, policy.id, each.currency, on
        if key not in kept:
            repayment = past_repayment(funder_id=each.funder_id, supplier_ids=[each.supplier_id])
            kept[key] = assess(
                actor=actor, programme_id=each.programme_id, supplier_ids=[each.supplier_id], as_of=on, now=now,
                policy_id=policy.id, repayment=repayment,
            )[each.supplier_id]  # fmt: skip
        found[each.id] = kept[key]
    return found


def quote(*, actor: Actor, facility_id: int, amount_minor: int | None = None, now: datetime) -> Quote:
    """Offer an amount (None: all that is available) on terms that stand until `valid_until`.

    Raises NotFound, Forbidden, NoPolicyInForce, InvalidInput, AmountNotAvailable,
    AmountBelowMinimum, NotOffered.
    """
    with acting(actor):
        offered = offer(actor=actor, facility_id=facility_id, amount_minor=amount_minor, now=now)
        require(actor, "advances.quote")
        if offered.result.outcome == rules.DECLINED:
            raise _refusal(offered)
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


def _refusal(offered: Offer) -> NotOffered:
    result, least_minor = offered.result, int(offered.policy.body["amounts"]["min_draw_minor"])
    facts = {"reasons": list(result.reasons), "available_minor": result.base.available_minor}
    if result.reasons[0] == rules.BELOW_MINIMUM and least_minor <= result.base.available_minor:
        return AmountBelowMinimum(**facts, least_minor=least_minor)
    # The deciding reason comes first: where it is the amount, there is no other reason to decline.
    another_amount = result.reasons[0] in OF_THE_AMOUNT and result.base.available_minor > 0
    return AmountNotAvailable(**facts) if another_amount else NotOffered(**facts)
