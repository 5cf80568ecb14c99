"""A decision can be made again from what was kept, and a tampered one shows where."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction

from financing.credit.models import Decision
from financing.credit.queries import replay
from financing.credit.rules import content_hash, decide
from tests.credit.facts import inputs
from tests.world import NOW, TODAY


@pytest.fixture
def keep(scene):
    facility, policy = scene.facility(), scene.policy()

    def keep(application_id: int = 1, **changed) -> Decision:
        given = inputs(facility_id=facility.id, verification_expires_on=TODAY + timedelta(10))
        result = decide(given)
        return Decision.objects.create(
            **{
                "application_id": application_id, "facility": facility, "supplier": facility.supplier,
                "funder": facility.funder, "policy": policy, "outcome": result.outcome, "inputs": given.to_json(),
                "inputs_hash": given.hash, "result": result.to_json(), "reasons": list(result.reasons),
                "business_date": TODAY, "decided_at": NOW, "decided_by": "system", **changed,
            }
        )  # fmt: skip

    return keep


def replayed(decision: Decision) -> list[str]:
    return [each.place for each in replay(Decision.objects.get(id=decision.id))]


def command(decision_id: int) -> str:
    out = io.StringIO()
    call_command("replay_decision", decision_id, stdout=out)
    return out.getvalue()


def test_a_decision_replays_bit_for_bit(keep):
    decision = keep()
    assert replayed(decision) == []
    assert command(decision.id) == f"Decision {decision.id} (APPROVED): identical.\n"


def test_a_tampered_result_shows_where(keep):
    decision = keep(result=decide(inputs(facility_id=99)).to_json() | {"limit_minor": 1, "points": 12})
    assert replayed(decision) == ["result.limit_minor", "result.points"]
    with pytest.raises(CommandError, match="differs in 2 places") as refusal:
        command(decision.id)
    assert refusal.value.returncode == 1


def test_tampered_inputs_show_by_their_hash_and_by_what_follows(keep):
    wrong = inputs(facility_id=99, asked_minor=1_000_000, verification_expires_on=TODAY + timedelta(10)).to_json()
    places = replayed(keep(inputs=wrong))
    assert places[0] == "inputs_hash"
    assert "result.outcome" in places


def test_a_policy_that_is_not_the_version_s_shows(keep):
    decision = keep()
    assert replayed(keep(2, inputs=decision.inputs | {"policy": "0" * 64})) == ["inputs_hash", "policy"]


def test_a_decision_that_was_kept_with_its_whole_policy_replays_too(keep):
    body = keep().policy.body
    earlier = keep(2).inputs | {"policy": body}
    assert replayed(keep(3, inputs=earlier, inputs_hash=content_hash(earlier))) == []
    wrong = earlier | {"policy": body | {"reserves": {}}}
    assert replayed(keep(4, inputs=wrong, inputs_hash=content_hash(wrong))) == ["policy"]


def test_an_outcome_that_the_portal_did_not_come_to_shows(keep):
    assert replayed(keep(outcome="DECLINED")) == ["outcome"]
    by_hand = keep(
        2, outcome="DECLINED", recommended_by="user:1", decided_by="user:2", given_reasons=["TRADE_TOO_WEAK"]
    )
    assert replayed(by_hand) == []


def test_an_unknown_decision_is_said_to_be_unknown(db):
    with pytest.raises(CommandError, match="no decision 4711"):
        command(4711)


def test_decisions_are_never_rewritten(keep):
    decision = keep()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Decision.objects.filter(id=decision.id).update(outcome="DECLINED")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        decision.delete()


def test_an_application_is_finally_decided_once_and_never_by_its_maker(keep):
    keep()
    with pytest.raises(IntegrityError, match="decision_final_once"), transaction.atomic():
        keep(outcome="DECLINED", decided_by="user:1", explanation="No.")
    with pytest.raises(IntegrityError, match="decision_declined_with_a_reason"), transaction.atomic():
        keep(2, outcome="DECLINED", decided_by="user:1")
    with pytest.raises(IntegrityError, match="decision_checker_is_not_maker"), transaction.atomic():
        keep(2, recommended_by="user:1", decided_by="user:1")
