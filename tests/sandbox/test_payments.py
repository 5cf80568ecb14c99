"""Paying: accepted or refused with the reason, booked once, announced, whatever is sent again."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import pytest

from financing.banking.iso20022 import camt053, pain002
from financing.banking.iso20022.pain002 import Status
from tests.sandbox import orders
from tests.sandbox.conftest import SECRET, BankProcess, repeats
from tests.sandbox.orders import SUPPLIER, balance, order, pay, references, send, status, transfer


def test_a_payment_is_accepted_booked_and_announced(bank, inbox, funder):
    answered = pay(bank, funder, "E1", 12_345)
    assert (answered.status, answered.end_to_end_id, answered.instruction_id) == (Status.IN_SETTLEMENT, "E1", "I-E1")
    (account,) = inbox.message().accounts
    (entry,) = account.entries
    assert account.account_iban == funder
    assert (entry.direction, entry.amount_minor, entry.currency, entry.end_to_end_id) == ("DBIT", 12_345, "EUR", "E1")
    assert (entry.counterparty_name, entry.counterparty_iban) == ("Supplier", SUPPLIER)
    assert (entry.transaction_code, entry.remittance_text) == ("PMNT-ICDT-ESCT", "Advance")
    settled = status(bank, funder, "E1")
    assert (settled.status, settled.bank_reference) == (Status.SETTLED, entry.bank_reference)
    assert balance(bank, funder) == 987_655


def test_a_payment_between_two_accounts_here_is_announced_to_both(bank, inbox, funder):
    supplier = bank.control("POST", "/accounts", {"holder": "Supplier", "currency": "EUR"})["iban"]
    pay(bank, funder, "E1", 12_345, creditor_iban=supplier)
    heard = {account.account_iban: account.entries[0] for account in (inbox.message().accounts[0] for _ in range(2))}
    assert {iban: entry.direction for iban, entry in heard.items()} == {funder: "DBIT", supplier: "CRDT"}
    assert heard[supplier].counterparty_name == "Platform Capital"
    assert (balance(bank, funder), balance(bank, supplier)) == (987_655, 12_345)


def test_an_account_that_is_not_notified_is_booked_silently(bank, inbox, funder):
    quiet = bank.control("POST", "/accounts", {"holder": "Quiet", "currency": "EUR", "notified": False})["iban"]
    pay(bank, funder, "E1", 100, creditor_iban=quiet)
    assert inbox.message().accounts[0].account_iban == funder
    assert balance(bank, quiet) == 100
    assert inbox.messages.empty()


def test_the_same_message_again_gets_the_same_answer_and_pays_nothing(bank, inbox, funder):
    message = order("M1", funder, transfer("E1"))
    first = bank.ask("POST", "/pain.001", message).content
    assert references(inbox.entries(1)) == ["E1"]
    assert bank.ask("POST", "/pain.001", message).content == first
    rebuilt_later = order("M1", funder, transfer("E1"), minute=5)
    assert bank.ask("POST", "/pain.001", rebuilt_later).content == first
    assert balance(bank, funder) == 990_000


def test_a_message_id_is_not_used_for_other_payments(bank, inbox, funder):
    send(bank, order("M1", funder, transfer("E1")))
    report = send(bank, order("M1", funder, transfer("E2")))
    assert (report.group_status, report.reason_code, report.payments) == (Status.REJECTED, "DU01", ())
    assert bank.ask("GET", f"/payments/E2?debtor_iban={funder}").status_code == 404


def test_a_reference_is_paid_once_whatever_message_it_comes_in(bank, inbox, funder):
    send(bank, order("M1", funder, transfer("E1")))
    (again,) = send(bank, order("M2", funder, transfer("E1"))).payments
    assert (again.status, again.reason_code) == (Status.REJECTED, "AM05")
    assert references(inbox.entries(1)) == ["E1"]
    assert status(bank, funder, "E1").status == Status.SETTLED
    assert balance(bank, funder) == 990_000


def test_a_reference_twice_in_one_message_is_paid_once(bank, inbox, funder):
    report = send(bank, order("M1", funder, transfer("E1"), transfer("E1")))
    assert report.group_status == Status.PARTIALLY_ACCEPTED
    assert [payment.reason_code for payment in report.payments] == [None, "AM05"]


def test_another_debtor_may_use_the_same_reference(bank, inbox, funder):
    other = bank.control("POST", "/accounts", {"holder": "B", "currency": "EUR", "opening_minor": 10_000})["iban"]
    assert pay(bank, funder, "E1").status == Status.IN_SETTLEMENT
    (second,) = send(bank, order("M2", other, transfer("E1"))).payments
    assert second.status == Status.IN_SETTLEMENT
    assert repeats(bank.book) == []


def test_every_order_that_comes_again_is_written_down(bank, inbox, funder):
    message = order("M1", funder, transfer("E1"), transfer("E2", 1_000_001))
    send(bank, message)
    assert repeats(bank.book) == []
    send(bank, message)
    assert repeats(bank.book) == [("M1", "E1"), ("M1", "E2")]
    send(bank, order("M2", funder, transfer("E1"), transfer("E3")))  # under another name
    send(bank, order("M3", funder, transfer("E2")))  # it was refused, and is paid now
    send(bank, order("M3", funder, transfer("E4")))  # under a name that was used
    assert repeats(bank.book)[2:] == [("M2", "E1"), ("M3", "E2")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"creditor_iban": orders.WRONG_CHECK_DIGIT}, "AC01"),
        ({"amount_minor": 1_000_001}, "AM04"),
        ({"currency": "USD"}, "AM03"),
    ],
)
def test_what_cannot_be_paid_is_refused_with_the_reason(bank, inbox, funder, changes, reason):
    refused = pay(bank, funder, "E1", **changes)
    assert (refused.status, refused.reason_code) == (Status.REJECTED, reason)
    assert status(bank, funder, "E1").reason_code == reason
    assert balance(bank, funder) == 1_000_000
    assert bank.control("GET", f"/accounts/{funder}")["entries"] == 0


def test_an_unknown_debtor_is_refused(bank, inbox):
    assert pay(bank, SUPPLIER, "E1").reason_code == "AC01"


def test_a_creditor_here_in_another_currency_is_refused(bank, inbox, funder):
    dollars = bank.control("POST", "/accounts", {"holder": "D", "currency": "USD"})["iban"]
    assert pay(bank, funder, "E1", creditor_iban=dollars).reason_code == "AM03"


def test_what_was_refused_may_be_tried_again(bank, inbox, funder):
    assert pay(bank, funder, "E1", 1_000_001).reason_code == "AM04"
    (second,) = send(bank, order("M2", funder, transfer("E1", 1_000_000))).payments
    assert second.status == Status.IN_SETTLEMENT


def test_accepted_payments_hold_their_money_before_they_are_booked(bank, inbox, funder):
    bank.control("POST", "/faults", {"kind": "late"})
    assert pay(bank, funder, "E1", 600_000).status == Status.IN_SETTLEMENT
    assert bank.control("GET", f"/accounts/{funder}")["available_minor"] == 400_000
    assert pay(bank, funder, "E2", 400_001).reason_code == "AM04"
    assert pay(bank, funder, "E3", 400_000).status == Status.IN_SETTLEMENT


def test_an_overdraft_may_be_used_up_to_its_limit(bank, inbox):
    account = {"holder": "A", "currency": "EUR", "overdraft_minor": 500}
    iban = bank.control("POST", "/accounts", account)["iban"]
    report = send(bank, order("M1", iban, transfer("E1", 400), transfer("E2", 101), transfer("E3", 100)))
    assert [payment.reason_code for payment in report.payments] == [None, "AM04", None]
    assert references(inbox.entries(2)) == ["E1", "E3"]
    assert balance(bank, iban) == -500


def test_many_clients_at_once_never_overdraw_an_account(bank, inbox, funder):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: pay(bank, funder, f"E{number}", 100_000), range(30)))
    accepted = [answer for answer in answers if answer.status == Status.IN_SETTLEMENT]
    assert len(accepted) == 10
    assert len(inbox.entries(10)) == 10
    assert balance(bank, funder) == 0


def test_the_bank_says_what_it_never_had(bank, inbox, funder):
    assert bank.ask("GET", f"/payments/E1?debtor_iban={funder}").status_code == 404
    assert bank.ask("GET", "/messages/M1").status_code == 404


def test_the_status_of_a_whole_message_can_be_asked(bank, inbox, funder):
    send(bank, order("M/1 a", funder, transfer("E1"), transfer("E2", 2_000_000)))
    inbox.entries(1)
    report = pain002.parse(bank.ask("GET", "/messages/M%2F1%20a").content)
    assert (report.original_message_id, report.group_status) == ("M/1 a", Status.PARTIALLY_ACCEPTED)
    assert [payment.status for payment in report.payments] == [Status.SETTLED, Status.REJECTED]


def test_an_outside_customer_pays_once(bank, inbox, funder):
    transfer = {
        "from_iban": SUPPLIER, "to_iban": funder, "amount_minor": 777, "currency": "EUR", "end_to_end_id": "IN1",
        "remittance": "Invoice 1", "from_name": "Platform",
    }  # fmt: skip
    booked = bank.control("POST", "/transfers", transfer)
    assert booked["status"] == "ACSC"
    (entry,) = inbox.entries(1)
    assert (entry.direction, entry.amount_minor, entry.end_to_end_id) == ("CRDT", 777, "IN1")
    assert (entry.counterparty_name, entry.counterparty_iban, entry.remittance_text) == (
        "Platform", SUPPLIER, "Invoice 1",
    )  # fmt: skip
    assert bank.control("POST", "/transfers", transfer) == booked
    assert bank.ask("POST", "/transfers", b'{"from_iban": "x"}').status_code == 422
    assert balance(bank, funder) == 1_000_777


def test_unreadable_messages_are_refused_with_a_code(bank, inbox, funder):
    for body, code in ((b"hello", "NOT_XML"), (b'<!DOCTYPE a [<!ENTITY x "y">]><a/>', "DOCTYPE_REFUSED")):
        answer = bank.ask("POST", "/pain.001", body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_who_does_not_sign_is_refused(bank, inbox, funder):
    message = order("M1", funder, transfer("E1"))
    assert httpx.post(f"{bank.url}/pain.001", content=message).status_code == 401
    signed = dict(bank.client.ask("GET", "/health").request.headers)
    assert httpx.post(f"{bank.url}/pain.001", content=message, headers=signed).status_code == 401
    assert httpx.get(f"{bank.url}/statements/{funder}/2026-03-02").status_code == 401
    assert httpx.get(f"{bank.url}/accounts").status_code == 200
    assert balance(bank, funder) == 1_000_000


def test_a_second_bank_on_the_same_port_says_so(bank, inbox, tmp_path):
    environment = os.environ | {"BANK_PORT": str(bank.port), "BANK_SECRET": SECRET, "BANK_BOOK": str(tmp_path / "b")}
    ended = subprocess.run(
        [sys.executable, "-m", "portal.sandbox.bank"], env=environment, capture_output=True, text=True, timeout=10
    )
    assert ended.returncode == 1
    assert f"cannot listen on port {bank.port}" in ended.stderr


# ── business dates and statements ────────────────────────────────────────────────────────────────────────────────────
def test_entries_book_on_the_business_date_and_a_closed_day_never_changes(bank, inbox, funder):
    def statement(day: str) -> camt053.AccountStatement:
        return camt053.parse(bank.ask("GET", f"/statements/{funder}/{day}").content).accounts[0]

    bank.control("POST", "/clock", {"business_date": "2017-05-01"})
    pay(bank, funder, "E1", 100)
    pay(bank, funder, "E2", 200)
    inbox.entries(2)
    bank.control("POST", "/clock", {"business_date": "2017-05-02"})
    closed = statement("2017-05-01")
    pay(bank, funder, "E3", 300)
    inbox.entries(1)
    assert statement("2017-05-01") == closed
    assert (closed.opening_minor, closed.closing_minor, references(closed.entries)) == (
        1_000_000,
        999_700,
        ["E1", "E2"],
    )
    assert {entry.booking_date for entry in closed.entries} == {date(2017, 5, 1)}
    present = statement("2017-05-02")
    assert (present.opening_minor, present.closing_minor, references(present.entries)) == (999_700, 999_400, ["E3"])
    assert present.difference_minor() == closed.difference_minor() == 0
    assert bank.ask("GET", f"/statements/{funder}/2017-05-03").status_code == 404
    back = bank.ask("POST", "/clock", b'{"business_date": "2017-05-01"}')
    assert (back.status_code, back.json()["code"]) == (409, "DATE_CLOSED")


def test_the_book_can_be_read_page_by_page(bank, inbox, funder):
    send(bank, order("M1", funder, *(transfer(f"E{number}", 100) for number in range(5))))
    inbox.entries(5)
    first = bank.control("GET", f"/accounts/{funder}/entries?limit=3")
    rest = bank.control("GET", f"/accounts/{funder}/entries?after={first[-1]['bank_reference']}")
    assert [entry["end_to_end_id"] for entry in first + rest] == ["E0", "E1", "E2", "E3", "E4"]
    assert rest[-1]["balance_minor"] == 999_500


def test_accounts_are_opened_once(bank: BankProcess, inbox):
    account = {"iban": "DE89370400440532013000", "holder": "A", "currency": "EUR", "opening_minor": 5}
    opened = bank.control("POST", "/accounts", account)
    assert bank.control("POST", "/accounts", [account, account]) == [opened, opened]
    other = bank.ask("POST", "/accounts", b'{"iban": "DE89370400440532013000", "holder": "B", "currency": "EUR"}')
    assert (other.status_code, other.json()["code"]) == (409, "ACCOUNT_EXISTS")
    for wrong in (b"[1]", b"{}", b'{"holder": 1, "currency": "EUR"}', b'{"holder": "A", "currency": 7}', b"1"):
        assert bank.ask("POST", "/accounts", wrong).status_code == 422
