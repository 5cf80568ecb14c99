"""A supervisor's first page: for whom it may come to hold goods, its warehouses, its account, its people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.parties.models import Party
from portal.shared.access import SUPERVISOR, require
from portal.ui.formats import country
from portal.ui.tables import Column, Filter, Table
from portal.workspaces import house
from portal.workspaces.access import for_kinds
from portal.workspaces.payments.queries import own_accounts
from portal.workspaces.payout import awaiting

PARTIES = (
    Column("name", gettext_lazy("Name"), sort=True),
    Column("kind", gettext_lazy("Kind"), sort=True, value=lambda row: row.get_kind_display()),
    Column("country", gettext_lazy("Country"), sort=True, value=lambda row: country(row.country)),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)
KINDS = (Party.Kind.PLATFORM, Party.Kind.FINANCIER, Party.Kind.BANK)


@for_kinds(SUPERVISOR)
def home(request: HttpRequest) -> HttpResponse:
    require(request.actor, "parties.view")
    table = Table(
        request, Party.objects.visible_to(request.actor).exclude(id=request.actor.party_id), PARTIES, name="parties",
        caption=_("Platforms and funders"), search=("name",), order="name", page_size=10, live="parties.party",
        filters=(Filter("kind", _("Kind"), [(each.value, each.label) for each in KINDS]),),
        empty={"title": _("No platform or funder yet"),
               "text": _("Platforms and funders of this portal appear here once the operator has entered them.")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table,
        # Its own money only: whatever else is paid on the portal is none of a supervisor's business.
        "accounts": own_accounts(request.actor),
        "awaiting": awaiting(request.actor, timezone.now()),
        "people": house.people(request.actor),
        "happenings": house.latest(request.actor),
    }
    return render(request, "supervision/home.html", context)
