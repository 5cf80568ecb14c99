"""Payments of Harbour's to Amphora with everything that the bank said: a refusal, a booking, one waiting."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction

from financing.banking import services
from financing.banking.iso20022 import camt053, camt054, pain002
from financing.banking.iso20022.entries import Direction, Entry
from financing.banking.models import BankAccount, BankMessage, PaymentInstruction, Statement
from financing.banking.services import Payment
from financing.banking.services.sending import record_answer
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import IBANS, NOW, TODAY, Lending


@dataclass
class Told:
    lending: Lending
    refused: PaymentInstruction
    booked: PaymentInstruction
    waiting: PaymentInstruction
    statement: Statement

    def message(self, kind: str) -> BankMessage:
        return BankMessage.objects.get(kind=kind, account=self.refused.account)


@pytest.fixture(scope="package")
def told(django_db_setup, django_db_blocker) -> Iterator[Told]:
    """One world for all that is only looked at; never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield set_up()
        transaction.set_rollback(True)


def set_up() -> Told:
    lending = world.lending()
    refused, booked, waiting = pay(lending, 3)
    account = refused.account
    order = BankMessage.objects.create(
        direction="OUT", kind="pain.001", message_id="ORDER-1", account=account, state="PREPARED", sha256="0" * 64,
        content=b"<Document><secret>order</secret></Document>", recorded_at=NOW,
    )  # fmt: skip
    PaymentInstruction.objects.filter(id__in=[refused.id, booked.id]).update(status="SENT", message=order, sent_at=NOW)
    record_answer(message_id=order.id, content=answer(refused, booked), now=NOW + timedelta(seconds=1))
    entry = booking(booked)
    services.receive(content=notice(entry), now=NOW + timedelta(seconds=2))
    stated = camt053.AccountStatement("S", account.iban, "EUR", TODAY, 1_000_00, 899_99, (entry,))
    content = camt053.build(camt053.Statement("STATEMENT-1", NOW, (stated,)))
    (statement,) = services.reconcile(content=content, now=NOW + timedelta(seconds=3))
    for each in (refused, booked, waiting):
        each.refresh_from_db()
    return Told(lending, refused, booked, waiting, statement)


def pay(lending: Lending, count: int, first: int = 0) -> list[PaymentInstruction]:
    payments = [
        Payment(
            key=f"p-{n}", purpose="DISBURSEMENT", payer_id=lending.cast.harbour.id, payee_id=lending.cast.amphora.id,
            currency="EUR", amount_minor=100_00 + n, subject_type="advances.advance", subject_id=n + 1,
            contra_kind="DISBURSEMENT_CLEARING", remittance=f"Advance {n + 1}",
        )
        for n in range(first, first + count)
    ]  # fmt: skip
    return services.instruct(actor=SYSTEM_ACTOR, payments=payments, now=NOW)


def answer(refused: PaymentInstruction, booked: PaymentInstruction) -> bytes:
    status = pain002.Status
    no = pain002.PaymentStatus("B", refused.end_to_end_id, status.REJECTED, reason_code="AM04", reason_text="No cover")
    yes = pain002.PaymentStatus("B", booked.end_to_end_id, status.IN_SETTLEMENT)
    return pain002.build(pain002.StatusReport("ANSWER-1", NOW, "ORDER-1", status.PARTIALLY_ACCEPTED, (no, yes)))


def booking(payment: PaymentInstruction) -> Entry:
    return Entry(
        "B-1", payment.amount_minor, "EUR", Direction.DEBIT, TODAY, TODAY, end_to_end_id=payment.end_to_end_id,
        counterparty_name="Amphora",
    )  # fmt: skip


def notice(entry: Entry) -> bytes:
    """One message about Harbour's account and Meridian's, as a bank may send it."""
    others = Entry("MERIDIANS-OWN", 77_77, "EUR", Direction.CREDIT, TODAY, TODAY)
    harbours = BankAccount.objects.get(iban=IBANS["harbour"])
    accounts = (
        camt054.AccountNotification("N-1", harbours.iban, "EUR", (entry,)),
        camt054.AccountNotification("N-2", IBANS["meridian"], "EUR", (others,)),
    )
    return camt054.build(camt054.Notification("NOTICE-1", NOW, accounts))
