"""Accounts that wait for the operator: confirmed on the bank's word that holder and number belong together."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties.freshness import is_fresh, require_on_page
from accounts.parties.models import Party
from financing.banking.models import BankAccount
from financing.banking.second import for_operator
from financing.banking.services import confirm_account, refuse_account, word_on
from portal.shared.access import OPERATOR, permits, require
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.payout import proposers, warn
from portal.workspaces.sentences import timeline

S = BankAccount.Status
COLUMNS = (
    Column("party.name", gettext_lazy("Party"), sort="party__name",
           url=lambda row: reverse("operator:account", args=[row.pk])),
    Column("iban", gettext_lazy("Account"), kind="iban"),
    Column("holder", gettext_lazy("Account holder"), sort=True),
    Column("currency", gettext_lazy("Currency"), sort=True),
    Column("created_at", gettext_lazy("Proposed"), kind="instant", sort=True),
    Column("status", gettext_lazy("State"), kind="status"),
)  # fmt: skip


def evidence_field(*, required: bool, rows: int) -> forms.CharField:
    return forms.CharField(
        max_length=500, required=required, label=gettext_lazy("What the bank showed"),
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=gettext_lazy("By what you know that holder and number belong together: the answer of a name check, a "
                               "letter of the bank, a statement. Not the party's own word."),
    )  # fmt: skip


class Evidence(forms.Form):
    """What the bank showed of holder and number."""

    evidence = evidence_field(required=True, rows=3)


@for_kinds(OPERATOR)
def accounts(request: HttpRequest) -> HttpResponse:
    """Those that wait for the operator."""
    require(request.actor, "parties.view")
    rows = for_operator(BankAccount.objects.visible_to(request.actor), timezone.now()).select_related("party")
    table = Table(
        request, rows, COLUMNS, name="accounts", caption=_("Accounts to confirm"), order="created_at",
        search=("iban", "holder", "party__name"), live="banking.bankaccount",
        filters=(Filter("status", _("State"), [(S.WAITING, state(S.WAITING).label)]),),
        empty={"title": _("No account waits for you"),
               "text": _("As soon as a party that has no second person proposes one, it appears here.")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "operator/accounts.html", {"table": table})


@for_kinds(OPERATOR)
def account(request: HttpRequest, account_id: int) -> HttpResponse:
    found = _found(request, account_id)
    if _may_confirm(request, found):
        require_on_page(request)
    return _shown(request, found, Evidence())


@for_kinds(OPERATOR)
@require_POST
def confirm(request: HttpRequest, proposal_id: int) -> HttpResponse:
    found, form, refusal = _found(request, proposal_id), Evidence(request.POST), None
    word_on(request.actor, found)
    if not is_fresh(request):
        warn(request)
        return redirect("operator:account", found.id)
    if form.is_valid():
        try:
            confirm_account(
                actor=request.actor, account_id=found.id, evidence=form.cleaned_data["evidence"], now=timezone.now()
            )
        except RuleViolation as error:
            refusal = error
        else:
            messages.success(request, _("Confirmed: the party is paid to this account from now on."))
            return redirect("operator:account", found.id)
    return _shown(request, found, form, refusal)


@for_kinds(OPERATOR)
@require_POST
def refuse(request: HttpRequest, proposal_id: int) -> HttpResponse:
    found = _found(request, proposal_id)
    try:
        refuse_account(actor=request.actor, account_id=found.id, now=timezone.now())
    except RuleViolation as refusal:
        word_on(request.actor, found)
        return _shown(request, found, Evidence(), refusal)
    messages.success(request, _("Refused: the party is paid as before."))
    return redirect("operator:account", found.id)


def _found(request: HttpRequest, account_id: int) -> BankAccount:
    require(request.actor, "parties.view")
    found = BankAccount.objects.visible_to(request.actor).select_related("party").filter(id=account_id).first()
    if found is None:
        raise NotFound()
    return found


def _may_confirm(request: HttpRequest, found: BankAccount) -> bool:
    asked = for_operator(BankAccount.objects.filter(id=found.id), timezone.now()).exists()
    return asked and permits(request.actor, "banking.verify_account") and found.proposed_by != request.actor.identity


def _shown(
    request: HttpRequest, found: BankAccount, form: Evidence, refusal: RuleViolation | None = None
) -> HttpResponse:
    others = Party.objects.filter(bank_accounts__iban=found.iban).exclude(id=found.party_id).distinct().order_by("id")
    in_force = BankAccount.objects.in_force().filter(party=found.party_id, currency=found.currency)
    context = {
        "account": found,
        "before": in_force.exclude(id=found.id).first(),
        "by": proposers([found])[found.proposed_by],
        "others": list(others[:10]),
        "waits": found.status == S.WAITING,
        "is_misnamed": not found.is_held_by(found.party.name),
        "may_confirm": _may_confirm(request, found),
        "form": form,
        "refusal": refusal,
        "happenings": timeline(request.actor, found),
    }
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "operator/account.html", context, status=status)
