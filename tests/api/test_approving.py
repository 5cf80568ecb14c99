"""A settlement by two over REST: a person proposes by its session, a second person or a checker's machine approves."""

import pytest

from financing.banking.models import PaymentInstruction
from portal.shared.access import CHECKER, MAKER, VIEWER
from tests import world
from tests.api.conftest import caller_for, person


@pytest.fixture
def row(lending):
    return world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1", 300_00)


def posted(caller, path: str, body: dict):
    caller.wire.get("/api/v1/me/")
    return caller.wire.post(f"/api/v1/{path}", body, "application/json")


def proposed(row) -> dict:
    asked = {"key": "day-1", "lines": [{"receivable": row.id, "amount_minor": None}]}
    answer = posted(person("maya@meridian.example"), "settlements/", asked)
    assert answer.status_code == 201
    return answer.json()


@pytest.mark.parametrize("by", ["person", "machine"])
def test_what_a_person_proposes_another_hand_approves(lending, row, by):
    made = proposed(row)
    assert (made["status"], made["payments"]) == ("PROPOSED", [])
    assert made["ordered"] == [{"receivable": row.id, "amount_minor": 300_00}]
    checker = person("marc@meridian.example") if by == "person" else caller_for(lending.cast.meridian, CHECKER)
    (waiting,) = checker.get("settlements/?status=PROPOSED").json()["results"]
    assert waiting["id"] == made["id"]
    (need,) = (each for each in checker.get("needs/").json()["results"] if each["kind"] == "APPROVE_SETTLEMENT")
    assert need["resource"] == f"settlements/{made['id']}/"
    assert not person("maya@meridian.example").get("needs/").json()["results"]  # who proposed it can do no more
    assert [(each["payee"]["name"], each["creditor_iban"]) for each in made["payees"]] == [
        ("Amphora", world.IBANS["amphora"])
    ]  # fmt: skip
    address, seen = f"settlements/{made['id']}/approve/", checker.get(need["resource"]).json()["seen_hash"]
    send = posted if by == "person" else lambda caller, path, body: caller.post(path, body)
    stale = send(checker, address, {"seen_hash": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "STALE")
    assert not PaymentInstruction.objects.exists()
    paid = send(checker, address, {"seen_hash": seen}).json()
    assert (paid["status"], paid["seen_hash"]) == ("INSTRUCTED", "")
    assert [each["amount_minor"] for each in paid["payments"]] == [300_00]


def test_neither_its_maker_nor_who_may_only_look_approves(lending, row):
    made = proposed(row)
    for caller in (caller_for(lending.cast.meridian, MAKER), caller_for(lending.cast.meridian, VIEWER)):
        assert caller.post(f"settlements/{made['id']}/approve/", {"seen_hash": made["seen_hash"]}).status_code == 403
    refused = posted(person("maya@meridian.example"), f"settlements/{made['id']}/approve/", {"seen_hash": "0" * 64})
    assert refused.status_code == 403
    assert not PaymentInstruction.objects.exists()


def test_it_is_cancelled_with_a_reason_and_pays_nothing(lending, row):
    made = proposed(row)
    cancelled = posted(person("marc@meridian.example"), f"settlements/{made['id']}/cancel/", {"reason": "Too early"})
    assert (cancelled.json()["status"], cancelled.json()["reason"]) == ("CANCELLED", "Too early")
    machine = caller_for(lending.cast.meridian, CHECKER)
    late = machine.post(f"settlements/{made['id']}/approve/", {"seen_hash": made["seen_hash"]})
    assert (late.status_code, late.json()["code"]) == (409, "INVALID_TRANSITION")
    assert not PaymentInstruction.objects.exists()
