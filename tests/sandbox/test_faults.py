"""Each way in which a bank can misbehave, as the portal sees it."""

import time

import httpx
import pytest

from financing.banking.iso20022 import camt054, pain002
from financing.banking.iso20022.pain002 import Status
from tests.sandbox.orders import SUPPLIER, balance, order, pay, references, send, status, transfer


def fault(bank, kind: str, **more) -> dict:
    return bank.control("POST", "/faults", {"kind": kind} | more)


def fetched(bank, iban: str, after: str = "") -> list:
    answer = bank.ask("GET", f"/notifications/{iban}" + (f"?after={after}" if after else ""))
    return list(camt054.parse(answer.content).accounts[0].entries)


def test_late_a_payment_is_booked_when_it_is_released(bank, inbox, funder):
    fault(bank, "late")
    assert pay(bank, funder, "E1").status == Status.IN_SETTLEMENT
    pay(bank, funder, "E2")
    assert references(inbox.entries(1)) == ["E2"]
    assert status(bank, funder, "E1").status == Status.IN_SETTLEMENT
    assert bank.control("POST", "/faults/release") == {"released": 1}
    assert references(inbox.entries(1)) == ["E1"]
    assert status(bank, funder, "E1").status == Status.SETTLED


def test_late_by_seconds_a_payment_is_booked_after_them(bank, inbox, funder):
    fault(bank, "late", seconds=0.3)
    started = time.monotonic()
    pay(bank, funder, "E1")
    assert references(inbox.entries(1)) == ["E1"]
    assert time.monotonic() - started >= 0.3


def test_refused_a_payment_is_rejected_with_the_reason(bank, inbox, funder):
    fault(bank, "refused", reason="MD07", match={"end_to_end_id": "E2"})
    report = send(bank, order("M1", funder, transfer("E1"), transfer("E2"), transfer("E3")))
    assert [payment.reason_code for payment in report.payments] == [None, "MD07", None]
    assert references(inbox.entries(2)) == ["E1", "E3"]
    assert balance(bank, funder) == 980_000
    assert bank.control("GET", "/faults") == []


def test_twice_a_notice_comes_again_under_the_same_and_under_another_id(bank, inbox, funder):
    fault(bank, "twice")
    pay(bank, funder, "E1")
    first, second, third = inbox.message(), inbox.message(), inbox.message()
    assert first == second
    assert third.message_id != first.message_id
    assert third.accounts[0].entries == first.accounts[0].entries
    assert balance(bank, funder) == 990_000


def test_timeout_after_acceptance_the_payment_is_booked_but_unanswered(bank, inbox, funder):
    fault(bank, "timeout_after_acceptance")
    message = order("M1", funder, transfer("E1"))
    with pytest.raises(httpx.RemoteProtocolError):
        bank.ask("POST", "/pain.001", message)
    assert references(inbox.entries(1)) == ["E1"]
    assert status(bank, funder, "E1").status == Status.SETTLED
    (again,) = send(bank, message).payments
    assert again.status == Status.IN_SETTLEMENT
    assert balance(bank, funder) == 990_000


def test_timeout_before_acceptance_the_bank_never_had_it(bank, inbox, funder):
    fault(bank, "timeout_before_acceptance")
    message = order("M1", funder, transfer("E1"))
    with pytest.raises(httpx.RemoteProtocolError):
        bank.ask("POST", "/pain.001", message)
    assert bank.ask("GET", "/messages/M1").status_code == 404
    assert bank.ask("GET", f"/payments/E1?debtor_iban={funder}").status_code == 404
    send(bank, message)
    assert references(inbox.entries(1)) == ["E1"]


def test_down_the_channel_answers_503_as_often_as_asked_for(bank, inbox, funder):
    fault(bank, "down", count=2)
    message = order("M1", funder, transfer("E1"))
    assert bank.ask("POST", "/pain.001", message).status_code == 503
    assert bank.ask("GET", "/messages/M1").status_code == 503
    assert bank.ask("GET", "/messages/M1").status_code == 404
    send(bank, message)


