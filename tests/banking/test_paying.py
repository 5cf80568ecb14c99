"""A payment from instruction to booking, with a real bank that behaves in every way that banks do.

Whatever happens: the bank pays once, the instruction ends where the bank's book is, and cash agrees to the cent.
"""

from datetime import timedelta

from django.utils import timezone

from accounts.trail.models import Event
from financing.banking import handlers, services
from financing.banking.models import BankEntry, BankMessage, PaymentInstruction
from portal.shared.access import FINANCIER, Actor
from tests.banking.conftest import NOW, OPENING, World, until
from tests.banking.test_receiving import race
from tests.sandbox.conftest import SECRET


def fault(world: World, kind: str, **more) -> None:
    world.bank.control("POST", "/faults", {"kind": kind} | more)


def ask(world: World) -> None:
    """The periodic question, a minute later than everything."""
    services.ask(now=timezone.now() + timedelta(seconds=61))


def test_a_payment_is_sent_accepted_booked_and_agrees_to_the_cent(world: World):
    (instruction,) = world.pay()

    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    assert world.cash() == OPENING - 97_000
    assert world.balance("DISBURSEMENT_CLEARING") == 97_000
    assert world.names() == ["payment.due", "payment.sent", "payment.accepted", "payment.settled"] or world.names() == [
        "payment.due", "payment.sent", "payment.settled",
    ]  # fmt: skip
    settled = Event.objects.get(name="payment.settled")
    assert settled.payload["value_date"] == "2026-03-02"
    assert (settled.payload["subject_type"], settled.payload["subject_id"]) == ("advances.advance", 1)
    entry = BankEntry.objects.get(instruction=instruction)
    assert (entry.amount_minor, entry.end_to_end_id) == (-97_000, instruction.end_to_end_id)
    world.reconciled()


def test_while_no_secret_is_shared_a_payment_waits_as_for_a_bank_that_is_down(world: World, settings):
    settings.BANK_SECRET = ""
    world.pay()
    world.becomes("UNKNOWN")
    ask(world)
    world.becomes("UNKNOWN")

    settings.BANK_SECRET = SECRET
    ask(world)
    world.send()

    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    world.reconciled()


def test_a_settlement_reaches_the_funder_as_cash(world: World):
    instruction = world.settle()
    world.send()

    until(lambda: Event.objects.filter(name="cash.received").exists())
    world.becomes("SETTLED")
    assert world.booked(world.meridian) == [-100_000]
    assert world.cash() == OPENING + 100_000
    assert world.balance("SETTLEMENT_CLEARING") == -100_000
    received = Event.objects.get(name="cash.received")
    assert received.payload == {
        "instruction": instruction.id, "end_to_end_id": instruction.end_to_end_id, "amount_minor": 100_000,
        "currency": "EUR", "value_date": "2026-03-02", "purpose": "SETTLEMENT",
        "subject_type": "receivables.settlementpayment", "subject_id": 1,
    }  # fmt: skip
    assert list(received.parties.values_list("party_id", flat=True)) == [world.harbour.id]
    world.reconciled()


def test_money_that_nobody_announced_waits_among_the_unapplied_receipts(world: World):
    order = {
        "from_iban": "DE02120300000000202051", "to_iban": world.account(world.harbour).iban, "amount_minor": 4_200,
        "currency": "EUR", "end_to_end_id": "INV-1",
    }  # fmt: skip
    world.bank.control("POST", "/transfers", order)

    until(lambda: Event.objects.filter(name="cash.received").exists())
    assert world.balance("UNAPPLIED_RECEIPTS") == -4_200
    assert Event.objects.get(name="cash.received").payload["instruction"] is None
    world.reconciled()


def test_two_hundred_payments_go_in_one_message(world: World):
    world.pay(*range(1, 201), amount_minor=1_000)

    world.becomes(*["SETTLED"] * 200)
    assert BankMessage.objects.filter(kind="pain.001").count() == 1
    assert world.booked(world.harbour) == [-1_000] * 200
    world.reconciled()


# ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_late_booking_settles_when_it_comes(world: World):
    fault(world, "late")
    world.pay()

    world.becomes("ACCEPTED")
    assert world.cash() == OPENING
    world.bank.control("POST", "/faults/release")
    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    world.reconciled()


