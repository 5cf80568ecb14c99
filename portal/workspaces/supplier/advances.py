"""Applications decided and refused; advances, what is owed on them, and how they were repaid."""

from collections import Counter
from datetime import date, timedelta

from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from financing.advances.models import Advance, Application, Repayment
from financing.advances.queries import held_for_supplier
from portal.shared import access
from portal.shared.errors import NotFound
from portal.ui.charts import Chart, Series
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
    if row.decided_at is None or row.status in (Application.Status.WITHDRAWN, Application.Status.REFERRED):
        return ""
    return elapsed(max(0, round((row.decided_at - row.submitted_at).total_seconds() * 1000)))


def why_of(row: Application) -> str:
    """The deciding reason, in a sentence."""
    said = figures.why_decided(row.decision) if row.decision else []
    told = [each["text"] for each in said if each["code"] != "DECIDED_BY_HAND"] or [each["text"] for each in said]
    return told[0] if told else ""


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
    open_ones = list(Advance.objects.visible_to(request.actor).filter(status__in=Advance.OPEN))
    context = {"table": table, "owed": _owed(request, open_ones), "coming": _coming(open_ones)}
    return render(request, "supplier/advances.html", context)


def _owed(request: HttpRequest, open_ones: list[Advance]) -> list[dict]:
    """Per currency: what is owed on how many, what is due next, and what all advances have cost until now."""
    found = []
    for currency, cost_minor in sorted(_costs(request).items()):
        mine = [each for each in open_ones if each.currency == currency]
        next_due = min((each.due_date for each in mine), default=None)
        found.append({
            "currency": currency, "count": len(mine), "owed_minor": sum(each.owed_minor for each in mine),
            "next_due": next_due, "next_minor": sum(each.owed_minor for each in mine if each.due_date == next_due),
            "cost_minor": cost_minor,
        })  # fmt: skip
    return found


def _costs(request: HttpRequest) -> dict[str, int]:
    """Fees and interest per currency: what is paid, and what has come to it since."""
    kept = Repayment.objects.filter(returned=None).exclude(advance__status=Advance.Status.FAILED)
    paid = kept.filter(advance__supplier_id=request.actor.party_id).values("advance__currency")
    costs = {
        row["advance__currency"]: row["fees"] + row["interest"]
        for row in paid.annotate(fees=Sum("fees_minor"), interest=Sum("interest_minor"))
    }
    unpaid = Advance.objects.visible_to(request.actor).filter(status__in=Advance.OPEN).values("currency")
    for row in unpaid.annotate(cost=Sum(F("fees_minor") + F("interest_minor"))):
        costs[row["currency"]] = costs.get(row["currency"], 0) + row["cost"]
    return costs


def _coming(open_ones: list[Advance]) -> Chart | None:
    """What is due by week, in the currency of most of it."""
    if not open_ones:
        return None
    currencies = Counter(each.currency for each in open_ones)
    currency = currencies.most_common(1)[0][0]
    weeks: dict[date, int] = {}
    for each in open_ones:
        if each.currency == currency:
            begins = each.due_date - timedelta(days=each.due_date.weekday())
            weeks[begins] = weeks.get(begins, 0) + each.owed_minor
    days = sorted(weeks)
    if len(days) < 2:
        return None  # one bar tells nothing that the figure beside it does not
    series = [Series(_("Due at the latest"), [weeks[each] for each in days])]
    return Chart(kind="bar", head=_("Week from"), labels=days, unit="money", currency=currency, series=series)


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
    repayments = list(found.repayments.select_related("payment", "returned").order_by("id"))
    subjects = [found.application.quote, found.application, found, found.instruction]
    parts = ("fees_minor", "interest_minor", "principal_minor")
    kept = [each for each in repayments if not hasattr(each, "returned")]
    paid = {name: sum(getattr(each, name) for each in kept) for name in parts}
    is_given_back = found.status == Advance.Status.FAILED and bool(kept)
    context = {
        "advance": found,
        "is_given_back": is_given_back,
        "held_minor": held_for_supplier(found.facility) if is_given_back else 0,
        "why": {"owed": why.owed(found), "interest": why.interest(found)},
        "repayments": repayments,
        "paid": paid | {"total_minor": sum(paid.values()), "share": paid["principal_minor"] / found.amount_minor},
        "securities": list(found.securities.select_related("receivable").order_by("receivable__due_date", "id")),
        "happenings": timeline(request.actor, *(each for each in subjects if each)),
    }
    return render(request, "supplier/advance.html", context)