def test_down_until_it_is_cleared(bank, inbox, funder):
    fault(bank, "down", count=None)
    for _ in range(3):
        assert bank.ask("POST", "/pain.001", order("M1", funder, transfer("E1"))).status_code == 503
    assert bank.ask("GET", "/health").status_code == 200
    assert bank.control("DELETE", "/faults") == []
    assert bank.ask("POST", "/pain.001", order("M1", funder, transfer("E1"))).status_code == 200


def test_returned_the_money_comes_back_with_the_reason(bank, inbox, funder):
    fault(bank, "returned", reason="AC04")
    pay(bank, funder, "E1", 5_000)
    sent, back = inbox.entries(2)
    assert (sent.direction, sent.return_reason) == ("DBIT", None)
    assert (back.direction, back.amount_minor, back.end_to_end_id) == ("CRDT", 5_000, "E1")
    assert (back.return_reason, back.transaction_code, back.counterparty_iban) == ("AC04", "PMNT-ICDT-RRTN", SUPPLIER)
    assert back.bank_reference != sent.bank_reference
    assert balance(bank, funder) == 1_000_000


def test_booking_before_status_the_notice_overtakes_the_answer(bank, inbox, funder):
    fault(bank, "booking_before_status")
    send(bank, order("M1", funder, transfer("E1")))
    (notice,) = inbox.messages.queue  # there already when the answer comes
    assert references(notice.accounts[0].entries) == ["E1"]


def test_lost_push_the_booking_can_be_fetched(bank, inbox, funder):
    fault(bank, "lost_push", match={"end_to_end_id": "E2"})
    for reference in ("E1", "E2", "E3"):
        pay(bank, funder, reference)
    heard = inbox.entries(2)
    assert references(heard) == ["E1", "E3"]
    assert references(fetched(bank, funder)) == ["E1", "E2", "E3"]
    assert references(fetched(bank, funder, after=heard[0].bank_reference)) == ["E2", "E3"]
    assert fetched(bank, funder, after=heard[1].bank_reference) == []


def test_out_of_order_a_notice_comes_after_the_next(bank, inbox, funder):
    fault(bank, "out_of_order", seconds=60)
    pay(bank, funder, "E1")
    pay(bank, funder, "E2")
    assert references(inbox.entries(2)) == ["E2", "E1"]


def test_out_of_order_a_notice_comes_at_last_when_nothing_follows(bank, inbox, funder):
    fault(bank, "out_of_order", seconds=0.2)
    pay(bank, funder, "E1")
    assert references(inbox.entries(1)) == ["E1"]


def test_faults_are_listed_counted_and_cleared(bank, inbox, funder):
    first = fault(bank, "late", count=2, seconds=1.5, match={"debtor_iban": "X"})
    assert first == {"id": 1, "kind": "late", "remaining": 2, "match": {"debtor_iban": "X"}, "seconds": 1.5}
    second = fault(bank, "refused", count=2)
    pay(bank, funder, "E1")
    assert bank.control("GET", "/faults") == [first, second | {"remaining": 1}]
    assert bank.control("DELETE", "/faults/1") == [second | {"remaining": 1}]
    assert bank.ask("DELETE", "/faults/1").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b'{"kind": "unheard of"}',
        b'{"kind": "late", "count": 0}',
        b'{"kind": "late", "match": {"colour": "red"}}',
        b'{"kind": "twice", "seconds": 1}',
        b'{"kind": "late", "seconds": -1}',
        b'{"kind": "late", "hours": 1}',
        b"{}",
        b"[]",
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(bank, inbox, body):
    assert bank.ask("POST", "/faults", body).status_code == 422


def test_the_status_of_a_late_message_is_in_settlement(bank, inbox, funder):
    fault(bank, "late")
    send(bank, order("M1", funder, transfer("E1")))
    assert pain002.parse(bank.ask("GET", "/messages/M1").content).group_status == Status.IN_SETTLEMENT
