"""Order, receipt and invoice: where they agree nobody is needed, where they do not a person reads why."""

from decimal import Decimal

import pytest

from accounts.trail.models import Event
from financing.receivables import services
from financing.receivables.models import ReceiptClaim, Receivable
from financing.receivables.rules import (
    Invoiced,
    InvoicedLine,
    OrderLineFact,
    ReceiptFact,
    is_similar,
    normalise_number,
    three_way_match,
)
from logistics.orders.models import ReceiptLine
from tests.world import NOW, TODAY


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("INV-0012", "INV-12"), ("inv 12", "INV-12"), ("INV12", "INV-12"), ("ＩＮＶ－１２", "INV-12"),
        ("Inv/00012.", "INV-12"),
        ("2026-1-11", "2026-1-11"), ("2026-11-1", "2026-11-1"), ("000", "0"), ("发票 007", "发票-7"),
    ],
)  # fmt: skip
def test_one_document_has_one_spelling(written, normal):
    assert normalise_number(written) == normal


def ordered(**changed) -> dict[str, list[OrderLineFact]]:
    receipts = (ReceiptFact(1, Decimal(6), Decimal(0), TODAY), ReceiptFact(2, Decimal(4), Decimal(0), TODAY))
    fact = {"order_number": "PO-1", "line_number": "1", "sku": "KETTLE", "quantity": Decimal(10),
            "unit_price": Decimal(10), "currency": "EUR", "receipts": receipts} | changed  # fmt: skip
    return {"PO-1": [OrderLineFact(**fact)]}


def invoiced(quantity="10", price="10", order="PO-1", line="1", sku="", **changed) -> Invoiced:
    row = InvoicedLine("1", Decimal(quantity), Decimal(price), order, line, sku)
    net = Decimal(quantity) * Decimal(price)
    return Invoiced(**{"currency": "EUR", "lines": [row], "net": net} | changed)


@pytest.mark.parametrize(
    ("invoice", "orders", "match"),
    [
        (invoiced(), ordered(), "MATCHED"),
        (invoiced(line="", sku="KETTLE"), ordered(), "MATCHED"),
        (invoiced(line="", sku=""), ordered(), "MATCHED"),
        (invoiced(price="9.00"), ordered(), "MATCHED"),
        (invoiced(price="10.05"), ordered(), "MATCHED"),
        (invoiced(price="10.06"), ordered(), "PRICE"),
        (invoiced(tax=Decimal(30)), ordered(), "MATCHED"),
        (invoiced(tax=Decimal("30.01")), ordered(), "PRICE"),
        (invoiced(charges=Decimal("0.01")), ordered(), "PRICE"),
        (invoiced(currency="USD"), ordered(), "PRICE"),
        (invoiced(order="PO-2"), ordered(), "NO_ORDER"),
        (invoiced(line="2"), ordered(), "NO_ORDER"),
        (invoiced(line="", sku="PAN"), ordered(), "NO_ORDER"),
        (invoiced(), ordered(is_cancelled=True), "NO_ORDER"),
        (invoiced(), ordered(receipts=()), "NOT_RECEIVED"),
        (invoiced(quantity="11"), ordered(), "QUANTITY"),
        (invoiced(quantity="10"), ordered(quantity=Decimal(9)), "QUANTITY"),
        (invoiced(quantity="-1"), ordered(), "QUANTITY"),
        (invoiced(), ordered(receipts=(ReceiptFact(1, Decimal(10), Decimal(1), TODAY),)), "SIMILAR"),
        (invoiced(price="11"), ordered(receipts=()), "NOT_RECEIVED"),
    ],
)
def test_the_gravest_finding_is_the_match(invoice, orders, match):
    found = three_way_match(invoice, orders)
    assert found.match == match
    assert bool(found.notes) == (match != "MATCHED")


def test_a_line_counts_goods_of_several_receipts_and_never_more_than_there_are():
    found = three_way_match(invoiced(quantity="11"), ordered())
    assert [(claim.receipt_id, claim.quantity) for claim in found.claims] == [(1, 6), (2, 4)]


def test_two_lines_of_one_invoice_do_not_count_the_same_goods():
    row = InvoicedLine("1", Decimal(6), Decimal(10), "PO-1", "1", "")
    found = three_way_match(Invoiced("EUR", [row, row], Decimal(120)), ordered())
    assert found.match == "SIMILAR"
    assert sum(claim.quantity for claim in found.claims) == 10


def test_the_tolerance_of_prices_is_a_parameter():
    assert three_way_match(invoiced(price="11"), ordered(), price_tolerance=Decimal("0.1")).match == "MATCHED"


def test_similar_is_the_same_number_or_a_near_date():
    assert is_similar("A-1", TODAY, "A-1", TODAY.replace(year=2020))
    assert is_similar("A-1", TODAY, "A-2", TODAY.replace(day=9))
    assert not is_similar("A-1", TODAY, "A-2", TODAY.replace(day=10))


