"""The platform pays: once, to whom it is owed, and it counts when the bank has booked it."""

from datetime import date

import pytest

from accounts.parties.models import Party
from accounts.trail.models import Event
from financing.banking.models import PaymentInstruction
from financing.banking.services import NoBankAccount
from financing.receivables import handlers, queries, services
from financing.receivables.models import Receivable, Settlement, SettlementLine, SettlementPayment
from financing.receivables.refusals import (
    AboveOpen,
    MixedCurrencies,
    NotSettleable,
    PayeeNotVerified,
    SettlementKeyReused,
)
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import Forbidden, InvalidInput, NotFound
from tests.world import NOW, TODAY


@pytest.fixture
def scene(scene):
    scene.accounts()
    return scene


def bank_says(name: str, payment: SettlementPayment, reason: str = "", **facts) -> None:
    """The event that the bank's word on the payment's instruction brings; its reason stands on the instruction."""
    PaymentInstruction.objects.filter(id=payment.instruction_id).update(reason=reason)
    payload = {"purpose": "SETTLEMENT", "subject_type": "receivables.settlementpayment", "subject_id": payment.id}
    subject = {"subject_type": "banking.paymentinstruction", "subject_id": payment.instruction_id}
    event = Event(name=name, payload=payload | facts, recorded_at=NOW, effective_at=NOW, **subject)
    handlers.payment_news([event])


def booked(payment: SettlementPayment) -> None:
    bank_says("payment.settled", payment, value_date="2026-03-03")


def figures(row: Receivable) -> tuple:
    row.refresh_from_db()
    return row.status, row.settling_minor, row.settled_minor, row.open_minor


def test_a_settlement_pays_funders_what_is_assigned_and_suppliers_the_rest(scene):
    free = scene.accepted(2)
    assigned = scene.assigned(2)
    settlement = scene.settle(*((row.id, None) for row in free + assigned))
    payments = {each.payee: each for each in settlement.payments.all()}
    assert {payee: each.amount_minor for payee, each in payments.items()} == {
        scene.cast.amphora: 20000, scene.cast.harbour: 20000
    }  # fmt: skip
    instructions = PaymentInstruction.objects.order_by("id")
    assert [(each.purpose, each.contra_kind, each.subject_type) for each in instructions] == [
        ("SETTLEMENT", "", "receivables.settlementpayment")
    ] * 2
    assert {each.subject_id for each in instructions} == {each.id for each in payments.values()}
    assert figures(free[0]) == ("ACCEPTED", 10000, 0, 10000)


def test_the_debtor_alone_hears_of_the_whole_settlement(scene):
    (row,) = scene.accepted()
    scene.settle((row.id, None))
    event = Event.objects.get(name="settlement.instructed")
    assert list(event.parties.values_list("party_id", flat=True)) == [scene.cast.meridian.id]
    assert event.payload == {"key": "day-1", "payments": 1, "amount_minor": 10000, "currency": "EUR"}


def test_the_same_key_is_the_same_settlement_and_with_other_lines_it_is_refused(scene):
    first, second = scene.accepted(2)
    settlement = scene.settle((first.id, None))
    assert scene.settle((first.id, None)) == settlement
    assert PaymentInstruction.objects.count() == 1
    with pytest.raises(SettlementKeyReused):
        scene.settle((second.id, None))
    with pytest.raises(SettlementKeyReused):
        scene.settle((first.id, 10000))
    assert figures(second) == ("ACCEPTED", 0, 0, 10000)


def test_what_the_bank_booked_is_settled_and_everyone_hears_of_his_own(scene):
    (mine,) = scene.assigned()
    lines = [{"amount": "50"}]
    other = scene.submit(scene.invoice(supplier="bellows", lines=lines, payable="50"), actor=scene.ben)[0].receivable_id
    services.accept(actor=scene.maya, receivable_ids=[other], now=NOW)
    scene.assign([other], facility=8)
    payment = scene.settle((mine.id, None), (other, None)).payments.get()
    booked(payment)
    assert figures(mine) == ("SETTLED", 0, 10000, 0)
    payment.refresh_from_db()
    assert (payment.status, payment.value_date) == ("BOOKED", date(2026, 3, 3))
    event = Event.objects.get(name="settlement.booked")
    assert (event.subject_type, event.subject_id) == ("receivables.settlementpayment", payment.id)
    assert event.payload == {
        "settlement": payment.settlement_id, "payer": scene.cast.meridian.id, "payee": scene.cast.harbour.id,
        "amount_minor": 15000, "currency": "EUR", "lines": 2, "value_date": "2026-03-03",
    }  # fmt: skip
    parties = set(event.parties.values_list("party_id", flat=True))
    assert parties == {scene.cast.meridian.id, scene.cast.harbour.id}
    assert SettlementLine.objects.filter(payment=event.subject_id).count() == 2
    seen = Event.objects.visible_to(scene.ana).filter(name="receivable.settled")
    assert [each.payload["number"] for each in seen] == [mine.number]
    assert seen[0].payload == {
        "number": mine.number, "amount_minor": 10000, "open_minor": 0, "currency": "EUR", "value_date": "2026-03-03"
    }  # fmt: skip


