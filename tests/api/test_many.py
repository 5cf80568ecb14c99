"""Many at once: each item decided on its own, and the whole of it once."""

import pytest

from financing.advances.models import Application
from financing.banking.models import BankAccount, PaymentInstruction
from financing.receivables.models import Receivable, Settlement
from portal.shared.access import ADMIN, VIEWER
from tests import world
from tests.api.conftest import caller_for


@pytest.fixture
def amphora(lending):
    world.with_trade(lending)
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
    assert told(answer) == [
        (True, ""), (False, "QUOTE_TAKEN_UP"), (False, "NOT_FOUND"), (False, "QUOTE_TAKEN_UP"),
    ]  # fmt: skip
    said = answer.json()
    assert (said["entered"], said["refused"]) == (1, 3)
    made = Application.objects.get(quote_id=second)
    assert said["results"][0] == {
        "index": 0, "quote": second, "done": True, "application": made.id, "code": "", "sentence": "",
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


def test_an_item_of_the_wrong_shape_is_refused_for_itself_and_the_rest_goes_through(lending, amphora):
    quote = quoted(lending, amphora)
    asked = [{"quote": "x"}, 7, {}, {"quote": quote, "amount_minor": 5}, {"quote": quote}]
    answer = amphora.post("applications/bulk/", {"applications": asked})
    assert answer.status_code == 201
    assert told(answer) == [
        (False, "INVALID_INPUT"), (False, "INVALID_INPUT"), (False, "INVALID_INPUT"), (False, "FIELD_UNKNOWN"),
        (True, ""),
    ]  # fmt: skip
    results = answer.json()["results"]
    assert [each["index"] for each in results] == [0, 1, 2, 3, 4]
    assert [each["quote"] for each in results] == [None] * 4 + [quote]
    assert results[0]["sentence"] == "quote: A valid integer is required."
    assert results[1]["sentence"].startswith("Invalid data.")
    assert results[3]["sentence"] == "The field 'amount_minor' is not known here. Known are: quote."
    assert Application.objects.get().quote_id == quote


def test_where_no_item_has_the_shape_nothing_is_tried_and_the_key_stays_free(lending, amphora):
    refused = amphora.post("applications/bulk/", {"applications": [{"quote": None}]}, Idempotency_Key="m-1")
    assert (refused.status_code, refused.json()["code"]) == (422, "NOTHING_ENTERED")
    assert told(refused) == [(False, "INVALID_INPUT")]
    assert caller_for(lending.cast.amphora, VIEWER).post("applications/bulk/", {"applications": [7]}).status_code == 403
    asked = {"applications": [{"quote": quoted(lending, amphora)}]}
    assert amphora.post("applications/bulk/", asked, Idempotency_Key="m-1").status_code == 201


def test_what_is_no_list_or_too_long_a_one_is_refused_as_a_whole(lending, amphora, meridian):
    quote = quoted(lending, amphora)
    for many in ({"quote": quote}, "x", None, [], [{"quote": quote}] * 201):
        answer = amphora.post("applications/bulk/", {"applications": many})
        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_INPUT")
    answer = meridian.post("receivables/accept/", {"ids": list(range(1, 1002))})
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_INPUT")
    assert not Application.objects.exists()


def test_one_number_that_is_none_holds_up_no_acceptance_and_one_named_twice_is_told_twice(lending, amphora, meridian):
    people = lending.cast
    waiting = world.receivable(people.amphora, people.meridian, "INV-W", status=Receivable.Status.RECEIVED).id
    answer = meridian.post("receivables/accept/", {"ids": ["one", waiting, 0, waiting, 999_999]})
    assert answer.status_code == 200 and answer.json()["done"] == 2
    assert told(answer) == [
        (False, "INVALID_INPUT"), (True, ""), (False, "INVALID_INPUT"), (True, ""), (False, "NOT_FOUND"),
    ]  # fmt: skip
    assert [each["receivable"] for each in answer.json()["results"]] == [None, waiting, None, waiting, 999_999]
    assert Receivable.objects.get(id=waiting).status == "ACCEPTED"


def test_of_a_receivable_in_two_lines_neither_is_paid_and_the_others_are(lending, amphora, meridian):
    first, second = Receivable.objects.order_by("id")[:2]
    asked = [
        {"receivable": first.id, "amount_minor": 10}, {"receivable": second.id}, {"receivable": first.id},
        {"receivable": second.id, "amount": 10},
    ]  # fmt: skip
    answer = meridian.post("settlements/bulk/", {"key": "day-1", "lines": asked})
    assert told(answer) == [
        (False, "RECEIVABLE_NAMED_TWICE"), (True, ""), (False, "RECEIVABLE_NAMED_TWICE"), (False, "FIELD_UNKNOWN"),
    ]  # fmt: skip
    again = meridian.post("settlements/bulk/", {"key": "day-1", "lines": asked})
    assert again.json() == answer.json()
    assert list(Receivable.objects.filter(settling_minor__gt=0).values_list("id", "settling_minor")) == [
        (second.id, second.open_minor)
    ]


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
