"""Suppliers are assessed once per business date, whoever asks and however often."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from financing.credit import services
from financing.credit.models import Assessment
from financing.credit.rules import Features, PastRepayment, from_plain
from logistics.orders.models import OrderLine
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import Forbidden, NotFound
from tests.credit.conftest import sell
from tests.credit.facts import body
from tests.world import NOW, TODAY


def trade(scene, lines: int = 12) -> None:
    for number in range(lines):
        sell(scene.cast.amphora, scene.cast.meridian, 15 * number + 20, 50_000, received=15 * number + 10)


def assess(scene, programme, *suppliers, actor=SYSTEM_ACTOR, as_of=TODAY, **more):
    ids = [each.id for each in suppliers or (scene.cast.amphora,)]
    return services.assess(actor=actor, programme_id=programme.id, supplier_ids=ids, as_of=as_of, now=NOW, **more)


def test_an_assessment_keeps_features_grade_limit_and_reasons(scene):
    trade(scene)
    policy, programme = scene.policy(), scene.programme()
    kept = assess(scene, programme)[scene.cast.amphora.id]
    measured = from_plain(Features, kept.features)
    assert (measured.order_lines, measured.days_of_trade, measured.monthly_delivered_3m_minor) == (12, 185, 100_000)
    assert (kept.policy, kept.grade, kept.points, kept.limit_minor) == (policy, "B", 73, 150_000)
    assert sum(line["points"] for line in kept.reasons) == 73
    assert {line["feature"]: line["code"] for line in kept.reasons}["order_lines"] == "ORDER_LINES_WEAK"


def test_a_thin_history_is_kept_as_not_scored_with_the_reason(scene):
    scene.policy()
    kept = assess(scene, scene.programme())[scene.cast.amphora.id]
    assert (kept.grade, kept.points, kept.limit_minor) == ("", 0, 0)
    assert kept.reasons == [{"code": "THIN_HISTORY_DAYS"}, {"code": "THIN_HISTORY_LINES"}]


def test_the_first_score_of_a_date_stands(scene):
    trade(scene)
    scene.policy()
    programme = scene.programme()
    first = assess(scene, programme)
    OrderLine.objects.update(cancelled_at=NOW)
    assert assess(scene, programme) == first
    tomorrow = assess(scene, programme, as_of=TODAY + timedelta(1))
    assert tomorrow[scene.cast.amphora.id].grade != first[scene.cast.amphora.id].grade == "B"


def test_who_had_too_little_trade_to_be_scored_is_scored_on_the_day_that_it_comes_in(scene):
    scene.policy()
    programme = scene.programme()
    for _ in range(2):  # nothing came in between: nothing is written
        assert assess(scene, programme)[scene.cast.amphora.id].grade == ""
    assert Assessment.objects.count() == 1
    trade(scene)
    for _ in range(2):
        found = assess(scene, programme)[scene.cast.amphora.id]
        assert (found.grade, found.revision, found.as_of) == ("B", 1, TODAY)
    assert Assessment.objects.count() == 2


def test_a_pinned_policy_is_used_after_a_later_one_came_into_force(scene):
    trade(scene)
    old = scene.policy()
    new = scene.policy(body(thin_history={"min_lines": 13}))
    programme = scene.programme()
    assert assess(scene, programme)[scene.cast.amphora.id].policy == new
    assert assess(scene, programme, policy_id=old.id)[scene.cast.amphora.id].grade == "B"


def test_past_repayment_counts(scene):
    trade(scene)
    scene.policy()
    good = {scene.cast.amphora.id: PastRepayment(repaid=2)}
    assert assess(scene, scene.programme(), repayment=good)[scene.cast.amphora.id].points == 76


def test_a_supplier_is_assessed_for_itself_and_funders_for_their_own_programmes(scene):
    scene.policy()
    programme = scene.programme()
    assert assess(scene, programme, actor=scene.aldo)
    assert assess(scene, programme, scene.cast.amphora, scene.cast.bellows, actor=scene.vera)
    for actor in (scene.ben, scene.cleo):
        with pytest.raises(NotFound):
            assess(scene, programme, actor=actor)
    with pytest.raises(Forbidden):
        assess(scene, programme, actor=scene.maya)


def test_without_a_policy_in_force_nobody_is_assessed(scene):
    with pytest.raises(services.NoPolicyInForce):
        assess(scene, scene.programme())


def test_many_suppliers_take_as_many_statements_as_one(scene, django_assert_num_queries):
    scene.policy()
    programme = scene.programme()
    with django_assert_num_queries(10):
        assess(scene, programme)
    with django_assert_num_queries(10):
        assess(scene, programme, scene.cast.amphora, scene.cast.bellows, as_of=TODAY + timedelta(1))


def test_assessments_are_never_rewritten(scene):
    scene.policy()
    assess(scene, scene.programme())
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Assessment.objects.update(grade="A")


def test_two_who_measure_at_the_same_moment_get_the_same_assessment(committed):
    trade(committed)
    committed.policy()
    programme = committed.programme()
    start, found = threading.Barrier(4), []

    def run():
        try:
            start.wait(10)
            found.append(assess(committed, programme)[committed.cast.amphora.id].id)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert set(found) == {Assessment.objects.get().id}
