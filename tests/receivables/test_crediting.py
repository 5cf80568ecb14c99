"""Credit notes reduce what is owed, in whatever hands it is, and never more than is open."""

import pytest

from accounts.trail.models import Event
from financing.receivables import services
from financing.receivables.models import CreditNote, Receivable
from logistics.orders.models import ReceiptLine
from tests.world import NOW


def only(results):
    (result,) = results
    return result


def test_a_credit_note_reduces_what_is_open(scene):
    (row,) = scene.accepted()
    result = only(scene.submit(scene.credit_note(row.number, "30.00", reason="Two kettles came back")))
    row.refresh_from_db()
    note = CreditNote.objects.get()
    assert (result.accepted, result.credit_note_id, result.receivable_id) == (True, note.id, row.id)
    assert (row.credited_minor, row.open_minor, row.status) == (3000, 7000, "ACCEPTED")
    assert (note.amount_minor, note.reason, note.supplier, note.funder) == (
        3000, "Two kettles came back", scene.cast.amphora, None
    )  # fmt: skip
    assert note.document.kind == "CREDIT_NOTE"


def test_the_funder_hears_of_the_dilution_of_what_is_assigned_to_it(scene):
    (row,) = scene.assigned()
    scene.submit(scene.credit_note(row.number, "30.00"))
    event = Event.objects.get(name="receivable.diluted")
    assert event.subject_id == row.id
    assert event.payload == {
        "number": row.number, "currency": "EUR", "amount_minor": 3000, "open_minor": 7000, "status": "ASSIGNED"
    }  # fmt: skip
    parties = {scene.cast.amphora.id, scene.cast.meridian.id, scene.cast.harbour.id}
    assert set(event.parties.values_list("party_id", flat=True)) == parties
    assert CreditNote.objects.get().funder == scene.cast.harbour
    assert CreditNote.objects.visible_to(scene.hana).exists()


def test_what_is_credited_in_full_is_cancelled_and_its_goods_stay_counted(scene):
    scene.order("PO-1")
    invoice = only(scene.submit(scene.ordered_invoice("PO-1")))
    scene.submit(scene.credit_note(invoice.number, "60.00"), scene.credit_note(invoice.number, "40.00"))
    row = Receivable.objects.get()
    assert (row.status, row.open_minor) == ("CANCELLED", 0)
    assert ReceiptLine.objects.get().invoiced_quantity == 10
    assert only(scene.submit(scene.ordered_invoice("PO-1"))).match == "SIMILAR"


@pytest.mark.parametrize("state", ["RECEIVED", "ACCEPTED", "ASSIGNED", "DISPUTED"])
def test_it_reduces_in_every_state_in_which_something_is_owed(scene, state):
    if state == "RECEIVED":
        receivable_id = only(scene.submit(scene.invoice())).receivable_id
    else:
        receivable_id = (scene.assigned() if state == "ASSIGNED" else scene.accepted())[0].id
    if state == "DISPUTED":
        services.dispute(actor=scene.maya, receivable_id=receivable_id, reason="Broken", now=NOW)
    number = Receivable.objects.get().number
    assert only(scene.submit(scene.credit_note(number, "1.00"))).accepted
    row = Receivable.objects.get()
    assert (row.open_minor, row.status) == (9900, state)


def test_an_invoice_and_its_credit_note_come_in_together(scene):
    results = scene.submit(scene.credit_note("A-50", "5.00"), scene.invoice("A-50"))
    assert [each.accepted for each in results] == [True, True]
    assert Receivable.objects.get().open_minor == 9500


def test_the_platform_hands_in_credit_notes_too(scene):
    (row,) = scene.accepted()
    assert only(scene.submit(scene.credit_note(row.number, "5.00"), actor=scene.maya)).accepted


def test_what_is_being_paid_cannot_be_credited(scene):
    (row,) = scene.accepted()
    Receivable.objects.filter(id=row.id).update(settling_minor=8000)
    results = scene.submit(scene.credit_note(row.number, "20.01"), scene.credit_note(row.number, "20.00"))
    assert [each.code for each in results] == ["CREDIT_ABOVE_OPEN", ""]


def test_refusals_of_credit_notes(scene):
    row, cancelled = scene.accepted(2)
    scene.submit(scene.credit_note(cancelled.number, "100.00"), scene.credit_note(row.number, "1.00", "C-KNOWN"))
    cases = {
        "CREDIT_ABOVE_OPEN": [scene.credit_note(row.number, "99.01"), scene.credit_note(cancelled.number, "0.01")],
        "UNKNOWN_INVOICE": [
            scene.credit_note("A-404", "1.00"),
            scene.credit_note(row.number, "1.00", invoice_date="2026-02-01"),
        ],
        "INVOICE_NOT_NAMED": [scene.credit_note("", "1.00")],
        "DUPLICATE_DOCUMENT": [scene.credit_note(row.number, "2.00", "c known")],
        "MIXED_CURRENCIES": [scene.credit_note(row.number, "1.00", currency="USD")],
        "CREDIT_BEFORE_INVOICE": [scene.credit_note(row.number, "1.00", issue_date="2026-02-01")],
        "NEGATIVE_AMOUNT": [scene.credit_note(row.number, "-1.00")],
        "TOTALS_DO_NOT_ADD_UP": [scene.credit_note(row.number, "1.00", lines=[{"amount": "2.00"}])],
        "FIELD_UNKNOWN": [scene.credit_note(row.number, "1.00", due_date="2026-04-01")],
        "NOT_YOUR_DOCUMENT": [scene.credit_note(row.number, "1.00", supplier="bellows")],
    }
    for code, notes in cases.items():
        assert {each.code for each in scene.submit(*notes)} == {code}
    row.refresh_from_db()
    assert (row.credited_minor, CreditNote.objects.count()) == (100, 2)


def test_another_suppliers_invoice_cannot_be_credited(scene):
    (row,) = scene.accepted()
    note = scene.credit_note(row.number, "1.00", supplier="bellows")
    assert only(scene.submit(note, actor=scene.ben)).code == "UNKNOWN_INVOICE"
    row.refresh_from_db()
    assert row.credited_minor == 0


def test_a_hundred_credit_notes_take_as_many_statements_as_one(scene, django_assert_num_queries):
    rows = scene.accepted(101)
    for some in (rows[:1], rows[1:]):
        with django_assert_num_queries(17):
            results = scene.submit(*(scene.credit_note(row.number, "1.00") for row in some))
        assert all(each.accepted for each in results)
