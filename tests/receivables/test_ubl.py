"""UBL 2.1 as it is written in the world, and as an enemy writes it."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.intake.models import Document
from financing.receivables import ubl
from financing.receivables.documents import DocumentRefused, check_totals
from financing.receivables.models import CreditNote, InvoiceLine, Receivable

SHARED = Path(__file__).resolve().parents[3] / "shared/data"
EXPECTED = SHARED / "ubl/invoice_expected_fields.csv"

if EXPECTED.exists():
    with EXPECTED.open(newline="", encoding="utf-8") as file:
        KNOWN = list(csv.DictReader(file))
else:
    KNOWN = []

needs_documents = pytest.mark.skipif(not KNOWN, reason=f"The real UBL documents are not here: {EXPECTED}")

NS = 'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" ' \
     'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'  # fmt: skip
ROOT = "urn:oasis:names:specification:ubl:schema:xsd:"


def invoice(
    body: str = "", *, prolog: str = "", kind: str = "Invoice", number: str = "A-1", lines: str | None = None,
    supplier: str = "HRB 1004", currency: str = "EUR", payable: str = "119.00", due: str = "2026-04-30",
) -> bytes:  # fmt: skip
    """An invoice of Amphora's on Meridian: 10 kettles at 10.00, 19 % tax."""
    quantity = "InvoicedQuantity" if kind == "Invoice" else "CreditedQuantity"
    if lines is None:
        lines = f"""
        <cac:{kind}Line><cbc:ID>1</cbc:ID><cbc:{quantity} unitCode="H87">10</cbc:{quantity}>
          <cbc:LineExtensionAmount currencyID="{currency}">100.00</cbc:LineExtensionAmount>
          <cac:OrderLineReference><cbc:LineID>1</cbc:LineID>
            <cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference></cac:OrderLineReference>
          <cac:Item><cbc:Name>Kettle</cbc:Name></cac:Item>
          <cac:Price><cbc:PriceAmount currencyID="{currency}">10.00</cbc:PriceAmount></cac:Price>
        </cac:{kind}Line>"""
    dates = f"<cbc:IssueDate>2026-03-01</cbc:IssueDate>{f'<cbc:DueDate>{due}</cbc:DueDate>' if due else ''}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>{prolog}
    <{kind} xmlns="{ROOT}{kind}-2" {NS}>
      <cbc:ID>{number}</cbc:ID>{dates}
      <cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>{body}
      <cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity>
        <cbc:RegistrationName>Amphora</cbc:RegistrationName><cbc:CompanyID>{supplier}</cbc:CompanyID>
      </cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
      <cac:AccountingCustomerParty><cac:Party><cbc:EndpointID schemeID="0204">HRB 1001</cbc:EndpointID>
      </cac:Party></cac:AccountingCustomerParty>
      <cac:TaxTotal><cbc:TaxAmount currencyID="{currency}">19.00</cbc:TaxAmount></cac:TaxTotal>
      <cac:LegalMonetaryTotal>
        <cbc:LineExtensionAmount currencyID="{currency}">100.00</cbc:LineExtensionAmount>
        <cbc:PayableAmount currencyID="{currency}">{payable}</cbc:PayableAmount>
      </cac:LegalMonetaryTotal>{lines}
    </{kind}>""".encode()


def decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@needs_documents
@pytest.mark.parametrize("known", KNOWN, ids=[each["file"].removeprefix("ubl/") for each in KNOWN])
def test_every_real_document_is_read_right(known):
    found = ubl.read((SHARED / known["file"]).read_bytes())
    assert found.type == {"Invoice": "INVOICE", "CreditNote": "CREDIT_NOTE"}[known["root"]]
    # Older documents name their currency on the amounts only.
    assert known["currency"] in (found.currency, "")
    texts = {
        "id": found.number, "issue_date": found.issue_date.isoformat(),
        "due_date": found.due_date.isoformat() if found.due_date else "", "type_code": found.type_code,
        "supplier": found.supplier.name, "buyer": found.debtor.name, "order_reference": found.order_number,
        "billing_reference": found.invoice_number, "payee": found.payee, "payee_account": found.payee_account,
        "line_count": str(len(found.lines)),
    }  # fmt: skip
    if known["root"] == "CreditNote":
        assert found.type_code == known["type_code"]
    assert texts == {name: known[name] for name in texts}
    amounts = {
        "line_extension_amount": found.line_total, "doc_allowances": found.allowances, "doc_charges": found.charges,
        "tax_exclusive_amount": found.tax_exclusive, "tax_inclusive_amount": found.tax_inclusive,
        "payable_amount": found.payable,
    }  # fmt: skip
    assert amounts == {name: decimal(known[name]) for name in amounts}
    zero = Decimal(0)
    assert found.tax == (decimal(known["tax_amount"]) or zero)
    assert found.prepaid == (decimal(known["prepaid_amount"]) or zero)
    assert found.rounding == (decimal(known["payable_rounding_amount"]) or zero)


@needs_documents
@pytest.mark.parametrize("known", KNOWN, ids=[each["file"].removeprefix("ubl/") for each in KNOWN])
def test_totals_of_real_documents_are_believed_where_they_add_up(known):
    found = ubl.read((SHARED / known["file"]).read_bytes())
    checks = {"sum_of_lines_ok": "line_extension_amount", "tax_exclusive_ok": "tax_exclusive_amount",
              "tax_inclusive_ok": "tax_inclusive_amount"}  # fmt: skip
    # A total that the document does not state is not held against it; one that it states wrongly is.
    wrong = [name for name, amount in checks.items() if known[amount] and known[name] == "False"]
    if wrong:
        with pytest.raises(DocumentRefused) as refusal:
            check_totals(found)
        assert refusal.value.code == "TOTALS_DO_NOT_ADD_UP"
    else:
        check_totals(found)


def test_an_invoice_in_xml_is_matched_and_entered(scene):
    scene.order("PO-1")
    (result,) = scene.submit_bytes(invoice(), "application/xml")
    row = Receivable.objects.get()
    assert (result.accepted, result.match, row.status, row.gross_minor) == (True, "MATCHED", "ACCEPTED", 11900)
    line = InvoiceLine.objects.get()
    assert (line.order_number, line.order_line_number, line.description, line.quantity) == ("PO-1", "1", "Kettle", 10)


def test_a_credit_note_in_xml_reduces_its_invoice(scene):
    scene.submit_bytes(invoice(), "application/xml")
    reference = "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>A-1</cbc:ID>" \
                "</cac:InvoiceDocumentReference></cac:BillingReference>"  # fmt: skip
    (result,) = scene.submit_bytes(invoice(reference, kind="CreditNote", number="C-1", due=""), "application/xml")
    assert result.accepted
    assert CreditNote.objects.get().amount_minor == 11900
    assert Receivable.objects.get().status == "CANCELLED"
    assert Document.objects.latest("id").kind == "CREDIT_NOTE"


def test_xml_is_known_by_its_look_whatever_it_is_called(scene):
    (result,) = scene.submit_bytes(b"\xef\xbb\xbf" + invoice(), "application/octet-stream")
    assert result.accepted


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
) + "]>"  # fmt: skip

HOSTILE = {
    "entity bomb": (invoice("<cbc:Note>&i;</cbc:Note>", prolog=BOMB), "XML_FORBIDDEN"),
    "external file": (
        invoice("<cbc:Note>&x;</cbc:Note>", prolog='<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "XML_FORBIDDEN",
    ),
    "external DTD": (invoice(prolog='<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">'), "XML_FORBIDDEN"),
    "parameter entity": (
        invoice(prolog='<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>'), "XML_FORBIDDEN",
    ),
    "in UTF-16": (
        invoice(prolog=BOMB).decode().replace("UTF-8", "UTF-16").encode("utf-16"), "XML_FORBIDDEN",
    ),
    "not closed": (invoice()[:-20], "XML_MALFORMED"),
    "undeclared entity": (invoice("<cbc:Note>&nbsp;</cbc:Note>"), "XML_MALFORMED"),
    "unknown encoding": (invoice().replace(b"UTF-8", b"EBCDIC-9"), "XML_MALFORMED"),
    "an order": (f'<Order xmlns="{ROOT}Order-2"/>'.encode(), "WRONG_DOCUMENT_TYPE"),
    "no namespace": (b"<Invoice/>", "WRONG_DOCUMENT_TYPE"),
    "web page": (b"<html><body>Sign in</body></html>", "WRONG_DOCUMENT_TYPE"),
    "nothing to pay": (f'<Invoice xmlns="{ROOT}Invoice-2"/>'.encode(), "PAYABLE_MISSING"),
    "prepayment": (invoice("<cbc:InvoiceTypeCode>386</cbc:InvoiceTypeCode>"), "INVOICE_TYPE_UNSUPPORTED"),
    "wrong total": (invoice(payable="118.99"), "TOTALS_DO_NOT_ADD_UP"),
    "mixed currencies": (invoice().replace(b'currencyID="EUR">10.00', b'currencyID="USD">10.00')
                         .replace(b'currencyID="EUR">100.00', b'currencyID="USD">100.00', 1), "MIXED_CURRENCIES"),
    "no such currency": (invoice(currency="QQQ"), "CURRENCY_UNKNOWN"),
    "absurd": (invoice(payable="9" * 40), "AMOUNT_ABSURD"),
    "exponent": (invoice(payable="1e2"), "AMOUNT_INVALID"),
    "not a number": (invoice(payable="Infinity"), "AMOUNT_INVALID"),
    "no due date": (invoice(due=""), "DUE_DATE_MISSING"),
    "unreadable date": (invoice(due="30.04.2026"), "DATE_INVALID"),
    "no lines": (invoice(lines=""), "LINES_MISSING"),
    "of another": (invoice(supplier="HRB 1005"), "NOT_YOUR_DOCUMENT"),
    "of nobody": (invoice(supplier="HRB 7777"), "NOT_YOUR_DOCUMENT"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_xml_that_is_hostile_or_wrong_is_refused_and_kept(scene, name):
    content, code = HOSTILE[name]
    (result,) = scene.submit_bytes(content, "application/xml")
    assert (result.accepted, result.code) == (False, code)
    assert str(result.sentence).endswith(".")
    document = Document.objects.get()
    assert (document.outcome, document.code, bytes(document.content)) == ("REFUSED", code, content)
    assert not Receivable.objects.exists()


def test_ten_megabytes_of_nested_elements_are_refused_in_no_time(scene):
    content = b"<a>" * 1_000_000
    (result,) = scene.submit_bytes(content, "application/xml")
    assert result.code == "XML_MALFORMED"
