"""The supplier's statement of account: what was paid out, charged and paid back, and what was owed after each."""

from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from financing.advances.models import Advance, Repayment
from portal.shared import access
from portal.shared.access import Actor
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds

WHAT = {
    "PAID_OUT": gettext_lazy("Paid to you"),
    "FEE": gettext_lazy("Fee"),
    "INTEREST": gettext_lazy("Interest"),
    "REPAID": gettext_lazy("Paid back"),
    "ACCRUED": gettext_lazy("Interest so far"),
}
ORDER = list(WHAT)
COLUMNS = (
    Column("on", gettext_lazy("Value date"), kind="day", sort=True),
    Column("what", gettext_lazy("What"), value=lambda row: WHAT[row.what]),
    Column("advance_id", gettext_lazy("Advance"), kind="id",
           url=lambda row: reverse("supplier:advance", args=[row.advance_id])),
    Column("amount_minor", gettext_lazy("Amount"), kind="money"),
    Column("owed_minor", gettext_lazy("Owed after it"), kind="money"),
)  # fmt: skip


@dataclass(slots=True)
class Movement:
    """More owed is positive. `owed_minor`: of its currency, over all advances."""

    on: date
    what: str
    advance_id: int
    amount_minor: int
    currency: str
    owed_minor: int = 0

    @property
    def month(self) -> str:
        return f"{self.on:%Y-%m}"


def movements(actor: Actor) -> list[Movement]:
    """Every movement of the actor's advances, the oldest first. The last of a currency ends in what is owed now."""
    states = Advance.Status
    advances = list(
        Advance.objects.visible_to(actor).filter(funded_date__isnull=False).exclude(status=states.FAILED).order_by("id")
    )
    known = {each.id: each for each in advances}
    found = [each for advance in advances for each in _of_advance(advance)]
    for row in Repayment.objects.filter(advance__in=known).order_by("value_date", "id"):
        found += _of_repayment(row, known[row.advance_id])
    found.sort(key=lambda each: (each.on, ORDER.index(each.what), each.advance_id))
    owed: dict[str, int] = {}
    for each in found:
        owed[each.currency] = each.owed_minor = owed.get(each.currency, 0) + each.amount_minor
    return found


def _of_advance(advance: Advance) -> list[Movement]:
    found = [Movement(advance.funded_date, "PAID_OUT", advance.id, advance.amount_minor, advance.currency)]
    if advance.fee_minor:
        found.append(Movement(advance.funded_date, "FEE", advance.id, advance.fee_minor, advance.currency))
    if advance.interest_minor:
        until = advance.accrued_until or advance.funded_date
        found.append(Movement(until, "ACCRUED", advance.id, advance.interest_minor, advance.currency))
    return found


def _of_repayment(row: Repayment, advance: Advance) -> list[Movement]:
    """Interest is charged as it is paid; what has accrued since stands at the end."""
    paid = row.fees_minor + row.interest_minor + row.principal_minor
    found = [Movement(row.value_date, "REPAID", advance.id, -paid, advance.currency)]
    if row.interest_minor:
        found.append(Movement(row.value_date, "INTEREST", advance.id, row.interest_minor, advance.currency))
    return found


@for_kinds(access.SUPPLIER)
@require_GET
def statement(request: HttpRequest) -> HttpResponse:
    found = movements(request.actor)
    months = sorted({each.month for each in found}, reverse=True)
    table = Table(
        request, found[::-1], COLUMNS, name="statement", caption=_("Statement of account"), live="advances.advance",
        filters=(Filter("month", _("Month"), [(each, each) for each in months]),
                 Filter("what", _("What"), list(WHAT.items()))),
        empty={
            "title": _("Nothing has moved yet"), "text": _("What is paid out to you and paid back is written here."),
            "url": reverse("supplier:home"), "action": _("See what you can have"),
        },
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "supplier/statement.html", {"table": table})