def test_news_heard_twice_counts_once(scene):
    (row,) = scene.accepted()
    payment = scene.settle((row.id, None)).payments.get()
    booked(payment)
    booked(payment)
    assert figures(row) == ("SETTLED", 0, 10000, 0)
    assert Event.objects.filter(name="settlement.booked").count() == 1


def test_news_of_other_payments_is_none_of_ours(scene):
    event = Event(name="payment.settled", payload={"subject_type": "advances.advance", "subject_id": 1})
    handlers.payment_news([event])
    assert not Event.objects.filter(name__startswith="settlement.").exists()


def test_a_part_keeps_the_state_until_nothing_is_open(scene):
    (row,) = scene.assigned()
    booked(scene.settle((row.id, 4000)).payments.get())
    assert figures(row) == ("ASSIGNED", 0, 4000, 6000)
    booked(scene.settle((row.id, None), key="day-2").payments.get())
    assert figures(row) == ("SETTLED", 0, 10000, 0)
    assert row.settled_at is not None


def test_a_rejected_payment_leaves_the_receivable_open(scene):
    (row,) = scene.assigned()
    payment = scene.settle((row.id, None)).payments.get()
    bank_says("payment.rejected", payment, reason="AC04")
    assert figures(row) == ("ASSIGNED", 0, 0, 10000)
    payment.refresh_from_db()
    assert (payment.status, payment.failure) == ("FAILED", "AC04")
    assert Event.objects.get(name="settlement.failed").payload["reason"] == "AC04"
    assert scene.settle((row.id, None), key="day-2").payments.get().amount_minor == 10000


@pytest.mark.parametrize("state", ["ASSIGNED", "ACCEPTED"])
def test_a_returned_payment_makes_the_debt_again(scene, state):
    (row,) = scene.assigned() if state == "ASSIGNED" else scene.accepted()
    payment = scene.settle((row.id, None)).payments.get()
    booked(payment)
    bank_says("payment.returned", payment, reason="AC04")
    assert figures(row) == (state, 0, 0, 10000)
    assert row.settled_at is None
    payment.refresh_from_db()
    assert payment.status == "FAILED"
    assert Event.objects.get(name="settlement.returned").subject_id == payment.id
    assert Event.objects.get(name="receivable.reopened").payload["open_minor"] == 10000


def test_a_return_that_overtakes_the_booking_frees_the_receivable(scene):
    (row,) = scene.accepted()
    payment = scene.settle((row.id, None)).payments.get()
    bank_says("payment.returned", payment, reason="AC04")
    booked(payment)
    assert figures(row) == ("ACCEPTED", 0, 0, 10000)


def test_what_is_credited_before_the_booking_closes_with_it(scene):
    (row,) = scene.accepted()
    payment = scene.settle((row.id, 6000)).payments.get()
    scene.submit(scene.credit_note(row.number, "40.00"))
    booked(payment)
    assert figures(row) == ("SETTLED", 0, 6000, 0)


def test_what_is_partly_paid_and_credited_for_the_rest_is_settled(scene):
    (row,) = scene.accepted()
    booked(scene.settle((row.id, 6000)).payments.get())
    scene.submit(scene.credit_note(row.number, "40.00"))
    assert figures(row) == ("SETTLED", 0, 6000, 0)


def test_more_than_is_open_or_nothing_is_not_paid(scene):
    (row,) = scene.accepted()
    scene.settle((row.id, 9999))
    for amount in (2, 0, -1):
        with pytest.raises(AboveOpen):
            scene.settle((row.id, amount), key="day-2")
    scene.settle((row.id, 1), key="day-3")
    with pytest.raises(AboveOpen):
        scene.settle((row.id, None), key="day-4")
    assert figures(row) == ("ACCEPTED", 10000, 0, 10000)


