"""Where each kind of party reads about the subject of an event."""

import re

from django.urls import NoReverseMatch, reverse

from accounts.trail.models import Event
from portal.shared import access

SUBJECT = re.compile(r"([a-z_]{1,20}\.[a-z_]{1,40}):([0-9]{1,18})")
"""A subject as events name it: advances.advance:17."""
SUPPLIERS = "parties.party of a supplier"
"""A party as its platform reads of it. Events name a party of any kind, and a platform has no pages of the others."""

FUNDER = {
    "banking.bankaccount": ("party:settings", False),
    "credit.programme": ("funder:programme", True),
    "advances.advance": ("funder:advance", True),
    "advances.application": ("funder:application", True),
    "credit.policyversion": ("funder:policy", True),
    "banking.paymentinstruction": ("payments:payment", True),
    "banking.statement": ("payments:statement", True),
}
PAGES: dict[str, dict[str, tuple[str, bool]]] = {
    access.SUPPLIER: {
        "advances.advance": ("supplier:advance", True),
        "advances.application": ("supplier:application", True),
        "advances.quote": ("supplier:quote", True),
        "receivables.receivable": ("supplier:receivable", True),
        "credit.facility": ("supplier:facility", True),
        "credit.programme": ("supplier:programme", True),
        "parties.party": ("supplier:verification", False),
        "orders.suppliernumber": ("supplier:verification", False),
        "parties.businessverification": ("supplier:verification", False),
        "banking.bankaccount": ("party:settings", False),
        "banking.paymentinstruction": ("payments:payment", True),
    },
    access.PLATFORM: {
        "banking.bankaccount": ("party:settings", False),
        "receivables.receivable": ("platform:receivable", True),
        "receivables.settlement": ("platform:settlement", True),
        "orders.suppliernumber": ("platform:number", True),
        "banking.paymentinstruction": ("payments:payment", True),
        "banking.statement": ("payments:statement", True),
        "intake.document": ("platform:trade_import", True),
        SUPPLIERS: ("platform:supplier", True),
    },
    access.FINANCIER: FUNDER,
    access.BANK: FUNDER,
    access.SUPERVISOR: {"banking.bankaccount": ("party:settings", False)},
    access.OPERATOR: {
        "parties.party": ("operator:party", True),
        "parties.businessverification": ("operator:verification", True),
        "banking.bankaccount": ("operator:account", True),
        "banking.paymentinstruction": ("operator:payment", True),
        "banking.statement": ("operator:statement", True),
        "intake.document": ("operator:document", True),
        "trail.delivery": ("operator:delivery", True),
    },
}
"""Kind of party -> subject -> route, and whether the route takes the subject's number."""
SHOWN_WITH = {
    "receivables.creditnote": ("receivables.receivable", "receivable"),
    "receivables.settlementpayment": ("receivables.settlement", "settlement"),
}
"""Subject without a page of its own -> the subject that it is shown with, and where an event's payload names that."""


def address(kind: str, event: Event) -> str:
    """Address of the page about the event's subject; empty where the kind of party has none.

    What has no page of its own is shown with what it is about.
    """
    subject, number = event.subject_type, event.subject_id
    if subject in SHOWN_WITH:
        subject, key = SHOWN_WITH[subject]
        number = event.payload.get(key, number)
    if not has_page(kind, subject, any_number=False) and isinstance(event.payload.get("subject_id"), int):
        subject, number = event.payload.get("subject_type", ""), event.payload["subject_id"]
    return page_of(kind, subject, number)


def has_page(kind: str, subject: str, *, any_number: bool = True) -> bool:
    """Whether a kind of party has a page about such a subject; with `any_number` one for each of them."""
    route = PAGES.get(kind, {}).get(subject)
    return route is not None and (route[1] or not any_number)


def page_of(kind: str, subject: str, number: int) -> str:
    """Address of the page about a subject; empty where the kind of party has none."""
    route, takes_number = PAGES.get(kind, {}).get(subject, ("", False))
    try:
        return reverse(route, args=[number] if takes_number else []) if route else ""
    except NoReverseMatch:
        return ""


def history(subject: str, number: int) -> str:
    """Address of all that happened to a subject, for every kind of party and every kind of subject."""
    return f"{reverse('events')}?subject={subject}:{number}"
