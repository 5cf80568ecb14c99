"""Verification of parties (KYB): a maker screens, another one decides."""

from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties import second, services
from accounts.parties.freshness import ReauthenticationNeeded, require_fresh
from accounts.parties.models import BusinessVerification
from financing.banking.models import BankAccount
from financing.banking.second import for_operator
from financing.banking.services import confirm_account
from portal.shared.access import OPERATOR, Actor, permits
from portal.shared.database import acting
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.formats import country
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces import house
from portal.workspaces.access import for_kinds
from portal.workspaces.operator import overview, queries
from portal.workspaces.operator.accounts import evidence_field
from portal.workspaces.operator.doubles import accounts_of, doubles
from portal.workspaces.payout import awaiting
from portal.workspaces.sentences import timeline

S = BusinessVerification.Status

COLUMNS = (
    Column("legal_name", gettext_lazy("Legal name"), sort=True,
           url=lambda row: reverse("operator:verification", args=[row.pk])),
    Column("party.kind", gettext_lazy("Kind"), sort="party__kind", value=lambda row: row.party.get_kind_display()),
    Column("registration_number", gettext_lazy("Registration number"), kind="id"),
    Column("country", gettext_lazy("Country"), sort=True, value=lambda row: country(row.country)),
    Column("submitted_at", gettext_lazy("Handed in"), kind="instant", sort=True),
    Column("screening", gettext_lazy("Screening"), kind="status", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)  # fmt: skip


class Screening(forms.Form):
    """What the maker found in the lists."""

    clear = forms.TypedChoiceField(
        choices=(("yes", gettext_lazy("Nothing found: clear")), ("no", gettext_lazy("A hit"))),
        coerce=lambda chosen: chosen == "yes", widget=forms.RadioSelect,
        label=gettext_lazy("Sanctions and adverse media"),
    )  # fmt: skip
    note = forms.CharField(
        max_length=2000, label=gettext_lazy("What was searched, and what was found"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip


class Decision(forms.Form):
    """What the checker decides, on what the maker found."""

    approve = forms.TypedChoiceField(
        choices=(("yes", gettext_lazy("Admit")), ("no", gettext_lazy("Refuse"))),
        coerce=lambda chosen: chosen == "yes", widget=forms.RadioSelect, label=gettext_lazy("Your decision"),
    )  # fmt: skip
    note = forms.CharField(max_length=2000, label=gettext_lazy("Why"), widget=forms.Textarea(attrs={"rows": 3}))
    accounts = forms.TypedMultipleChoiceField(
        coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Confirm with it where it is paid"),
    )  # fmt: skip
    evidence = evidence_field(required=False, rows=2)

    def __init__(self, *args, row: BusinessVerification, is_seasoned: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        is_clear = row.screening == BusinessVerification.Screening.CLEAR and is_seasoned
        if not (is_clear or self.is_bound):  # sent all the same, it is refused with the reason
            self.fields["approve"].choices = (("no", _("Refuse")),)
        waiting = for_operator(BankAccount.objects.filter(party=row.party_id), timezone.now()).order_by("id")
        choices = [(each.id, f"{each.currency} {each.iban}, {each.holder}") for each in waiting]
        if choices and is_clear:
            self.fields["accounts"].choices = choices
            self.fields["accounts"].initial = [number for number, _said in choices]
        else:
            del self.fields["accounts"], self.fields["evidence"]

    def clean(self) -> dict:
        given = super().clean()
        if given.get("approve") is not True:
            given["accounts"] = []
        elif given.get("accounts") and not given.get("evidence"):
            self.add_error("evidence", _("Say what the bank showed, or leave the account for later."))
        return given


@for_kinds(OPERATOR)
def home(request: HttpRequest) -> HttpResponse:
    table = Table(
        request, queries.verifications(request.actor).filter(status__in=queries.WAITING), COLUMNS, name="waiting",
        caption=_("Waiting for verification"), search=("legal_name", "registration_number"), order="submitted_at",
        filters=(Filter("status", _("State"), [(code, state(code).label) for code in queries.WAITING]),),
        live="parties.businessverification",
        empty={
            "title": _("Nobody waits to be verified"),
            "text": _("As soon as a supplier hands in who it is and who owns it, it appears here."),
            "url": reverse("operator:verifications"), "action": _("All verifications"),
        },
    )  # fmt: skip
    if table.export_wanted:
        return table.as_file()
    context = {
        "table": table,
        "awaiting": awaiting(request.actor, timezone.now()),
        "boards": overview.boards(request.actor, timezone.now()),
        "differing": queries.unreconciled(request.actor).count(),
        "happenings": house.latest(request.actor, 12),
    }
    return render(request, "operator/home.html", context)


@for_kinds(OPERATOR)
def verifications(request: HttpRequest) -> HttpResponse:
    table = Table(
        request, queries.verifications(request.actor), COLUMNS, name="verifications", caption=_("Verifications"),
        search=("legal_name", "registration_number", "party__name"), order="-submitted_at",
        filters=(Filter("status", _("State"), [(code, state(code).label) for code in S.values]),),
        live="parties.businessverification", empty={"title": _("No verification yet")},
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "operator/verifications.html", {"table": table})


def _verification(actor: Actor, verification_id: int) -> BusinessVerification:
    found = queries.verifications(actor).filter(id=verification_id).first()
    if found is None:
        raise NotFound()
    return found


@for_kinds(OPERATOR)
def verification(request: HttpRequest, verification_id: int) -> HttpResponse:
    return _page(request, _verification(request.actor, verification_id))


def _page(
    request: HttpRequest, row: BusinessVerification, *, screening=None, decision=None, refusal=None, status=200
) -> HttpResponse:
    is_own = row.screened_by_id is not None and row.screened_by_id == request.actor.user_id
    is_screened = row.status == S.SCREENED
    accounts = accounts_of(row)
    may_decide = is_screened and not is_own and permits(request.actor, services.ADMITS)
    counts_from = second.awaited(request.actor, services.ADMITS, timezone.now()) if may_decide else None
    context = {
        "verification": row,
        "differs": _differences(row),
        "doubles": doubles(row),
        "accounts": accounts,
        "misnamed": _misnamed(row, accounts),
        "owners": list(row.beneficial_owners.order_by("-share_percent", "id")),
        "earlier": list(row.party.verifications.exclude(id=row.id).order_by("-submitted_at")[:10]),
        "happenings": timeline(request.actor, row, *accounts),
        "screening": screening or Screening(),
        "decision": decision or Decision(row=row, is_seasoned=not counts_from),
        "counts_from": counts_from,
        "decision_unfresh": isinstance(refusal, ReauthenticationNeeded),
        "refusal": refusal,
        "is_own": is_own and is_screened,
        "is_screened": is_screened,
        "may_screen": row.status == S.SUBMITTED and permits(request.actor, "parties.screen"),
        "may_decide": may_decide,
    }
    return render(request, "operator/verification.html", context, status=status)


def _differences(row: BusinessVerification) -> list[str]:
    """Where the party says something else now than when it was entered."""
    known = row.party
    found = []
    if known.registration_number and known.registration_number != row.registration_number:
        found.append(_("The registration number is not the one that this party was entered with."))
    if known.country != row.country:
        found.append(_("The country is not the one that this party was entered with."))
    return found


def _misnamed(row: BusinessVerification, accounts: Iterable[BankAccount]) -> list[str]:
    """Accounts in another name than the one that the party bears once it is admitted."""
    said = _("The {currency} account is held by {holder}, not by {name}: ask the bank whose it is.")
    return [
        said.format(currency=each.currency, holder=each.holder, name=row.legal_name)
        for each in accounts
        if each.closed_at is None and not each.is_held_by(row.legal_name)
    ]


@for_kinds(OPERATOR)
@require_POST
def screen(request: HttpRequest, verification_id: int) -> HttpResponse:
    form = Screening(request.POST)
    row = _verification(request.actor, verification_id)
    if not form.is_valid():
        return _page(request, row, screening=form, status=422)
    try:
        services.screen(actor=request.actor, verification_id=row.id, now=timezone.now(), **form.cleaned_data)
    except RuleViolation as refusal:
        return _page(
            request, _verification(request.actor, row.id), screening=form, refusal=refusal, status=refusal.status
        )
    messages.success(request, _("Screening recorded. A colleague decides next."))
    return redirect("operator:verification", row.id)


@for_kinds(OPERATOR)
@require_POST
def decide(request: HttpRequest, verification_id: int) -> HttpResponse:
    row = _verification(request.actor, verification_id)
    form = Decision(request.POST, row=row)
    if not form.is_valid():
        return _page(request, row, decision=form, status=422)
    try:
        decided = _decide(request, row, form.cleaned_data)
    except RuleViolation as refusal:
        return _page(
            request, _verification(request.actor, row.id), decision=form, refusal=refusal, status=refusal.status
        )
    admitted = decided.status == S.APPROVED
    messages.success(request, _("Admitted.") if admitted else _("Refused. The party can hand in again."))
    return redirect("operator:verification", row.id)


def _decide(request: HttpRequest, row: BusinessVerification, given: dict) -> BusinessVerification:
    """The party and the accounts that were seen with it, both or neither. Raises RuleViolation."""
    actor, now, accounts = request.actor, timezone.now(), given.get("accounts", [])
    with acting(actor):
        decided = services.decide_verification(
            actor=actor, verification_id=row.id, approve=given["approve"], note=given["note"],
            today=timezone.localdate(now), now=now,
        )  # fmt: skip
        if accounts:
            require_fresh(request, actor)
        for account_id in accounts:
            confirm_account(actor=actor, account_id=account_id, evidence=given["evidence"], now=now)
        return decided
