"""UBL 2.1 Invoice and CreditNote (also 2.0 and Peppol BIS Billing 3), read safely: no DTD, so no entities at all.

Pure: no Django, no database. Source: OASIS UBL 2.1, UBL-Invoice-2.1.xsd and UBL-CreditNote-2.1.xsd.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from financing.receivables.documents import (
    CREDIT_NOTE,
    INVOICE,
    DocumentRefused,
    Line,
    PartyName,
    TradeDocument,
    currency_code,
    number,
    with_order,
)

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{{{UBL}CommonAggregateComponents-2}}", f"{{{UBL}CommonBasicComponents-2}}"
ROOTS = {f"{{{UBL}Invoice-2}}Invoice": INVOICE, f"{{{UBL}CreditNote-2}}CreditNote": CREDIT_NOTE}

COMMERCIAL_INVOICE_CODES = {"", "380", "SalesInvoice", "82", "393"}
"""UN/CEFACT 1001: commercial and metered services invoice, factored invoice. No prepayments, no corrections."""


def read(content: bytes) -> TradeDocument:
    """The document in the bytes; DocumentRefused with code and sentence where it is none, hostile or wrongly typed."""
    root = _parse(content)
    if root.tag not in ROOTS:
        raise DocumentRefused(
            "WRONG_DOCUMENT_TYPE",
            "This is '{root}'; only Invoice and CreditNote of UBL 2.1 are read here.",
            root=_local(root),
        )
    kind = ROOTS[root.tag]
    total = _child(root, "cac:LegalMonetaryTotal")
    if total is None or _child(total, "cbc:PayableAmount") is None:
        raise DocumentRefused("PAYABLE_MISSING", "The document does not say what is to be paid.")
    currency = _currency(root)
    type_code = _text(root, "cbc:InvoiceTypeCode") or _text(root, "cbc:CreditNoteTypeCode")
    return with_order(
        TradeDocument(
            type=kind,
            type_code=type_code,
            number=_text(root, "cbc:ID"),
            issue_date=_required_date(root),
            due_date=_due_date(root),
            currency=currency,
            supplier=_party(root, "cac:AccountingSupplierParty"),
            debtor=_party(root, "cac:AccountingCustomerParty"),
            lines=tuple(_line(each, position) for position, each in enumerate(_lines(root, kind), 1)),
            allowances=_charges(root, "false"),
            charges=_charges(root, "true"),
            tax=_tax(root, currency),
            line_total=_amount(total, "cbc:LineExtensionAmount"),
            tax_exclusive=_amount(total, "cbc:TaxExclusiveAmount"),
            tax_inclusive=_amount(total, "cbc:TaxInclusiveAmount"),
            prepaid=_amount(total, "cbc:PrepaidAmount") or Decimal(0),
            rounding=_amount(total, "cbc:PayableRoundingAmount") or Decimal(0),
            payable=_amount(total, "cbc:PayableAmount"),
            order_number=_text(root, "cac:OrderReference/cbc:ID"),
            invoice_number=_text(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
            invoice_date=_date(_text(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate")),
            reason=_text(root, "cac:DiscrepancyResponse/cbc:Description") or _text(root, "cbc:Note"),
            payee=_text(root, "cac:PayeeParty/cac:PartyName/cbc:Name"),
            payee_account=_text(root, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID"),
        )
    )


def check_type(document: TradeDocument) -> None:
    """Refuse types of invoice that are no claim for goods delivered: prepayment, pro forma, correction."""
    if document.type == INVOICE and document.type_code not in COMMERCIAL_INVOICE_CODES:
        raise DocumentRefused(
            "INVOICE_TYPE_UNSUPPORTED",
            "Invoices of type {type_code} are not financed; only commercial invoices (380) are.",
            type_code=document.type_code[:20],
        )


def _parse(content: bytes) -> Element:
    try:
        return fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise DocumentRefused(
            "XML_FORBIDDEN", "The XML declares a document type or entities. Business documents need neither."
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        raise DocumentRefused("XML_MALFORMED", "The XML is not well-formed: {error}.", error=str(error)) from None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2][:60]


def _path(path: str) -> str:
    return path.replace("cac:", CAC).replace("cbc:", CBC)


def _child(element: Element, path: str) -> Element | None:
    return element.find(_path(path))


def _text(element: Element, path: str) -> str:
    return " ".join((element.findtext(_path(path)) or "").split())


def _amount(element: Element, path: str) -> Decimal | None:
    text = _text(element, path)
    return number(text, path.rpartition(":")[2]) if text else None


def _date(text: str) -> date | None:
    if not text:
        return None
    try:
        # An XSD date may carry a zone; the day is as the issuer wrote it.
        return date.fromisoformat(text[:10])
    except ValueError:
        raise DocumentRefused("DATE_INVALID", "'{text}' is not a date.", text=text[:40]) from None


def _required_date(root: Element) -> date:
    found = _date(_text(root, "cbc:IssueDate"))
    if found is None:
        raise DocumentRefused("ISSUE_DATE_MISSING", "The document has no issue date.")
    return found


def _due_date(root: Element) -> date | None:
    places = ("cbc:DueDate", "cac:PaymentMeans/cbc:PaymentDueDate", "cac:PaymentTerms/cbc:PaymentDueDate")
    return next((found for place in places if (found := _date(_text(root, place)))), None)


def _currency(root: Element) -> str:
    """The document's currency; every amount has to be in it, but for the tax told in the tax currency as well."""
    stated = _text(root, "cbc:DocumentCurrencyCode")
    accounting = {_text(root, "cbc:TaxCurrencyCode"), _text(root, "cbc:PricingCurrencyCode")} - {""}
    used = {each.get("currencyID") for each in root.iter() if each.get("currencyID")}
    currency = stated or (used.pop() if len(used) == 1 else "")
    if not currency and not used:
        raise DocumentRefused("CURRENCY_MISSING", "The document does not say in which currency it is.")
    if not currency or used - {currency} - accounting or _outside_tax(root, currency):
        raise DocumentRefused("MIXED_CURRENCIES", "The document mixes currencies; an invoice is in one.")
    return currency_code(currency)