@pytest.mark.parametrize("state", ["RECEIVED", "DISPUTED", "CANCELLED"])
def test_what_is_not_accepted_is_not_paid(scene, state):
    (row,) = scene.accepted()
    Receivable.objects.filter(id=row.id).update(status=state)
    with pytest.raises(NotSettleable):
        scene.settle((row.id, None))
    assert not Settlement.objects.exists()


def test_a_settlement_is_in_one_currency(scene):
    rows = scene.accepted() + scene.accepted(currency="USD")
    with pytest.raises(MixedCurrencies):
        scene.settle(*((row.id, None) for row in rows))
    assert figures(rows[0]) == ("ACCEPTED", 0, 0, 10000)


def test_without_an_account_nothing_is_instructed(scene):
    rows = scene.accepted(currency="USD")
    with pytest.raises(NoBankAccount):
        scene.settle((rows[0].id, None))
    assert not Settlement.objects.exists()
    assert figures(rows[0]) == ("ACCEPTED", 0, 0, 10000)


@pytest.mark.parametrize("status", ["PROSPECT", "SUSPENDED"])
def test_nothing_is_paid_to_a_supplier_that_is_not_verified(scene, status):
    free, lent = scene.accepted()[0], scene.assigned()[0]
    Party.objects.filter(id=scene.cast.amphora.id).update(status=status)
    with pytest.raises(PayeeNotVerified) as refused:
        scene.settle((free.id, None), (lent.id, None))
    assert refused.value.facts["number"] == free.number
    assert not PaymentInstruction.objects.exists()
    assert not Receivable.objects.filter(settling_minor__gt=0).exists()
    asked = [(free.id, None), (lent.id, None)]
    made, lines = services.settle_each(actor=SYSTEM_ACTOR, key="each", lines=asked, now=NOW)
    assert [line.code for line in lines] == ["PAYEE_NOT_VERIFIED", ""]
    assert made.payments.get().payee == scene.cast.harbour  # what is assigned is the funder's


def test_the_request_itself_has_to_make_sense(scene):
    (row,) = scene.accepted()
    for lines, key in (
        ([], "k"),
        ([(row.id, None)], ""),
        ([(row.id, None)], "k" * 81),
        ([(row.id, 1), (row.id, 2)], "k"),
    ):
        with pytest.raises(InvalidInput):
            services.settle(actor=scene.maya, key=key, lines=lines, now=NOW)


def test_only_the_debtor_settles(scene):
    (row,) = scene.accepted()
    for actor, refusal in (
        (scene.ana, Forbidden),
        (scene.marc, Forbidden),
        (scene.ben, NotFound),
        (scene.hana, NotFound),
    ):
        with pytest.raises(refusal):
            services.settle(actor=actor, key="k", lines=[(row.id, None)], now=NOW)
    with pytest.raises(NotFound):
        scene.settle((row.id, None), (404, None))
    services.settle(actor=SYSTEM_ACTOR, key="k", lines=[(row.id, None)], now=NOW)


def test_a_hundred_receivables_settle_in_as_many_statements_as_one(scene, django_assert_num_queries):
    rows = scene.accepted(101)
    for some, key in ((rows[:1], "one"), (rows[1:], "many")):
        with django_assert_num_queries(21):
            lines = [(row.id, None) for row in some]
            services.settle(actor=SYSTEM_ACTOR, key=key, lines=lines, now=NOW)


def test_a_hundred_receivables_are_proposed_and_approved_in_as_many_statements_as_one(scene, django_assert_num_queries):
    rows = scene.accepted(101)
    for some, key in ((rows[:1], "one"), (rows[1:], "many")):
        with django_assert_num_queries(41):
            scene.settle(*((row.id, None) for row in some), key=key)


def test_due_settlements_are_summed_per_day_and_led_back_to_their_receivables(scene):
    scene.accepted(2)
    scene.accepted(due_date="2026-05-31")
    (part,) = scene.assigned()
    scene.settle((part.id, 2500))
    due = list(queries.due_settlements(actor=scene.maya))
    assert due == [
        {"due_date": date(2026, 4, 30), "currency": "EUR", "count": 3, "payable_minor": 27500},
        {"due_date": date(2026, 5, 31), "currency": "EUR", "count": 1, "payable_minor": 10000},
    ]
    assert not queries.due_settlements(actor=scene.maya, until=TODAY).exists()
    rows = queries.payable_on(actor=scene.maya, due_date=date(2026, 4, 30), currency="EUR")
    assert [each.left_minor for each in rows] == [10000, 10000, 7500]
