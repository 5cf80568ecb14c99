"""Deliveries, payments, statements and evidence: what is stuck, and what can be done about it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.clients.services import create_client
from accounts.intake.models import Document
from accounts.intake.services import conclude, keep
from accounts.trail.models import Delivery, Event
from financing.banking.models import BankAccount, BankMessage, PaymentInstruction, Statement
from financing.banking.services import Payment, instruct
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.sentences import Sentence
from portal.ui.formats import money
from tests.world import NOW, TODAY, as_member

HOME, DELIVERIES = "/operations/", "/operations/deliveries/"
P = PaymentInstruction.Status


@pytest.fixture
def parked(lending):
    """`parked(2)`: deliveries that failed for good."""

    def make(count: int) -> list[Delivery]:
        found = []
        for n in range(count):
            event = Event.objects.create(
                name="payment.due", subject_type="banking.paymentinstruction", subject_id=n + 1, recorded_at=NOW,
                effective_at=NOW, audience="PUBLIC_TO_PARTIES", payload={"secret": "only for its parties"},
            )  # fmt: skip
            found.append(
                Delivery.objects.create(
                    event=event, subscriber="banking.send", subject=f"banking.paymentinstruction:{n + 1}", due_at=NOW,
                    state=Delivery.State.PARKED, attempts=8, last_error="ConnectError: the bank does not answer",
                )
            )  # fmt: skip
        return found

    return make


@pytest.fixture
def paying(lending):
    """`paying(2)`: payments of Harbour's to Amphora."""

    harbour, amphora = lending.cast.harbour, lending.cast.amphora

    def make(count: int) -> list[PaymentInstruction]:
        payments = [
            Payment(
                key=f"p-{n}", purpose="DISBURSEMENT", payer_id=harbour.id, payee_id=amphora.id, currency="EUR",
                amount_minor=100_00 + n, subject_type="advances.advance", subject_id=n + 1,
                contra_kind="DISBURSEMENT_CLEARING",
            )
            for n in range(count)
        ]  # fmt: skip
        return instruct(actor=SYSTEM_ACTOR, payments=payments, now=NOW)

    return make


def refused_document(content: bytes = b"<evil/>", name: str = "evil.xml", actor: Actor | None = None) -> Document:
    document = keep(
        actor=actor or as_member("ana@amphora.example"), kind=Document.Kind.INVOICE, content=content,
        media_type="text/html", file_name=name, now=timezone.now(),
    )  # fmt: skip
    row = {"line": 1, "number": "A-1", "code": "NOT_UBL", "reason": "This is no invoice."}
    conclude(document, Document.Outcome.REFUSED, "NOT_UBL", "This is no invoice.", {"refused": [row]})
    return document


def test_a_day_in_a_refusal_is_told_as_the_reader_writes_it_and_to_machines_by_iso(wim, lending):
    document = keep(
        actor=as_member("ana@amphora.example"), kind=Document.Kind.INVOICE, content=b"<evil/>", media_type="text/xml",
        file_name="twice.xml", now=timezone.now(),
    )  # fmt: skip
    before = Sentence("{number} was handed in before, on {date}.", number="A-1", date=date(2026, 3, 2))
    conclude(document, Document.Outcome.REFUSED, "DUPLICATE_DOCUMENT", before, {})
    assert "A-1 was handed in before, on Mar 2, 2026." in wim.get(reverse("operator:document", args=[document.id])).text
    assert wim.get(f"/api/v1/documents/{document.id}/").json()["explanation"].endswith("on 2026-03-02.")


# ── the first page ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_each_number_of_the_first_page_is_the_length_of_the_list_that_it_opens(wim, parked, paying, asks):
    parked(2), paying(3), refused_document(), asks("Quince")
    shown = wim.get(HOME)
    lines = {line.state: line for board in shown.context["boards"] for line in board.lines}
    assert [lines[state].count for state in ("PARKED", "DUE", "REFUSED", "SUBMITTED")] == [2, 3, 1, 1]
    assert lines["UNKNOWN"].count == 0 and lines["UNKNOWN"].oldest_ms is None
    for line in lines.values():
        assert wim.get(line.url).context["table"].page.paginator.count == line.count, line.url


