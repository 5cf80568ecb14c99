"""Why a bank did not pay: whole to the payer and the operator, to the payee what concerns its own account."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.urls import reverse

from accounts.notices import letters, services
from accounts.notices.models import Mailing
from accounts.notices.services.mailing import gather_at_once
from accounts.trail.api import EventShown
from accounts.trail.models import Event
from financing.advances.models import Advance
from financing.advances.services import fail
from financing.banking.iso20022 import camt054, pain002
from financing.banking.iso20022.entries import Direction, Entry
from financing.banking.models import BankMessage, PaymentInstruction
from financing.banking.services import receive
from financing.banking.services.sending import record_answer
from portal.shared.access import SYSTEM_ACTOR, VIEWER
from portal.workspaces.sentences import tell
from tests import world
from tests.advances.test_life import decide, take_up
from tests.api.conftest import caller_for, person
from tests.pages.payments.conftest import pay
from tests.world import NOW, TODAY, as_member

PAYER, PAYEE, OPERATOR = "hana@harbour.example", "ana@amphora.example", "wim@watch.example"

TOLD = [  # came back, the bank's reason, whether the payee may read it
    (False, "AC01", True), (False, "AC03", True), (False, "AC04", True), (False, "RC04", True),
    (False, "AC06", False), (False, "AG01", False), (False, "AM04", False), (False, "AM02", False),
    (False, "RR04", False), (False, "MS03", False), (False, "FF01", False),
    (True, "AC04", True), (True, "AC06", True), (True, "AG01", True), (True, "MS03", False), (True, "FOCR", False),
]  # fmt: skip


@pytest.fixture(scope="module")
def stage(told, django_db_blocker):
    """One more payment of Harbour's to Amphora for each reason."""
    with django_db_blocker.unblock(), transaction.atomic():
        lending = told.lending
        paid = pay(lending, len(TOLD), first=100)
        account = paid[0].account
        order = BankMessage.objects.create(
            direction="OUT", kind="pain.001", message_id="ORDER-9", account=account, state="PREPARED",
            sha256="0" * 64, content=b"<Document/>", recorded_at=NOW,
        )  # fmt: skip
        ids = [each.id for each in paid]
        PaymentInstruction.objects.filter(id__in=ids).update(status="SENT", message=order, sent_at=NOW)
        said = list(zip(paid, TOLD, strict=True))
        record_answer(message_id=order.id, content=refusals(said), now=NOW + timedelta(seconds=1))
        receive(content=returns(account.iban, said), now=NOW + timedelta(seconds=2))
        yield SimpleNamespace(lending=lending, payments=dict(zip(TOLD, paid, strict=True)))
        transaction.set_rollback(True)


def refusals(told) -> bytes:
    no = pain002.Status.REJECTED
    said = [
        pain002.PaymentStatus("B", each.end_to_end_id, no, reason_code=code, reason_text="Words of the bank")
        for each, (came_back, code, _) in told
        if not came_back
    ]
    return pain002.build(pain002.StatusReport("ANSWER-9", NOW, "ORDER-9", pain002.Status.PARTIALLY_ACCEPTED, said))


def returns(iban: str, told) -> bytes:
    entries = []
    for each, (came_back, code, _) in told:
        if came_back:
            of_payment = {"end_to_end_id": each.end_to_end_id}
            out, back = Direction.DEBIT, Direction.CREDIT
            entries += [
                Entry(f"B-{each.id}", each.amount_minor, "EUR", out, TODAY, TODAY, **of_payment),
                Entry(f"R-{each.id}", each.amount_minor, "EUR", back, TODAY, TODAY, return_reason=code, **of_payment),
            ]
    told_of = (camt054.AccountNotification("N-9", iban, "EUR", tuple(entries)),)
    return camt054.build(camt054.Notification("NOTICE-9", NOW, told_of))