def test_a_refused_payment_is_rejected_with_the_banks_reason(world: World):
    fault(world, "refused", reason="MS03")
    (instruction,) = world.pay()

    instruction.refresh_from_db()
    assert (instruction.status, instruction.reason) == ("REJECTED", "MS03")
    payer = Actor(party_id=world.harbour.id, party_kind=FINANCIER)
    assert Event.objects.visible_to(payer).get(name="payment.rejected").facts["reason"] == "MS03"
    assert world.booked(world.harbour) == []
    world.reconciled()


def test_a_booking_told_twice_counts_once(world: World):
    fault(world, "twice")
    world.pay()

    pushes = lambda: BankMessage.objects.filter(kind="camt.054", account__party=world.harbour)  # noqa: E731
    until(lambda: pushes().count() == 2, "the booking under another message id")
    assert BankEntry.objects.filter(account__party=world.harbour).count() == 1
    assert world.names().count("payment.settled") == 1
    world.reconciled()


def test_a_payment_that_never_arrived_goes_out_again_as_it_was(world: World):
    fault(world, "timeout_before_acceptance")
    world.pay()
    assert world.statuses() == ["UNKNOWN"]

    ask(world)
    assert world.statuses() == ["DUE"]
    handlers.send(world.due()[1:])

    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    assert BankMessage.objects.filter(kind="pain.001").count() == 1
    world.reconciled()


def test_a_payment_whose_answer_was_lost_is_settled_by_its_booking_and_never_sent_again(world: World):
    fault(world, "timeout_after_acceptance")
    world.pay()

    world.becomes("SETTLED")
    world.send()
    ask(world)
    assert world.booked(world.harbour) == [-97_000]
    world.reconciled()


def test_a_lost_answer_is_asked_for(world: World):
    fault(world, "timeout_after_acceptance")
    fault(world, "late")
    world.pay()
    assert world.statuses() == ["UNKNOWN"]

    ask(world)

    assert world.statuses() == ["ACCEPTED"]
    world.bank.control("POST", "/faults/release")
    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    world.reconciled()


def test_a_bank_that_is_down_gets_the_payment_when_it_is_back(world: World):
    fault(world, "down", count=None)
    world.pay()
    ask(world)
    assert world.statuses() == ["UNKNOWN"]

    world.bank.control("DELETE", "/faults")
    ask(world)
    handlers.send(world.due()[1:])

    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    world.reconciled()


def test_a_bank_that_is_not_there_at_all_gets_the_payment_when_it_is_back(world: World):
    world.bank.kill()
    world.pay()
    assert world.statuses() == ["UNKNOWN"]

    world.bank.start()
    ask(world)
    handlers.send(world.due()[1:])

    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    world.reconciled()


def test_a_returned_payment_is_taken_back_from_its_contra_account(world: World):
    fault(world, "returned", reason="AC04")
    (instruction,) = world.pay()

    world.becomes("RETURNED")
    instruction.refresh_from_db()
    assert instruction.reason == "AC04"
    assert world.booked(world.harbour) == [-97_000, 97_000]
    assert world.balance("DISBURSEMENT_CLEARING") == 0
    assert world.balance("UNAPPLIED_RECEIPTS") == 0
    returned = Event.objects.get(name="payment.returned")
    assert (returned.payload["reason"], returned.payload["subject_id"]) == ("AC04", 1)
    assert "cash.received" not in world.names()
    world.reconciled()


def test_a_returned_settlement_leaves_the_funders_cash_again(world: World):
    fault(world, "returned", reason="AC04")
    world.settle()
    world.send()

    world.becomes("RETURNED")
    until(lambda: BankEntry.objects.filter(account__party=world.harbour).count() == 2)
    assert world.cash() == OPENING
    assert world.balance("SETTLEMENT_CLEARING") == 0
    world.reconciled()


def test_a_booking_that_comes_before_the_answer_is_not_taken_back_by_it(world: World):
    fault(world, "booking_before_status")
    world.pay()

    assert world.statuses() == ["SETTLED"]
    assert BankMessage.objects.get(kind="pain.001").state == "ANSWERED"
    assert "payment.accepted" not in world.names()
    world.reconciled()


def test_a_lost_push_is_fetched(world: World):
    fault(world, "lost_push", match={"iban": world.account(world.harbour).iban})
    world.pay()
    until(lambda: world.booked(world.harbour))
    assert world.statuses() == ["ACCEPTED"]

    ask(world)

    assert world.statuses() == ["SETTLED"]
    assert world.cash() == OPENING - 97_000
    world.reconciled()


