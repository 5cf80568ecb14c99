"""Policies under maker and checker, programmes, facilities, and the assessment of suppliers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db.models import Max

from accounts.parties.models import Party
from accounts.trail.services import News, record
from financing.credit.models import Assessment, Facility, PolicyVersion, Programme
from financing.credit.queries import features, policy_in_force, standings
from financing.credit.rules import (
    Features,
    PastRepayment,
    Policy,
    PolicyFaults,
    content_hash,
    limit_of,
    score,
    to_plain,
)
from financing.ledger.models import Book
from portal.shared import access
from portal.shared.access import Actor, require
from portal.shared.database import acting, lock_name
from portal.shared.errors import InvalidInput, NotFound, OwnWork, RuleViolation, Stale


class PolicyInvalid(InvalidInput):
    """`facts["faults"]`: a sentence for each fault."""

    code = "POLICY_INVALID"


class EffectiveDatePassed(InvalidInput):
    code = "EFFECTIVE_DATE_PASSED"
    sentence = "A policy cannot take effect on {effective_from}: the book is at {business_date} already."


class NoPolicyInForce(RuleViolation):
    code, status = "NO_POLICY_IN_FORCE", 409
    sentence = "The funder has no approved policy for {on}."


class NotAdmitted(RuleViolation):
    code = "SUPPLIER_NOT_ADMITTED"
    sentence = "You can join as soon as your business verification is approved and in date."


class ProgrammeClosed(RuleViolation):
    code, status = "PROGRAMME_CLOSED", 409
    sentence = "This programme takes no new suppliers."


def propose_policy(
    *, actor: Actor, funder_id: int, body: dict, effective_from: date, now: datetime, note: str = ""
) -> PolicyVersion:
    """The maker's part: a new version, checked for every fault. Raises PolicyInvalid, EffectiveDatePassed."""
    with acting(actor):
        _own_funder(actor, funder_id)
        require(actor, "credit.propose_policy")
        try:
            policy = Policy.from_body(body)
        except PolicyFaults as faults:
            raise PolicyInvalid(" ".join(faults.faults), faults=faults.faults) from faults
        _refuse_past(funder_id, effective_from)
        lock_name("policy", funder_id)  # two proposals at once would take the same number
        last = PolicyVersion.objects.filter(funder_id=funder_id).aggregate(last=Max("number"))["last"] or 0
        version = PolicyVersion.objects.create(
            funder_id=funder_id, number=last + 1, body=policy.to_body(), body_hash=content_hash(policy), note=note,
            effective_from=effective_from, proposed_by=actor.identity, proposed_at=now,
        )  # fmt: skip
        _tell(actor, now, "policy.proposed", version)
        return version


def approve_policy(*, actor: Actor, policy_id: int, seen_hash: str, now: datetime) -> PolicyVersion:
    """The checker's part. `seen_hash`: body_hash of the page that the checker read. Raises OwnWork, Stale."""
    with acting(actor):
        version = _policy(actor, policy_id)
        require(actor, "credit.approve_policy")
        _refuse_own_work(actor, version)
        if not seen_hash == version.body_hash == content_hash(version.body):
            raise Stale()
        _refuse_past(version.funder_id, version.effective_from)
        version.move_to(PolicyVersion.Status.APPROVED)
        version.approved_hash = seen_hash
        return _conclude(actor, now, version, "policy.approved")


def reject_policy(*, actor: Actor, policy_id: int, now: datetime) -> PolicyVersion:
    """The checker says no."""
    with acting(actor):
        version = _policy(actor, policy_id)
        require(actor, "credit.approve_policy")
        _refuse_own_work(actor, version)
        version.move_to(PolicyVersion.Status.REJECTED)
        return _conclude(actor, now, version, "policy.rejected")


