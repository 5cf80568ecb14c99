"""Policies are proposed by one, approved by another who saw exactly this, and then never changed."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.trail.models import Event
from financing.credit import services
from financing.credit.models import PolicyVersion
from financing.credit.queries import policy_in_force
from financing.credit.rules import DEFAULT_BODY
from portal.shared.errors import Forbidden, InvalidTransition, NotFound, OwnWork, Stale
from tests.credit.facts import body
from tests.world import NOW, TODAY


def approve(scene, policy, actor=None, seen: str = ""):
    return services.approve_policy(
        actor=actor or scene.hugo, policy_id=policy.id, seen_hash=seen or policy.body_hash, now=NOW
    )


def test_a_policy_is_proposed_by_a_maker_and_approved_by_a_checker(scene):
    proposed = scene.propose()
    assert (proposed.number, proposed.status, proposed.proposed_by) == (1, "PROPOSED", scene.hana.identity)
    assert policy_in_force(scene.cast.harbour.id, TODAY) is None
    approved = approve(scene, proposed)
    assert (approved.status, approved.decided_by, approved.approved_hash) == (
        "APPROVED", scene.hugo.identity, proposed.body_hash,
    )  # fmt: skip
    assert policy_in_force(scene.cast.harbour.id, TODAY) == approved


def test_only_the_funder_hears_of_its_policies(scene):
    approve(scene, scene.propose())
    events = Event.objects.filter(name__startswith="policy.")
    assert [event.name for event in events.order_by("id")] == ["policy.proposed", "policy.approved"]
    for event in events:
        assert list(event.parties.values_list("party_id", flat=True)) == [scene.cast.harbour.id]


def test_whoever_proposed_never_approves_or_rejects(scene):
    proposed = scene.propose()
    both = scene.hana.__class__(**{**_fields(scene.hana), "roles": frozenset({"MAKER", "CHECKER"})})
    for decide in (
        lambda: approve(scene, proposed, both),
        lambda: services.reject_policy(actor=both, policy_id=proposed.id, now=NOW),
    ):
        with pytest.raises(OwnWork):
            decide()
    proposed.refresh_from_db()
    assert (proposed.status, proposed.decided_by) == ("PROPOSED", "")


def _fields(actor) -> dict:
    return {name: getattr(actor, name) for name in actor.__slots__}


def test_an_approval_binds_to_what_the_approver_saw(scene):
    proposed = scene.propose()
    with pytest.raises(Stale):
        approve(scene, proposed, seen="0" * 64)
    proposed.refresh_from_db()
    assert proposed.status == "PROPOSED"


def test_roles_decide_who_may(scene):
    with pytest.raises(Forbidden):
        services.propose_policy(
            actor=scene.vera, funder_id=scene.cast.harbour.id, body=DEFAULT_BODY, effective_from=TODAY, now=NOW
        )
    proposed = scene.propose()
    with pytest.raises(Forbidden):
        approve(scene, proposed, scene.vera)
    with pytest.raises(Forbidden):
        approve(scene, proposed, scene.wim)


def test_another_funder_s_policy_does_not_exist(scene):
    proposed = scene.propose()
    with pytest.raises(NotFound):
        approve(scene, proposed, scene.carl)
    with pytest.raises(NotFound):
        services.propose_policy(
            actor=scene.cleo, funder_id=scene.cast.harbour.id, body=DEFAULT_BODY, effective_from=TODAY, now=NOW
        )


def test_a_body_with_faults_is_refused_with_all_of_them(scene):
    with pytest.raises(services.PolicyInvalid) as refusal:
        scene.propose(body(amounts={"min_draw_minor": 0}, authority={"max_amount_minor": -1}))
    assert refusal.value.code == "POLICY_INVALID"
    assert refusal.value.facts["faults"] == [
        "amounts.min_draw_minor is zero.",
        "authority.max_amount_minor is not between 0 and 1000000000000000.",
    ]
    assert not PolicyVersion.objects.exists()


def test_a_policy_does_not_take_effect_on_days_that_are_decided(scene):
    with pytest.raises(services.EffectiveDatePassed):
        scene.propose(effective_from=TODAY - timedelta(1))


def test_a_policy_is_in_force_from_its_date_until_a_later_one(scene):
    first, second = scene.policy(), scene.policy(effective_from=TODAY + timedelta(10))
    third = scene.policy(effective_from=TODAY + timedelta(10))
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert policy_in_force(scene.cast.harbour.id, TODAY - timedelta(1)) is None
    assert policy_in_force(scene.cast.harbour.id, TODAY + timedelta(9)) == first
    assert policy_in_force(scene.cast.harbour.id, TODAY + timedelta(10)) == third
    assert policy_in_force(scene.cast.crown.id, TODAY) is None


def test_a_decided_policy_is_decided(scene):
    rejected = scene.propose()
    services.reject_policy(actor=scene.hugo, policy_id=rejected.id, now=NOW)
    withdrawn = scene.propose()
    services.withdraw_policy(actor=scene.hana, policy_id=withdrawn.id, now=NOW)
    for each in (rejected, withdrawn):
        with pytest.raises(InvalidTransition):
            approve(scene, each)
    assert policy_in_force(scene.cast.harbour.id, TODAY) is None


def test_the_database_keeps_content_and_approval_together(scene):
    approved = scene.policy()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        PolicyVersion.objects.filter(id=approved.id).update(body={})
    with pytest.raises(IntegrityError, match="policy_approval_binds_to_content"), transaction.atomic():
        PolicyVersion.objects.filter(id=approved.id).update(approved_hash="1" * 64)
    with pytest.raises(IntegrityError, match="policy_checker_is_not_maker"), transaction.atomic():
        PolicyVersion.objects.filter(id=approved.id).update(decided_by=approved.proposed_by)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        approved.delete()
