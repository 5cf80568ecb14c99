"""What the OpenAPI document says of handing in: documents as JSON and as UBL, each with an example.

The rules stand in docs/invoices.md. Bodies are read by json_documents and ubl, not by serializers:
a test holds what is told here against what is read.
"""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from financing.receivables.json_documents import (
    DEDUCTIONS,
    MAX_ITEMS,
    OF_CREDIT_NOTE,
    OF_DEDUCTION,
    OF_INVOICE,
    OF_LINE,
    OF_PARTY,
)
from portal.shared.rest import KEY_PARAMETER

TEXT = {"type": "string"}
DAY = {"type": "string", "format": "date"}
AMOUNT = {"type": ["string", "number"], "description": "Read exactly: digits, a minus and a point. At most cents"}


def _object(fields: dict, known: set[str], required: tuple[str, ...] = (), **said) -> dict:
    assert fields.keys() == known, fields.keys() ^ known
    return {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False} | said


PARTY = {
    "oneOf": [
        {
            "type": "string",
            "description": "A supplier: its number at the debtor. A platform: its code or registration number",
        },
        _object(dict.fromkeys(("external_reference", "registration_number", "country"), TEXT), OF_PARTY),
    ],
    "description": "Your own side may be left out",
}
LINE = _object(
    dict.fromkeys(("number", "order", "order_line", "sku", "description"), TEXT)
    | dict.fromkeys(("quantity", "unit_price", "amount"), AMOUNT),
    OF_LINE,
    description="`unit_price` or `amount`; `quantity` is 1 if it is left out",
)
DEDUCTION = _object({"kind": {"enum": list(DEDUCTIONS)}, "amount": AMOUNT}, OF_DEDUCTION, ("amount",))
COMMON = {
    "number": TEXT, "issue_date": DAY, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}, "supplier": PARTY,
    "debtor": PARTY, "lines": {"type": "array", "items": LINE}, "payable": AMOUNT,
    **dict.fromkeys(("tax", "allowances", "charges", "rounding"), AMOUNT),
}  # fmt: skip
INVOICE = _object(
    {"type": {"enum": ["INVOICE", "STATEMENT"], "default": "INVOICE"}}
    | COMMON
    | {"due_date": DAY, "order": TEXT, "prepaid": AMOUNT, "deductions": {"type": "array", "items": DEDUCTION}},
    OF_INVOICE,
    ("number", "issue_date", "due_date", "currency", "lines", "payable"),
    examples=[
        {
            "number": "A-1001", "issue_date": "2026-03-01", "due_date": "2026-04-30", "currency": "EUR",
            "debtor": {"registration_number": "HRB 7002"}, "payable": "100.00",
            "lines": [
                {"order": "PO-7", "order_line": "1", "quantity": "10", "unit_price": "10.00", "amount": "100.00"}
            ],
        }
    ],
)  # fmt: skip
CREDIT_NOTE = _object(
    {"type": {"enum": ["CREDIT_NOTE"], "default": "CREDIT_NOTE"}}
    | COMMON
    | {"invoice": TEXT, "invoice_date": DAY, "reason": TEXT},
    OF_CREDIT_NOTE,
    ("number", "issue_date", "currency", "invoice", "payable"),
    examples=[
        {
            "number": "C-1001", "issue_date": "2026-03-10", "currency": "EUR", "invoice": "A-1001",
            "debtor": {"registration_number": "HRB 7002"}, "payable": "20.00", "reason": "Two boxes arrived broken",
        }
    ],
)  # fmt: skip


UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
HEAD = f"""xmlns:cac="{UBL}CommonAggregateComponents-2"
  xmlns:cbc="{UBL}CommonBasicComponents-2">"""
DEBTOR = """<cac:AccountingCustomerParty><cac:Party>
    <cac:PartyIdentification><cbc:ID>HRB 7002</cbc:ID></cac:PartyIdentification>
  </cac:Party></cac:AccountingCustomerParty>"""
UBL_INVOICE = f"""<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="{UBL}Invoice-2" {HEAD}
  <cbc:ID>A-1002</cbc:ID>
  <cbc:IssueDate>2026-03-01</cbc:IssueDate>
  <cbc:DueDate>2026-04-30</cbc:DueDate>
  <cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  {DEBTOR}
  <cac:LegalMonetaryTotal>
    <cbc:LineExtensionAmount currencyID="EUR">50.00</cbc:LineExtensionAmount>
    <cbc:PayableAmount currencyID="EUR">50.00</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  <cac:InvoiceLine>
    <cbc:ID>1</cbc:ID>
    <cbc:InvoicedQuantity unitCode="H87">5</cbc:InvoicedQuantity>
    <cbc:LineExtensionAmount currencyID="EUR">50.00</cbc:LineExtensionAmount>
    <cac:OrderLineReference>
      <cbc:LineID>1</cbc:LineID><cac:OrderReference><cbc:ID>PO-7</cbc:ID></cac:OrderReference>
    </cac:OrderLineReference>
    <cac:Item><cbc:Name>Kettle</cbc:Name></cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="EUR">10.00</cbc:PriceAmount></cac:Price>
  </cac:InvoiceLine>
</Invoice>
"""
UBL_CREDIT_NOTE = f"""<?xml version="1.0" encoding="UTF-8"?>
<CreditNote xmlns="{UBL}CreditNote-2" {HEAD}
  <cbc:ID>C-1002</cbc:ID>
  <cbc:IssueDate>2026-03-10</cbc:IssueDate>
  <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
  <cac:BillingReference><cac:InvoiceDocumentReference>
    <cbc:ID>A-1002</cbc:ID>
  </cac:InvoiceDocumentReference></cac:BillingReference>
  {DEBTOR}
  <cac:LegalMonetaryTotal><cbc:PayableAmount currencyID="EUR">10.00</cbc:PayableAmount></cac:LegalMonetaryTotal>
  <cac:CreditNoteLine>
    <cbc:ID>1</cbc:ID>
    <cbc:CreditedQuantity unitCode="H87">1</cbc:CreditedQuantity>
    <cbc:LineExtensionAmount currencyID="EUR">10.00</cbc:LineExtensionAmount>
    <cac:Item><cbc:Name>Kettle</cbc:Name></cac:Item>
    <cac:Price><cbc:PriceAmount currencyID="EUR">10.00</cbc:PriceAmount></cac:Price>
  </cac:CreditNoteLine>
</CreditNote>
"""


def handed_in(document: dict, many: str, ubl: str, shown: type[serializers.Serializer]):
    """Beside the method that takes documents of this shape, alone, in a list, or in a list by this name."""
    documents = {"type": "array", "items": document, "minItems": 1, "maxItems": MAX_ITEMS}
    return extend_schema(
        request={
            "application/json": {
                "oneOf": [document, documents, _object({many: documents}, {many}, (many,))],
                "description": "Fields and rules: docs/invoices.md",
                "examples": document["examples"],
            },
            "application/xml": {"type": "string", "description": "UBL 2.1", "examples": [ubl]},
        },
        responses={201: shown},
        parameters=[KEY_PARAMETER],
    )