def withdraw_policy(*, actor: Actor, policy_id: int, now: datetime) -> PolicyVersion:
    """A maker of the funder takes a proposal back."""
    with acting(actor):
        version = _policy(actor, policy_id)
        require(actor, "credit.propose_policy")
        version.move_to(PolicyVersion.Status.WITHDRAWN)
        return _conclude(actor, now, version, "policy.withdrawn")


@dataclass(frozen=True, slots=True)
class ProgrammeTerms:
    """What a programme offers. `agreement`: reference of the assignment agreement that suppliers join."""

    name: str
    debtor_id: int
    currency: str
    agreement: str
    day_count: str = Programme.DayCount.ACT_360
    max_tenor_days: int = 120
    quote_valid_minutes: int = 15
    with_recourse: bool = True


def open_programme(*, actor: Actor, funder_id: int, terms: ProgrammeTerms, now: datetime) -> Programme:
    """Offer receivables finance on what one platform owes its suppliers."""
    with acting(actor):
        _own_funder(actor, funder_id)
        require(actor, "credit.manage_facility")
        if not Party.objects.filter(id=terms.debtor_id, kind=Party.Kind.PLATFORM).exists():
            raise NotFound()
        if terms.day_count not in Programme.DayCount.values:
            raise InvalidInput("The day count is not known.", code="UNKNOWN_DAY_COUNT")
        if Programme.objects.filter(funder_id=funder_id, name=terms.name).exists():
            raise InvalidInput("There is a programme of this name already.", code="PROGRAMME_EXISTS")
        programme = Programme.objects.create(funder_id=funder_id, **asdict(terms))
        record(actor, now, [News("programme.opened", programme, (programme.funder_id, programme.debtor_id))])
        return programme


def share_figures(*, actor: Actor, programme_id: int, shared: bool, now: datetime) -> Programme:
    """The funder lets the programme's debtor see its totals, or no longer. Said again, nothing happens."""
    with acting(actor):
        found = Programme.objects.visible_to(actor).select_for_update().filter(id=programme_id).first()
        if found is None:
            raise NotFound()
        _own_funder(actor, found.funder_id)
        require(actor, "credit.manage_facility")
        if found.figures_shared != shared:
            found.figures_shared = shared
            found.save(update_fields=["figures_shared"])
            name = "programme.figures_shared" if shared else "programme.figures_withheld"
            record(actor, now, [News(name, found, (found.funder_id, found.debtor_id))])
        return found


def join_programme(*, actor: Actor, programme_id: int, now: datetime) -> Facility:
    """The supplier joins; a second time gives the same facility. Its limit follows the first decision.

    Raises NotAdmitted where the supplier's KYB is not approved or not in date on the funder's business date.
    """
    with acting(actor):
        programme = Programme.objects.visible_to(actor).filter(id=programme_id).first()
        if programme is None:
            raise NotFound()
        require(actor, "credit.join_programme")
        if not programme.is_open:
            raise ProgrammeClosed()
        standing = standings(party_ids=[actor.party_id]).get(actor.party_id)
        if standing is None or not standing.is_valid(_business_date(programme.funder_id, now)):
            raise NotAdmitted()
        facility, is_new = Facility.objects.get_or_create(
            programme=programme, supplier_id=actor.party_id,
            defaults={
                "funder_id": programme.funder_id, "debtor_id": programme.debtor_id, "currency": programme.currency,
                "joined_at": now, "joined_by": actor.identity,
            },
        )  # fmt: skip
        if is_new:
            parties = (facility.supplier_id, facility.funder_id)
            record(actor, now, [News("facility.joined", facility, parties, {"programme": programme.id})])
        return facility


def suspend_facility(*, actor: Actor, facility_id: int, reason: str, now: datetime) -> Facility:
    """Nothing more is lent until it is resumed; what is owed stays owed. The supplier reads the reason."""
    return _move_facility(actor, facility_id, Facility.Status.SUSPENDED, "facility.suspended", {"reason": reason}, now)


