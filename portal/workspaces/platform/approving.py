"""A settlement that a person proposed: what it would pay, and the second person's approval."""

from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.db.models import Count, Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties import second
from accounts.parties.models import Party
from financing.banking.services import NoBankAccount
from financing.receivables import services
from financing.receivables.models import Settlement
from portal.shared.access import PLATFORM, permits
from portal.shared.errors import Forbidden, NotFound, RuleViolation
from portal.ui.tables import Column, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.platform import queries
from portal.workspaces.sentences import timeline

EARLY_DAYS = 30
"""Paid earlier than that before it is due, an invoice is worth a warning."""

PAYEES = (
    Column("name", gettext_lazy("Payee"), sort=True),
    Column("count", gettext_lazy("Invoices"), kind="number", sort=True),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True),
)
PAID = (PAYEES[0], Column("iban", gettext_lazy("Account"), kind="iban"), *PAYEES[1:])
LINES = (
    Column("receivable.number", gettext_lazy("Invoice"), kind="id", sort="receivable__number",
           url=lambda row: reverse("platform:receivable", args=[row.receivable_id])),
    Column("receivable.supplier.name", gettext_lazy("Supplier"), sort="receivable__supplier__name"),
    Column("payee", gettext_lazy("Paid to"), value=lambda row: row.receivable.due_to.name),
    Column("receivable.due_date", gettext_lazy("Due"), kind="day", sort="receivable__due_date"),
    Column("amount_minor", gettext_lazy("Amount"), kind="money", sort=True, currency="settlement.currency"),
)  # fmt: skip


class Seen(forms.Form):
    seen_hash = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


class Reason(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=280, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Your colleagues read it here."),
    )  # fmt: skip


def early_after(today: date) -> date:
    """What is due later than this day would be paid early."""
    return today + timedelta(days=EARLY_DAYS)


def shown(
    request: HttpRequest, found: Settlement, *, refusal: RuleViolation | None = None, form: Reason | None = None
) -> HttpResponse:
    """A settlement under which nothing was paid: proposed, or cancelled."""
    seen_hash = services.seen_hash(found) if found.is_proposed else ""
    lines = Table(
        request, queries.ordered_of(found), LINES, name="invoices", caption=_("Invoices to pay"),
        search=("receivable__number", "receivable__supplier__name"), order="receivable.due_date",
    )  # fmt: skip
    payees = queries.payees_of(found)
    table = Table(
        request, payees, PAID, name="payees", caption=_("Who is paid"), search=("name",), order="-amount_minor"
    )
    for each in (table, lines):
        if each.export_wanted:
            return each.as_file()
    late = queries.ordered_of(found).filter(receivable__due_date__gt=early_after(timezone.localdate()))
    is_own = found.created_by == request.actor.identity
    approves = found.is_proposed and permits(request.actor, services.APPROVES) and not is_own
    may_settle = permits(request.actor, "receivables.settle")
    lacks_factor = approves and request.actor.has_second_factor is False
    counts_from = second.awaited(request.actor, services.APPROVES, timezone.now()) if approves else None
    context = {
        "settlement": found, "payees": payees, "table": table, "lines": lines, "is_own": is_own,
        "count": sum(payee["count"] for payee in payees),
        "early": late.aggregate(count=Count("id"), amount_minor=Sum("amount_minor"), last=Max("receivable__due_date")),
        "may_approve": approves and not lacks_factor and not counts_from, "lacks_factor": lacks_factor,
        "counts_from": counts_from, "may_cancel": found.is_proposed and (may_settle or approves),
        "seen_hash": seen_hash,
        "happenings": timeline(request.actor, found), "refusal": refusal, "form": form or Reason(),
        "lacking": Party.objects.filter(id=refusal.facts["party"]).first()
        if isinstance(refusal, NoBankAccount) else None,
    }  # fmt: skip
    status = refusal.status if refusal else 422 if form and form.errors else 200
    return render(request, "platform/settlement_proposed.html", context, status=status)


@for_kinds(PLATFORM)
@require_POST
def approve(request: HttpRequest, settlement_id: int) -> HttpResponse:
    found, form = _found(request, settlement_id), Seen(request.POST)
    if not form.is_valid():
        raise NotFound()
    try:
        services.approve_settlement(
            actor=request.actor, settlement_id=found.id, now=timezone.now(), **form.cleaned_data
        )
    except (NotFound, Forbidden):
        raise
    except RuleViolation as refusal:
        return _refused(request, found, refusal)
    messages.success(request, _("Approved and instructed. Each payment is settled when the bank has booked it."))
    return redirect("platform:settlement", found.id)


@for_kinds(PLATFORM)
@require_POST
def cancel(request: HttpRequest, settlement_id: int) -> HttpResponse:
    found, form = _found(request, settlement_id), Reason(request.POST)
    if not form.is_valid():
        return shown(request, found, form=form)
    try:
        services.cancel_settlement(actor=request.actor, settlement_id=found.id, now=timezone.now(), **form.cleaned_data)
    except (NotFound, Forbidden):
        raise
    except RuleViolation as refusal:
        return _refused(request, found, refusal)
    messages.success(request, _("Cancelled: nothing was paid, and the invoices can be settled anew."))
    return redirect("platform:settlement", found.id)


def _found(request: HttpRequest, settlement_id: int) -> Settlement:
    found = queries.settlements(request.actor).filter(id=settlement_id).first()
    if found is None:
        raise NotFound()
    return found


def _refused(request: HttpRequest, found: Settlement, refusal: RuleViolation) -> HttpResponse:
    """Where it was instructed meanwhile, its own page says so."""
    found = _found(request, found.id)
    if found.status == Settlement.Status.INSTRUCTED:
        messages.info(request, refusal.sentence)
        return redirect("platform:settlement", found.id)
    return shown(request, found, refusal=refusal)
