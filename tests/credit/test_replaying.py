"""A proposed policy, replayed over what was decided: the same policy changes nothing, another one shows whom."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.trail.models import Delivery, Event
from financing.credit import handlers, replays, services
from financing.credit.models import Decision, PolicyReplay, PolicyVersion, ReplayedDecision
from financing.credit.rules import DEFAULT_BODY, Policy, Terms, decide, decide_by
from financing.schedules import months_before
from portal.shared.errors import Forbidden, NotFound, Stale
from tests.credit.facts import GOOD, body, inputs
from tests.threads import at_once
from tests.world import NOW, TODAY

QUOTED = Terms(
    annual_rate=Decimal("0.09"), day_count="ACT/360", fee_minor=50, interest_minor=38, total_cost_minor=88,
    expected_settlement_date=TODAY + timedelta(30), due_date=TODAY + timedelta(35),
)  # fmt: skip
WEAKER = replace(GOOD, trend=Decimal("0.40"), on_time_share=Decimal("0.85"), volatility=Decimal("0.9"))


def keep(scene, number: int, *, days_ago: int = 0, decided_by: str = "system", **changed) -> Decision:
    """A decision on application `number`, as it is kept."""
    facility, policy = scene.facility_of, scene.policy_of
    given = inputs(**{"facility_id": facility.id, "quoted": QUOTED} | changed)
    result = decide(given)
    return Decision.objects.create(
        application_id=number, facility=facility, supplier=facility.supplier, funder=facility.funder, policy=policy,
        outcome=result.outcome, inputs=given.to_json(), inputs_hash=given.hash, result=result.to_json(),
        reasons=list(result.reasons), business_date=TODAY - timedelta(days_ago), decided_at=NOW, decided_by=decided_by,
    )  # fmt: skip


@pytest.fixture
def lending(scene):
    scene.facility_of, scene.policy_of = scene.facility(), scene.policy()
    return scene


def replay_of(scene, version: PolicyVersion, months: int = 1, chunk: int = 500) -> PolicyReplay:
    replay = services.request_replay(actor=scene.hana, policy_id=version.id, months=months, now=NOW)
    while services.replay_some(replay_id=replay.id, now=NOW, chunk=chunk):
        pass
    replay.refresh_from_db()
    return replay


def test_a_policy_replayed_on_its_own_decisions_changes_nothing(lending):
    keep(lending, 1)
    keep(lending, 2, features=WEAKER)
    keep(lending, 3, asked_minor=100)
    replay = replay_of(lending, lending.propose())
    assert (replay.status, replay.decisions, replay.replayed, replay.changed) == ("DONE", 3, 3, 0)
    (whole,), graded = replays.totals(replay)
    assert whole.before == whole.after
    assert [(each.grade, each.before.decisions) for each in graded] == [("A", 2), ("B", 1)]
    assert replays.moves(replay) == []


def test_who_changes_and_how_is_told_with_amounts_income_limits_and_share(lending):
    keep(lending, 1, asked_minor=5_000)
    keep(lending, 2, asked_minor=8_000)
    stricter = lending.propose(body(authority={"max_amount_minor": 6_000}, amounts={"max_limit_minor": 9_000}))
    replay = replay_of(lending, stricter)
    assert replay.changed == 2  # both limits, one outcome
    (whole,), _graded = replays.totals(replay)
    assert (whole.before.approved, whole.before.amount_minor, whole.before.automatic_share) == (2, 13_000, 1)
    assert (whole.after.approved, whole.after.referred, whole.after.amount_minor) == (1, 1, 5_000)
    assert (whole.before.income_minor, whole.after.income_minor) == (176, 88)
    assert (whole.before.limit_minor, whole.after.limit_minor) == (180_000, 9_000)
    assert whole.after.automatic_share == 0.5
    assert [(m.before, m.after, m.count, m.amount_minor) for m in replays.moves(replay)] == [
        ("APPROVED", "REFERRED", 1, 8_000)
    ]
    line = replays.changes(replay).get(outcome_after="REFERRED")
    assert (line.decision.application_id, line.reasons_after) == (2, ["AMOUNT_ABOVE_AUTHORITY"])


def test_a_price_that_changes_is_priced_anew_and_one_that_does_not_stays_as_quoted(lending):
    keep(lending, 1)
    dearer = [g | {"annual_rate_bp": 1800} if g["grade"] == "A" else g for g in DEFAULT_BODY["grades"]]
    replay = replay_of(lending, lending.propose(body(grades=dearer)))
    line = replays.changes(replay).get()
    # 5,000 at 18 % over 30 of 360 days is 75, and the smallest fee 50; quoted were 88 in all.
    assert (line.income_before_minor, line.income_after_minor) == (88, 125)
    assert (line.outcome_before, line.outcome_after) == ("APPROVED", "APPROVED")


def test_an_offer_that_had_lapsed_is_mended_by_no_policy():
    lapsed = inputs(quoted=replace(QUOTED, due_date=TODAY))
    grades = [grade | {"annual_rate_bp": 1} for grade in DEFAULT_BODY["grades"]]
    cheaper = Policy.from_body(body(grades=grades))
    result = decide_by(replace(lapsed, policy=cheaper), lapsed.policy, "A")
    assert (result.outcome, result.reasons) == ("DECLINED", ("QUOTE_OUTDATED",))


def test_the_window_is_in_business_dates_and_people_s_own_decisions_are_left_out(lending):
    for number, days in enumerate((0, 27, 28, 60), 1):
        keep(lending, number, days_ago=days)
    keep(lending, 9, decided_by="user:1")
    version = lending.propose()
    assert (replay_of(lending, version, 1).since, replay_of(lending, version, 3).decisions) == (date(2026, 2, 2), 4)
    assert replay_of(lending, version, 1).decisions == 2


def test_asked_again_on_the_same_day_it_is_the_same_replay(lending):
    keep(lending, 1)
    version = lending.propose()
    first, second = replay_of(lending, version), replay_of(lending, version)
    assert first.id == second.id and ReplayedDecision.objects.count() == 1
    assert Event.objects.filter(name="policy.replayed").count() == 1


def test_cut_short_it_goes_on_where_it_was(lending):
    for number in range(1, 6):
        keep(lending, number)
    replay = services.request_replay(actor=lending.hana, policy_id=lending.propose().id, months=1, now=NOW)
    assert services.replay_some(replay_id=replay.id, now=NOW, chunk=2)
    replay.refresh_from_db()
    assert (replay.replayed, replay.status) == (2, "RUNNING")
    handlers.replay([Event.objects.get(name="policy.replay_requested")])
    handlers.replay([Event.objects.get(name="policy.replay_requested")])
    replay.refresh_from_db()
    assert (replay.replayed, replay.status, ReplayedDecision.objects.count()) == (5, "DONE", 5)


def test_what_was_decided_after_it_was_asked_for_is_left_to_the_next(lending):
    keep(lending, 1)
    replay = services.request_replay(actor=lending.hana, policy_id=lending.propose().id, months=1, now=NOW)
    keep(lending, 2)
    services.replay_some(replay_id=replay.id, now=NOW)
    replay.refresh_from_db()
    assert (replay.status, replay.replayed) == ("DONE", 1)


def test_facts_that_can_no_longer_be_read_are_counted_and_not_guessed_at(lending):
    decision = keep(lending, 1)
    facts = {name: value for name, value in decision.inputs.items() if name != "features"}
    Decision.objects.create(
        **{f.attname: getattr(decision, f.attname) for f in Decision._meta.fields if f.name not in ("id", "inputs")}
        | {"inputs": facts, "application_id": 2}
    )
    replay = replay_of(lending, lending.propose())
    assert (replay.replayed, replay.changed, replays.unreadable(replay)) == (2, 0, 1)
    assert replays.totals(replay)[0][0].before.decisions == 1


def test_nothing_decided_is_an_end_too(lending):
    replay = replay_of(lending, lending.propose())
    assert (replay.status, replay.decisions, replays.totals(replay)) == ("DONE", 0, ([], []))


def test_statements_do_not_grow_with_the_decisions(lending):
    version = lending.propose()

    def statements(months: int) -> int:
        replay = services.request_replay(actor=lending.hana, policy_id=version.id, months=months, now=NOW)
        with CaptureQueriesContext(connection) as captured:
            services.replay_some(replay_id=replay.id, now=NOW)
        return len(captured)

    keep(lending, 1)
    few = statements(1)
    for number in range(2, 12):
        keep(lending, number)
    assert statements(3) == few


@pytest.mark.parametrize("months", [0, 2, 12])
def test_other_windows_are_refused(lending, months):
    with pytest.raises(services.ReplayWindowUnknown):
        services.request_replay(actor=lending.hana, policy_id=lending.policy_of.id, months=months, now=NOW)
    assert PolicyReplay.objects.count() == 0


def test_only_makers_and_checkers_of_the_funder_replay_its_policy(lending):
    version = lending.propose()
    for actor, refusal in ((lending.vera, Forbidden), (lending.cleo, NotFound), (lending.ana, NotFound)):
        with pytest.raises(refusal):
            services.request_replay(actor=actor, policy_id=version.id, months=1, now=NOW)
    assert (PolicyReplay.objects.count(), Delivery.objects.filter(subscriber="credit.replay").count()) == (0, 0)


def test_an_approval_says_which_replay_the_approver_saw_or_that_there_was_none(lending):
    for months, kept in ((None, None), (1, True)):
        version = lending.propose()
        replay = replay_of(lending, version, months) if months else None
        services.approve_policy(
            actor=lending.hugo, policy_id=version.id, seen_hash=version.body_hash, now=NOW,
            seen_replay_id=replay.id if replay else None,
        )  # fmt: skip
        version.refresh_from_db()
        assert version.approved_replay_id == (replay.id if kept else None)
        event = Event.objects.filter(name="policy.approved").latest("id")
        assert event.payload["replay"] == version.approved_replay_id


def test_an_unfinished_or_foreign_replay_carries_no_approval(lending):
    keep(lending, 1)
    version, other = lending.propose(), lending.propose()
    running = services.request_replay(actor=lending.hana, policy_id=version.id, months=1, now=NOW)
    foreign = replay_of(lending, other)
    for replay in (running, foreign):
        with pytest.raises(Stale):
            services.approve_policy(
                actor=lending.hugo, policy_id=version.id, seen_hash=version.body_hash, now=NOW,
                seen_replay_id=replay.id,
            )  # fmt: skip
    version.refresh_from_db()
    assert (version.status, version.approved_replay_id) == ("PROPOSED", None)


def test_the_database_keeps_one_replay_per_question_and_its_lines_for_ever(lending):
    keep(lending, 1)
    replay = replay_of(lending, lending.propose())
    with pytest.raises(IntegrityError, match="policy_replay_once"), transaction.atomic():
        PolicyReplay.objects.create(
            policy=replay.policy, funder=replay.funder, months=1, as_of=replay.as_of, since=replay.since, until_id=0,
            decisions=0, requested_at=NOW, body_hash="", requested_by="x",
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="policy_replay_done_is_whole"), transaction.atomic():
        PolicyReplay.objects.filter(id=replay.id).update(replayed=0, changed=0)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        ReplayedDecision.objects.update(is_changed=True)


def test_two_workers_at_once_do_each_decision_once(committed):
    committed.facility_of, committed.policy_of = committed.facility(), committed.policy()
    for number in range(1, 9):
        keep(committed, number)
    replay = services.request_replay(actor=committed.hana, policy_id=committed.propose().id, months=1, now=NOW)

    def work():
        while services.replay_some(replay_id=replay.id, now=NOW, chunk=2):
            pass

    assert at_once(work, work) == [None, None]
    replay.refresh_from_db()
    assert (replay.status, replay.replayed, ReplayedDecision.objects.count()) == ("DONE", 8, 8)


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 2, 28), 6, date(2025, 8, 28)),
        (date(2024, 3, 30), 1, date(2024, 2, 29)),
    ],
)
def test_months_before_a_day(day, months, before):
    assert months_before(day, months) == before