def test_the_first_page_tells_since_when_the_oldest_waits(wim, parked):
    parked(2)
    (line,) = [line for line in wim.get(HOME).context["boards"][0].lines if line.state == "PARKED"]
    assert line.needs_you
    assert line.oldest_ms // 3_600_000 == (timezone.now() - NOW) // timedelta(hours=1)


# ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_what_is_parked_is_shown_with_its_error_and_without_its_payload(wim, parked):
    (row,) = parked(1)
    page = wim.get(DELIVERIES, {"deliveries-state": "PARKED"})
    assert "ConnectError: the bank does not answer" in page.text
    one = wim.get(reverse("operator:delivery", args=[row.id]))
    assert "ConnectError: the bank does not answer" in one.text
    assert "only for its parties" not in page.text + one.text


def test_what_is_parked_is_tried_again_and_a_second_time_is_told(wim, parked):
    rows = parked(2)
    page = wim.post(reverse("operator:retry_chosen"), {"chosen": [row.id for row in rows]}, follow=True)
    assert "2 are tried again." in page.text
    assert set(Delivery.objects.filter(id__in=[r.id for r in rows]).values_list("state", "attempts")) == {
        ("WAITING", 0)
    }
    again = wim.post(reverse("operator:retry_chosen"), {"chosen": [rows[0].id]}, follow=True)
    assert "1 was no longer parked." in again.text


def test_a_checker_looks_and_does_not_retry(wanda, parked):
    (row,) = parked(1)
    assert 'name="chosen"' not in wanda.get(DELIVERIES).text
    assert wanda.post(reverse("operator:retry_chosen"), {"chosen": [row.id]}).status_code == 403
    assert Delivery.objects.get(id=row.id).state == "PARKED"


def test_nothing_chosen_and_nothing_there_are_told(wim, lending):
    assert "Nothing was chosen." in wim.post(reverse("operator:retry_chosen"), follow=True).text
    assert wim.post(reverse("operator:retry_chosen"), {"chosen": ["999999999"]}).status_code == 404
    assert wim.get(reverse("operator:delivery", args=[10**9])).status_code == 404


def test_what_is_late_counts(wim, parked):
    (row,) = parked(1)
    before = wim.get(DELIVERIES).context["stuck"]
    late = timezone.now() - timedelta(minutes=5)
    Delivery.objects.filter(id=row.id).update(state="WAITING", due_at=late, attempts=0)
    after = wim.get(DELIVERIES).context["stuck"]
    assert (after["parked"] - before["parked"], after["late"] - before["late"]) == (-1, 1)


# ── payments ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_payments_are_listed_by_state_with_what_the_bank_said(wim, paying):
    one, two = paying(2)
    message = BankMessage.objects.create(
        direction="OUT", kind="pain.001", message_id="M1", account=one.account, state="ANSWERED", content=b"<pain/>",
        sha256="0" * 64, recorded_at=NOW,
    )  # fmt: skip
    PaymentInstruction.objects.filter(id=one.id).update(
        status=P.REJECTED, reason="AC04", reason_text="Closed account", message=message, sent_at=NOW,
        answered_at=NOW + timedelta(seconds=2),
    )  # fmt: skip
    page = wim.get(reverse("operator:payments"), {"payments-status": "REJECTED"})
    assert [row.record.id for row in page.context["table"].rows] == [one.id]
    assert "the account is closed (AC04)" in page.text
    detail = wim.get(reverse("operator:payment", args=[one.id]))
    assert "the account is closed (AC04). In its own words: Closed account" in detail.text
    subject = reverse("admin:advances_advance_change", args=[one.subject_id])
    assert f'<a href="{subject}">Advance {one.subject_id}</a>' in detail.text
    assert [(each.message.message_id, each.says) for each in detail.context["steps"]] == [
        ("M1", f"Asks the bank to pay {money(one.amount_minor, one.currency)} to {one.creditor_name}.")
    ]
    assert [(each.state, each.took_ms) for each in detail.context["happenings"]] == [
        ("DUE", None), ("SENT", 0), ("REJECTED", 2000),
    ]  # fmt: skip
    assert "the account is closed (AC04)" in detail.context["happenings"][-1].sentence
    content = wim.get(reverse("operator:message_content", args=[message.id]))
    assert (content.content, content["Content-Disposition"]) == (b"<pain/>", 'attachment; filename="pain.001-M1.xml"')
    assert "None yet" in wim.get(reverse("operator:payment", args=[two.id])).text


