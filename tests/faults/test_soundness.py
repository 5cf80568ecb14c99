"""What the faults look for is found where it is: an advance that is paid twice, under references of its own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from financing.advances import services
from financing.banking.iso20022 import pain001
from financing.banking.models import PaymentInstruction
from portal.runtime.world import World
from portal.sandbox.bank import book, payments, schema
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.advances import bank
from tests.faults import soundness
from tests.world import CURRENCY, NOW, TODAY, as_member

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def paid(db, settings) -> PaymentInstruction:
    """What pays the one advance, which is funded."""
    settings.BANK_URL = "http://127.0.0.1:9"  # nobody: the bank speaks, and does not answer
    lending = world.with_trade(world.lending())
    ana = as_member("ana@amphora.example")
    facility_id = lending.amphora_facility.id
    quote = services.quote(actor=ana, facility_id=facility_id, amount_minor=500_00, now=NOW)
    application = services.apply(actor=ana, quote_id=quote.id, now=NOW)
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
    bank.come_to_rest()
    assert soundness.breaches() == []
    return PaymentInstruction.objects.select_related("account").get(purpose="DISBURSEMENT")


def the_bank_pays(directory: Path, paid: PaymentInstruction, *references: str) -> World:
    """A world whose bank was ordered the same payment under each of these references, and has made it."""
    file = directory / "bank.sqlite3"
    db = schema.create(file)
    with schema.writing(db):
        book.start_clock(db, TODAY)
        book.open_account(db, book.NewAccount(paid.account.holder, CURRENCY, paid.account.iban, opening_minor=5_000_00))
        book.open_account(db, book.NewAccount(paid.creditor_name, CURRENCY, paid.creditor_iban, notified=False))
        for number, reference in enumerate(references):
            transfer = pain001.Transfer(
                end_to_end_id=reference, instruction_id="1", amount_minor=paid.amount_minor, currency=CURRENCY,
                creditor_name=paid.creditor_name, creditor_iban=paid.creditor_iban,
            )  # fmt: skip
            block = pain001.PaymentBlock("P", TODAY, paid.account.holder, paid.account.iban, (transfer,))
            message = pain001.CreditTransferInitiation(f"M{number}", NOON, paid.account.holder, (block,))
            payments.accept(db, message, NOON)
        book.book_due(db, NOON.timestamp())
    db.close()
    return World(directory, guard=None, say=print, environment={"BANK_BOOK": str(file)})


def test_a_bank_that_paid_what_we_ordered_agrees_with_us(paid, tmp_path):
    assert soundness.findings(the_bank_pays(tmp_path, paid, paid.end_to_end_id)) == []


def test_an_advance_that_the_bank_paid_under_a_second_reference_as_well_is_found(paid, tmp_path):
    [found] = soundness.findings(the_bank_pays(tmp_path, paid, paid.end_to_end_id, "ANOTHER"))
    assert found.startswith("ANOTHER: we say None, the bank [")


def test_an_advance_with_two_payment_orders_is_found(paid):
    second = PaymentInstruction.objects.get(id=paid.id)
    second.pk, second.key, second.end_to_end_id = None, "another", "ANOTHER"
    second.save(force_insert=True)
    [found] = soundness.breaches()
    assert found.startswith("an advance without exactly one payment order: [")


def test_an_order_that_comes_again_is_counted(paid, tmp_path):
    world_of_bank = the_bank_pays(tmp_path, paid, paid.end_to_end_id, paid.end_to_end_id)
    assert soundness.findings(world_of_bank) == []  # the bank has not paid it again
    assert soundness.repeats(world_of_bank) == 1
