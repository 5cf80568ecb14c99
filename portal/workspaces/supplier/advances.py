"""Applications decided and refused; advances, what is owed on them, and how they were repaid."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from financing.advances.models import Advance, Application
from portal.shared import access
from portal.shared.errors import NotFound
from portal.ui.formats import elapsed
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.sentences import timeline
from portal.workspaces.supplier import figures, why

ADVANCES = (
    Column("id", gettext_lazy("Advance"), kind="id", sort=True,
           url=lambda row: reverse("supplier:advance", args=[row.pk])),
    Column("approved_at", gettext_lazy("Approved"), kind="instant", sort=True),
    Column("due_date", gettext_lazy("Due"), kind="day", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
    Column("annual_rate", gettext_lazy("Rate a year"), kind="percent", sort=True),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
    Column("owed_minor", gettext_lazy("Owed now"), kind="money"),
)  # fmt: skip
APPLICATIONS = (
    Column("id", gettext_lazy("Application"), kind="id", sort=True,
           url=lambda row: reverse("supplier:application", args=[row.pk])),
    Column("submitted_at", gettext_lazy("Submitted"), kind="instant", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
    Column("decided_in", gettext_lazy("Decided in"), value=lambda row: decided_in(row)),
    Column("why", gettext_lazy("Why"), value=lambda row: why_of(row)),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
)  # fmt: skip


def decided_in(row: Application) -> str:
    if row.decided_at is None or row.status == Application.Status.WITHDRAWN:
        return ""
    return elapsed(max(0, round((row.decided_at - row.submitted_at).total_seconds() * 1000)))


def why_of(row: Application) -> str:
    """The deciding reason, in a sentence."""
    said = figures.why_decided(row.decision) if row.decision else []
    return said[0]["text"] if said else ""


@for_kinds(access.SUPPLIER)
@require_GET
def advances(request: HttpRequest) -> HttpResponse:
    states = Advance.Status
    shown = (states.DISBURSING, states.ACTIVE, states.OVERDUE, states.REPAID, states.FAILED, states.DEFAULTED)
    table = Table(
        request, Advance.objects.visible_to(request.actor), ADVANCES, name="advances", caption=_("Advances"),
        order="-id", live="advances.advance",
        filters=(Filter("status", _("State"), [(each.value, state(each).label) for each in shown]),),
        empty={
            "title": _("No advances yet"),
            "text": _("What you are paid ahead of the platform's payment is listed here until it is repaid."),
            "url": reverse("supplier:home"), "action": _("See what you can have"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    return render(request, "supplier/advances.html", {"table": table, "owed": _owed(request)})


def _owed(request: HttpRequest) -> list[tuple[str, int, int]]:
    """Currency, minor units and number of open advances."""
    totals: dict[str, tuple[int, int]] = {}
    for advance in Advance.objects.visible_to(request.actor).filter(status__in=Advance.OPEN):
        owed, number = totals.get(advance.currency, (0, 0))
        totals[advance.currency] = (owed + advance.owed_minor, number + 1)
    return [(currency, owed, number) for currency, (owed, number) in sorted(totals.items())]


@for_kinds(access.SUPPLIER)
@require_GET
def applications(request: HttpRequest) -> HttpResponse:
    rows = Application.objects.visible_to(request.actor).select_related("decision")
    table = Table(
        request, rows.defer("decision__inputs", "decision__result"), APPLICATIONS, name="applications",
        caption=_("Applications"), order="-id", live="advances.application",
        filters=(Filter("status", _("State"), [(each.value, state(each).label) for each in Application.Status]),),
        empty={
            "title": _("No applications yet"),
            "text": _("Each time you ask to be paid, the answer and its reasons stay here."),
            "url": reverse("supplier:home"), "action": _("See what you can have"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    return render(request, "supplier/applications.html", {"table": table})


@for_kinds(access.SUPPLIER)
@require_GET
def advance(request: HttpRequest, advance_id: int) -> HttpResponse:
    rows = Advance.objects.visible_to(request.actor).select_related(
        "application__quote", "facility__programme", "facility__debtor", "funder", "instruction"
    )
    found = rows.filter(id=advance_id).first()
    if found is None:
        raise NotFound()
    repayments = list(found.repayments.select_related("payment").order_by("id"))
    subjects = [found.application.quote, found.application, found, found.instruction]
    parts = ("fees_minor", "interest_minor", "principal_minor")
    paid = {name: sum(getattr(each, name) for each in repayments) for name in parts}
    context = {
        "advance": found,
        "why": {"owed": why.owed(found), "interest": why.interest(found)},
        "repayments": repayments,
        "paid": paid | {"total_minor": sum(paid.values()), "share": paid["principal_minor"] / found.amount_minor},
        "securities": list(found.securities.select_related("receivable").order_by("receivable__due_date", "id")),
        "happenings": timeline(request.actor, *(each for each in subjects if each)),
    }
    return render(request, "supplier/advance.html", context)
