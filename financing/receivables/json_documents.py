"""Invoices, settlement statements and credit notes as JSON: the form is described in docs/invoices.md.

Pure: no Django, no database. Amounts are strings or numbers, read exactly; unknown fields are refused, so that no
misspelt deduction is overlooked.
"""

import json
import unicodedata
from datetime import date
from decimal import Decimal

from financing.receivables.documents import (
    CREDIT_NOTE,
    INVOICE,
    STATEMENT,
    DocumentRefused,
    Line,
    PartyName,
    Reading,
    TradeDocument,
    currency_code,
    number,
    with_order,
)

MAX_ITEMS = 1_000
MAX_DIGITS = 40
MALFORMED = "PARSE_ERROR"

COMMON = {"type", "number", "issue_date", "currency", "supplier", "debtor", "lines", "payable"}
OF_INVOICE = COMMON | {"due_date", "order", "allowances", "charges", "tax", "prepaid", "rounding", "deductions"}
OF_CREDIT_NOTE = COMMON | {"invoice", "invoice_date", "reason", "tax", "allowances", "charges", "rounding"}
OF_LINE = {"number", "order", "order_line", "sku", "description", "quantity", "unit_price", "amount"}
OF_PARTY = {"external_reference", "registration_number", "country"}
OF_DEDUCTION = {"kind", "amount"}
DEDUCTIONS = ("OTHER", "COMMISSION", "FEE", "RETURN", "PENALTY", "PROMOTION", "TAX")


def read_all(content: bytes, default: str = INVOICE) -> list[Reading]:
    """One reading per item of a JSON object, a list, or {"invoices": [...]}; DocumentRefused where it is no JSON.

    `default` is the type of an item that names none.
    """
    items = _items(_parse(content))
    if not items:
        raise DocumentRefused("EMPTY", "There is no document in this.")
    if len(items) > MAX_ITEMS:
        raise DocumentRefused(
            "TOO_MANY_DOCUMENTS", "At most {most} documents are handed in at once.", most=f"{MAX_ITEMS:,}"
        )
    return [_reading(item, default) for item in items]


def _parse(content: bytes):
    try:
        return json.loads(
            content, parse_float=Decimal, parse_int=_integer, parse_constant=Decimal, object_pairs_hook=_object
        )
    except json.JSONDecodeError as error:
        raise DocumentRefused(MALFORMED, "This is not JSON: {error}.", error=str(error)) from None
    except UnicodeDecodeError:
        raise DocumentRefused(MALFORMED, "This is not text in UTF-8.") from None
    except RecursionError:
        raise DocumentRefused(MALFORMED, "This is nested too deeply.") from None


def _integer(digits: str) -> int | Decimal:
    """Python reads no integer of thousands of digits: the document that holds one is refused, and no other."""
    return int(digits) if len(digits) <= MAX_DIGITS else Decimal(digits)


class Doubled(dict):
    """An object with a field twice: which was meant nobody can tell."""


