"""Policies under maker and checker: proposed by one, approved, as it was seen, by another."""

from datetime import date, datetime

from django.db.models import Max

from accounts.parties.models import Party
from accounts.parties.second import require_seasoned
from accounts.trail.services import News, record
from financing.credit.models import PolicyReplay, PolicyVersion
from financing.credit.rules import Policy, PolicyFaults, content_hash
from financing.ledger.models import Book
from portal.shared import access
from portal.shared.access import Actor, require
from portal.shared.database import acting, lock_name
from portal.shared.errors import InvalidInput, NotFound, OwnWork, Stale

APPROVES = "credit.approve_policy"


class PolicyInvalid(InvalidInput):
    """`facts["faults"]`: a sentence for each fault."""

    code = "POLICY_INVALID"


class EffectiveDatePassed(InvalidInput):
    code = "EFFECTIVE_DATE_PASSED"
    sentence = "A policy cannot take effect on {effective_from}: the book is at {business_date} already."


def propose_policy(
    *, actor: Actor, funder_id: int, body: dict, effective_from: date, now: datetime, note: str = ""
) -> PolicyVersion:
    """The maker's part: a new version, checked for every fault. Raises PolicyInvalid, EffectiveDatePassed."""
    with acting(actor):
        own_funder(actor, funder_id)
        require(actor, "credit.propose_policy")
        try:
            policy = Policy.from_body(body)
        except PolicyFaults as faults:
            raise PolicyInvalid(str(faults), faults=[str(each) for each in faults.faults]) from faults
        _refuse_past(funder_id, effective_from)
        lock_name("policy", funder_id)  # two proposals at once would take the same number
        last = PolicyVersion.objects.filter(funder_id=funder_id).aggregate(last=Max("number"))["last"] or 0
        version = PolicyVersion.objects.create(
            funder_id=funder_id, number=last + 1, body=policy.to_body(), body_hash=content_hash(policy), note=note,
            effective_from=effective_from, proposed_by=actor.identity, proposed_at=now,
        )  # fmt: skip
        _tell(actor, now, "policy.proposed", version)
        return version


def approve_policy(
    *, actor: Actor, policy_id: int, seen_hash: str, now: datetime, seen_replay_id: int | None = None
) -> PolicyVersion:
    """The checker's part. `seen_hash`: body_hash of the page that the checker read. `seen_replay_id`: the finished
    replay that the page showed; none: approved without one, which is said for ever.

    Raises OwnWork, LetInLately, Stale.
    """
    with acting(actor):
        version = _policy(actor, policy_id)
        require(actor, APPROVES)
        _refuse_own_work(actor, version)
        require_seasoned(actor, APPROVES, now, maker=version.proposed_by)
        if not seen_hash == version.body_hash == content_hash(version.body):
            raise Stale()
        _refuse_past(version.funder_id, version.effective_from)
        version.move_to(PolicyVersion.Status.APPROVED)
        version.approved_hash = seen_hash
        version.approved_replay = _seen_replay(version, seen_replay_id)
        return _conclude(actor, now, version, "policy.approved")


def reject_policy(*, actor: Actor, policy_id: int, now: datetime) -> PolicyVersion:
    """The checker says no."""
    with acting(actor):
        version = _policy(actor, policy_id)
        require(actor, APPROVES)
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


def _policy(actor: Actor, policy_id: int) -> PolicyVersion:
    version = PolicyVersion.objects.select_for_update(no_key=True).visible_to(actor).filter(id=policy_id).first()
    if version is None:
        raise NotFound()
    return version


def _conclude(actor: Actor, now: datetime, version: PolicyVersion, event: str) -> PolicyVersion:
    version.decided_by, version.decided_at = actor.identity, now
    version.save(update_fields=["status", "decided_by", "decided_at", "approved_hash", "approved_replay"])
    _tell(actor, now, event, version)
    return version


def _tell(actor: Actor, now: datetime, event: str, version: PolicyVersion) -> None:
    facts = {"number": version.number, "effective_from": str(version.effective_from), "hash": version.body_hash}
    if event == "policy.approved":
        facts["replay"] = version.approved_replay_id
    record(actor, now, [News(event, version, (version.funder_id,), facts, internal=True)])


def own_funder(actor: Actor, funder_id: int) -> None:
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


def _seen_replay(version: PolicyVersion, replay_id: int | None) -> PolicyReplay | None:
    if replay_id is None:
        return None
    found = version.replays.filter(id=replay_id, status=PolicyReplay.Status.DONE).first()
    if found is None or found.body_hash != version.body_hash:
        raise Stale()
    return found
