"""The platform's word: acceptance by hand, dispute, resolution, cancellation."""

import pytest

from accounts.parties.models import Membership
from accounts.trail.models import Event
from financing.receivables import queries, services
from financing.receivables.models import Receivable
from financing.receivables.refusals import AlreadyAccepted, PaymentUnderWay
from portal.shared.access import Actor
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound, OwnWork, SecondFactorRequired
from tests.world import NOW


def accept(scene, *ids, actor=None):
    return services.accept(actor=actor or scene.maya, receivable_ids=ids, now=NOW)


def received(scene, count=1, **how) -> list[int]:
    return [each.receivable_id for each in scene.submit(*(scene.invoice() for _ in range(count)), **how)]


def test_accepting_makes_it_financeable_and_says_who_did(scene):
    (receivable_id,) = received(scene)
    (answer,) = accept(scene, receivable_id)
    row = Receivable.objects.get()
    assert (answer.done, row.status, row.accepted_by, row.accepted_at) == (True, "ACCEPTED", scene.maya.identity, NOW)
    assert Event.objects.get(name="receivable.accepted").payload["by"] == "hand"
    assert [each.id for each in queries.financeable(actor=scene.ana)] == [row.id]


def test_who_belongs_to_the_supplier_accepts_none_of_its_invoices_for_the_platform(scene):
    first, second = received(scene, 2)
    services.dispute(actor=scene.maya, receivable_id=second, reason="?", now=NOW)
    for party in (scene.cast.amphora, scene.cast.harbour):
        Membership.objects.create(user_id=scene.maya.user_id, party=party, role="VIEWER", created_at=NOW)
    (answer,) = accept(scene, first)
    assert (answer.code, answer.sentence) == (
        "OWN_WORK", "You belong to this company, so somebody else has to accept what it is owed."
    )  # fmt: skip
    with pytest.raises(OwnWork):
        services.resolve_dispute(actor=scene.maya, receivable_id=second, now=NOW)
    assert set(Receivable.objects.values_list("status", "accepted_at")) == {("RECEIVED", None), ("DISPUTED", None)}
    Membership.objects.filter(user=scene.maya.user_id, party=scene.cast.amphora).update(ended_at=NOW)
    assert accept(scene, first)[0].done


def test_many_are_accepted_at_once_with_an_answer_for_each(scene):
    first, second = received(scene, 2)
    (theirs,) = scene.submit(scene.invoice(), actor=scene.maya)
    accept(scene, second)
    answers = accept(scene, first, second, theirs.receivable_id, 999)
    codes = ["", "INVALID_TRANSITION", "OWN_WORK", "NOT_FOUND"]
    assert [(each.done, each.code) for each in answers] == [(code == "", code) for code in codes]
    assert sorted(Receivable.objects.values_list("status", flat=True)) == ["ACCEPTED", "ACCEPTED", "RECEIVED"]


def test_what_is_financed_or_paid_is_not_accepted_again_and_holds_back_no_other(scene):
    (financed,), (paid,), (fresh,) = scene.assigned(), scene.accepted(), received(scene)
    Receivable.objects.filter(id=paid.id).update(status="SETTLED", settled_minor=paid.open_minor)
    answers = accept(scene, financed.id, paid.id, fresh)
    assert [(each.done, each.code) for each in answers] == [
        (False, "INVALID_TRANSITION"), (False, "INVALID_TRANSITION"), (True, "")
    ]  # fmt: skip
    assert list(Receivable.objects.order_by("id").values_list("status", flat=True)) == [
        "ASSIGNED", "SETTLED", "ACCEPTED"
    ]  # fmt: skip


def test_whoever_handed_it_in_does_not_accept_it_but_a_colleague_may(scene):
    (receivable_id,) = received(scene, actor=scene.maya)
    colleague = Actor(scene.maya.party_id, "PLATFORM", frozenset({"MAKER"}), user_id=99_999)
    (answer,) = accept(scene, receivable_id)
    assert answer.sentence == "You handed this in, so somebody else has to accept it."
    assert accept(scene, receivable_id, actor=colleague)[0].done


def test_accepting_a_hundred_takes_as_many_statements_as_one(scene, django_assert_num_queries):
    ids = received(scene, 101)
    for some in (ids[:1], ids[1:]):
        with django_assert_num_queries(8):
            assert all(each.done for each in accept(scene, *some))


def test_only_the_debtor_accepts(scene):
    (receivable_id,) = received(scene)
    with pytest.raises(Forbidden):
        accept(scene, receivable_id, actor=scene.ana)
    with pytest.raises(Forbidden):
        accept(scene, receivable_id, actor=scene.marc)
    without = Actor(scene.maya.party_id, "PLATFORM", frozenset({"MAKER"}), user_id=1, has_second_factor=False)
    with pytest.raises(SecondFactorRequired):
        accept(scene, receivable_id, actor=without)
    assert Receivable.objects.get().status == "RECEIVED"


