"""What a row of a trade file says, by which columns, and what makes it untrue. Pure: no Django, no database."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from portal.shared.money import MAX_MINOR, exponent, is_currency, is_plain, round_half_even
from portal.shared.sentences import Sentence

MAX_TEXT = {"order": 80, "line": 20, "supplier": 80, "sku": 80, "category": 80, "receipt": 80, "return": 80, "unit": 3}


class RowRefused(ValueError):
    """A row that cannot be true: `code` is stable, the text is for whoever mends the file."""

    def __init__(self, code: str, reason: str, /, **facts):
        self.code, self.said = code, Sentence(reason, **facts)
        super().__init__(str(self.said))


@dataclass(frozen=True, slots=True)
class Receipt:
    number: str
    quantity: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Return:
    number: str
    quantity: Decimal
    amount_minor: int
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TradeLine:
    """One order line as a row tells it, with what became of it as far as the row knows."""

    order: str
    line: str
    supplier: str
    supplier_name: str
    country: str
    sku: str
    category: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    amount_minor: int
    currency: str
    ordered_at: datetime
    despatch_by: datetime | None = None
    despatched_at: datetime | None = None
    cancelled_at: datetime | None = None
    receipt: Receipt | None = None
    returned: Return | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.supplier, self.order, self.line)

    @property
    def terms(self) -> tuple:
        """What was agreed: a later version of the line may add to what became of it, and never changes this."""
        return (self.sku, self.quantity, self.unit, self.unit_price, self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one kind of file is read: the columns it has to have, and the reading of a row."""

    required: frozenset[str]
    read: Callable[["Row"], TradeLine]


