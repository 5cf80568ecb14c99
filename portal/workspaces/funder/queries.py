"""What a funder's pages show beside their tables: its book, its open advances, its currency."""

from django.urls import reverse

from financing.advances.models import Advance
from financing.credit.models import Programme
from financing.ledger.models import Book
from portal.shared.access import Actor


def book_of(actor: Actor) -> Book | None:
    return Book.objects.visible_to(actor).first()


def advance_url(row: Advance) -> str:
    return reverse("funder:advance", args=[row.pk])


def overdue_url() -> str:
    """The list of advances past their due date."""
    return f"{reverse('funder:advances')}?advances-late=yes"


def open_advances(actor: Actor):
    return Advance.objects.visible_to(actor).filter(status__in=Advance.OPEN).select_related("supplier")


def currency_of(actor: Actor) -> str:
    """The currency in which the funder's policy is read: that of its programmes."""
    found = Programme.objects.visible_to(actor).filter(funder_id=actor.party_id).order_by("id").first()
    return found.currency if found else DEFAULT_CURRENCY


DEFAULT_CURRENCY = "EUR"
"""Where a funder has no programme yet."""
