"""The platform's first page: what needs a hand, by age, and whether the chain is healthy."""

from itertools import dropwhile

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from financing.advances.sharing import FEWEST, shared_figures
from financing.receivables import overview as glance
from portal.shared.access import PLATFORM, permits
from portal.ui.charts import Chart, Series
from portal.ui.tables import Column, Filter, Table
from portal.workspaces import first_steps
from portal.workspaces.access import for_kinds
from portal.workspaces.payout import awaiting
from portal.workspaces.platform import exceptions

COLUMNS = (
    Column("subject", gettext_lazy("Which"), kind="id", url=lambda row: row["url"]),
    Column("what", gettext_lazy("What"), sort="kind", value=lambda row: exceptions.KINDS[row["kind"]]),
    Column("since", pgettext_lazy("for how long", "Waiting"), kind="waiting", sort=True),
    Column("who", gettext_lazy("Who")),
    Column("why", gettext_lazy("Why")),
    Column("amount_minor", gettext_lazy("Amount"), kind="money"),
)


@for_kinds(PLATFORM)
def home(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    due = glance.due_by_day(request.actor, timezone.localdate())  # of all that is payable: read once
    found = exceptions.found(request.actor, now, due)
    table = Table(
        request, found.rows, COLUMNS, name="needs", caption=_("What needs you"), search=("subject", "who"),
        filters=(Filter("kind", _("What"), list(exceptions.KINDS.items())),), page_size=10,
        live="receivables.receivable receivables.settlement receivables.settlementpayment intake.document",
        empty={
            "title": _("Nothing needs you"),
            "text": _("Invoices that agree are accepted by themselves, and nothing is due or has failed."),
            "url": reverse("platform:receivables"), "action": _("All receivables"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table,
        "found": found,
        "awaiting": awaiting(request.actor, now),
        "steps": first_steps.of_platform(request.actor),
        "due": glance.by_currency(due),
        "matched": glance.matched_share(request.actor, now),
        "financed": glance.financed(request.actor),
        "programmes": [_drawn(each) for each in shared_figures(actor=request.actor, now=now)],
        "fewest": FEWEST,
        "may_accept": permits(request.actor, "receivables.accept"),
        "may_settle": permits(request.actor, "receivables.settle"),
    }
    return render(request, "platform/home.html", context)


def _drawn(figures) -> dict:
    """A programme's figures with their charts, from the first week of which there is something to tell."""
    told = list(dropwhile(lambda each: each.automatic_share is None, figures.weeks))
    weeks = [each.begins_on for each in told]
    return {
        "id": str(figures.programme.id),
        "figures": figures,
        "times": Chart(
            kind="line", head=_("Week"), labels=weeks, unit="elapsed", is_log=True,
            series=[
                Series(_("median"), [each.median_ms for each in told]),
                Series(_("slowest in a hundred"), [each.p99_ms for each in told]),
            ],
        ),
        "shares": Chart(
            kind="area", head=_("Week"), labels=weeks, unit="percent",
            series=[Series(_("decided with no hand"), [each.automatic_share for each in told])],
        ),
        "grades": Chart(
            kind="bar", head=_("Grade"), labels=[grade or _("none yet") for grade, _n in figures.grades],
            series=[Series(_("suppliers"), [number for _grade, number in figures.grades])],
        ),
    }  # fmt: skip