def test_a_message_is_given_to_the_operator_alone(as_user, paying, lending):
    (one,) = paying(1)
    message = BankMessage.objects.create(
        direction="OUT", kind="pain.001", message_id="M1", account=one.account, state="PREPARED", content=b"<pain/>",
        sha256="0" * 64, recorded_at=NOW,
    )  # fmt: skip
    for email in ("ana@amphora.example", "hana@harbour.example"):
        browser = as_user(email)
        assert browser.get(reverse("operator:message_content", args=[message.id])).status_code == 404
        assert browser.get(reverse("operator:payment", args=[one.id])).status_code == 404


def test_days_that_agree_are_not_shown_and_one_that_differs_is(wim, lending):
    assert "Bank and book agree to the cent" in wim.get(reverse("operator:statements")).text
    account = BankAccount.objects.get(party=lending.cast.harbour)
    message = BankMessage.objects.create(
        direction="IN", kind="camt.053", message_id="S1", account=account, state="PROCESSED", content=b"<camt/>",
        sha256="0" * 64, recorded_at=NOW,
    )  # fmt: skip
    days = [
        Statement.objects.create(
            account=account, date=TODAY - timedelta(days=n), message=message, opening_minor=0, closing_minor=10_00 + n,
            ledger_minor=10_00, unmatched=0, reconciled_at=NOW,
        )
        for n in range(2)
    ]  # fmt: skip
    page = wim.get(reverse("operator:statements"))
    assert [row.record.id for row in page.context["table"].rows] == [days[1].id]
    one = wim.get(reverse("operator:statement", args=[days[1].id]))
    assert one.context["statement"].difference_minor == 1
    assert one.context["odd"] is None
    assert wim.get(reverse("operator:statement", args=[10**9])).status_code == 404


# ── evidence ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_refused_documents_are_listed_with_their_reason(wim, lending):
    document = refused_document()
    page = wim.get(reverse("operator:documents"))
    assert "This is no invoice." in page.text
    one = wim.get(reverse("operator:document", args=[document.id]))
    assert [row["code"] for row in one.context["refused"]] == ["NOT_UBL"]


def test_who_handed_a_document_in_is_told_by_name(wim, lending):
    party = lending.cast.amphora
    made, _secret = create_client(actor=SYSTEM_ACTOR, party_id=party.id, name="Till of Amphora", role="MAKER", now=NOW)
    machine = replace(as_member("ana@amphora.example"), user_id=None, client_id=made.client_id)
    by_person, by_machine = refused_document(), refused_document(b"<other/>", actor=machine)

    for document, name in ((by_person, "Ana"), (by_machine, "Till of Amphora")):
        for page in (
            reverse("operator:document", args=[document.id]),
            reverse("admin:intake_document_change", args=[document.id]),
            reverse("admin:intake_document_changelist"),
        ):
            answer = wim.get(page)
            assert name in answer.text
            assert made.client_id not in answer.text


def test_evidence_is_downloaded_and_never_opened(wim, lending):
    answer = wim.get(reverse("operator:document_content", args=[refused_document(b"<script>alert(1)</script>").id]))
    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'attachment; filename="evil.xml"'
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ('a";x=".html', "a__x__.html"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("", "document-{id}"),
        ("é中.xml", "__.xml"),
    ],
)
def test_a_hostile_file_name_does_no_harm(wim, lending, name, safe):
    document = refused_document(name=name)
    answer = wim.get(reverse("operator:document_content", args=[document.id]))
    assert answer["Content-Disposition"] == f'attachment; filename="{safe.format(id=document.id)}"'


def test_evidence_is_for_the_operator_alone(as_user, lending):
    document = refused_document()
    for email in ("ana@amphora.example", "maya@meridian.example"):
        assert as_user(email).get(reverse("operator:document_content", args=[document.id])).status_code == 404


@pytest.mark.parametrize("rows", [3, 30])
def test_lists_take_the_same_few_queries_however_many_rows(wim, parked, paying, rows, django_assert_max_num_queries):
    parked(rows), paying(rows)
    for n in range(rows):
        refused_document(f"{n}".encode())
    wim.get(DELIVERIES)
    with django_assert_max_num_queries(11):
        wim.get(DELIVERIES)
    for address in ("operator:payments", "operator:documents", "operator:statements"):
        with django_assert_max_num_queries(6):
            wim.get(reverse(address))