def test_a_dispute_gives_its_reason_to_supplier_and_funder_and_ends_where_it_began(scene):
    (row,) = scene.assigned()
    services.dispute(actor=scene.maya, receivable_id=row.id, reason=" 3 kettles leak ", now=NOW)
    row.refresh_from_db()
    assert (row.status, row.dispute_reason, row.assigned_facility_id) == ("DISPUTED", "3 kettles leak", 7)
    event = Event.objects.get(name="receivable.disputed")
    assert event.payload["reason"] == "3 kettles leak"
    assert scene.cast.harbour.id in event.parties.values_list("party_id", flat=True)
    services.resolve_dispute(actor=scene.maya, receivable_id=row.id, now=NOW)
    row.refresh_from_db()
    assert (row.status, row.dispute_reason) == ("ASSIGNED", "")


def test_resolving_the_dispute_of_something_never_accepted_accepts_it(scene):
    (receivable_id,) = received(scene)
    services.dispute(actor=scene.maya, receivable_id=receivable_id, reason="Unknown", now=NOW)
    assert accept(scene, receivable_id)[0].code == "INVALID_TRANSITION"
    row = services.resolve_dispute(actor=scene.maya, receivable_id=receivable_id, now=NOW)
    assert (row.status, row.accepted_by) == ("ACCEPTED", scene.maya.identity)


def test_what_is_being_paid_is_not_disputed(scene):
    (row,) = scene.accepted()
    Receivable.objects.filter(id=row.id).update(settling_minor=100)
    with pytest.raises(PaymentUnderWay):
        services.dispute(actor=scene.maya, receivable_id=row.id, reason="Late", now=NOW)


def test_a_dispute_needs_a_reason(scene):
    (row,) = scene.accepted()
    for reason in ("", "  ", "x" * 201):
        with pytest.raises(InvalidInput):
            services.dispute(actor=scene.maya, receivable_id=row.id, reason=reason, now=NOW)


def test_only_what_is_disputed_is_resolved(scene):
    (row,) = scene.accepted()
    with pytest.raises(InvalidTransition):
        services.resolve_dispute(actor=scene.maya, receivable_id=row.id, now=NOW)


def test_supplier_or_platform_cancels_what_was_never_accepted(scene):
    first, second = received(scene, 2)
    services.cancel(actor=scene.ana, receivable_id=first, reason="Sent by mistake", now=NOW)
    services.cancel(actor=scene.maya, receivable_id=second, reason="Not ours", now=NOW)
    assert set(Receivable.objects.values_list("status", flat=True)) == {"CANCELLED"}
    assert Event.objects.filter(name="receivable.cancelled").count() == 2


def test_what_was_accepted_is_not_cancelled(scene):
    for row in (*scene.accepted(), *scene.assigned()):
        with pytest.raises(AlreadyAccepted):
            services.cancel(actor=scene.maya, receivable_id=row.id, reason="Changed our mind", now=NOW)


def test_outsiders_find_nothing(scene):
    (row,) = scene.accepted()
    for act in (services.dispute, services.cancel):
        with pytest.raises(NotFound):
            act(actor=scene.ben, receivable_id=row.id, reason="Curious", now=NOW)
        with pytest.raises(NotFound):
            act(actor=scene.hana, receivable_id=row.id, reason="Curious", now=NOW)
    with pytest.raises(Forbidden):
        services.dispute(actor=scene.ana, receivable_id=row.id, reason="Curious", now=NOW)


def test_the_queue_of_the_platform_holds_what_waits_for_it_the_oldest_first(scene):
    scene.order("PO-1")
    scene.submit(scene.ordered_invoice("PO-1"))
    (waiting,) = received(scene)
    (row,) = scene.accepted(issue_date="2026-01-01")
    services.dispute(actor=scene.maya, receivable_id=row.id, reason="Broken", now=NOW)
    assert [each.id for each in queries.acceptance_queue(actor=scene.maya)] == [waiting, row.id]
    assert not queries.acceptance_queue(actor=scene.ben).exists()


def test_the_list_filters_and_searches_any_spelling(scene):
    scene.submit(scene.invoice("INV-0012"), scene.invoice("INV-13", due_date="2026-06-30"))
    found = queries.receivables(actor=scene.maya, search="inv 12")
    assert [each.number for each in found] == ["INV-0012"]
    assert queries.receivables(actor=scene.maya, search="amph", status="RECEIVED", match="SIMILAR").count() == 1
    late = queries.receivables(actor=scene.ana, due_from=NOW.date().replace(month=5), currency="EUR")
    assert [each.number for each in late] == ["INV-13"]
    (twin,) = queries.similar_to(actor=scene.maya, receivable=late[0])
    assert twin.number == "INV-0012"
    assert not queries.receivables(actor=scene.hana).exists()
