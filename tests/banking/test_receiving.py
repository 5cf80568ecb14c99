"""What the bank pushes: taken in once, by whatever way it comes; what is no such thing is kept and refused."""

import base64
import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from standardwebhooks import Webhook

from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.models import Event
from financing.banking import services
from financing.banking.iso20022 import camt054
from financing.banking.iso20022.entries import Direction, Entry
from financing.banking.models import BankAccount, BankEntry, BankMessage, PaymentInstruction
from financing.banking.services import Payment, instruct, receive, register_account
from financing.credit.models import Facility
from financing.ledger.models import Book
from financing.ledger.models import Entry as LedgerEntry
from financing.ledger.queries import balance
from financing.ledger.services import open_book
from portal.shared.access import SYSTEM_ACTOR
from tests.banking.conftest import facility

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
HARBOUR, AMPHORA = "DE75512108001245126199", "DE27100777770209299700"
SECRET = "whsec_" + base64.b64encode(b"known to the portal and the bank").decode()


def people() -> tuple[Party, Party]:
    made = []
    for kind, name, number in (("FINANCIER", "Harbour", HARBOUR), ("SUPPLIER", "Amphora", AMPHORA)):
        party = Party.objects.create(kind=kind, name=name, country="DE", status="ADMITTED", created_at=NOW)
        register_account(
            actor=SYSTEM_ACTOR, party_id=party.id, holder=name, iban=number, currency="EUR",
            connected=kind == "FINANCIER", now=NOW,
        )  # fmt: skip
        made.append(party)
    open_book(actor=SYSTEM_ACTOR, funder_id=made[0].id, business_date=TODAY, now=NOW)
    return made[0], made[1]


def sent(harbour: Party, amphora: Party, count: int = 1, first: int = 1) -> list[PaymentInstruction]:
    """Instructions that are on their way."""
    granted = Facility.objects.first() or facility(harbour, harbour, amphora)
    payments = [
        Payment(f"advance:{number}", "DISBURSEMENT", harbour.id, amphora.id, 1_000 + number, "EUR", "advances.advance",
                number, "DISBURSEMENT_CLEARING", granted.id)
        for number in range(first, first + count)
    ]  # fmt: skip
    found = instruct(actor=SYSTEM_ACTOR, payments=payments, now=NOW)
    services.claim(instruction_ids=[each.id for each in found], now=NOW)
    return found


def debit(instruction: PaymentInstruction, reference: str) -> Entry:
    return Entry(
        bank_reference=reference, amount_minor=instruction.amount_minor, currency="EUR", direction=Direction.DEBIT,
        booking_date=TODAY, value_date=TODAY, end_to_end_id=instruction.end_to_end_id,
    )  # fmt: skip


def notice(*entries: Entry, message_id: str = "N1", account: str = HARBOUR) -> bytes:
    of_account = camt054.AccountNotification(message_id, account, "EUR", entries)
    return camt054.build(camt054.Notification(message_id, NOW, (of_account,)))


def cash() -> int:
    return balance(book_id=Book.objects.get().id, kind="CASH", currency="EUR")


@pytest.mark.django_db
class TestBooking:
    def test_a_message_that_comes_again_changes_nothing(self):
        (instruction,) = sent(*people())
        content = notice(debit(instruction, "B1"))

        assert receive(content=content, now=NOW).new_entries == 1
        assert receive(content=content, now=NOW).new_entries == 0

        assert cash() == -1_001
        assert BankMessage.objects.filter(direction="IN").count() == 1

    def test_two_hundred_bookings_take_as_many_statements_as_one(self):
        harbour, amphora = people()
        first, *others = sent(harbour, amphora, 201)
        warm_up = sent(harbour, amphora, 1, first=900)[0]
        receive(content=notice(debit(warm_up, "B0"), message_id="N0"), now=NOW)

        with CaptureQueriesContext(connection) as one:
            receive(content=notice(debit(first, "B1"), message_id="N1"), now=NOW)
        with CaptureQueriesContext(connection) as many:
            entries = [debit(each, f"C{each.id}") for each in others]
            receive(content=notice(*entries, message_id="N2"), now=NOW)

        several_booked = 2  # a savepoint, and its release
        assert len(many) == len(one) + several_booked
        assert PaymentInstruction.objects.filter(status="SETTLED").count() == 202

    def test_a_second_debit_for_one_payment_is_not_taken_for_it(self):
        (instruction,) = sent(*people())

        receive(content=notice(debit(instruction, "B1"), debit(instruction, "B2")), now=NOW)

        assert list(BankEntry.objects.order_by("id").values_list("instruction", flat=True)) == [instruction.id, None]
        assert cash() == -2_002
        assert balance(book_id=Book.objects.get().id, kind="UNAPPLIED_RECEIPTS", currency="EUR") == 1_001
        assert Event.objects.filter(name="payment.settled").count() == 1

    @pytest.mark.parametrize("changed", [{"amount_minor": 1_000}, {"direction": Direction.CREDIT}])
    def test_a_booking_of_another_amount_or_direction_does_not_settle(self, changed):
        (instruction,) = sent(*people())

        receive(content=notice(replace(debit(instruction, "B1"), **changed)), now=NOW)

        instruction.refresh_from_db()
        assert instruction.status == "SENT"
        assert BankEntry.objects.get().instruction is None

    def test_a_value_date_ahead_of_the_books_day_counts_from_that_day(self):
        (instruction,) = sent(*people())
        ahead = replace(debit(instruction, "B1"), booking_date=date(2026, 3, 3), value_date=date(2026, 3, 4))

        receive(content=notice(ahead), now=NOW)

        assert LedgerEntry.objects.get().value_date == TODAY
        assert BankEntry.objects.get().value_date == date(2026, 3, 4)
        assert Event.objects.get(name="payment.settled").payload["value_date"] == "2026-03-02"

    def test_a_booking_of_what_was_thought_never_sent_settles_it_and_nothing_is_sent_again(self):
        (instruction,) = sent(*people())
        message = BankMessage.objects.get()
        services.record_never_had(message_id=message.id, now=NOW)
        instruction.refresh_from_db()
        assert instruction.status == "DUE"

        receive(content=notice(debit(instruction, "B1")), now=NOW)

        instruction.refresh_from_db()
        assert instruction.status == "SETTLED"
        assert services.claim(instruction_ids=[instruction.id], now=NOW) == services.Claimed((), ())


