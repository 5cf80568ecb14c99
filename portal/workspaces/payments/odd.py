"""What only one side knows of a bank's day, in pages: a day on which nothing was matched may have thousands."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from financing.banking.models import Statement
from financing.banking.queries import unmatched
from portal.ui.tables import Column, Table

SIDES = {
    "BANK": gettext_lazy("the bank, not the book"),
    "PORTAL": gettext_lazy("a booking, not the statement"),
    "LEDGER": gettext_lazy("the book, not the bank"),
}
COLUMNS = (
    Column("side", gettext_lazy("Known to"), value=lambda row: SIDES[row.side]),
    Column("reference", gettext_lazy("Reference"), kind="id"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
)


def of_one_side(request: HttpRequest, statement: Statement) -> Table | None:
    """None where every entry of the day is known to both."""
    found = unmatched(statement)
    if not found:
        return None
    return Table(request, found, COLUMNS, name="odd", caption=_("Known to one side only"), search=("reference",))
