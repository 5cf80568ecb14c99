"""What the policy leaves to persons: a maker recommends, a checker decides, both on the same facts."""

from collections.abc import Sequence
from datetime import datetime

from accounts.parties.second import companies_of, require_seasoned
from accounts.trail.services import News, record
from financing.advances.models import Application
from financing.advances.services.decide import Desk, Word, conclude, gather, lock_waiting
from financing.credit import rules
from portal.shared.access import SYSTEM_ACTOR, Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, InvalidTransition, NotFound, OwnWork, RuleViolation, Stale

DECIDES = "advances.decide_referral"
BY_HAND = (rules.APPROVED, rules.DECLINED)
RECOMMENDED = (
    "recommendation", "recommendation_note", "recommended_reasons", "recommended_explanation", "recommended_by",
    "recommended_at",
)  # fmt: skip


class NoRecommendation(RuleViolation):
    code, status = "NO_RECOMMENDATION", 409
    sentence = "A maker has to recommend first; then a checker decides."


class NoLongerPossible(RuleViolation):
    """`reasons`: codes. The referral stays as it is."""

    code, status = "NO_LONGER_POSSIBLE", 409
    sentence = "This can no longer be approved as it was asked for. The reasons tell why; decline it, or wait."


def prospect(*, actor: Actor, application_id: int, now: datetime) -> rules.Result:
    """What an approval would meet now: the policy's word on the facts of this moment; the decision has those of then.

    Nothing is locked or decided. Raises NotFound, InvalidTransition.
    """
    with acting(actor):
        application = _referred(actor, application_id, lock=False)
        require(actor, "advances.view")
        facilities = {application.facility_id: application.facility}
        inputs = gather(SYSTEM_ACTOR, facilities, [application], now, lock=False)
        return Desk(inputs).decide(application, application.facility).result


def recommend(
    *, actor: Actor, application_id: int, outcome: str, note: str, seen_hash: str, now: datetime,
    reasons: Sequence[str] = (), explanation: str = "",
) -> Application:  # fmt: skip
    """The maker's part. `seen_hash`: of the application as the maker read it; a later maker may differ, knowingly.
    `reasons` (codes of `rules.BY_PERSONS`) and `explanation`: what the supplier would be told, if it is declined.

    Raises NotFound, Forbidden, InvalidInput, InvalidTransition, Stale.
    """
    with acting(actor):
        application = _referred(actor, application_id)
        require(actor, "advances.recommend")
        _check(actor, application, outcome, seen_hash)
        _check_told(outcome, reasons, explanation)
        application.recommendation, application.recommendation_note = outcome, note
        application.recommended_reasons, application.recommended_explanation = list(reasons), explanation
        application.recommended_by, application.recommended_at = actor.identity, now
        application.save(update_fields=RECOMMENDED)
        facts = {"recommendation": outcome}
        record(actor, now, [News("application.recommended", application, (application.funder_id,), facts, True)])
        return application


def decide_referral(
    *, actor: Actor, application_id: int, outcome: str, note: str, seen_hash: str, now: datetime,
    reasons: Sequence[str] = (), explanation: str = "",
) -> Application:  # fmt: skip
    """The checker's part: approves or declines what a maker has recommended on, whichever way. `seen_hash`: of the
    application as the checker read it, with this recommendation. Whoever declines names `reasons` or an `explanation`,
    the maker's or others: the supplier is told. `note` stays with the funder.

    An approval is decided anew under lock: what the policy declines outright cannot be approved by hand.
    Raises NotFound, Forbidden, OwnWork, LetInLately, NoRecommendation, InvalidInput, InvalidTransition, Stale,
    NoLongerPossible.
    """
    with acting(actor):
        _referred(actor, application_id, lock=False)  # its facility is locked before it
        require(actor, DECIDES)
        facilities, found = lock_waiting([application_id], Application.Status.REFERRED)
        if not found:
            raise Stale("Somebody else has decided this in the meantime.")
        application = found[0]
        _check(actor, application, outcome, seen_hash)
        _check_told(outcome, reasons, explanation)
        if not application.recommended_by:
            raise NoRecommendation()
        if actor.identity == application.recommended_by:
            raise OwnWork()
        if outcome == rules.APPROVED:
            require_seasoned(actor, DECIDES, now, maker=application.recommended_by)
        inputs = gather(SYSTEM_ACTOR, facilities, found, now)
        decided = Desk(inputs).decide(application, facilities[application.facility_id], by_hand=outcome)
        if outcome == rules.APPROVED and decided.outcome != rules.APPROVED:
            raise NoLongerPossible(reasons=list(decided.result.reasons))
        application.decision_note = note
        application.save(update_fields=["decision_note"])
        conclude(actor, [decided], now, word=Word(actor.identity, tuple(reasons), explanation))
        return application


def _referred(actor: Actor, application_id: int, *, lock: bool = True) -> Application:
    found = Application.objects.visible_to(actor).filter(id=application_id)
    found = found.select_related("decision", "quote", "policy", "facility__programme")
    application = (found.select_for_update(no_key=True, of=("self",)) if lock else found).first()
    if application is None or actor.party_id != application.funder_id:
        raise NotFound()
    if application.status != Application.Status.REFERRED:
        raise InvalidTransition("Nobody has to decide this application: it is {current}.", current=application.status)
    return application


def _check(actor: Actor, application: Application, outcome: str, seen_hash: str) -> None:
    # One person may belong to supplier and funder: whoever applied does not judge, whatever party they act for now.
    if actor.identity == application.submitted_by:
        raise OwnWork("You applied for this, so somebody else has to decide it.")
    if application.supplier_id in companies_of(actor):
        raise OwnWork("You belong to this company, so somebody else has to decide what it is lent.")
    if outcome not in BY_HAND:
        raise InvalidInput("Approve or decline.", code="OUTCOME_INVALID")
    if application.seen_hash != seen_hash:
        raise Stale()


def _check_told(outcome: str, reasons: Sequence[str], explanation: str) -> None:
    """Whoever declines says why, to the supplier; an approval has nothing to explain."""
    given = bool(reasons or explanation.strip())
    if outcome == rules.DECLINED and not given:
        raise InvalidInput("Say why: the supplier is told.", code="REASON_MISSING")
    if outcome != rules.DECLINED and given:
        raise InvalidInput("Reasons for the supplier belong to an application that is declined.")
    if not set(reasons) <= set(rules.BY_PERSONS):
        raise InvalidInput("There is no such reason to decline.")