@pytest.mark.django_db
class TestRefusing:
    def push(self, content: bytes, secret: str = SECRET):
        now = datetime.now(UTC)
        headers = {
            "webhook-id": "N1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("N1", now, content.decode()),
        }
        return Client(enforce_csrf_checks=True).post(
            "/bank/messages/", content, content_type="application/xml", headers=headers
        )

    @pytest.fixture(autouse=True)
    def secret(self, settings):
        settings.BANK_SECRET = SECRET

    def test_a_signed_message_is_taken_in(self):
        (instruction,) = sent(*people())

        answer = self.push(notice(debit(instruction, "B1")))

        assert (answer.status_code, answer.json()) == (200, {"code": "OK", "new_entries": 1})

    def test_without_the_shared_secret_nothing_is_taken_in_or_kept(self):
        (instruction,) = sent(*people())

        answer = self.push(notice(debit(instruction, "B1")), "whsec_" + base64.b64encode(b"somebody else's").decode())

        assert answer.status_code == 401
        assert not BankEntry.objects.exists()
        assert not Document.objects.exists()

    @pytest.mark.parametrize("ours", ["", "whsec_", "whsec_…"])
    def test_while_no_secret_is_shared_nothing_counts_as_signed(self, settings, ours):
        settings.BANK_SECRET = ours

        assert self.push(b"<Document/> ").status_code == 401
        assert not Document.objects.exists()

    def test_a_message_beyond_the_limit_is_refused(self, settings):
        settings.MAX_DOCUMENT_BYTES = 10

        assert self.push(b"<Document/> ").status_code == 413

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"not xml at all", "NOT_XML"),
            (b'<!DOCTYPE d [<!ENTITY e "x">]><Document>&e;</Document>', "DOCTYPE_REFUSED"),
            (b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.008.001.08"/>', "UNKNOWN_MESSAGE"),
        ],
    )
    def test_what_cannot_be_understood_is_kept_and_not_asked_for_again(self, content, code):
        answer = self.push(content)

        assert (answer.status_code, answer.json()["code"]) == (200, code)
        kept = Document.objects.get()
        assert (kept.kind, kept.outcome, kept.code, bytes(kept.content)) == ("BANK_MESSAGE", "REFUSED", code, content)

    def test_a_booking_on_an_account_nobody_registered_is_kept(self):
        people()
        stranger = Entry("B1", 100, "EUR", Direction.CREDIT, TODAY, TODAY)

        answer = self.push(notice(stranger, account="DE89370400440532013000"))

        assert (answer.status_code, answer.json()["code"]) == (200, "UNKNOWN_ACCOUNT")
        assert Document.objects.get().outcome == "REFUSED"
        assert not BankEntry.objects.exists()


def test_a_message_pushed_by_eight_at_once_is_booked_once(committed_db):
    instructions = sent(*people(), 20)
    entries = [debit(each, f"B{each.id}") for each in instructions]
    # The same message four times, and the same bookings in other messages and in another order.
    contents = [notice(*entries)] * 4 + [notice(*reversed(entries), message_id=f"M{n}") for n in range(4)]
    failures = race(lambda number: receive(content=contents[number], now=NOW))

    assert failures == []
    assert BankEntry.objects.count() == 20
    assert PaymentInstruction.objects.filter(status="SETTLED").count() == 20
    assert Event.objects.filter(name="payment.settled").count() == 20
    assert cash() == -sum(each.amount_minor for each in instructions)


def race(work, threads: int = 8) -> list[Exception]:
    """Run `work(number)` in threads that start together; what they raised."""
    start, failures = threading.Barrier(threads), []

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return failures


@pytest.mark.django_db
def test_history_of_the_bank_is_not_rewritten():
    (instruction,) = sent(*people())
    receive(content=notice(debit(instruction, "B1")), now=NOW)

    for statement in (
        "UPDATE banking_bankentry SET amount_minor = 1",
        "DELETE FROM banking_bankentry",
        "UPDATE banking_bankmessage SET content = ''",
        "DELETE FROM banking_bankmessage",
    ):
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before")
            with pytest.raises(Exception, match="permission denied"):
                cursor.execute(statement)
            cursor.execute("ROLLBACK TO SAVEPOINT before")
    assert BankAccount.objects.count() == 2
