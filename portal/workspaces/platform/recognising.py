"""Suppliers that came by themselves: which of the platform's sellers they are."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties import second
from accounts.parties.models import Party
from financing.receivables import services
from logistics.orders import numbers
from logistics.orders.models import SupplierNumber
from portal.shared.access import PLATFORM, Actor, permits
from portal.shared.errors import Forbidden, InvalidInput, NotFound, RuleViolation
from portal.workspaces.access import for_kinds
from portal.workspaces.sentences import timeline

MOST = 50
"""On the list of suppliers, the longest waiting."""


class Reason(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=280, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The supplier reads it."),
    )  # fmt: skip


def asked_of(actor: Actor) -> list[SupplierNumber]:
    """Numbers about which the platform is asked."""
    return list(_rows(actor).filter(status=SupplierNumber.Status.PROPOSED).order_by("id")[:MOST])


@for_kinds(PLATFORM)
def number(request: HttpRequest, number_id: int) -> HttpResponse:
    """What the supplier says of itself, beside what the platform's trade holds under its number."""
    return _shown(request, _found(request, number_id))


@for_kinds(PLATFORM)
@require_POST
def confirm(request: HttpRequest, number_id: int) -> HttpResponse:
    found = _found(request, number_id)
    try:
        services.confirm_number(actor=request.actor, number_id=found.id, now=timezone.now())
    except (NotFound, Forbidden):
        raise
    except RuleViolation as refusal:
        return _shown(request, _found(request, number_id), refusal=refusal)
    messages.success(
        request, _("{name} is your supplier {number} from now on.").format(name=found.supplier, number=found.number)
    )
    return redirect("platform:number", found.id)


@for_kinds(PLATFORM)
@require_POST
def refuse(request: HttpRequest, number_id: int) -> HttpResponse:
    found, form = _found(request, number_id), Reason(request.POST)
    if not form.is_valid():
        missing = InvalidInput(_("Say why: the supplier reads it."), code="REASON_MISSING")
        return _shown(request, found, form=form, refusal=missing)
    try:
        numbers.refuse_number(
            actor=request.actor, number_id=found.id, reason=form.cleaned_data["reason"], now=timezone.now()
        )
    except (NotFound, Forbidden):
        raise
    except RuleViolation as refusal:
        return _shown(request, _found(request, number_id), refusal=refusal, form=form)
    messages.info(request, _("Refused. The supplier reads why, and can name another number."))
    return redirect("platform:suppliers")


def _rows(actor: Actor):
    return SupplierNumber.objects.visible_to(actor).filter(platform=actor.party_id).select_related("supplier")


def _found(request: HttpRequest, number_id: int) -> SupplierNumber:
    found = _rows(request.actor).filter(id=number_id).first()
    if found is None:
        raise NotFound()
    return found


def _shown(
    request: HttpRequest, found: SupplierNumber, *, refusal: RuleViolation | None = None, form: Reason | None = None
) -> HttpResponse:
    is_open = found.status == SupplierNumber.Status.PROPOSED
    may_decide = is_open and permits(request.actor, services.CONFIRMS)
    counts_from = second.awaited(request.actor, services.CONFIRMS, timezone.now()) if may_decide else None
    lacks_factor = may_decide and request.actor.has_second_factor is False
    beneath = services.beneath(found) if is_open else None
    is_verified = found.supplier.status == Party.Status.ADMITTED
    context = {
        "asked": found, "is_open": is_open, "beneath": beneath, "is_verified": is_verified,
        "lacks_factor": lacks_factor, "counts_from": counts_from, "may_refuse": may_decide and not lacks_factor,
        "may_confirm": may_decide and not lacks_factor and not counts_from and is_verified and not beneath.is_taken,
        "refusal": refusal, "form": form or Reason(), "happenings": timeline(request.actor, found),
    }  # fmt: skip
    return render(request, "platform/number.html", context, status=refusal.status if refusal else 200)
