"""The funder's book: its day, its trial balance, what is open and whether the bank agrees."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from financing.banking.queries import statements
from financing.ledger import services
from financing.ledger.queries import trial_balance
from portal.shared.access import FUNDERS, permits
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.forms import DayInput
from portal.ui.tables import Column, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.funder import queries
from portal.workspaces.funder.ledger import named

ADVANCES = (
    Column(
        "id", gettext_lazy("Advance"), kind="id", sort=True, url=lambda row: reverse("funder:advance", args=[row.pk])
    ),
    Column("supplier.name", gettext_lazy("Supplier"), sort="supplier__name"),
    Column("principal_minor", gettext_lazy("Principal"), kind="money", sort=True),
    Column("interest_minor", gettext_lazy("Interest"), kind="money", sort=True),
    Column("fees_minor", gettext_lazy("Fees"), kind="money", sort=True),
    Column("due_date", gettext_lazy("Due"), kind="day", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)


class NextDay(forms.Form):
    to_date = forms.DateField(label=gettext_lazy("New business date"), widget=DayInput())


@for_kinds(*FUNDERS)
def book(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, *, form=None, refusal=None, status=200) -> HttpResponse:
    found = queries.book_of(request.actor)
    if found is None:
        return render(request, "funder/no_book.html", {"title": _("Book")})
    table = Table(
        request, queries.open_advances(request.actor), ADVANCES, name="advances", caption=_("Open advances"),
        search=("supplier__name",), order="due_date", indexed=("due_date", "id"), live="advances.advance",
        empty={"title": _("Nothing is lent"), "text": _("Advances appear here as soon as they are funded.")},
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    lines = trial_balance(found.id)
    context = {
        "book": found,
        "table": table,
        "lines": [{"name": named(line.kind), "line": line} for line in lines],
        "imbalance": sum(line.balance_minor for line in lines),
        "statements": list(statements(actor=request.actor)[:10]),
        "form": form or NextDay(initial={"to_date": found.business_date + timedelta(days=1)}),
        "refusal": refusal,
        "may_advance": permits(request.actor, "ledger.advance_business_date"),
    }
    return render(request, "funder/book.html", context, status=status)


@for_kinds(*FUNDERS)
@require_POST
def advance_business_date(request: HttpRequest) -> HttpResponse:
    form = NextDay(request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    found = queries.book_of(request.actor)
    if found is None:
        raise NotFound()
    try:
        moved = services.advance_business_date(
            actor=request.actor, book_id=found.id, to_date=form.cleaned_data["to_date"], now=timezone.now()
        )
    except RuleViolation as refusal:
        return _page(request, form=form, refusal=refusal, status=refusal.status)
    messages.success(request, _("The book is at {date} now.").format(date=moved.business_date.isoformat()))
    return redirect("funder:book")