def _outside_tax(root: Element, currency: str) -> bool:
    """Whether a total or a line is in another currency than the document."""
    places = [_child(root, "cac:LegalMonetaryTotal"), *_lines(root, INVOICE), *_lines(root, CREDIT_NOTE)]
    priced = f"{CAC}Price"
    for place in places:
        for each in place.iter() if place is not None else ():
            if each.tag != priced and each.get("currencyID", currency) != currency:
                return True
    return False


def _lines(root: Element, kind: str) -> list[Element]:
    return root.findall(CAC + ("InvoiceLine" if kind == INVOICE else "CreditNoteLine"))


def _line(element: Element, position: int) -> Line:
    amount = _amount(element, "cbc:LineExtensionAmount") or Decimal(0)
    quantity = _amount(element, "cbc:InvoicedQuantity") or _amount(element, "cbc:CreditedQuantity") or Decimal(1)
    price = _amount(element, "cac:Price/cbc:PriceAmount")
    base = _amount(element, "cac:Price/cbc:BaseQuantity") or Decimal(1)
    return Line(
        number=_text(element, "cbc:ID") or str(position),
        quantity=quantity,
        # What a unit costs after the line's own allowances: that is what the order is compared with.
        unit_price=(amount / quantity) if price is None or quantity * price / base != amount else price / base,
        amount=amount,
        order_number=_text(element, "cac:OrderLineReference/cac:OrderReference/cbc:ID"),
        order_line_number=_text(element, "cac:OrderLineReference/cbc:LineID"),
        sku=_text(element, "cac:Item/cac:SellersItemIdentification/cbc:ID"),
        description=(_text(element, "cac:Item/cbc:Name") or _text(element, "cac:Item/cbc:Description"))[:200],
    )


def _charges(root: Element, indicator: str) -> Decimal:
    return sum(
        (
            _amount(each, "cbc:Amount") or Decimal(0)
            for each in root.findall(f"{CAC}AllowanceCharge")
            if _text(each, "cbc:ChargeIndicator").lower() in ({"true", "1"} if indicator == "true" else {"false", "0"})
        ),
        Decimal(0),
    )


def _tax(root: Element, currency: str) -> Decimal:
    """Tax in the document's currency: a second total in the tax currency says the same once more."""
    amounts = [each.find(f"{CBC}TaxAmount") for each in root.findall(f"{CAC}TaxTotal")]
    own = [each for each in amounts if each is not None and each.get("currencyID", currency) == currency]
    return sum((number((each.text or "").strip(), "TaxAmount") for each in own), Decimal(0))


def _texts(elements: Iterable[Element]) -> tuple[str, ...]:
    return tuple(sorted({" ".join((each.text or "").split()) for each in elements} - {""}))


def _party(root: Element, role: str) -> PartyName:
    party = _child(root, f"{role}/cac:Party")
    if party is None:
        return PartyName()
    named = party.findall(_path("cac:PartyIdentification/cbc:ID"))
    places = ("cbc:EndpointID", "cac:PartyTaxScheme/cbc:CompanyID", "cac:PartyLegalEntity/cbc:CompanyID")
    registered = [each for place in places for each in party.findall(_path(place))]
    return PartyName(
        references=_texts(named),
        # Without a scheme it is what the two call each other, and to somebody else it may be another company.
        registered=_texts([*registered, *(each for each in named if each.get("schemeID"))]),
        name=_text(party, "cac:PartyLegalEntity/cbc:RegistrationName") or _text(party, "cac:PartyName/cbc:Name"),
        country=_text(party, "cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
    )