def _object(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(found)


def _items(parsed) -> list:
    if isinstance(parsed, Doubled):
        return [parsed]
    if isinstance(parsed, dict) and set(parsed) in ({"invoices"}, {"credit_notes"}):
        (parsed,) = parsed.values()
    return parsed if isinstance(parsed, list) else [parsed]


def _reading(item, default: str) -> Reading:
    named = item if isinstance(item, dict) else {}
    shown = {"number": _shown(named.get("number", "")), "type": _shown(named.get("type", default))}
    try:
        return Reading(_document(item, default), **shown)
    except DocumentRefused as refusal:
        return Reading(None, refusal.code, refusal.sentence, **shown)


def _shown(value) -> str:
    """What the answer repeats of an item that may not be readable."""
    return "".join(letter for letter in str(value)[:80] if letter.isprintable())


def _document(item, default: str) -> TradeDocument:
    if not isinstance(item, dict):
        raise DocumentRefused("WRONG_DOCUMENT_TYPE", "A document is a JSON object.")
    kind = item.get("type", default)
    if kind not in (INVOICE, STATEMENT, CREDIT_NOTE):
        raise DocumentRefused(
            "WRONG_DOCUMENT_TYPE", "'{kind}' is not INVOICE, STATEMENT or CREDIT_NOTE.", kind=str(kind)[:40]
        )
    _known(item, OF_CREDIT_NOTE if kind == CREDIT_NOTE else OF_INVOICE)
    return with_order(
        TradeDocument(
            type=kind,
            number=_text(item, "number"),
            issue_date=_date(item, "issue_date"),
            due_date=_date(item, "due_date") if item.get("due_date") is not None else None,
            currency=currency_code(_text(item, "currency")),
            supplier=_party(item, "supplier"),
            debtor=_party(item, "debtor"),
            lines=tuple(_line(each, position) for position, each in enumerate(_list(item, "lines"), 1)),
            allowances=_amount(item, "allowances"),
            charges=_amount(item, "charges"),
            tax=_amount(item, "tax"),
            prepaid=_amount(item, "prepaid"),
            rounding=_amount(item, "rounding"),
            deductions=_deductions(item),
            payable=_required(item, "payable"),
            order_number=_text(item, "order", required=False),
            invoice_number=_text(item, "invoice", required=False),
            invoice_date=_date(item, "invoice_date") if item.get("invoice_date") is not None else None,
            reason=_text(item, "reason", required=False),
        )
    )


def _line(item, position: int) -> Line:
    if not isinstance(item, dict):
        raise DocumentRefused("FIELD_INVALID", "A line is a JSON object.")
    _known(item, OF_LINE)
    quantity = _amount(item, "quantity", Decimal(1))
    if quantity == 0:
        raise DocumentRefused("QUANTITY_INVALID", "Line {position} has no quantity.", position=position)
    if "amount" not in item and "unit_price" not in item:
        raise DocumentRefused(
            "FIELD_MISSING", "Line {position} has neither an amount nor a unit_price.", position=position
        )
    unit_price = _amount(item, "unit_price", None)
    amount = _amount(item, "amount", None)
    if amount is None:
        amount = quantity * unit_price
    if unit_price is None:
        unit_price = amount / quantity
    if abs(quantity * unit_price - amount) > Decimal("0.01"):
        raise DocumentRefused(
            "TOTALS_DO_NOT_ADD_UP",
            "Line {position}: {quantity} at {unit_price} is not {amount}.",
            position=position,
            quantity=quantity,
            unit_price=unit_price,
            amount=amount,
        )
    return Line(
        number=_text(item, "number", required=False) or str(position),
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        order_number=_text(item, "order", required=False),
        order_line_number=_text(item, "order_line", required=False),
        sku=_text(item, "sku", required=False),
        description=_text(item, "description", required=False)[:200],
    )


def _known(item: dict, fields: set[str]) -> None:
    if isinstance(item, Doubled):
        raise DocumentRefused("FIELD_TWICE", "A field appears twice in one object.")
    unknown = sorted(set(item) - fields)
    if unknown:
        raise DocumentRefused("FIELD_UNKNOWN", "The field '{name}' is not known here.", name=unknown[0][:40])


def _text(item: dict, name: str, required: bool = True) -> str:
    value = item.get(name)
    if value is None or value == "":
        if required:
            raise DocumentRefused("FIELD_MISSING", "The field '{name}' is missing.", name=name)
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise DocumentRefused("FIELD_INVALID", "The field '{name}' has to be text.", name=name)
    return clean(str(value), name)


def clean(value: str, name: str) -> str:
    """Text with single blanks; control characters and lone surrogates are no text."""
    text = " ".join(value.split())
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise DocumentRefused("FIELD_INVALID", "The field '{name}' contains characters that are no text.", name=name)
    return text


def _date(item: dict, name: str) -> date:
    text = _text(item, name)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DocumentRefused(
            "DATE_INVALID", "{name} '{text}' is not a date as in 2026-11-22.", name=name, text=text[:40]
        ) from None


def _required(item: dict, name: str) -> Decimal:
    if item.get(name) is None:
        raise DocumentRefused("FIELD_MISSING", "The field '{name}' is missing.", name=name)
    return _amount(item, name)


def _amount(item: dict, name: str, default: Decimal | None = Decimal(0)) -> Decimal | None:
    value = item.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise DocumentRefused("AMOUNT_INVALID", "The field '{name}' has to be an amount.", name=name)
    if isinstance(value, str) and value.startswith("+"):
        raise DocumentRefused("AMOUNT_INVALID", "The field '{name}' has to be an amount.", name=name)
    return number(value, name)


def _list(item: dict, name: str) -> list:
    value = item.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DocumentRefused("FIELD_INVALID", "The field '{name}' has to be a list.", name=name)
    return value


def _deductions(item: dict) -> Decimal:
    total = Decimal(0)
    for each in _list(item, "deductions"):
        if not isinstance(each, dict):
            raise DocumentRefused("FIELD_INVALID", "A deduction is an object with kind and amount.")
        _known(each, OF_DEDUCTION)
        kind = each.get("kind", DEDUCTIONS[0])
        if not isinstance(kind, str) or kind.upper() not in DEDUCTIONS:
            raise DocumentRefused(
                "FIELD_INVALID", "'{kind}' is no kind of deduction: {known}.", kind=_shown(kind)[:40],
                known=", ".join(DEDUCTIONS),
            )  # fmt: skip
        amount = _required(each, "amount")
        if amount < 0:
            raise DocumentRefused("NEGATIVE_AMOUNT", "A deduction cannot be below zero.")
        total += amount
    return total


def _party(item: dict, name: str) -> PartyName:
    """A string is a reference, of a supplier its number at the platform; an object names the register's, too."""
    value = item.get(name)
    if value is None:
        return PartyName()
    if isinstance(value, str):
        text = clean(value, name)
        return PartyName(references=(text,)) if text else PartyName()
    if not isinstance(value, dict):
        raise DocumentRefused("FIELD_INVALID", "The field '{name}' has to be text or an object.", name=name)
    _known(value, OF_PARTY)
    reference, registered = (_text(value, each, False) for each in ("external_reference", "registration_number"))
    return PartyName(
        references=(reference,) if reference else (), registered=(registered,) if registered else (),
        country=_text(value, "country", False),
    )  # fmt: skip
