"""The style guide: what pages are made of, shown with invented data; nothing here reads or writes the database."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.styleguide import samples
from portal.ui.states import STATES
from portal.ui.tables import Table
from portal.ui.why import Part, Why


class SampleForm(forms.Form):
    amount = forms.CharField(label=_("Amount"), help_text=_("At most what is available: CNY 382,856.85."))
    reference = forms.CharField(label=_("Your reference"), required=False, max_length=35)
    tenor = forms.ChoiceField(label=_("Repay after"), choices=[("30", _("30 days")), ("60", _("60 days"))])
    invoices = forms.FileField(label=_("Invoices"), help_text=_("UBL 2.1 XML or JSON, 10 MB at most."), required=False)
    payout = forms.ChoiceField(
        label=_("Pay out"),
        choices=[("now", _("At once")), ("cycle", _("With the next settlement"))],
        widget=forms.RadioSelect,
        initial="now",
    )
    agreed = forms.BooleanField(label=_("I have read what this costs"))


def _frame(**context) -> dict:
    return {
        "actor": {"party_id": 1, "party_kind": "SUPPLIER"},
        "party_name": "Hanzhou Ceramics Co., Ltd.",
        "parties": [{"id": 1, "name": "Hanzhou Ceramics Co., Ltd."}, {"id": 2, "name": "Lin Trading"}],
        "unread_notices": 1,
    } | context


def _navigation(active: str) -> list[dict]:
    return [entry | {"active": entry["label"] == active} for entry in samples.NAVIGATION]


def _receivables(request: HttpRequest) -> Table:
    return Table(
        request,
        samples.RECEIVABLES,
        samples.COLUMNS,
        name="receivables",
        caption=_("Receivables"),
        search=("number", "debtor"),
        filters=samples.FILTERS,
        page_size=5,
    )


def guide(request: HttpRequest) -> HttpResponse:
    """Every component in every state."""
    table = _receivables(request)
    if table.export_wanted:
        return table.as_file()
    nothing = {"title": _("No invoices yet"), "text": _("Upload your first, and you will see here what it can bring."),
               "url": "#upload", "action": _("Upload invoices")}  # fmt: skip
    made = Why(
        how=_("The smaller of what your invoices carry and your limit, less what you owe already."),
        parts=[Part(each.label, each.amount_minor, "CNY", total=each.total) for each in samples.WATERFALL],
        as_of=timezone.now(), basis=_("Policy 3, in force since 2 Mar 2026"), basis_url="#policy",
    )  # fmt: skip
    context = _frame(
        why=made,
        navigation=_navigation(_("Components")),
        states=list(STATES),
        samples=samples,
        events=samples.EVENTS,
        table=table,
        empty_table=Table(request, [], samples.COLUMNS, name="none", caption=_("No receivables"), empty=nothing),
        form=SampleForm(),
        refused=SampleForm({"amount": "", "reference": "x" * 40, "tenor": "45"}),
    )
    return render(request, "styleguide/guide.html", context)


def supplier(request: HttpRequest) -> HttpResponse:
    """The components at work: a supplier's first page."""
    context = _frame(navigation=_navigation(_("Funding")), samples=samples, table=_receivables(request))
    return render(request, "styleguide/supplier.html", context)
