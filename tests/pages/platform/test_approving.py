"""A settlement waits for a second person: who sees it, what it says, and what became of it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Membership
from financing.banking.models import BankAccount, PaymentInstruction
from financing.receivables.models import Receivable, Settlement
from financing.receivables.services import settle
from portal.ui.formats import iban
from tests import world
from tests.pages.platform.test_settling import order_of, shown
from tests.world import NOW, as_member

SETTLE = "/platform/settlements/new/"


@pytest.fixture
def made(lending) -> Settlement:
    """Maya proposes to pay one invoice of Amphora's."""
    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1", 300_00, due_in=10)
    return settle(actor=as_member("maya@meridian.example"), key="day-1", lines=[(row.id, None)], now=NOW)


def page_of(browser, made: Settlement):
    return browser.get(reverse("platform:settlement", args=[made.id]))


def approve(browser, made: Settlement, seen: str):
    return browser.post(reverse("platform:approve_settlement", args=[made.id]), {"seen_hash": seen})


def cancel(browser, made: Settlement, **form):
    return browser.post(reverse("platform:cancel_settlement", args=[made.id]), form)


def test_the_second_person_finds_it_in_the_queue_and_nobody_else(maya, marc, made):
    (row,) = marc.get(reverse("platform:home")).context["found"].rows
    assert (row["kind"], row["subject"], row["amount_minor"]) == ("APPROVE_SETTLEMENT", "day-1", 300_00)
    assert row["url"] == reverse("platform:settlement", args=[made.id])
    assert not maya.get(reverse("platform:home")).context["found"].rows
    theirs, own = page_of(marc, made), page_of(maya, made)
    assert (theirs.context["may_approve"], own.context["may_approve"]) == (True, False)
    assert "It waits for your approval." in theirs.text
    assert "You proposed this, so a colleague who is a checker approves it." in own.text
    (payee,) = theirs.context["payees"]
    assert (payee["name"], payee["amount_minor"], payee["iban"]) == ("Amphora", 300_00, world.IBANS["amphora"])
    assert iban(world.IBANS["amphora"]) in theirs.text


def test_who_was_let_in_lately_reads_from_when_on_it_may_approve(marc, made):
    Membership.objects.filter(user__email="marc@meridian.example").update(created_at=timezone.now())
    page = page_of(marc, made)
    assert "You were let in a short while ago: you may approve from" in page.text
    assert (page.context["may_approve"], page.context["may_cancel"]) == (False, True)
    assert not marc.get(reverse("platform:home")).context["found"].rows
    assert approve(marc, made, page.context["seen_hash"]).status_code == 403
    assert not PaymentInstruction.objects.exists()


def test_what_was_read_is_approved_and_paid(marc, made):
    seen = page_of(marc, made).context["seen_hash"]
    for _ in range(2):
        assert approve(marc, made, seen).url == reverse("platform:settlement", args=[made.id])
    assert PaymentInstruction.objects.get().amount_minor == 300_00
    assert "payments" in page_of(marc, made).context


def test_the_maker_approves_nothing_of_its_own_by_hand_either(maya, made):
    Membership.objects.filter(user__email="maya@meridian.example").update(role="ADMIN")
    page = page_of(maya, made)
    assert not page.context["may_approve"]
    assert approve(maya, made, page.context["seen_hash"]).status_code == 403
    assert not PaymentInstruction.objects.exists()


def test_what_changed_since_it_was_read_is_shown_anew(marc, made, lending):
    page = approve(marc, made, "0" * 64)
    assert page.status_code == 409
    assert "This has changed since you opened it." in page.text
    BankAccount.objects.filter(party=lending.cast.amphora).update(status="CLOSED", closed_at=NOW)
    page = approve(marc, made, page.context["seen_hash"])
    assert page.status_code == 409  # the account that it was to be paid to is no more
    page = approve(marc, made, page.context["seen_hash"])
    assert (page.status_code, page.context["lacking"].name) == (422, "Amphora")
    assert "Amphora has no open EUR account to pay with, so nothing was paid." in page.text
    assert not PaymentInstruction.objects.exists()


def test_cancelled_it_says_why_and_the_invoice_is_due_again(maya, marc, made):
    assert cancel(maya, made, reason="x" * 281).status_code == 422
    assert cancel(marc, made, reason="Not before its day").status_code == 302
    page = page_of(maya, made)
    assert "Why it was cancelled: Not before its day" in page.text
    assert "Nothing was paid. The invoices can be settled anew." in page.text
    assert not page.context["may_cancel"]
    assert approve(marc, made, "0" * 64).status_code == 409
    assert cancel(marc, made).status_code == 302
    assert maya.get(reverse("platform:settlements")).context["due_table"].rows


def test_what_is_paid_cannot_be_cancelled_any_more(maya, marc, made):
    approve(marc, made, page_of(marc, made).context["seen_hash"])
    page = maya.post(reverse("platform:cancel_settlement", args=[made.id]), {}, follow=True)
    assert page.redirect_chain[-1][0] == reverse("platform:settlement", args=[made.id])
    assert Settlement.objects.get().status == "INSTRUCTED"


def test_others_find_nothing(ana, made):
    assert approve(ana, made, "0" * 64).status_code == cancel(ana, made).status_code == 404


def test_what_waits_is_left_out_of_the_next_one(maya, made, lending):
    world.receivable(lending.cast.bellows, lending.cast.meridian, "B-1", 70_00, due_in=10)
    page = shown(maya)
    assert page.context["proposal"].total_minor == 70_00
    assert "1 invoice is left out: it waits in a settlement to be approved." in page.text


def test_paying_long_before_the_day_is_warned_of(maya, marc, lending):
    soon, late = timezone.localdate() + timedelta(days=30), timezone.localdate() + timedelta(days=31)
    for number, (day, minor) in enumerate([(soon, 300_00), (late, 200_05)]):
        row = world.receivable(lending.cast.amphora, lending.cast.meridian, f"A-{number}", minor)
        Receivable.objects.filter(id=row.id).update(due_date=day)
    assert shown(maya, soon).context["proposal"].early["count"] == 0
    page = shown(maya, late)
    assert page.context["proposal"].early == {"count": 1, "amount_minor": 200_05, "last": late}
    warning = "Paid now, the money is away long before it has to be."
    assert warning in page.text
    maya.post(SETTLE, order_of(page))
    theirs = page_of(marc, Settlement.objects.get())
    assert theirs.context["early"] == {"count": 1, "amount_minor": 200_05, "last": late}
    assert warning in theirs.text