def test_a_lost_push_is_fetched_also_after_later_ones_came(world: World):
    fault(world, "lost_push", match={"iban": world.account(world.harbour).iban})
    world.pay(1)
    until(lambda: world.booked(world.harbour))
    handlers.send([each for each in world.due() if world.instruct(2)] and world.due()[1:])
    world.becomes("ACCEPTED", "SETTLED")

    ask(world)

    assert world.statuses() == ["SETTLED", "SETTLED"]
    world.reconciled()


def test_a_lost_push_is_found_in_the_statement_of_the_day(world: World):
    fault(world, "lost_push", match={"iban": world.account(world.harbour).iban})
    world.pay()
    until(lambda: world.booked(world.harbour))

    world.reconciled()

    assert world.statuses() == ["SETTLED"]


def test_bookings_out_of_order_come_to_the_same(world: World):
    (first,) = world.instruct(1)
    fault(world, "out_of_order", match={"end_to_end_id": first.end_to_end_id})
    fault(world, "returned", match={"end_to_end_id": first.end_to_end_id})
    world.send()
    world.instruct(2)
    handlers.send(world.due()[1:])

    world.becomes("RETURNED", "SETTLED")
    assert sorted(world.booked(world.harbour)) == [-97_000, -97_000, 97_000]
    assert world.balance("DISBURSEMENT_CLEARING") == 97_000
    assert world.names().count("payment.settled") == 2
    world.reconciled()


# ── crashes ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_after_a_crash_between_claim_and_send_the_bank_is_asked_and_then_gets_the_same_message(world: World):
    world.instruct()
    claimed = services.claim(instruction_ids=list(PaymentInstruction.objects.values_list("id", flat=True)), now=NOW)
    assert (len(claimed.fresh), claimed.earlier) == (1, ())
    assert world.statuses() == ["SENT"]

    again = services.claim(instruction_ids=list(PaymentInstruction.objects.values_list("id", flat=True)), now=NOW)
    assert again == services.Claimed((), claimed.fresh)
    world.send()

    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    assert BankMessage.objects.filter(kind="pain.001").count() == 1
    world.reconciled()


def test_after_a_crash_between_send_and_record_the_payment_is_not_sent_again(world: World):
    fault(world, "late")
    (instruction,) = world.instruct()
    claimed = services.claim(instruction_ids=[instruction.id], now=NOW)
    services.transmit(message_id=claimed.fresh[0])
    assert world.statuses() == ["SENT"]

    world.send()

    assert world.statuses() == ["ACCEPTED"]
    world.bank.control("POST", "/faults/release")
    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]
    world.reconciled()


def test_what_a_dead_worker_left_behind_is_found_by_asking(world: World):
    (instruction,) = world.instruct()
    services.claim(instruction_ids=[instruction.id], now=NOW)

    ask(world)
    handlers.send(world.due()[1:])

    world.becomes("SETTLED")
    assert world.booked(world.harbour) == [-97_000]


def test_a_payment_the_bank_has_under_another_message_is_not_taken_for_rejected(world: World):
    """A database restored from a backup orders again what the bank pays already."""
    fault(world, "late", count=None)
    world.pay(1)
    BankMessage.objects.filter(kind="pain.001").update(state="PREPARED")
    PaymentInstruction.objects.update(status="DUE", message=None)

    world.instruct(2)
    world.send()
    assert world.statuses() == ["UNKNOWN", "ACCEPTED"]
    ask(world)

    assert world.statuses() == ["ACCEPTED", "ACCEPTED"]
    world.bank.control("POST", "/faults/release")
    world.becomes("SETTLED", "SETTLED")
    assert world.booked(world.harbour) == [-97_000, -97_000]
    world.reconciled()


def test_a_message_that_may_still_be_under_way_is_not_asked_about(world: World):
    (instruction,) = world.instruct()
    services.claim(instruction_ids=[instruction.id], now=NOW)

    services.ask(now=NOW + timedelta(seconds=5))

    assert world.statuses() == ["SENT"]


def test_eight_workers_with_the_same_events_pay_once(world: World):
    fault(world, "late", count=None)
    world.instruct(*range(1, 21))
    events = world.due()

    failures = race(lambda number: handlers.send(events))

    assert failures == []
    assert world.statuses() == ["ACCEPTED"] * 20
    world.bank.control("POST", "/faults/release")
    world.becomes(*["SETTLED"] * 20)
    assert world.booked(world.harbour) == [-97_000] * 20
    assert BankMessage.objects.filter(kind="pain.001").count() == 1
    assert world.names().count("payment.sent") == world.names().count("payment.settled") == 20
    world.reconciled()
