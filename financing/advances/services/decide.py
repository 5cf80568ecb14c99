"""The policy decides what is waiting: one application or two hundred, in the same few statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from accounts.trail.services import News, record
from financing.advances.models import Advance, AdvanceReceivable, Application, Quote
from financing.advances.queries import inputs_for, past_repayment
from financing.advances.services.disburse import approval_key
from financing.advances.services.rows import book_all, business_dates, lock_facilities
from financing.banking.services import Payment, instruct
from financing.credit import rules
from financing.credit.models import Assessment, Decision, Facility
from financing.credit.queries import receivables_alike, summed
from financing.credit.services import assess
from financing.ledger.services import LegOf, Posting
from financing.receivables.services import Transfer, assign_many
from portal.shared.access import Actor
from portal.shared.database import acting, insert_many, update_many

SYSTEM = "system"
"""Who decided, where nobody had to."""


@dataclass(frozen=True, slots=True)
class Word:
    """Who decided. Of a person who declined, what the supplier is told: codes of `rules.BY_PERSONS`, a sentence."""

    by: str = SYSTEM
    reasons: tuple[str, ...] = ()
    explanation: str = ""


OF_THE_POLICY = Word()


@dataclass(frozen=True, slots=True)
class Decided:
    """An application with what was decided on it, and from what."""

    application: Application
    facility: Facility
    inputs: rules.Inputs
    result: rules.Result
    outcome: str


def decide_waiting(*, actor: Actor, application_ids: Sequence[int], now: datetime) -> list[Decision]:
    """Decide those of the applications that are still waiting, in the order in which they came.

    Each is decided by the version that it is pinned to, under the lock of its facility and its receivables; several on
    one facility one after the other, each seeing what the one before has taken. What is approved is assigned, booked
    and instructed in the same transaction.
    """
    with acting(actor):
        facilities, applications = lock_waiting(application_ids, Application.Status.SUBMITTED)
        inputs = gather(actor, facilities, applications, now)
        desk = Desk(inputs)
        decided = [desk.decide(application, facilities[application.facility_id]) for application in applications]
        return conclude(actor, decided, now)


def lock_waiting(application_ids: Iterable[int], status: str) -> tuple[dict[int, Facility], list[Application]]:
    """Applications in that status, oldest first, and their facilities: these are locked first."""
    waiting = Application.objects.filter(id__in=list(application_ids), status=status)
    facilities = lock_facilities(waiting.values_list("facility_id", flat=True))
    # Policies are few and long: each is read once, not with every application.
    locked = (
        waiting.select_related("quote")
        .prefetch_related("policy")
        .select_for_update(no_key=True, of=("self",))
        .order_by("id")
    )
    return facilities, list(locked)


def gather(
    actor: Actor, facilities: Mapping[int, Facility], applications: Sequence[Application], now: datetime, *,
    lock: bool = True,
) -> dict[tuple[int, int], rules.Inputs]:  # fmt: skip
    """What is known of each facility under each policy that its applications are pinned to.

    `lock`: its receivables too, to be decided on; otherwise what is found is only to be looked at, and summed by
    what the rules cannot tell apart.
    """
    today = business_dates(each.funder_id for each in facilities.values())
    found = {}
    for version in {each.policy_id: each.policy for each in applications}.values():
        mine = {each.facility_id for each in applications if each.policy_id == version.id}
        concerned = [facilities[facility_id] for facility_id in sorted(mine)]
        gathered = inputs_for(
            facilities=concerned,
            policies={each.id: version for each in concerned},
            assessments=_assessments(actor, concerned, version.id, today, now),
            today=today,
            lock=lock,
            receivables=None if lock else summed(receivables_alike(facilities=concerned)),
        )
        found |= {(facility_id, version.id): inputs for facility_id, inputs in gathered.items()}
    return found


def _assessments(
    actor: Actor, facilities: Sequence[Facility], policy_id: int, today: Mapping[int, date], now: datetime
) -> dict[int, Assessment]:
    found = {}
    for programme in {each.programme_id: each.programme for each in facilities}.values():
        mine = [each for each in facilities if each.programme_id == programme.id]
        suppliers = [each.supplier_id for each in mine]
        assessed = assess(
            actor=actor, programme_id=programme.id, supplier_ids=suppliers, as_of=today[programme.funder_id], now=now,
            policy_id=policy_id, repayment=past_repayment(funder_id=programme.funder_id, supplier_ids=suppliers),
        )  # fmt: skip
        found |= {each.id: assessed[each.supplier_id] for each in mine}
    return found


class Desk:
    """Decides one application after the other; what one takes, the next one finds taken."""

    def __init__(self, inputs: Mapping[tuple[int, int], rules.Inputs]):
        self._inputs = inputs
        self._reserved: dict[int, int] = {}
        self._taken: dict[int, int] = {}

    def decide(self, application: Application, facility: Facility, *, by_hand: str = "") -> Decided:
        """`by_hand`: outcome that a person chose within what the policy leaves to persons."""
        inputs = self._inputs_of(application)
        result = rules.decide(inputs)
        outcome = result.outcome
        if by_hand and outcome != rules.DECLINED:
            outcome = by_hand
        if outcome == rules.APPROVED:
            self._reserved[facility.id] = self._reserved.get(facility.id, 0) + application.amount_minor
            self._taken |= dict.fromkeys(result.security_ids, facility.id)
        return Decided(application, facility, inputs, result, outcome)

    def _inputs_of(self, application: Application) -> rules.Inputs:
        known = self._inputs[application.facility_id, application.policy_id]
        taken_before = self._reserved.get(application.facility_id, 0)
        receivables = tuple(
            replace(each, status="ASSIGNED", assigned_facility_id=self._taken[each.id])
            if each.id in self._taken
            else each
            for each in known.receivables
        )
        return replace(
            known,
            asked_minor=application.amount_minor,
            receivables=receivables,
            position=replace(known.position, reserved_minor=known.position.reserved_minor + taken_before),
            quoted=_quoted(application.quote),
            quoted_security=tuple(application.quote.result["security_ids"]),
        )


def _quoted(quote: Quote) -> rules.Terms:
    return rules.Terms(
        annual_rate=quote.annual_rate, day_count=quote.day_count, fee_minor=quote.fee_minor,
        interest_minor=quote.interest_minor, total_cost_minor=quote.fee_minor + quote.interest_minor,
        expected_settlement_date=quote.expected_settlement_date, due_date=quote.due_date,
    )  # fmt: skip


def conclude(actor: Actor, decided: Sequence[Decided], now: datetime, *, word: Word = OF_THE_POLICY) -> list[Decision]:
    """Write the decisions, and for what is approved: limit, assignment, booking and payment."""
    decisions = insert_many([_decision(each, now, word) for each in decided])
    for each, decision in zip(decided, decisions, strict=True):
        each.application.decision = decision
        each.application.decided_at = now
        each.application.move_to(each.outcome)
    update_many(Application, [each.application for each in decided], ["status", "decision", "decided_at"])
    _set_limits(decided)
    record(actor, now, [_news(each, word) for each in decided])
    approved = [each for each in decided if each.outcome == rules.APPROVED]
    if approved:
        _disburse(actor, approved, now)
    return decisions


def _decision(decided: Decided, now: datetime, word: Word) -> Decision:
    application, by_hand = decided.application, word.by != SYSTEM
    inputs = decided.inputs.to_json()
    return Decision(
        application_id=application.id, facility=decided.facility, supplier_id=application.supplier_id,
        funder_id=application.funder_id, policy_id=application.policy_id, outcome=decided.outcome,
        inputs=inputs, inputs_hash=rules.content_hash(inputs), result=decided.result.to_json(),
        reasons=list(decided.result.reasons), business_date=decided.inputs.business_date, decided_at=now,
        recommended_by=application.recommended_by if by_hand else "", decided_by=word.by,
        given_reasons=list(word.reasons), explanation=word.explanation,
    )  # fmt: skip


def _set_limits(decided: Sequence[Decided]) -> None:
    """The limit follows the score, never below what is drawn and reserved; an approval reserves its amount."""
    for each in decided:
        facility = each.facility
        if each.outcome == rules.APPROVED:
            facility.reserved_minor += each.application.amount_minor
        facility.limit_minor = max(each.result.limit_minor, facility.principal_minor + facility.reserved_minor)
    changed = {each.facility.id: each.facility for each in decided}
    update_many(Facility, list(changed.values()), ["limit_minor", "reserved_minor"])


def _disburse(actor: Actor, approved: Sequence[Decided], now: datetime) -> None:
    advances = insert_many([_advance(each, now) for each in approved])
    record(actor, now, [_approved(each) for each in advances])
    transfers = [
        Transfer(receivable_id, each.facility.id, each.facility.funder_id, each.facility.programme.agreement)
        for each in approved
        for receivable_id in each.result.security_ids
    ]
    if transfers:
        assign_many(actor=actor, transfers=transfers, now=now)
    insert_many(
        [
            AdvanceReceivable(advance=advance, receivable_id=receivable_id)
            for advance, each in zip(advances, approved, strict=True)
            for receivable_id in each.result.security_ids
        ]
    )
    instructions = instruct(actor=actor, payments=[_payment(each) for each in advances], now=now)
    for advance, instruction in zip(advances, instructions, strict=True):
        advance.instruction = instruction
        advance.move_to(Advance.Status.DISBURSING)
    update_many(Advance, advances, ["status", "instruction"])
    book_all(actor, [(each.funder_id, _principal_entry(each)) for each in advances], now)


def _approved(advance: Advance) -> News:
    facts = {"amount_minor": advance.amount_minor, "currency": advance.currency}
    return News("advance.approved", advance, (advance.supplier_id, advance.funder_id), facts)


def _advance(decided: Decided, now: datetime) -> Advance:
    application, terms = decided.application, decided.result.terms
    return Advance(
        application=application, facility=decided.facility, supplier_id=application.supplier_id,
        funder_id=application.funder_id, currency=application.currency, amount_minor=application.amount_minor,
        annual_rate=terms.annual_rate, day_count=terms.day_count, fee_minor=terms.fee_minor,
        grade=application.quote.grade, approved_at=now, approved_date=decided.inputs.business_date,
        due_date=terms.due_date,
    )  # fmt: skip


def _payment(advance: Advance) -> Payment:
    """Named after the application: whoever decides it again, in a database restored to before, orders the same payment,
    which the bank does not make twice."""
    return Payment(
        key=f"disbursement/{advance.application_id}", purpose="DISBURSEMENT", payer_id=advance.funder_id,
        payee_id=advance.supplier_id, amount_minor=advance.amount_minor, currency=advance.currency,
        subject_type=advance._meta.label_lower, subject_id=advance.id, contra_kind="DISBURSEMENT_CLEARING",
        facility_id=advance.facility_id, remittance=f"Advance {advance.id}",
    )  # fmt: skip


def _principal_entry(advance: Advance) -> Posting:
    return Posting(
        key=approval_key(advance), kind="advance.approved", currency=advance.currency,
        legs=(
            LegOf("ADVANCES", advance.amount_minor, advance.facility_id),
            LegOf("DISBURSEMENT_CLEARING", -advance.amount_minor, advance.facility_id),
        ),
        subject_type=advance._meta.label_lower, subject_id=advance.id,
    )  # fmt: skip


def _news(decided: Decided, word: Word) -> News:
    application = decided.application
    facts = {
        "reasons": [*word.reasons, *decided.result.reasons],
        "grade": decided.result.grade,
        "amount_minor": application.amount_minor,
        "currency": application.currency,
    }
    parties = (application.supplier_id, application.funder_id)
    return News(f"application.{decided.outcome.lower()}", application, parties, facts)
