"""Building blocks of a message's XML: each returns a piece of text, an absent value gives an empty piece."""

from datetime import date, datetime

from portal.shared import money

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


def text(tag: str, value: str | None) -> str:
    if value is None:
        return ""
    if "&" in value or "<" in value or ">" in value:
        value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<{tag}>{value}</{tag}>"


def node(tag: str, *children: str) -> str:
    """An element around its children, nothing at all where every child is empty."""
    inside = "".join(children)
    return inside and f"<{tag}>{inside}</{tag}>"


def amount(tag: str, minor: int, currency: str) -> str:
    return f'<{tag} Ccy="{currency}">{money.from_minor(minor, currency):f}</{tag}>'


def instant(tag: str, moment: datetime | None) -> str:
    return "" if moment is None else f"<{tag}>{moment.isoformat()}</{tag}>"


def day(tag: str, value: date) -> str:
    """A date where the standard leaves the choice between a date and an instant."""
    return f"<{tag}><Dt>{value.isoformat()}</Dt></{tag}>"


def account(tag: str, iban: str | None, currency: str | None = None) -> str:
    return "" if iban is None else node(tag, node("Id", text("IBAN", iban)), text("Ccy", currency))


def agent(tag: str, bic: str | None) -> str:
    return "" if bic is None else node(tag, node("FinInstnId", text("BICFI", bic)))


def remittance(value: str | None) -> str:
    return node("RmtInf", text("Ustrd", value))


def document(message_name: str, *children: str) -> bytes:
    inside = "".join(children)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}{message_name}">'
    return f"{head}{inside}</Document>\n".encode()
