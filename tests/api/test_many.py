"""Many at once: each item decided on its own, and the whole of it once."""

import pytest

from financing.advances.models import Application
from financing.banking.models import BankAccount, PaymentInstruction
from financing.receivables.models import Receivable, Settlement
from portal.shared.access import ADMIN, VIEWER
from tests import world
from tests.api.conftest import caller_for, with_trade


@pytest.fixture
def amphora(lending):
    with_trade(lending)
    return caller_for(lending.cast.amphora)


@pytest.fixture
def meridian(lending):
    return caller_for(lending.cast.meridian)


def quoted(lending, caller, amount_minor=100_00) -> int:
    return caller.post("quotes/", {"facility": lending.amphora_facility.id, "amount_minor": amount_minor}).json()["id"]


def told(answer) -> list[tuple[bool, str]]:
    said = answer.json()
    return [(each["done"], each["code"]) for each in said.get("facts", said)["results"]]


def test_each_quote_is_taken_up_or_refused_on_its_own(lending, amphora):
    first, second = quoted(lending, amphora), quoted(lending, amphora)
    amphora.post("applications/", {"quote": first})
    asked = {"applications": [{"quote": second}, {"quote": first}, {"quote": 999_999}, {"quote": second}]}
    answer = amphora.post("applications/bulk/", asked)
    assert answer.status_code == 201
    assert told(answer) == [(True, ""), (False, "QUOTE_TAKEN_UP"), (False, "NOT_FOUND")]
    said = answer.json()
    assert (said["entered"], said["refused"]) == (1, 2)
    made = Application.objects.get(quote_id=second)
    assert said["results"][0] == {
        "quote": second, "done": True, "application": made.id, "code": "", "sentence": "",
    }  # fmt: skip
    assert Application.objects.count() == 2


def test_where_no_quote_could_be_taken_up_the_answer_says_so_and_nothing_is_done(lending, amphora):
    other = caller_for(lending.cast.bellows)
    quote = quoted(lending, amphora)
    answer = other.post("applications/bulk/", {"applications": [{"quote": quote}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "NOTHING_ENTERED")
    assert told(answer) == [(False, "NOT_FOUND")]
    for name, role in (("amphora", VIEWER), ("harbour", ADMIN)):
        caller = caller_for(getattr(lending.cast, name), role)
        assert caller.post("applications/bulk/", {"applications": [{"quote": quote}]}).status_code == 403
    assert amphora.post("applications/bulk/", {"applications": []}).status_code == 422
    assert not Application.objects.exists()


def test_many_applications_under_one_key_are_made_once(lending, amphora):
    asked = {"applications": [{"quote": quoted(lending, amphora)}, {"quote": 999_999}]}
    first = amphora.post("applications/bulk/", asked, Idempotency_Key="m-1")
    again = amphora.post("applications/bulk/", asked, Idempotency_Key="m-1")
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Application.objects.count() == 1


def test_each_line_that_can_be_paid_is_and_the_others_are_told_why(lending, amphora, meridian):
    people = lending.cast
    open_ones = list(Receivable.objects.order_by("id"))
    received = world.receivable(people.amphora, people.meridian, "INV-R", status=Receivable.Status.RECEIVED)
    dollars = world.receivable(people.amphora, people.meridian, "INV-D", currency="USD")
    asked = [
        {"receivable": open_ones[0].id}, {"receivable": open_ones[1].id, "amount_minor": 10},
        {"receivable": open_ones[2].id, "amount_minor": open_ones[2].open_minor + 1}, {"receivable": received.id},
        {"receivable": dollars.id}, {"receivable": 999_999},
    ]  # fmt: skip
    answer = meridian.post("settlements/bulk/", {"key": "day-1", "lines": asked})
    assert answer.status_code == 201
    assert told(answer) == [
        (True, ""), (True, ""), (False, "ABOVE_OPEN_AMOUNT"), (False, "NOT_SETTLEABLE"), (False, "MIXED_CURRENCIES"),
        (False, "NOT_FOUND"),
    ]  # fmt: skip
    assert [each["amount_minor"] for each in answer.json()["results"][:3]] == [open_ones[0].open_minor, 10, None]
    paid = meridian.get(f"settlements/{answer.json()['settlement']}/").json()
    assert [each["amount_minor"] for each in paid["payments"]] == [open_ones[0].open_minor + 10]
    assert Receivable.objects.filter(settling_minor__gt=0).count() == 2

    again = meridian.post("settlements/bulk/", {"key": "day-1", "lines": asked})
    assert again.json()["settlement"] == answer.json()["settlement"]
    assert told(again) == [(True, ""), (True, "")] + [(False, "LEFT_OUT")] * 4
    other = meridian.post("settlements/bulk/", {"key": "day-1", "lines": asked[:1]})
    assert (other.status_code, other.json()["code"]) == (409, "SETTLEMENT_KEY_REUSED")
    whole = meridian.post("settlements/", {"key": "day-1", "lines": asked})
    assert whole.status_code == 404
    assert Settlement.objects.count() == 1 and PaymentInstruction.objects.count() == 1


def test_a_payee_without_an_account_holds_up_nobody_else(lending, amphora, meridian):
    people = lending.cast
    of_bellows = world.receivable(people.bellows, people.meridian, "B-1")
    BankAccount.objects.filter(party=people.bellows).update(status="CLOSED", closed_at=world.NOW)
    line = Receivable.objects.filter(supplier=people.amphora).first().id
    asked = {"key": "day-1", "lines": [{"receivable": of_bellows.id}, {"receivable": line}]}
    assert told(meridian.post("settlements/bulk/", asked)) == [(False, "NO_BANK_ACCOUNT"), (True, "")]


def test_where_no_line_can_be_paid_the_key_stays_free(lending, amphora, meridian):
    refused = meridian.post("settlements/bulk/", {"key": "day-1", "lines": [{"receivable": 999_999}]})
    assert (refused.status_code, refused.json()["code"]) == (422, "NOTHING_ENTERED")
    mine = Receivable.objects.first().id
    assert caller_for(lending.cast.meridian, VIEWER).post(
        "settlements/bulk/", {"key": "day-1", "lines": [{"receivable": mine}]}
    ).status_code == 403  # fmt: skip
    assert not Settlement.objects.exists()
    assert meridian.post("settlements/bulk/", {"key": "day-1", "lines": [{"receivable": mine}]}).status_code == 201
