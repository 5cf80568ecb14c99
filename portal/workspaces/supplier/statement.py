"""The supplier's statement of account: what was paid out, charged and paid back, and what was owed after each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from financing.advances.statement import movements
from portal.shared import access
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds

WHAT = {
    "PAID_OUT": gettext_lazy("Paid to you"),
    "FEE": gettext_lazy("Fee"),
    "INTEREST": gettext_lazy("Interest"),
    "REPAID": gettext_lazy("Paid back"),
    "ACCRUED": gettext_lazy("Interest so far"),
}
COLUMNS = (
    Column("on", gettext_lazy("Value date"), kind="day", sort=True),
    Column("what", gettext_lazy("What"), value=lambda row: WHAT[row.what]),
    Column("advance_id", gettext_lazy("Advance"), kind="id",
           url=lambda row: reverse("supplier:advance", args=[row.advance_id])),
    Column("amount_minor", gettext_lazy("Amount"), kind="money"),
    Column("owed_minor", gettext_lazy("Owed after it"), kind="money"),
)  # fmt: skip


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
