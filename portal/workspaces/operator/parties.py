"""Who is who: parties, their people, accounts and verifications."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.parties.models import Membership, Party
from financing.banking.queries import accounts
from portal.shared.access import OPERATOR, require
from portal.shared.errors import NotFound
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.sentences import timeline

PARTIES = (
    Column("name", gettext_lazy("Name"), sort=True, url=lambda row: reverse("operator:party", args=[row.pk])),
    Column("kind", gettext_lazy("Kind"), sort=True, value=lambda row: row.get_kind_display()),
    Column("country", gettext_lazy("Country"), sort=True),
    Column("registration_number", gettext_lazy("Registration number"), kind="id", sort=True),
    Column("external_reference", gettext_lazy("Known to platforms as"), kind="id", sort=True),
    Column("created_at", gettext_lazy("Here since"), kind="day", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)


@for_kinds(OPERATOR)
def parties(request: HttpRequest) -> HttpResponse:
    require(request.actor, "parties.view")
    table = Table(
        request, Party.objects.visible_to(request.actor), PARTIES, name="parties", caption=_("Parties"),
        search=("name", "registration_number", "external_reference"), order="name", live="parties.party",
        filters=(
            Filter("kind", _("Kind"), Party.Kind.choices),
            Filter("status", _("State"), [(code, state(code).label) for code in Party.Status.values]),
        ),
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "operator/parties.html", {"table": table})


@for_kinds(OPERATOR)
def party(request: HttpRequest, party_id: int) -> HttpResponse:
    require(request.actor, "parties.view")
    found = Party.objects.visible_to(request.actor).filter(id=party_id).first()
    if found is None:
        raise NotFound()
    members = Membership.objects.filter(party=found, ended_at=None).select_related("user")
    context = {
        "subject": found,
        "members": list(members.order_by("user__full_name", "role")),
        "accounts": list(accounts(actor=request.actor).filter(party=found)),
        "verifications": list(found.verifications.order_by("-submitted_at")[:20]),
        "happenings": timeline(request.actor, found),
    }
    return render(request, "operator/party.html", context)