def resume_facility(*, actor: Actor, facility_id: int, now: datetime) -> Facility:
    return _move_facility(actor, facility_id, Facility.Status.ACTIVE, "facility.resumed", {}, now)


def assess(
    *, actor: Actor, programme_id: int, supplier_ids: Sequence[int], as_of: date, now: datetime,
    policy_id: int | None = None, repayment: Mapping[int, PastRepayment] | None = None,
) -> dict[int, Assessment]:  # fmt: skip
    """Measure and score suppliers for a programme, once per business date, policy, debtor and currency.

    What was assessed already on that date is returned as it was, so that a quote and its decision stand on the same
    facts. `policy_id`: a version that an application is pinned to; otherwise the one in force. `repayment`: past
    advances, as the features above know them. Raises NoPolicyInForce.
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
        found = {assessment.supplier_id: assessment for assessment in kept}
        if missing := [each for each in dict.fromkeys(supplier_ids) if each not in found]:
            measured = features(
                supplier_ids=missing, debtor_id=programme.debtor_id, currency=programme.currency, as_of=as_of,
                time_zone=_time_zone(programme.funder_id), repayment=repayment,
            )  # fmt: skip
            rules = Policy.from_body(policy.body)
            # Whoever measures at the same moment: the first one's row stands for both.
            Assessment.objects.bulk_create(
                [_assessment(programme, policy, rules, each, measured[each], now) for each in missing],
                ignore_conflicts=True,
            )
            found |= {assessment.supplier_id: assessment for assessment in kept.filter(supplier__in=missing)}
        return found


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


def _move_facility(actor: Actor, facility_id: int, state: str, event: str, payload: dict, now: datetime) -> Facility:
    with acting(actor):
        facility = Facility.objects.select_for_update().visible_to(actor).filter(id=facility_id).first()
        if facility is None:
            raise NotFound()
        require(actor, "credit.manage_facility")
        facility.move_to(state)
        facility.save(update_fields=["status"])
        record(actor, now, [News(event, facility, (facility.supplier_id, facility.funder_id), payload)])
        return facility


def _policy(actor: Actor, policy_id: int) -> PolicyVersion:
    version = PolicyVersion.objects.select_for_update().visible_to(actor).filter(id=policy_id).first()
    if version is None:
        raise NotFound()
    return version


def _conclude(actor: Actor, now: datetime, version: PolicyVersion, event: str) -> PolicyVersion:
    version.decided_by, version.decided_at = actor.identity, now
    version.save(update_fields=["status", "decided_by", "decided_at", "approved_hash"])
    _tell(actor, now, event, version)
    return version


def _tell(actor: Actor, now: datetime, event: str, version: PolicyVersion) -> None:
    facts = {"number": version.number, "effective_from": str(version.effective_from), "hash": version.body_hash}
    record(actor, now, [News(event, version, (version.funder_id,), facts, internal=True)])


def _own_funder(actor: Actor, funder_id: int) -> None:
    is_funder = Party.objects.filter(id=funder_id, kind__in=access.FUNDERS).exists()
    if not is_funder or not (actor.is_system or actor.party_id == funder_id):
        raise NotFound()


def _refuse_own_work(actor: Actor, version: PolicyVersion) -> None:
    if actor.identity == version.proposed_by:
        raise OwnWork()


def _refuse_past(funder_id: int, effective_from: date) -> None:
    """A version is not in force on days that were decided without it."""
    book = Book.objects.filter(funder_id=funder_id).first()
    if book and effective_from < book.business_date:
        raise EffectiveDatePassed(effective_from=effective_from, business_date=book.business_date)


def _business_date(funder_id: int, now: datetime) -> date:
    book = Book.objects.filter(funder_id=funder_id).first()
    return book.business_date if book else now.date()


def _time_zone(funder_id: int) -> str:
    book = Book.objects.filter(funder_id=funder_id).first()
    return book.time_zone if book else "UTC"
