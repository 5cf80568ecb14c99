"""The bank is killed at any moment and the portal is away: nothing accepted is lost, nothing is booked twice."""

import threading

import httpx

from financing.banking.iso20022.pain002 import Status
from tests.sandbox.orders import balance, order, pay, references, send, status, transfer


def test_what_was_accepted_is_booked_after_a_kill(bank, inbox, funder):
    bank.control("POST", "/faults", {"kind": "late", "count": 2})
    pay(bank, funder, "E1")
    pay(bank, funder, "E2")
    bank.kill()
    bank.start()
    assert status(bank, funder, "E1").status == Status.IN_SETTLEMENT
    bank.control("POST", "/faults/release")
    assert references(inbox.entries(2)) == ["E1", "E2"]
    assert balance(bank, funder) == 980_000


def test_what_the_portal_did_not_take_comes_again_after_a_kill(bank, inbox, funder):
    inbox.refusing.set()
    pay(bank, funder, "E1")
    first = inbox.refused.get(timeout=10)
    bank.kill()
    inbox.refusing.clear()
    bank.start()
    again = inbox.message()
    assert again.message_id.encode() in first
    assert references(again.accounts[0].entries) == ["E1"]


def test_while_the_portal_is_away_entries_gather_in_order(bank, inbox, funder):
    inbox.refusing.set()
    pay(bank, funder, "E1")
    inbox.refused.get(timeout=10)
    for reference in ("E2", "E3", "E4"):
        pay(bank, funder, reference)
    inbox.refused.get(timeout=10)
    inbox.refusing.clear()
    assert references(inbox.message().accounts[0].entries) == ["E1"]
    # In one message or in two: the last may be booked while the courier is on its way.
    assert references(inbox.entries(3)) == ["E2", "E3", "E4"]


def test_the_same_message_after_a_kill_gets_the_same_answer(bank, inbox, funder):
    message = order("M1", funder, transfer("E1"))
    first = bank.ask("POST", "/pain.001", message).content
    bank.kill()
    bank.start()
    assert bank.ask("POST", "/pain.001", message).content == first
    assert references(inbox.entries(1)) == ["E1"]
    assert balance(bank, funder) == 990_000


def test_faults_and_the_business_date_outlive_a_kill(bank, inbox, funder):
    bank.control("POST", "/clock", {"business_date": "2018-01-31"})
    bank.control("POST", "/faults", {"kind": "refused", "count": 3})
    bank.kill()
    bank.start()
    assert bank.control("GET", "/clock") == {"business_date": "2018-01-31"}
    assert pay(bank, funder, "E1").status == Status.REJECTED


def test_killed_under_load_every_payment_is_booked_exactly_once(bank, inbox, funder):
    """A client that resends what it got no answer to, and a bank that dies three times meanwhile."""
    answered = threading.Semaphore(0)

    def pay_all() -> None:
        for number in range(60):
            message = order(f"M{number}", funder, transfer(f"E{number}", 100))
            while True:
                try:
                    send(bank, message)
                    break
                except (httpx.TransportError, RuntimeError):  # killed under the request, or its client closed
                    pass
            answered.release()

    client = threading.Thread(target=pay_all)
    client.start()
    for _ in range(3):
        for _ in range(15):
            assert answered.acquire(timeout=30)
        bank.kill()
        bank.start()
    client.join(timeout=60)
    assert not client.is_alive()
    heard: list[str] = []
    while len(set(heard)) < 60:
        heard += references(inbox.message().accounts[0].entries)
    booked = [entry["end_to_end_id"] for entry in bank.control("GET", f"/accounts/{funder}/entries")]
    assert sorted(booked) == sorted(f"E{number}" for number in range(60))
    assert balance(bank, funder) == 994_000


def test_a_portal_that_hangs_up_still_hears_of_every_booking(bank, inbox, funder):
    inbox.hanging_up.set()
    for number in range(5):
        pay(bank, funder, f"E{number}")
        assert references(inbox.entries(1)) == [f"E{number}"]


def test_a_stop_is_clean(bank, inbox, funder):
    pay(bank, funder, "E1")
    assert bank.stop() == 0
