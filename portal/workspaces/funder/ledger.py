"""The funder's ledger, from an account to its movements, to an entry with its legs, to what the entry is about."""

from datetime import date

from django import forms
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from financing.credit.models import Facility
from financing.ledger.models import Account, Entry, Leg
from financing.ledger.queries import EARNED, accounts, book_legs
from portal.shared.access import FUNDERS, Actor
from portal.shared.errors import NotFound
from portal.ui.forms import DayInput
from portal.ui.tables import Column, Filter, Table
from portal.workspaces import pages
from portal.workspaces.access import for_kinds

PAGE = 50
WORDS = {
    "advance.approved": gettext_lazy("Advance approved"),
    "advance.returned": gettext_lazy("Advance returned by the bank"),
    "bank.credit": gettext_lazy("Received, waiting to be applied"),
    "bank.debit": gettext_lazy("Debited by the bank"),
    "bank.payment": gettext_lazy("Payment booked by the bank"),
    "bank.payment_returned": gettext_lazy("Payment returned by the bank"),
    "bank.settlement": gettext_lazy("Settlement received"),
    "capital.paid_in": gettext_lazy("Capital paid in"),
    "collateral.freed": gettext_lazy("Cash collateral freed"),
    "fee.charged": gettext_lazy("Fee charged"),
    "fee.earned": gettext_lazy("Fee earned"),
    "interest.accrued": gettext_lazy("Interest accrued"),
    "remainder.held": gettext_lazy("Remainder held"),
    "remainder.made_good": gettext_lazy("Remainder made good"),
    "settlement.applied": gettext_lazy("Settlement applied"),
    "settlement.undone": gettext_lazy("Settlement undone"),
}
"""Kinds of entries, as a person reads them; machines read the kind itself."""


class Days(forms.Form):
    """Value dates from and until, both included."""

    since = forms.DateField(required=False, label=pgettext_lazy("day", "From"), widget=DayInput())
    until = forms.DateField(required=False, label=gettext_lazy("Until"), widget=DayInput())
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


def _name(account: Account) -> str:
    return named(account.kind)


def what(entry: Entry) -> str:
    return str(WORDS.get(entry.kind, entry.kind))


def named(kind: str) -> str:
    """An account in a sentence's letters: "Deferred fees"."""
    return str(Account.Kind(kind).label).capitalize()


ACCOUNTS = (
    Column("kind", pgettext_lazy("ledger", "Account"), sort=True, then="of", value=_name,
           url=lambda row: reverse("funder:ledger_account", args=[row.pk])),
    Column("of", gettext_lazy("Supplier"), sort=True),
    Column("debit_minor", pgettext_lazy("side of an entry", "Debit"), kind="money"),
    Column("credit_minor", pgettext_lazy("side of an entry", "Credit"), kind="money"),
    Column("balance_minor", gettext_lazy("Balance"), kind="money", sort=True),
)  # fmt: skip


def _accounts(actor: Actor) -> QuerySet[Account]:
    """Each with the supplier of its facility, its turnovers and its balance."""
    supplier = Facility.objects.filter(id=OuterRef("facility_id")).values("supplier__name")
    return accounts(actor).annotate(of=Subquery(supplier[:1]))


def _of_supplier(text: str) -> Q:
    """Accounts of facilities of suppliers with the text in their name."""
    return Q(facility_id__in=Facility.objects.filter(supplier__name__icontains=text).values("id"))


@for_kinds(*FUNDERS)
def ledger(request: HttpRequest) -> HttpResponse:
    """Accounts of the book; `?month=` leads from a month's income to its accounts."""
    month = request.GET.get("month", "")
    rows = _accounts(request.actor)
    if _first_day(month):
        rows = rows.filter(kind__in=EARNED)
    columns = ACCOUNTS if not _first_day(month) else (_of_month(_first_day(month)), *ACCOUNTS[1:])
    table = Table(
        request, rows, columns, name="accounts", caption=pgettext("ledger", "Accounts"), search=_of_supplier,
        order="kind", indexed=("kind",),
        filters=(Filter("kind", pgettext("ledger", "Account"), [(kind, named(kind)) for kind in Account.Kind.values]),),
        empty={"title": _("Nothing booked yet"), "text": _("Accounts appear with the first advance.")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "funder/ledger.html", {"table": table})


def _first_day(month: str) -> date | None:
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError:
        return None


def _of_month(first: date) -> Column:
    last = date(first.year + first.month // 12, first.month % 12 + 1, 1).toordinal() - 1
    query = f"?since={first.isoformat()}&until={date.fromordinal(last).isoformat()}"
    return Column("kind", pgettext_lazy("ledger", "Account"), sort=True, then="of", value=_name,
                  url=lambda row: reverse("funder:ledger_account", args=[row.pk]) + query)  # fmt: skip


@for_kinds(*FUNDERS)
def account(request: HttpRequest, ledger_account_id: int) -> HttpResponse:
    """The account's movements, the latest first, so many on a page; `before` is where the next one begins."""
    found = _accounts(request.actor).filter(id=ledger_account_id).first()
    if found is None:
        raise NotFound()
    form = Days(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    rows = book_legs(account=found, since=asked.get("since"), until=asked.get("until"), before=asked.get("before"))
    export = Table(request, rows, LEGS, name="movements", caption=_name(found))
    if export.export_wanted:
        return export.as_file()
    legs = list(rows[: PAGE + 1])
    context = {
        "account": found,
        "name": _name(found),
        "form": Days(initial={name: asked.get(name) for name in ("since", "until")}),
        "legs": [{"leg": each, "what": what(each.entry)} for each in legs[:PAGE]],
        "older": _query(asked, legs[PAGE - 1].id) if len(legs) > PAGE else "",
        "is_narrowed": bool(asked.get("since") or asked.get("until")),
        "exports": export.export_urls,
    }
    return render(request, "funder/ledger_account.html", context)


LEGS = (
    Column("entry_id", gettext_lazy("Entry"), kind="id"),
    Column("entry.kind", gettext_lazy("What"), value=lambda leg: what(leg.entry)),
    Column("entry.value_date", gettext_lazy("Value date"), kind="day"),
    Column("entry.business_date", pgettext_lazy("time", "Booked"), kind="day"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", currency="account.currency"),
)


def _query(asked: dict, before: int) -> str:
    days = "".join(f"&{name}={asked[name].isoformat()}" for name in ("since", "until") if asked.get(name))
    return f"?before={before}{days}"


@for_kinds(*FUNDERS)
def entry(request: HttpRequest, entry_id: int) -> HttpResponse:
    found = (
        Entry.objects.visible_to(request.actor).select_related("reverses", "reversed_by").filter(id=entry_id).first()
    )
    if found is None:
        raise NotFound()
    legs = list(Leg.objects.filter(entry=found).select_related("account").order_by("-amount_minor", "id"))
    context = {
        "entry": found,
        "what": what(found),
        "legs": [{"leg": each, "name": _name(each.account)} for each in legs],
        "subject_url": pages.page_of(request.actor.party_kind, found.subject_type, found.subject_id)
        if found.subject_id
        else "",
    }
    return render(request, "funder/ledger_entry.html", context)
