"""What the pages show of payments, machines read: the same to the payer, the same little to the payee."""

from collections.abc import Iterator

import pytest
from django.db import transaction

from portal.shared.access import VIEWER
from tests.api.conftest import Caller, caller_for
from tests.pages.payments.conftest import Told


@pytest.fixture(autouse=True)
def undone(told: Told) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def harbour(told: Told) -> Caller:
    return caller_for(told.lending.cast.harbour, VIEWER)


@pytest.fixture
def amphora(told: Told) -> Caller:
    return caller_for(told.lending.cast.amphora, VIEWER)


def test_the_trail_of_a_payment_is_its_messages_and_bookings_and_each_message_can_be_fetched(told: Told, harbour):
    trail = harbour.get(f"instructions/{told.booked.id}/trail/").json()
    assert [each["kind"] for each in trail["messages"]] == ["pain.001", "pain.002", "camt.054", "camt.053"]
    assert [(each["bank_reference"], each["amount_minor"]) for each in trail["bookings"]] == [("B-1", -100_01)]
    answer, notice = trail["messages"][1:3]
    file = harbour.get(f"bank-messages/{answer['id']}/content/")
    assert (file.content, file["Content-Type"]) == (bytes(told.message("pain.002").content), "application/xml")
    assert b"MERIDIANS-OWN" not in harbour.get(f"bank-messages/{notice['id']}/content/").content


def test_the_banks_reason_is_told_to_the_payer_alone(told: Told, harbour, amphora):
    address = f"instructions/{told.refused.id}/"
    of_payer, of_payee = harbour.get(address).json(), amphora.get(address).json()
    assert (of_payer["reason"], of_payer["reason_text"]) == ("AM04", "No cover")
    assert (of_payee["status"], of_payee["reason"], of_payee["reason_text"]) == ("REJECTED", "", "")
    assert amphora.get(f"{address}trail/").json() == {"messages": [], "bookings": []}


def test_a_day_is_read_with_its_entries_and_what_only_one_side_knows(told: Told, harbour, amphora):
    entries = harbour.get(f"bank-entries/?statement={told.statement.id}").json()["results"]
    assert [each["bank_reference"] for each in entries] == ["B-1"]
    assert harbour.get(f"statements/{told.statement.id}/unmatched/").json() == {"results": [], "next": None}
    for address in (f"bank-entries/{entries[0]['id']}/", f"statements/{told.statement.id}/unmatched/"):
        assert amphora.get(address).status_code == 404
