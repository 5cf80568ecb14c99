"""A receivable secures one facility at a time, and comes back to its supplier when it is released."""

import pytest

from accounts.trail.models import Event
from financing.receivables import services
from financing.receivables.models import Assignment, Receivable
from financing.receivables.refusals import NotAvailableAsSecurity
from portal.shared.access import SYSTEM_ACTOR
from tests.world import NOW


def release(rows):
    return services.release(actor=SYSTEM_ACTOR, receivable_ids=[row.id for row in rows], now=NOW)


def test_an_assignment_records_agreement_standing_notice_and_acknowledgement(scene):
    (row,) = scene.assigned()
    row.refresh_from_db()
    assert (row.status, row.funder, row.assigned_facility_id) == ("ASSIGNED", scene.cast.harbour, 7)
    assignment = Assignment.objects.get(receivable=row)
    assert assignment.agreement == "AGR-1"
    assert assignment.assigned_at == assignment.notified_at == assignment.acknowledged_at == NOW
    assert assignment.released_at is None


def test_supplier_debtor_and_funder_hear_of_an_assignment_and_nobody_else(scene):
    (row,) = scene.assigned()
    event = Event.objects.get(name="receivable.assigned")
    assert event.payload == {
        "funder": scene.cast.harbour.id, "number": row.number, "open_minor": 10000, "currency": "EUR"
    }  # fmt: skip
    parties = set(event.parties.values_list("party_id", flat=True))
    assert parties == {scene.cast.amphora.id, scene.cast.meridian.id, scene.cast.harbour.id}


def test_what_is_not_accepted_is_not_available(scene):
    (result,) = scene.submit(scene.invoice())
    with pytest.raises(NotAvailableAsSecurity) as refusal:
        scene.assign([result.receivable_id])
    assert refusal.value.code == "NOT_AVAILABLE_AS_SECURITY"
    assert "facility" not in refusal.value.sentence.lower()
    assert not Assignment.objects.exists()


def test_what_secures_one_facility_is_not_available_to_another(scene):
    free, taken = scene.accepted(2)
    scene.assign([taken.id])
    with pytest.raises(NotAvailableAsSecurity):
        scene.assign([free.id, taken.id], facility=8, funder=scene.cast.crown)
    free.refresh_from_db()
    assert free.status == "ACCEPTED"
    assert Assignment.objects.count() == 1


def test_what_is_being_paid_is_not_available(scene):
    (row,) = scene.accepted()
    Receivable.objects.filter(id=row.id).update(settling_minor=1)
    with pytest.raises(NotAvailableAsSecurity):
        scene.assign([row.id])


def test_an_unknown_or_twice_named_receivable_is_not_available(scene):
    (row,) = scene.accepted()
    for ids in ([row.id, 999_999], [row.id, row.id]):
        with pytest.raises(NotAvailableAsSecurity):
            scene.assign(ids)
    assert not Assignment.objects.exists()


def test_a_released_receivable_can_secure_another_facility(scene):
    rows = scene.assigned(2)
    assert [row.id for row in release(rows)] == [row.id for row in rows]
    row = Receivable.objects.get(id=rows[0].id)
    assert (row.status, row.funder, row.assigned_facility_id) == ("ACCEPTED", None, None)
    assert Assignment.objects.filter(released_at=NOW).count() == 2
    scene.assign([row.id], facility=8, funder=scene.cast.crown)
    assert Assignment.objects.filter(receivable=row).count() == 2


def test_release_leaves_settled_and_cancelled_ones_and_frees_disputed_ones(scene):
    assigned, disputed, cancelled = scene.assigned(3)
    services.dispute(actor=scene.maya, receivable_id=disputed.id, reason="Broken", now=NOW)
    scene.submit(scene.credit_note(cancelled.number, "100.00"))
    released = release([assigned, disputed, cancelled])
    assert [row.id for row in released] == [assigned.id, disputed.id]
    disputed.refresh_from_db()
    assert (disputed.status, disputed.assigned_facility_id) == ("DISPUTED", None)
    cancelled.refresh_from_db()
    assert cancelled.status == "CANCELLED"


def test_releasing_twice_releases_once(scene):
    rows = scene.assigned()
    release(rows)
    assert release(rows) == []
    assert Event.objects.filter(name="receivable.released").count() == 1


def test_many_transfers_to_many_facilities_take_as_many_statements_as_one(scene, django_assert_num_queries):
    rows = scene.accepted(20)
    transfers = [
        services.Transfer(row.id, number, scene.cast.harbour.id, "AGR-1") for number, row in enumerate(rows, start=1)
    ]
    with django_assert_num_queries(7):
        services.assign_many(actor=SYSTEM_ACTOR, transfers=transfers[:1], now=NOW)
    with django_assert_num_queries(7):
        services.assign_many(actor=SYSTEM_ACTOR, transfers=transfers[1:], now=NOW)
