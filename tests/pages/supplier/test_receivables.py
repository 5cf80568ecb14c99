"""Invoices, what each is good for, and handing in more."""

import json
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.intake.models import Document
from financing.receivables.models import Receivable
from portal.workspaces.supplier import figures
from tests import world
from tests.pages.supplier.conftest import browser_of

INVOICE = {
    "number": "A-2001", "issue_date": "2026-02-01", "due_date": "2026-04-01", "currency": "EUR", "payable": "480.00",
    "lines": [{"sku": "KETTLE", "quantity": "10", "unit_price": "48.00", "amount": "480.00"}],
}  # fmt: skip
ENTITY_BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Invoice>&b;</Invoice>"""


def file(content, name="invoices.json") -> SimpleUploadedFile:
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return SimpleUploadedFile(name, content, "application/json" if name.endswith("json") else "application/xml")


def hand_in(browser, *files):
    return browser.post(reverse("supplier:upload"), {"files": files}, follow=True)


def of(lending, **changes) -> dict:
    return INVOICE | {"debtor": lending.cast.meridian.registration_number} | changes


def uses(page) -> dict[str, str]:
    keys = {str(word): key for key, word in figures.SHORT.items()}
    cells = [(row.record.number, cell) for row in page.context["table"].rows for cell in row.cells]
    return {number: keys.get(str(cell.value), "") for number, cell in cells if cell.column.key == "use"}


def test_the_table_says_what_each_invoice_is_good_for(trading, ana):
    amphora, meridian = trading.cast.amphora, trading.cast.meridian
    world.receivable(amphora, meridian, "NEW", age=1)
    world.receivable(amphora, meridian, "WAITS", status=Receivable.Status.RECEIVED)
    world.receivable(amphora, meridian, "DISPUTED", status=Receivable.Status.DISPUTED)
    found = uses(ana.get(reverse("supplier:receivables")))
    assert found["A-0"] == "FINANCEABLE"
    assert (found["NEW"], found["WAITS"], found["DISPUTED"]) == ("IN_RETURN_WINDOW", "NOT_ACCEPTED", "IN_DISPUTE")


def test_the_table_narrows_to_what_counts(trading, ana):
    world.receivable(trading.cast.amphora, trading.cast.meridian, "NEW", age=1)
    page = ana.get(reverse("supplier:receivables"), {"receivables-counts": "yes"})
    assert sorted(uses(page)) == ["A-0", "A-1", "A-2", "A-3"]
    page = ana.get(reverse("supplier:receivables"), {"receivables-use": "IN_RETURN_WINDOW"})
    assert sorted(uses(page)) == ["NEW"]


def test_without_invoices_the_table_teaches_the_next_step(lending, ana):
    page = ana.get(reverse("supplier:receivables"))
    assert "No invoices yet" in page.text
    assert reverse("supplier:upload") in page.text


def test_an_invoice_tells_why_it_is_not_financed(trading, ana):
    row = world.receivable(trading.cast.amphora, trading.cast.meridian, "NEW", age=1)
    page = ana.get(reverse("supplier:receivable", args=[row.id]))
    assert "The goods can still be returned; after that this invoice counts." in page.text
    other = Receivable.objects.get(number="A-1")
    assert ana.get(reverse("supplier:receivable", args=[other.id])).context["line"].is_eligible


def test_another_suppliers_invoice_is_not_there(trading, ana, ben):
    row = Receivable.objects.first()
    assert ben.get(reverse("supplier:receivable", args=[row.id])).status_code == 404
    assert ben.post(reverse("supplier:cancel", args=[row.id]), {"reason": "x"}).status_code == 404
    assert uses(ben.get(reverse("supplier:receivables"))) == {}


def test_what_is_not_accepted_is_cancelled_with_a_reason(trading, ana):
    row = world.receivable(trading.cast.amphora, trading.cast.meridian, "WAITS", status=Receivable.Status.RECEIVED)
    address = reverse("supplier:cancel", args=[row.id])
    refused = ana.post(address, {"reason": " "})
    assert refused.status_code == 422
    assert "REASON_MISSING" in refused.text
    assert "The invoice is cancelled." in ana.post(address, {"reason": "Wrong price"}, follow=True).text
    row.refresh_from_db()
    assert row.status == "CANCELLED"
    assert "nothing was changed" in ana.post(address, {"reason": "Again"}, follow=True).text


def test_what_is_accepted_is_not_cancelled(trading, ana):
    row = Receivable.objects.get(number="A-1")
    page = ana.post(reverse("supplier:cancel", args=[row.id]), {"reason": "Wrong price"})
    assert page.status_code in (409, 422)
    row.refresh_from_db()
    assert row.status == "ACCEPTED"


def test_of_what_is_cancelled_nothing_is_open(trading, ana):
    row = world.receivable(trading.cast.amphora, trading.cast.meridian, "WAITS", 48_00, status="RECEIVED")
    world.receivable(trading.cast.amphora, trading.cast.meridian, "SMALL", 12_00, status="RECEIVED")
    ana.post(reverse("supplier:cancel", args=[row.id]), {"reason": "Wrong price"})
    page = ana.get(reverse("supplier:receivables"), {"receivables-sort": "owed_minor"})
    cells = [{cell.column.key: cell.value for cell in each.cells} for each in page.context["table"].rows]
    opened = [(each["number"], each["owed_minor"]) for each in cells]
    assert opened[:2] == [("WAITS", 0), ("SMALL", 12_00)]
    why = ana.get(reverse("supplier:receivable", args=[row.id])).context["why_open"]
    assert [(each.label, each.amount_minor) for each in why.parts] == [
        ("Invoiced", 48_00), ("Cancelled", -48_00), ("Still open", 0),
    ]  # fmt: skip


def test_handing_in_says_what_to_write_on_an_invoice(lending, ana):
    text = ana.get(reverse("supplier:upload")).text
    assert "Write this on your invoice" in text
    for number in (lending.cast.meridian.registration_number, lending.cast.amphora.registration_number, "amphora"):
        assert f">{number}<" in text
    assert lending.cast.bellows.registration_number not in text


def test_an_invoice_handed_in_is_entered_and_kept(lending, ana):
    page = hand_in(ana, file(of(lending)))
    kept = Document.objects.get()
    assert page.redirect_chain[-1][0] == reverse("supplier:document", args=[kept.id])
    assert [each.number for each in page.context["entered"]] == ["A-2001"]
    assert kept.sha256 in page.text
    sent = ana.get(reverse("supplier:document_content", args=[kept.id]))
    assert json.loads(sent.content)["number"] == "A-2001"
    assert sent["Content-Disposition"].startswith("attachment")


def test_each_document_of_a_file_is_answered_on_its_own(lending, ana):
    page = hand_in(ana, file([of(lending), of(lending, number="A-2002", payable="840.00"), of(lending)]))
    assert page.context["counts"] == {"entered": 1, "refused": 2}
    assert [each["code"] for each in page.context["refused"]] == ["TOTALS_DO_NOT_ADD_UP", "DUPLICATE_DOCUMENT"]
    assert "Document 2 in the file, number A-2002" in page.text
    assert "Nothing: it is here already." in page.text


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "empty.json", "EMPTY"),
        (b"\x00\x01\x02", "photo.xml", ""),
        (b"{", "half.json", "PARSE_ERROR"),
        (b"[]", "none.json", "EMPTY"),
        (ENTITY_BOMB, "bomb.xml", ""),
        (b" " * (10 * 1024 * 1024 + 1), "large.xml", "TOO_LARGE"),
    ],
)
def test_hostile_and_broken_files_are_refused_in_words_and_kept(lending, ana, content, name, code):
    page = hand_in(ana, file(content, name))
    kept = Document.objects.get()
    assert page.status_code == 200
    assert (kept.outcome, kept.size) == ("REFUSED", len(content))
    assert not code or kept.code == code
    assert str(kept.explanation) in page.context["refused"][0]["reason"]
    assert ">Document 1 in the file<" in page.text
    assert not Receivable.objects.exists()


def test_many_files_at_once_are_each_kept(lending, ana):
    page = hand_in(ana, file(of(lending)), file(of(lending, number="A-2002"), "second.json"))
    kept = Document.objects.order_by("id").values_list("id", flat=True)
    together = ",".join(str(each) for each in kept)
    assert page.redirect_chain[-1][0] == f"{reverse('supplier:documents')}?together={together}"
    assert {row.record.id for row in page.context["table"].rows} == set(kept)
    assert "2 files were read and kept." in page.text
    assert Document.objects.count() == 2


def test_a_long_name_of_a_file_is_told_whole(lending, ana):
    name = "what was delivered to the platform in the last week of November.json"
    hand_in(ana, file(of(lending), name))
    assert f"<code>{name}</code>" in ana.get(reverse("supplier:documents")).text


def test_no_file_is_asked_for_again(lending, ana):
    page = ana.post(reverse("supplier:upload"), {})
    assert page.status_code == 422
    assert page.context["form"].errors


def test_of_a_file_that_is_too_large_the_page_tells_what_was_kept(lending, ana):
    page = hand_in(ana, file(b"{" + b" " * 10 * 1024 * 1024))
    assert page.text.count("first 64.0\xa0KB") == 2 and "The file, as it came." not in page.text


def test_who_may_only_look_hands_nothing_in(lending, aldo):
    assert aldo.get(reverse("supplier:upload")).status_code == 200
    assert hand_in(aldo, file(of(lending))).status_code == 403
    assert not Document.objects.exists()


def test_evidence_is_the_suppliers_own(lending, ana, ben):
    hand_in(ana, file(of(lending)))
    kept = Document.objects.get()
    assert ben.get(reverse("supplier:document", args=[kept.id])).status_code == 404
    assert ben.get(reverse("supplier:document_content", args=[kept.id])).status_code == 404
    assert browser_of("maya@meridian.example").get(reverse("supplier:document", args=[kept.id])).status_code == 404


@pytest.mark.parametrize("more", [0, 27])
def test_the_table_reads_as_much_for_thirty_as_for_three(trading, ana, more, django_assert_max_num_queries):
    for number in range(more):
        world.receivable(trading.cast.amphora, trading.cast.meridian, f"B-{number}", 100_00)
    ana.get(reverse("supplier:receivables"))
    with django_assert_max_num_queries(24):
        ana.get(reverse("supplier:receivables"))


def test_the_table_is_exported(trading, ana):
    said = b"".join(ana.get(reverse("supplier:receivables"), {"receivables-export": "csv"}).streaming_content)
    assert said.decode("utf-8-sig").splitlines()[0].startswith("Invoice,Issued,Due,Owed by,State,Good for,Amount")
    assert BytesIO(said).getvalue().count(b"\n") == 5
