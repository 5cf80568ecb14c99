"""The funder's programmes, and whether each lets its debtor see the programme's totals."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from financing.advances.sharing import FEWEST, figures_of
from financing.credit import services
from financing.credit.models import Programme
from portal.shared.access import FUNDERS, permits
from portal.shared.errors import NotFound
from portal.ui.tables import Column, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.sentences import timeline

PROGRAMMES = (
    Column("name", gettext_lazy("Programme"), sort=True, url=lambda row: reverse("funder:programme", args=[row.pk])),
    Column("debtor.name", gettext_lazy("Debtor"), sort="debtor__name"),
    Column("currency", gettext_lazy("Currency")),
    Column("figures_shared", gettext_lazy("Totals shared"),
           value=lambda row: _("yes") if row.figures_shared else _("no")),
)  # fmt: skip


@for_kinds(*FUNDERS)
def programmes(request: HttpRequest) -> HttpResponse:
    rows = Programme.objects.visible_to(request.actor).filter(funder_id=request.actor.party_id)
    table = Table(
        request, rows.select_related("debtor"), PROGRAMMES, name="programmes", caption=_("Programmes"), order="name",
        empty={
            "title": _("No programme yet"),
            "text": _("The operator of the portal opens one with you, as soon as your policy is approved."),
            "url": reverse("funder:policies"), "action": _("Policies"),
        },
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "funder/programmes.html", {"table": table})


def _programme(request: HttpRequest, programme_id: int) -> Programme:
    rows = Programme.objects.visible_to(request.actor).filter(funder_id=request.actor.party_id)
    found = rows.select_related("debtor", "funder").filter(id=programme_id).first()
    if found is None:
        raise NotFound()
    return found


@for_kinds(*FUNDERS)
def programme(request: HttpRequest, programme_id: int) -> HttpResponse:
    found = _programme(request, programme_id)
    context = {
        "programme": found,
        "figures": figures_of([found], timezone.now())[0],
        "fewest": FEWEST,
        "happenings": timeline(request.actor, found),
        "may_share": permits(request.actor, "credit.manage_facility"),
    }
    return render(request, "funder/programme.html", context)


@for_kinds(*FUNDERS)
@require_POST
def share(request: HttpRequest, programme_id: int) -> HttpResponse:
    shared = request.POST.get("shared") == "yes"
    found = services.share_figures(
        actor=request.actor, programme_id=_programme(request, programme_id).id, shared=shared, now=timezone.now()
    )
    told = _("The totals are shared now.") if found.figures_shared else _("The totals are not shared any more.")
    messages.success(request, told)
    return redirect("funder:programme", programme_id)
