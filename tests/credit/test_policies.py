"""Policies are proposed by one, approved by another who saw exactly this, and then never changed."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.clients.services import create_client
from accounts.parties.models import Membership, Party
from accounts.parties.second import SEASONED, LetInLately
from accounts.trail.models import Event
from financing.credit import services
from financing.credit.models import PolicyVersion
from financing.credit.queries import policy_in_force
from financing.credit.rules import DEFAULT_BODY
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.errors import Forbidden, InvalidTransition, NotFound, OwnWork, Stale
from tests.credit.facts import body
from tests.world import NOW, TODAY, as_member, member


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


def test_who_was_let_in_a_moment_ago_rejects_a_policy_and_does_not_approve_one(scene):
    first, second = scene.propose(), scene.propose()
    lately(scene.hugo, NOW - SEASONED + timedelta(minutes=1))
    with pytest.raises(LetInLately) as refused:
        approve(scene, first)
    assert refused.value.facts == {"until": "2026-03-02T09:01+00:00"}
    first.refresh_from_db()
    assert (first.status, first.decided_by) == ("PROPOSED", "")
    assert services.reject_policy(actor=scene.hugo, policy_id=second.id, now=NOW).status == "REJECTED"
    lately(scene.hugo, NOW - SEASONED)
    assert approve(scene, first).status == "APPROVED"


def lately(actor, since):
    Membership.objects.filter(user=actor.user_id).update(created_at=since)


def test_who_came_first_approves_the_first_policy_of_a_funder_that_has_just_begun(db):
    """Nobody of the funder can have let it in. Whom it lets in itself waits like everybody."""
    quay = Party.objects.create(kind="FINANCIER", name="Quay", country="DE", status="ADMITTED", created_at=NOW)
    member("sam@quay.example", quay, "ADMIN", NOW - timedelta(hours=2))
    member("tova@quay.example", quay, "ADMIN", NOW - timedelta(hours=1))
    sam, tova = as_member("sam@quay.example"), as_member("tova@quay.example")

    def proposed(by):
        return services.propose_policy(actor=by, funder_id=quay.id, body=DEFAULT_BODY, effective_from=TODAY, now=NOW)

    by_sam, by_tova = proposed(sam), proposed(tova)
    with pytest.raises(LetInLately):
        services.approve_policy(actor=tova, policy_id=by_sam.id, seen_hash=by_sam.body_hash, now=NOW)
    made = services.approve_policy(actor=sam, policy_id=by_tova.id, seen_hash=by_tova.body_hash, now=NOW)
    assert (made.status, made.decided_by) == ("APPROVED", sam.identity)
    # Let in again it is one among others.
    Membership.objects.filter(user=sam.user_id).update(ended_at=NOW)
    member("sam@quay.example", quay, "ADMIN", NOW)
    another = proposed(tova)
    with pytest.raises(LetInLately):
        services.approve_policy(actor=sam, policy_id=another.id, seen_hash=another.body_hash, now=NOW)


def test_who_lets_in_a_person_or_machine_to_propose_waits_as_long_before_it_approves(scene):
    """Nor do two machines that were made a moment ago do both."""
    everybody = Membership.objects.filter(party=scene.cast.harbour)
    everybody.update(created_at=NOW - timedelta(days=30))
    by_hana = scene.propose()
    lately(scene.hana, NOW - timedelta(hours=1))
    with pytest.raises(LetInLately) as refused:
        approve(scene, by_hana)
    assert refused.value.facts == {"until": "2026-03-05T08:00+00:00"}
    everybody.update(created_at=NOW - timedelta(days=30))
    maker, checker = (_machine(scene, role) for role in ("MAKER", "CHECKER"))
    harbour = scene.cast.harbour.id
    by_machine = services.propose_policy(
        actor=maker, funder_id=harbour, body=DEFAULT_BODY, effective_from=TODAY, now=NOW
    )  # fmt: skip
    for actor, policy in ((checker, by_hana), (scene.hugo, by_machine), (checker, by_machine)):
        with pytest.raises(LetInLately):
            approve(scene, policy, actor)
    assert not PolicyVersion.objects.exclude(status="PROPOSED").exists()
    later = NOW + SEASONED
    services.approve_policy(actor=checker, policy_id=by_machine.id, seen_hash=by_machine.body_hash, now=later)


def _machine(scene, role: str) -> Actor:
    bound, _secret = create_client(
        actor=SYSTEM_ACTOR, party_id=scene.cast.harbour.id, name=role, role=role, now=NOW
    )  # fmt: skip
    return Actor(bound.party_id, "FINANCIER", frozenset({role}), client_id=bound.client_id)
