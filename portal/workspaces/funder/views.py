"""Applications and advances, as the funder reads them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from financing.advances.models import Advance, Application
from portal.shared.access import FUNDERS
from portal.shared.errors import NotFound
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.funder.referrals import application_url
from portal.workspaces.sentences import timeline

APPLICATIONS = (
    Column("id", gettext_lazy("Application"), kind="id", sort=True, url=application_url),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("quote.grade", gettext_lazy("Grade"), sort="quote__grade"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("submitted_at", gettext_lazy("Applied"), kind="instant", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)


@for_kinds(*FUNDERS)
def applications(request: HttpRequest) -> HttpResponse:
    rows = Application.objects.visible_to(request.actor).select_related("supplier", "quote")
    table = Table(
        request, rows, APPLICATIONS, name="applications", caption=_("Applications"), search=("supplier__name",),
        filters=(Filter("status", _("State"), Application.Status.choices),), order="-id", indexed=("id",),
        live="advances.application",
        empty={"title": _("No application yet"), "text": _("Suppliers apply as soon as they have joined a programme."),
               "url": reverse("funder:programmes"), "action": _("Programmes")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "funder/applications.html", {"table": table})


@for_kinds(*FUNDERS)
def advance(request: HttpRequest, advance_id: int) -> HttpResponse:
    found = (
        Advance.objects.visible_to(request.actor)
        .select_related("supplier", "application", "instruction", "facility__programme")
        .filter(id=advance_id)
        .first()
    )
    if found is None:
        raise NotFound()
    context = {
        "advance": found,
        "happenings": timeline(request.actor, found.application, found, found.instruction),
        "securities": found.securities.select_related("receivable").order_by("id"),
        "repayments": found.repayments.select_related("returned").order_by("id"),
    }
    return render(request, "funder/advance.html", context)
