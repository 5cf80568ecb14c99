"""Invoices and credit notes as the portal reads them, whatever form they came in, and what makes them wrong.

Pure: no Django, no clock, no database.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from portal.shared.money import MAX_MINOR, MoneyError, exponent, is_currency, is_plain, to_minor
from portal.shared.sentences import Sentence

INVOICE, STATEMENT, CREDIT_NOTE = "INVOICE", "STATEMENT", "CREDIT_NOTE"
ANY, CLAIMS, NOTES = (INVOICE, STATEMENT, CREDIT_NOTE), (INVOICE, STATEMENT), (CREDIT_NOTE,)
"""What may be handed in at a place: the first is what a document is that names no type."""

MAX_LINES = 2_000
MAX_TERM_DAYS = 730
EARLIEST = date(2000, 1, 1)
MAX_NUMBER = 80
MAX_QUANTITY = 10**9
MAX_UNIT_PRICE = 10**11
THOUSANDTH = Decimal("0.001")


class DocumentRefused(ValueError):
    """A document that cannot be entered: `code` is stable, the sentence is for the person who handed it in."""

    def __init__(self, code: str, sentence: str | Sentence, /, **facts):
        self.code, self.sentence = code, Sentence.of(sentence, facts)
        super().__init__(str(self.sentence))


@dataclass(frozen=True, slots=True)
class PartyName:
    """How a document names a party, as written. `country` where it is told.

    `references` are what the two call each other: of a supplier its number at the platform, of a platform its code.
    `registered` are those of registers, which mean one company whoever writes them.
    """

    references: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    name: str = ""
    country: str = ""

    @property
    def identifiers(self) -> set[str]:
        return {*self.references, *self.registered}


@dataclass(frozen=True, slots=True)
class Line:
    number: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    order_number: str = ""
    order_line_number: str = ""
    sku: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class TradeDocument:
    """Amounts are decimals of `currency`; `payable` is what remains to be paid after `prepaid`, before deductions.

    Totals that the document does not state are None and are not checked. For a credit note `invoice_number` (and
    `invoice_date` where told) name what it reduces, and `payable` is what it takes off.
    """

    type: str
    number: str
    issue_date: date
    currency: str
    payable: Decimal
    due_date: date | None = None
    supplier: PartyName = PartyName()
    debtor: PartyName = PartyName()
    lines: tuple[Line, ...] = ()
    line_total: Decimal | None = None
    allowances: Decimal = Decimal(0)
    charges: Decimal = Decimal(0)
    tax_exclusive: Decimal | None = None
    tax: Decimal = Decimal(0)
    tax_inclusive: Decimal | None = None
    prepaid: Decimal = Decimal(0)
    rounding: Decimal = Decimal(0)
    deductions: Decimal = Decimal(0)
    order_number: str = ""
    invoice_number: str = ""
    invoice_date: date | None = None
    reason: str = ""
    payee: str = ""
    payee_account: str = ""
    type_code: str = ""

    @property
    def is_credit_note(self) -> bool:
        return self.type == CREDIT_NOTE

    @property
    def lines_sum(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def before_tax(self) -> Decimal:
        """Sum of the lines less allowances plus charges."""
        return self.lines_sum - self.allowances + self.charges


@dataclass(frozen=True, slots=True)
class Reading:
    """One item of what was handed in: the document, or why it could not be read."""

    document: TradeDocument | None
    code: str = ""
    sentence: str | Sentence = ""
    number: str = ""
    type: str = INVOICE


def check_totals(document: TradeDocument) -> None:
    """Raise TOTALS_DO_NOT_ADD_UP unless sums, tax and payable agree to the last minor unit (EN 16931 BR-CO-10 to 16).

    A credit note in JSON may have no lines: then its payable stands alone.
    """
    d = document
    if d.lines or not d.is_credit_note:
        _agree("The lines add up to {left}, but the document says {right}.", d.lines_sum, d.line_total)
        _agree("Lines, allowances and charges come to {left} before tax, but the document says {right}.",
               d.before_tax, d.tax_exclusive)  # fmt: skip
        _agree("With tax this comes to {left}, but the document says {right}.", d.before_tax + d.tax, d.tax_inclusive)
        payable = d.before_tax + d.tax - d.prepaid + d.rounding
        _agree("Lines, tax and prepayment come to {left}, but the document asks for {right}.", payable, d.payable)


def _agree(sentence: str, left: Decimal, right: Decimal | None) -> None:
    if right is not None and left != right:
        raise DocumentRefused("TOTALS_DO_NOT_ADD_UP", sentence, left=left, right=right)


def check(document: TradeDocument, today: date) -> None:
    """Raise DocumentRefused where a document contradicts itself or cannot be true on `today`."""
    _check_names(document)
    _check_lines(document)
    _check_amounts(document)
    _check_dates(document, today)
    check_totals(document)


def _check_names(d: TradeDocument) -> None:
    if not any(letter.isalnum() for letter in d.number):
        raise DocumentRefused("NUMBER_MISSING", "The document has no number.")
    if len(d.number) > MAX_NUMBER:
        raise DocumentRefused(
            "NUMBER_TOO_LONG", "The number of the document is longer than {most} characters.", most=MAX_NUMBER
        )
    for name in (d.number, d.invoice_number, *(line.order_number for line in d.lines)):
        if any(unicodedata.category(letter) == "Cf" for letter in name):
            raise DocumentRefused("FIELD_INVALID", "A number holds characters that nobody sees: write it without.")
    if d.is_credit_note and not d.invoice_number:
        raise DocumentRefused("INVOICE_NOT_NAMED", "The credit note does not name the invoice that it reduces.")
    if not d.is_credit_note and not d.lines:
        raise DocumentRefused("LINES_MISSING", "The invoice has no lines.")
    if len(d.lines) > MAX_LINES:
        raise DocumentRefused("TOO_MANY_LINES", "A document has at most {most} lines.", most=f"{MAX_LINES:,}")
    if len({line.number for line in d.lines}) != len(d.lines):
        raise DocumentRefused("LINE_NUMBER_TWICE", "Two lines have the same number.")


def _check_lines(d: TradeDocument) -> None:
    for line in d.lines:
        if len(line.number) > 20:
            raise DocumentRefused(
                "FIELD_TOO_LONG", "Line number {number}... is longer than 20 characters.", number=line.number[:20]
            )
        if line.quantity != line.quantity.quantize(THOUSANDTH) or not abs(line.quantity) < MAX_QUANTITY:
            raise DocumentRefused(
                "QUANTITY_INVALID",
                "Line {number}: a quantity has at most 3 decimals and is below {most}.",
                number=line.number,
                most=f"{MAX_QUANTITY:,}",
            )
        if not abs(line.unit_price) < MAX_UNIT_PRICE:
            raise DocumentRefused(
                "AMOUNT_ABSURD", "Line {number}: the price is beyond any plausible trade.", number=line.number
            )


def _check_amounts(d: TradeDocument) -> None:
    for amount in (d.payable, d.tax, d.allowances, d.charges, d.prepaid, d.rounding, d.deductions,
                   *(line.amount for line in d.lines)):  # fmt: skip
        minor(amount, d.currency)
    if d.payable <= 0:
        raise DocumentRefused(
            "NEGATIVE_AMOUNT", "The amount is not above zero. What reduces an invoice is a credit note."
        )
    if d.deductions < 0 or d.deductions >= d.payable:
        raise DocumentRefused("NOTHING_OWED", "The deductions leave nothing that is owed.")
    if min(d.tax, d.allowances, d.charges, d.prepaid) < 0:
        raise DocumentRefused("NEGATIVE_AMOUNT", "Tax, allowances, charges and prepayment cannot be below zero.")
    if abs(d.rounding) >= 1:
        raise DocumentRefused("ROUNDING_TOO_LARGE", "The rounding is one whole unit of the currency or more.")


def _check_dates(d: TradeDocument, today: date) -> None:
    if d.issue_date < EARLIEST:
        raise DocumentRefused(
            "DATE_IMPLAUSIBLE", "The issue date {issue_date} cannot be true.", issue_date=d.issue_date
        )
    # A supplier east of the portal is up to a day ahead of it.
    if (d.issue_date - today).days > 1:
        raise DocumentRefused(
            "ISSUED_IN_FUTURE", "The issue date {issue_date} is in the future.", issue_date=d.issue_date
        )
    if d.is_credit_note:
        return
    if d.due_date is None:
        raise DocumentRefused("DUE_DATE_MISSING", "The invoice has no due date.")
    if d.due_date < d.issue_date:
        raise DocumentRefused("DUE_BEFORE_ISSUE", "The invoice is due before it was issued.")
    if (d.due_date - d.issue_date).days > MAX_TERM_DAYS:
        raise DocumentRefused(
            "DUE_TOO_FAR", "The invoice is due more than {days} days after it was issued.", days=MAX_TERM_DAYS
        )


def number(value: str | int | Decimal, what: str) -> Decimal:
    """A finite number of a size that arithmetic can hold exactly; `what` names the field in the refusal.

    Text is digits of ASCII with a sign and a point at most: what Python reads beyond that (4_5, 4.5e1, digits of other
    scripts) is a slip in an amount.
    """
    found = Decimal(value) if not isinstance(value, str) or is_plain(value) else Decimal("NaN")
    if not found.is_finite():
        raise DocumentRefused("AMOUNT_INVALID", "{what} '{value}' is not a number.", what=what, value=str(value)[:40])
    if abs(found.adjusted()) > 20 or len(found.as_tuple().digits) > 26:
        raise DocumentRefused(
            "AMOUNT_ABSURD", "{what} '{value}' is beyond any plausible trade.", what=what, value=str(value)[:40]
        )
    return found


def minor(amount: Decimal, currency: str) -> int:
    """Minor units; DocumentRefused where it is no amount of the currency."""
    try:
        return to_minor(amount, currency)
    except MoneyError as error:
        code = "AMOUNT_ABSURD" if _is_absurd(amount, currency) else "AMOUNT_INVALID"
        raise DocumentRefused(code, error.said) from None


def _is_absurd(amount: Decimal, currency: str) -> bool:
    return amount.is_finite() and abs(amount.scaleb(exponent(currency))) > MAX_MINOR


def currency_code(code: str) -> str:
    """The code as it is; DocumentRefused where ISO 4217 has none such."""
    if not is_currency(code):
        raise DocumentRefused("CURRENCY_UNKNOWN", "'{given}' is not a currency code of ISO 4217.", given=code[:20])
    return code


def with_order(document: TradeDocument) -> TradeDocument:
    """Lines that name no order belong to the order that the document names."""
    if not document.order_number:
        return document
    lines = (
        line if line.order_number else replace(line, order_number=document.order_number) for line in document.lines
    )
    return replace(document, lines=tuple(lines))
