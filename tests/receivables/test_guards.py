"""The database itself refuses what the services would never ask for."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F

from financing.receivables.models import Assignment, CreditNote, Receivable
from logistics.orders.models import ReceiptLine
from tests.world import NOW


def refused(constraint: str):
    return pytest.raises(IntegrityError, match=constraint)


def update(row: Receivable, **values) -> None:
    with transaction.atomic():
        Receivable.objects.filter(id=row.id).update(**values)


def test_goods_are_never_invoiced_beyond_what_was_received(scene):
    scene.order("PO-1")
    with refused("receipt_invoiced_once"), transaction.atomic():
        ReceiptLine.objects.update(invoiced_quantity=F("quantity") + Decimal("0.001"))
    assert ReceiptLine.objects.get().invoiced_quantity == 0


@pytest.mark.parametrize("column", ["credited_minor", "settled_minor", "settling_minor"])
def test_nothing_is_credited_or_paid_beyond_what_was_owed(scene, column):
    (row,) = scene.accepted()
    with refused("receivable_never_overpaid"):
        update(row, **{column: 10001})
    with refused("receivable_amounts_positive"):
        update(row, **{column: -1})


@pytest.mark.parametrize(
    ("deducted", "constraint"), [(10001, "receivable_never_overpaid"), (-1, "receivable_amounts_positive")]
)
def test_nothing_is_deducted_beyond_what_was_invoiced(scene, deducted, constraint):
    (row,) = scene.accepted()
    row.id, row.number, row.normalised_number, row.deductions_minor = None, "NEXT", "NEXT", deducted
    with refused(constraint), transaction.atomic():
        row.save(force_insert=True)


def test_one_document_is_one_receivable(scene):
    (row,) = scene.accepted()
    row.id = None
    with refused("receivable_document_once"), transaction.atomic():
        row.save(force_insert=True)


def test_one_credit_note_counts_once(scene):
    (row,) = scene.accepted()
    scene.submit(scene.credit_note(row.number, "1.00"))
    note = CreditNote.objects.get()
    note.id = None
    with refused("credit_note_once"), transaction.atomic():
        note.save(force_insert=True)


def test_one_receivable_has_one_assignment_at_a_time(scene):
    (row,) = scene.assigned()
    again = Assignment(
        receivable=row, facility_id=8, funder=scene.cast.crown, agreement="AGR-2", assigned_at=NOW, notified_at=NOW,
        acknowledged_at=NOW,
    )  # fmt: skip
    with refused("assignment_one_at_a_time"), transaction.atomic():
        again.save()


def test_what_is_assigned_names_facility_and_funder_and_what_is_free_names_none(scene):
    (row,) = scene.assigned()
    with refused("receivable_assigned_to_one_facility"):
        update(row, assigned_facility_id=None)
    with refused("receivable_assigned_to_one_facility"):
        update(row, status="ACCEPTED")