class Row:
    """A row's cells by column, read with refusals that name the column. Times without a zone are of `zone`."""

    def __init__(self, cells: Mapping[str, str | None], zone: tzinfo):
        self._cells, self._zone = cells, zone

    def text(self, column: str, kind: str = "", default: str | None = None) -> str:
        value = " ".join((self._cells.get(column) or "").split())
        if not value:
            if default is None:
                raise RowRefused(f"{column.upper()}_MISSING", "{column} is missing.", column=column)
            return default
        if len(value) > MAX_TEXT.get(kind, 140):
            raise RowRefused(
                "TOO_LONG", "{column} is longer than {most} characters.", column=column, most=MAX_TEXT.get(kind, 140)
            )
        if not value.isprintable():
            raise RowRefused("NOT_TEXT", "{column} contains characters that are no text.", column=column)
        return value

    def number(self, column: str, default: str | None = None) -> Decimal:
        value = self.text(column, default=default)
        found = Decimal(value if is_plain(value) else "NaN")
        if not found.is_finite() or abs(found.adjusted()) > 12 or len(found.as_tuple().digits) > 18:
            raise RowRefused("NOT_A_NUMBER", "{column} '{value}' is not a number.", column=column, value=value[:40])
        return found

    def quantity(self, column: str, default: str | None = None) -> Decimal:
        found = self.number(column, default)
        if found <= 0:
            raise RowRefused("QUANTITY_NOT_POSITIVE", "{column} is not above zero.", column=column)
        if found != found.quantize(Decimal("0.001")):
            raise RowRefused("QUANTITY_TOO_FINE", "{column} has more than 3 decimals.", column=column)
        return found

    def price(self, column: str) -> Decimal:
        found = self.number(column)
        if found < 0:
            raise RowRefused("NEGATIVE_PRICE", "{column} is below zero.", column=column)
        if found != found.quantize(Decimal("0.0001")):
            raise RowRefused("PRICE_TOO_FINE", "{column} has more than 4 decimals.", column=column)
        return found

    def currency(self, column: str) -> str:
        code = self.text(column)
        if not is_currency(code):
            raise RowRefused(
                "UNKNOWN_CURRENCY", "{column} '{given}' is not a currency of ISO 4217.", column=column, given=code[:20]
            )
        return code

    def time(self, column: str, required: bool = False) -> datetime | None:
        value = self.text(column, default=None if required else "")
        if not value:
            return None
        try:
            found = datetime.fromisoformat(value)
            return (found if found.tzinfo else found.replace(tzinfo=self._zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise RowRefused(
                "BAD_DATE",
                "{column} '{value}' is not a time as in 2026-11-22 14:30:00.",
                column=column,
                value=value[:40],
            ) from None


def check(line: TradeLine, now: datetime) -> TradeLine:
    """The line, or RowRefused where its times contradict each other or it is beyond any plausible trade."""
    if line.amount_minor > MAX_MINOR:
        raise RowRefused("ABSURD_AMOUNT", "The amount is beyond any plausible trade.")
    if line.ordered_at > now:
        raise RowRefused("ORDERED_IN_FUTURE", "The order is of the future.")
    received_at = line.receipt.at if line.receipt else None
    if received_at and received_at < line.ordered_at:
        raise RowRefused("DELIVERED_BEFORE_ORDERED", "The goods were delivered before they were ordered.")
    if line.despatched_at and line.despatched_at < line.ordered_at:
        raise RowRefused("DESPATCHED_BEFORE_ORDERED", "The goods were despatched before they were ordered.")
    if received_at and line.despatched_at and received_at < line.despatched_at:
        raise RowRefused("DELIVERED_BEFORE_DESPATCHED", "The goods were delivered before they were despatched.")
    if any(at and at > now for at in (line.despatched_at, received_at, line.returned and line.returned.at)):
        raise RowRefused("TIME_IN_FUTURE", "A time of the row is in the future.")
    _check_return(line)
    return line


def _check_return(line: TradeLine) -> None:
    if line.returned is None:
        return
    if line.receipt is None or line.returned.at < line.receipt.at:
        raise RowRefused("RETURNED_BEFORE_DELIVERED", "The goods were returned before they were delivered.")
    if line.returned.quantity > line.receipt.quantity:
        raise RowRefused("RETURNED_MORE_THAN_DELIVERED", "More was returned than delivered.")


def _amount(quantity: Decimal, price: Decimal, currency: str) -> int:
    return round_half_even((quantity * price).scaleb(exponent(currency)))


def _olist(row: Row) -> TradeLine:
    """A row of Olist's order lines: items of one piece, prices in reais, times of delivery to carrier and customer.

    Sellers are known as "olist:" and the seller's id. The file tells that an order was cancelled and not when: it
    counts from the day on which the goods should have left, or left.
    """
    seller, price = row.text("seller_id", "supplier"), row.price("price")
    carrier, customer = row.time("order_delivered_carrier_date"), row.time("order_delivered_customer_date")
    ordered_at = row.time("order_purchase_timestamp", required=True)
    despatch_by = row.time("shipping_limit_date")
    cancelled = row.text("order_status", default="") in ("canceled", "unavailable")
    known = [at for at in (ordered_at, despatch_by, carrier, customer) if at]
    return TradeLine(
        order=row.text("order_id", "order"),
        line=row.text("order_item_id", "line"),
        supplier=f"olist:{seller}",
        supplier_name=f"Seller {seller[:8]}",
        country="BR",
        sku=row.text("product_id", "sku"),
        category=row.text("product_category_name_english", "category", default=""),
        quantity=Decimal(1),
        unit="H87",
        unit_price=price,
        amount_minor=_amount(Decimal(1), price, "BRL"),
        currency="BRL",
        ordered_at=ordered_at,
        despatch_by=despatch_by,
        despatched_at=carrier,
        cancelled_at=max(known) if cancelled else None,
        receipt=Receipt("1", Decimal(1), customer) if customer else None,
    )


def _portolan(row: Row) -> TradeLine:
    """A row in our own columns, described in docs/trade-files.md."""
    quantity, price, currency = row.quantity("quantity"), row.price("unit_price"), row.currency("currency")
    supplier = row.text("supplier", "supplier")
    received_at, returned_at = row.time("received_at"), row.time("returned_at")
    receipt = returned = None
    if received_at:
        receipt = Receipt(
            row.text("receipt", "receipt", default="1"), row.quantity("received_quantity", str(quantity)), received_at
        )
    if returned_at:
        back = row.quantity("returned_quantity", str(quantity))
        number = row.text("return", "return", default="1")
        reason = row.text("return_reason", "category", default="")
        returned = Return(number, back, _amount(back, price, currency), reason, returned_at)
    country = row.text("supplier_country", default="ZZ").upper()
    if len(country) != 2 or not country.isalpha():
        raise RowRefused("BAD_COUNTRY", "supplier_country '{given}' is not a code of two letters.", given=country[:20])
    return TradeLine(
        order=row.text("order", "order"),
        line=row.text("line", "line"),
        supplier=supplier,
        supplier_name=row.text("supplier_name", default=supplier),
        country=country,
        sku=row.text("sku", "sku"),
        category=row.text("category", "category", default=""),
        quantity=quantity,
        unit=row.text("unit", "unit", default="H87"),
        unit_price=price,
        amount_minor=_amount(quantity, price, currency),
        currency=currency,
        ordered_at=row.time("ordered_at", required=True),
        despatch_by=row.time("despatch_by"),
        despatched_at=row.time("despatched_at"),
        cancelled_at=row.time("cancelled_at"),
        receipt=receipt,
        returned=returned,
    )


MAPPINGS = {
    "olist": FileMapping(
        frozenset({"order_id", "order_item_id", "seller_id", "product_id", "price", "order_purchase_timestamp"}), _olist
    ),
    "portolan": FileMapping(
        frozenset({"order", "line", "supplier", "sku", "quantity", "unit_price", "currency", "ordered_at"}), _portolan
    ),
}
