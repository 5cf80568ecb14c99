"""Suppliers measured, and scored once per business date."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db.models import QuerySet

from financing.credit.models import Assessment, PolicyVersion, Programme
from financing.credit.queries import features, policy_in_force, policy_of
from financing.credit.rules import Features, PastRepayment, Policy, content_hash, limit_of, score, to_plain
from financing.ledger.models import Book
from portal.shared import access
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import NotFound, RuleViolation


class NoPolicyInForce(RuleViolation):
    code, status = "NO_POLICY_IN_FORCE", 409
    sentence = "The funder has no approved policy for {on}."


def assess(
    *, actor: Actor, programme_id: int, supplier_ids: Sequence[int], as_of: date, now: datetime,
    policy_id: int | None = None, repayment: Mapping[int, PastRepayment] | None = None,
) -> dict[int, Assessment]:  # fmt: skip
    """Measure and score suppliers for a programme, once per business date, policy, debtor and currency.

    What was scored already on that date is returned as it was, so that a quote and its decision stand on the same
    facts. Who was not scored, having traded too little, is measured again: its trade may have come in since, and
    tomorrow is late for somebody who has just joined. `policy_id`: a version that an application is pinned to;
    otherwise the one in force. `repayment`: past advances, as the features above know them. Raises NoPolicyInForce.
    """
    with acting(actor):
        programme = Programme.objects.visible_to(actor).filter(id=programme_id).first()
        if programme is None or (actor.party_kind == access.SUPPLIER and set(supplier_ids) != {actor.party_id}):
            raise NotFound()
        require(actor, "advances.view")
        policy = _policy_for(programme, policy_id, as_of)
        kept = Assessment.objects.filter(
            supplier__in=list(supplier_ids), debtor_id=programme.debtor_id, policy=policy, currency=programme.currency,
            as_of=as_of,
        )  # fmt: skip
        found = _latest(kept)
        if missing := [each for each in dict.fromkeys(supplier_ids) if each not in found or not found[each].grade]:
            measured = features(
                supplier_ids=missing, debtor_id=programme.debtor_id, currency=programme.currency, as_of=as_of,
                time_zone=_time_zone(programme.funder_id), repayment=repayment,
            )  # fmt: skip
            rules = policy_of(policy)
            made = [_assessment(programme, policy, rules, each, measured[each], now) for each in missing]
            if new := [each for each in made if _is_new(each, found.get(each.supplier_id))]:
                # Whoever measures at the same moment: the first one's row stands for both.
                Assessment.objects.bulk_create(new, ignore_conflicts=True)
                found |= _latest(kept.filter(supplier__in=missing))
        return found


def _latest(kept: QuerySet[Assessment]) -> dict[int, Assessment]:
    return {assessment.supplier_id: assessment for assessment in kept.order_by("revision")}


def _is_new(made: Assessment, before: Assessment | None) -> bool:
    """Whether it says anything that was not known; numbered after what was."""
    if before is not None:
        made.revision = before.revision + 1
    return before is None or before.inputs_hash != made.inputs_hash


def _assessment(
    programme: Programme, policy: PolicyVersion, rules: Policy, supplier_id: int, measured: Features, now: datetime
) -> Assessment:
    scored = score(measured, rules)
    data = to_plain(measured)
    return Assessment(
        supplier_id=supplier_id, debtor_id=programme.debtor_id, funder_id=programme.funder_id, policy=policy,
        currency=programme.currency, as_of=measured.as_of, features=data,
        inputs_hash=content_hash({"features": data, "policy": policy.body_hash}), points=scored.points,
        grade=scored.grade, limit_minor=limit_of(measured, scored.grade, rules),
        reasons=to_plain(scored.lines) or [{"code": reason} for reason in scored.reasons], recorded_at=now,
    )  # fmt: skip


def _policy_for(programme: Programme, policy_id: int | None, on: date) -> PolicyVersion:
    if policy_id is None:
        policy = policy_in_force(programme.funder_id, on)
    else:
        policy = PolicyVersion.objects.filter(
            id=policy_id, funder_id=programme.funder_id, status=PolicyVersion.Status.APPROVED
        ).first()
    if policy is None:
        raise NoPolicyInForce(on=on)
    return policy


def _time_zone(funder_id: int) -> str:
    book = Book.objects.filter(funder_id=funder_id).first()
    return book.time_zone if book else "UTC"
