"""What a funder's pages show beside their tables: its book, its open advances, its people."""

from django.urls import reverse

from accounts.parties.models import User
from financing.advances.models import Advance
from financing.credit.models import Programme
from financing.ledger.models import Book
from portal.shared.access import Actor


def book_of(actor: Actor) -> Book | None:
    return Book.objects.visible_to(actor).first()


def advance_url(row: Advance) -> str:
    return reverse("funder:advance", args=[row.pk])


def open_advances(actor: Actor):
    return Advance.objects.visible_to(actor).filter(status__in=Advance.OPEN).select_related("supplier")


def currency_of(actor: Actor) -> str:
    """The currency in which the funder's policy is read: that of its programmes."""
    found = Programme.objects.visible_to(actor).filter(funder_id=actor.party_id).order_by("id").first()
    return found.currency if found else DEFAULT_CURRENCY


DEFAULT_CURRENCY = "EUR"
"""Where a funder has no programme yet."""


def people(*identities: str) -> dict[str, str]:
    """Names of one's own colleagues, by the identities that maker and checker are kept under."""
    ids = [int(each[5:]) for each in identities if each.startswith("user:") and each[5:].isdigit()]
    return {f"user:{user.id}": str(user) for user in User.objects.filter(id__in=ids)} if ids else {}
