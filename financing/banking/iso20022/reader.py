"""Reading a received message safely and by name; whatever is wrong with it becomes an UnreadableMessage."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

from lxml import etree

from financing.banking.iso20022 import fields
from financing.banking.iso20022.errors import MessageError, UnreadableMessage
from financing.banking.iso20022.writer import NAMESPACE
from portal.shared import money

_DECIMAL = re.compile(r"\+?(\d{1,18}(?:\.\d{0,17})?|\.\d{1,17})")
_ZONE = re.compile(r"(?:Z|[+-]\d\d:\d\d)")


def message_name(data: bytes) -> str:
    """Which message this is, such as "camt.054.001.08": for choosing who parses it."""
    return _name_of(_root(data))


def open_document(data: bytes, expected: str) -> "Node":
    """The Document element of a message that must be `expected`."""
    root = _root(data)
    found = _name_of(root)
    if found != expected:
        raise UnreadableMessage(
            "WRONG_VERSION", "This is a {found} message; {expected} is expected here.", found=found, expected=expected
        )
    return Node(root)


@contextmanager
def reading() -> Iterator[None]:
    """While messages are put together from what was received, a field that does not fit makes them unreadable."""
    try:
        yield
    except UnreadableMessage:
        raise
    except MessageError as refused:
        raise UnreadableMessage(refused.code, refused.said) from None


def _root(data: bytes) -> etree._Element:
    # A parser per message: lxml's parsers are not to be shared between threads, and making one costs microseconds.
    # Depth, text and expansion limits of libxml2 stay on (huge_tree off); entities stay unexpanded, and a message with
    # any document type at all is refused.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as wrong:
        if b"<!DOCTYPE" in data:
            raise _doctype() from None
        raise UnreadableMessage(
            "NOT_XML", "The message is not well-formed XML: {wrong}.", wrong=str(wrong)[:200]
        ) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype()
    return _document_within(root)


def _document_within(root: etree._Element) -> etree._Element:
    """The Document itself, or the one that an envelope carries beside its application header (head.001)."""
    if etree.QName(root).localname != "Document":
        for child in root.iterchildren("{*}Document"):
            return child
    return root


def _doctype() -> UnreadableMessage:
    return UnreadableMessage("DOCTYPE_REFUSED", "The message declares a document type or entities; that is refused.")


def _name_of(root: etree._Element) -> str:
    name = etree.QName(root)
    space = name.namespace or ""
    if name.localname != "Document" or not space.startswith(NAMESPACE):
        raise UnreadableMessage(
            "NOT_ISO20022", "The root element {tag} is no ISO 20022 Document.", tag=fields.shown(root.tag)
        )
    return space.removeprefix(NAMESPACE)


class Node:
    """An element of a message; paths are written with the standard's tags, such as "GrpHdr/MsgId".

    Children are sorted by tag once, when first asked for: several times faster than a path search for every field.
    """

    __slots__ = ("_children", "_element")

    def __init__(self, element: etree._Element):
        self._element = element
        self._children: dict[str, list[Node]] | None = None

    def nodes(self, path: str) -> list["Node"]:
        found = [self]
        for tag in path.split("/"):
            found = [child for node in found for child in node._named(tag)]
        return found

    def _named(self, tag: str) -> list["Node"]:
        if self._children is None:
            self._children = {}
            for child in self._element:
                self._children.setdefault(child.tag.rpartition("}")[2], []).append(Node(child))
        return self._children.get(tag, [])

    def node(self, path: str) -> "Node | None":
        return next(iter(self.nodes(path)), None)

    def required_node(self, path: str) -> "Node":
        found = self.node(path)
        if found is None:
            raise self._missing(path)
        return found

    def text(self, *paths: str) -> str | None:
        """The first of the paths that holds text, without blanks around it."""
        for path in paths:
            for node in self.nodes(path):
                if (found := node._element.text) and (found := found.strip()):
                    return found
        return None

    def required(self, *paths: str) -> str:
        found = self.text(*paths)
        if found is None:
            raise self._missing(paths[0])
        return found

    def line(self, path: str) -> str | None:
        """All texts at the path joined by blanks: long remittance text comes in several elements."""
        return " ".join(node._element.text for node in self.nodes(path) if node._element.text) or None

    def amount(self, path: str) -> tuple[int, str]:
        """Minor units and currency; an amount finer than its currency allows is refused, never rounded."""
        currency = self.required_node(path)._element.get("Ccy") or ""
        written = self.required(path)
        with reading():
            fields.currency(currency)
        value = to_decimal(path, written)
        try:
            minor = money.to_minor(value, currency)
        except Exception as refused:
            raise UnreadableMessage(
                "AMOUNT_INVALID", "{path} {written} is not an exact amount of {currency}.", path=path,
                written=fields.shown(written), currency=currency,
            ) from refused  # fmt: skip
        return minor, currency

    def decimal(self, path: str) -> Decimal | None:
        found = self.text(path)
        return None if found is None else to_decimal(path, found)

    def count(self, path: str) -> int | None:
        found = self.text(path)
        if found is not None and not re.fullmatch(r"[0-9]{1,15}", found):
            raise UnreadableMessage(
                "FIELD_INVALID", "{path} {found} is not a number of transactions.", path=path, found=fields.shown(found)
            )
        return None if found is None else int(found)

    def instant(self, path: str) -> datetime | None:
        """An instant in UTC; banks that write none mean UTC."""
        found = self.text(path)
        if found is None:
            return None
        try:
            moment = datetime.fromisoformat(found)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise UnreadableMessage(
                "FIELD_INVALID", "{path} {found} is not a date and time.", path=path, found=fields.shown(found)
            ) from None

    def required_instant(self, path: str) -> datetime:
        found = self.instant(path)
        if found is None:
            raise self._missing(path)
        return found

    def day(self, path: str) -> date | None:
        """The date of an element that holds Dt or DtTm: the day as the bank writes it, whatever its zone."""
        found = self.text(f"{path}/Dt", f"{path}/DtTm")
        if found is None:
            return None
        try:
            written = date.fromisoformat(found[:10])
        except ValueError:
            written = None
        if written is None or not (found[10:11] in ("", "T") or _ZONE.fullmatch(found[10:])):
            raise UnreadableMessage(
                "FIELD_INVALID", "{path} {found} is not a date.", path=path, found=fields.shown(found)
            )
        return written

    def required_day(self, path: str) -> date:
        found = self.day(path)
        if found is None:
            raise self._missing(path)
        return found

    def _missing(self, path: str) -> UnreadableMessage:
        inside = etree.QName(self._element).localname
        return UnreadableMessage("FIELD_MISSING", "{inside}/{path} is missing or empty.", inside=inside, path=path)


def to_decimal(label: str, written: str) -> Decimal:
    if not _DECIMAL.fullmatch(written):
        raise UnreadableMessage(
            "AMOUNT_INVALID", "{label} {written} is not a decimal amount.", label=label, written=fields.shown(written)
        )
    return Decimal(written)
