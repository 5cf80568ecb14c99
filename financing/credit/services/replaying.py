"""A policy version applied to what was asked in the months before: who would have been decided otherwise, and how."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from django.db.models import Count, F, Func, JSONField, Max, QuerySet, TextField, Value
from django.db.models.functions import Cast

from accounts.trail.services import News, record
from financing.credit import rules
from financing.credit.models import Decision, PolicyReplay, PolicyVersion, ReplayedDecision
from financing.credit.services.facilities import business_date
from financing.schedules import months_before
from portal.shared.access import SYSTEM_ACTOR, Actor, require
from portal.shared.database import acting, lock_name
from portal.shared.errors import InvalidInput, NotFound

MONTHS = (1, 3, 6)
CHUNK = 500
"""Decisions of one transaction: some tenths of a second of work, and what a worker that dies has to do again."""


class ReplayWindowUnknown(InvalidInput):
    code = "REPLAY_WINDOW_UNKNOWN"
    sentence = "A policy is replayed over 1, 3 or 6 months."


def request_replay(*, actor: Actor, policy_id: int, months: int, now: datetime) -> PolicyReplay:
    """Begin it, up to the book's day; asked for again on that day it is the same one.

    Only what the policy decided is replayed, once per application: what people made of a referral is theirs. Raises
    NotFound, ReplayWindowUnknown.
    """
    with acting(actor):
        version = PolicyVersion.objects.visible_to(actor).filter(id=policy_id).first()
        if version is None:
            raise NotFound()
        require(actor, "credit.replay_policy")
        if months not in MONTHS:
            raise ReplayWindowUnknown()
        as_of = business_date(version.funder_id, now)
        lock_name("replay", version.id)
        found = version.replays.filter(months=months, as_of=as_of).first()
        return found or _begin(actor, version, months, as_of, now)


def _begin(actor: Actor, version: PolicyVersion, months: int, as_of: date, now: datetime) -> PolicyReplay:
    replay = PolicyReplay(
        policy=version, funder_id=version.funder_id, body_hash=version.body_hash, months=months, as_of=as_of,
        since=months_before(as_of, months), requested_by=actor.identity, requested_at=now,
    )  # fmt: skip
    known = _decisions(replay).aggregate(count=Count("id"), last=Max("id"))
    replay.decisions, replay.until_id = known["count"], known["last"] or 0
    replay.save()
    facts = {"number": version.number, "months": months}
    record(actor, now, [News("policy.replay_requested", replay, (replay.funder_id,), facts, internal=True)])
    return replay


def replay_some(*, replay_id: int, now: datetime, chunk: int = CHUNK) -> bool:
    """Decide the next few hundred again; True while there are more.

    Lines and how far it has come are written together: cut short, it goes on where it was, and two at once take turns.
    """
    with acting(SYSTEM_ACTOR):
        replay = (
            PolicyReplay.objects.select_for_update(no_key=True, of=("self",)).select_related("policy").get(id=replay_id)
        )
        if replay.status == PolicyReplay.Status.DONE:
            return False
        rows = list(_next(replay, chunk))
        lines = list(_lines(replay, rows))
        ReplayedDecision.objects.bulk_create(lines)
        replay.replayed += len(lines)
        replay.changed += sum(line.is_changed for line in lines)
        replay.last_id = rows[-1]["id"] if rows else replay.last_id
        if len(rows) < chunk:
            _finish(replay, now)
        replay.save(update_fields=["status", "replayed", "changed", "last_id", "finished_at"])
        return replay.status != PolicyReplay.Status.DONE


def _finish(replay: PolicyReplay, now: datetime) -> None:
    replay.move_to(PolicyReplay.Status.DONE)
    replay.finished_at = now
    facts = {
        "number": replay.policy.number, "months": replay.months, "decisions": replay.replayed,
        "changed": replay.changed, "hash": replay.body_hash, "replay": replay.id,
    }  # fmt: skip
    record(SYSTEM_ACTOR, now, [News("policy.replayed", replay.policy, (replay.funder_id,), facts, internal=True)])


def _decisions(replay: PolicyReplay) -> QuerySet[Decision]:
    return Decision.objects.filter(
        funder_id=replay.funder_id, decided_by="system", business_date__gt=replay.since,
        business_date__lte=replay.as_of,
    )  # fmt: skip


def _next(replay: PolicyReplay, chunk: int) -> QuerySet:
    """Without what was kept of the policy: another takes its place."""
    facts = Func(
        F("inputs"), Cast(Value("policy"), TextField()), template="(%(expressions)s)", arg_joiner=" - ",
        output_field=JSONField(),
    )  # fmt: skip
    return (
        _decisions(replay)
        .filter(id__gt=replay.last_id, id__lte=replay.until_id)
        .order_by("id")
        .values(
            "id", "supplier_id", "facility_id", "policy_id", "outcome", "reasons", "result__grade",
            "result__limit_minor", "result__terms", facts=facts,
        )[:chunk]
    )  # fmt: skip


def _lines(replay: PolicyReplay, rows: list[dict]) -> Iterator[ReplayedDecision]:
    proposed = rules.Policy.from_body(replay.policy.body)
    versions = PolicyVersion.objects.in_bulk({row["policy_id"] for row in rows})
    earlier = {number: rules.Policy.from_body(version.body) for number, version in versions.items()}
    for row in rows:
        yield _line(replay, row, proposed, earlier[row["policy_id"]])


def _line(replay: PolicyReplay, row: Mapping, proposed: rules.Policy, earlier: rules.Policy) -> ReplayedDecision:
    line = ReplayedDecision(
        replay=replay, decision_id=row["id"], supplier_id=row["supplier_id"], facility_id=row["facility_id"],
        currency=row["facts"]["currency"], amount_minor=row["facts"]["asked_minor"],
        outcome_before=row["outcome"], reasons_before=row["reasons"], grade_before=row["result__grade"],
        limit_before_minor=row["result__limit_minor"], income_before_minor=_income(row["result__terms"]),
    )  # fmt: skip
    try:
        inputs = rules.from_plain(rules.Inputs, row["facts"], policy=proposed)
    except rules.Misshapen:
        return line  # kept in a shape that is no longer read: said, and not guessed at
    result = rules.decide_by(inputs, earlier, row["result__grade"])
    line.outcome_after, line.grade_after = result.outcome, result.grade
    line.reasons_after, line.limit_after_minor = list(result.reasons), result.limit_minor
    line.income_after_minor = result.terms.total_cost_minor if result.terms else None
    line.is_changed = line.before != line.after
    return line


def _income(terms: dict | None) -> int | None:
    return terms["total_cost_minor"] if terms else None