def test_what_matches_is_accepted_by_the_system_at_once(scene):
    scene.order("PO-1", received=("6", "4"))
    (result,) = scene.submit(scene.ordered_invoice("PO-1"))
    row = Receivable.objects.get()
    assert (result.status, result.match, row.accepted_by, row.accepted_at) == ("ACCEPTED", "MATCHED", "system", NOW)
    assert row.goods_received_date.isoformat() == "2026-02-22"
    names = set(Event.objects.values_list("name", flat=True))
    assert names == {"receivable.received", "receivable.accepted"}
    assert list(ReceiptLine.objects.order_by("id").values_list("invoiced_quantity", flat=True)) == [6, 4]


def test_what_does_not_match_waits_and_says_why(scene):
    scene.order("PO-1", received=("8",))
    (result,) = scene.submit(scene.ordered_invoice("PO-1"))
    row = Receivable.objects.get()
    assert (result.status, result.match) == ("RECEIVED", "QUANTITY")
    assert row.match_note == "Line 1: 10 invoiced, 8 received."
    assert row.accepted_at is None


def test_goods_invoiced_under_another_number_are_referred_and_counted_once(scene):
    scene.order("PO-1")
    first, second = scene.submit(scene.ordered_invoice("PO-1"), scene.ordered_invoice("PO-1"))
    (third,) = scene.submit(scene.ordered_invoice("PO-1"))
    assert [first.match, second.match, third.match] == ["MATCHED", "SIMILAR", "SIMILAR"]
    assert second.status == third.status == "RECEIVED"
    assert ReceiptLine.objects.get().invoiced_quantity == 10
    assert ReceiptClaim.objects.count() == 1


def test_a_similar_amount_under_another_number_is_referred(scene):
    results = scene.submit(scene.invoice("A-1"), scene.invoice("B-9", issue_date="2026-02-25"))
    assert [each.match for each in results] == ["NO_ORDER", "SIMILAR"]
    (far,) = scene.submit(scene.invoice("B-10", issue_date="2026-01-10"))
    assert far.match == "NO_ORDER"


def test_a_similar_amount_does_not_refer_what_order_and_receipt_prove(scene):
    scene.order("PO-1")
    scene.order("PO-2")
    results = scene.submit(scene.ordered_invoice("PO-1"), scene.ordered_invoice("PO-2"))
    assert [each.status for each in results] == ["ACCEPTED", "ACCEPTED"]


def test_another_suppliers_order_is_no_order(scene):
    scene.order("PO-1", supplier=scene.cast.bellows)
    (result,) = scene.submit(scene.ordered_invoice("PO-1"))
    assert result.match == "NO_ORDER"
    assert ReceiptLine.objects.get().invoiced_quantity == 0


def test_a_document_handed_in_again_is_told_so_in_any_spelling(scene):
    scene.submit(scene.invoice("INV-0012"))
    again, by_platform = (
        scene.submit(scene.invoice("inv 12")),
        scene.submit(scene.invoice("INV12", payable="100.00"), actor=scene.maya),
    )
    assert again[0].code == by_platform[0].code == "DUPLICATE_DOCUMENT"
    assert again[0].sentence == "INV-0012 was handed in before, on Mar 2, 2026."
    assert Receivable.objects.count() == 1


def test_a_document_twice_in_one_batch_enters_once(scene):
    results = scene.submit(scene.invoice("A-1"), scene.invoice("a 1"))
    assert [each.code for each in results] == ["", "DUPLICATE_DOCUMENT"]


def test_the_same_number_of_another_year_and_amount_is_another_document(scene):
    changed = {"issue_date": "2025-03-01", "due_date": "2025-04-30", "payable": "90", "lines": [{"amount": "90"}]}
    results = scene.submit(scene.invoice("A-1"), scene.invoice("A-1", **changed))
    assert [each.match for each in results] == ["NO_ORDER", "NO_ORDER"]
    renumbered = {"issue_date": "2024-03-01", "due_date": "2024-04-30"}
    (same_amount,) = scene.submit(scene.invoice("A-1", **renumbered))
    assert same_amount.match == "SIMILAR"


def test_two_suppliers_may_use_one_number_and_learn_nothing_of_each_other(scene):
    scene.submit(scene.invoice("A-1"))
    (result,) = scene.submit(scene.invoice("A-1", supplier="bellows"), actor=scene.ben)
    assert (result.accepted, result.match) == (True, "NO_ORDER")
    assert Receivable.objects.visible_to(scene.ben).count() == 1


def test_cancelling_frees_the_goods_for_a_corrected_invoice(scene):
    scene.order("PO-1")
    (wrong,) = scene.submit(scene.ordered_invoice("PO-1", price="12.00"))
    assert (wrong.match, ReceiptLine.objects.get().invoiced_quantity) == ("PRICE", 10)
    services.cancel(actor=scene.ana, receivable_id=wrong.receivable_id, reason="Wrong price", now=NOW)
    assert ReceiptLine.objects.get().invoiced_quantity == 0
    (right,) = scene.submit(scene.ordered_invoice("PO-1"))
    assert right.status == "ACCEPTED"