def read(email: str, payment: PaymentInstruction) -> Event:
    """The news of the failure as somebody reads it."""
    names = ("payment.rejected", "payment.returned")
    return Event.objects.visible_to(as_member(email)).about(payment._meta.label_lower, payment.id).get(name__in=names)


def sentence(email: str, event: Event) -> str:
    (happening,) = tell(as_member(email), [event])
    return f"{happening.sentence}. {happening.detail}"


@pytest.mark.parametrize("case", TOLD, ids=lambda case: f"{'returned' if case[0] else 'refused'}-{case[1]}")
def test_the_news_tell_the_reason_to_whom_it_concerns(stage, case):
    came_back, code, payee_reads = case
    payment = stage.payments[case]
    payment.refresh_from_db()
    assert (payment.status, payment.reason) == ("RETURNED" if came_back else "REJECTED", code)
    for email in (PAYER, OPERATOR):
        event = read(email, payment)
        assert event.facts["reason"] == code
        assert code in sentence(email, event)
    event = read(PAYEE, payment)
    shown = EventShown(event, context={"request": SimpleNamespace(actor=as_member(PAYEE)), "names": {}}).data
    assert shown["payload"].get("reason", "") == (code if payee_reads else "")
    said = sentence(PAYEE, event)
    assert (code in said, "Check the account number" in said) == (payee_reads, payee_reads)
    assert payee_reads or "between the payer and its bank" in said
    # What is stored for all to read holds nothing of the payer's either.
    assert payee_reads or code not in str(event.payload)


def test_machines_of_the_payee_read_the_code_where_it_concerns_its_account_and_never_the_banks_words(stage):
    payee, payer = (caller_for(each, VIEWER) for each in (stage.lending.cast.amphora, stage.lending.cast.harbour))
    for (came_back, code, payee_reads), payment in stage.payments.items():
        address = f"instructions/{payment.id}/"
        shown, whole = payee.get(address).json(), payer.get(address).json()
        assert (whole["reason"], whole["reason_text"]) == (code, "" if came_back else "Words of the bank")
        assert (shown["reason"], shown["reason_text"]) == (code if payee_reads else "", ""), code


def test_the_payees_page_says_what_to_check_and_nothing_of_the_payer(stage, as_user):
    def page(email, case):
        return as_user(email).get(reverse("payments:payment", args=[stage.payments[case].id])).text

    own = page(PAYEE, (False, "AC04", True))
    assert "the account is closed (AC04)" in own and "Check the account number" in own
    others = page(PAYEE, (False, "AM04", False))
    assert "AM04" not in others and "not enough money" not in others and "Words of the bank" not in others
    assert "not enough money (AM04)" in page(PAYER, (False, "AM04", False))


@pytest.mark.parametrize(("reason", "payee_reads"), [("AC04", True), ("AM04", False)])
def test_what_becomes_of_the_advance_is_told_and_mailed_in_the_same_way(stage, reason, payee_reads):
    with transaction.atomic():
        lending = stage.lending
        world.trade(lending.cast.amphora, lending.cast.meridian)
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"INV-{reason}")
        application = take_up(lending)
        decide(application)
        advance = Advance.objects.get(application=application)
        fail(actor=SYSTEM_ACTOR, reasons={advance.id: reason}, now=NOW)
        events = Event.objects.about("advances.advance", advance.id).filter(name="advance.failed")
        assert (reason in str(events.get().payload)) == payee_reads
        services.write(events=list(events), now=NOW)
        gather_at_once(now=NOW)
        posts, _ = letters.posts(list(Mailing.objects.values_list("id", flat=True)))
        subjects = {post.mailing.user.email: post.letter().subject for post in posts}
        read = {each: person(each).get("notices/").json()["results"][0]["sentence"] for each in (PAYER, PAYEE)}
        assert reason in subjects[PAYER] and reason in read[PAYER]
        assert (reason in subjects[PAYEE], reason in read[PAYEE]) == (payee_reads, payee_reads)
        transaction.set_rollback(True)
