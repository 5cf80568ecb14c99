"""A party's own page: who it is, when its days begin, where it is paid. Its administrator changes what may be."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.parties import services
from accounts.parties.freshness import is_fresh
from accounts.parties.models import BusinessVerification
from financing.banking.models import BankAccount
from financing.banking.services import close_account, refuse_account, withdraw_account
from financing.credit.models import Programme
from logistics.orders.queries import own_numbers
from portal.shared.access import SUPPLIER, permits, require
from portal.shared.errors import NotFound, RuleViolation
from portal.workspaces.access import for_kinds
from portal.workspaces.party.forms import DaysForm
from portal.workspaces.payments.queries import own_accounts
from portal.workspaces.payout import confirming, proposals, registering, replacing, to_confirm
from portal.workspaces.sentences import timeline
from portal.workspaces.supplier.forms import AccountForm

S = BankAccount.Status


@for_kinds()
def settings(request: HttpRequest) -> HttpResponse:
    """Posted to, it changes when the party's days begin and end."""
    require(request.actor, "parties.view")
    if request.method != "POST":
        return _shown(request)
    require(request.actor, "parties.edit")
    form = DaysForm(request.POST, current=request.party.time_zone)
    if not form.is_valid():
        return _shown(request, form=form)
    party = services.edit_party(
        actor=request.actor, party_id=request.actor.party_id, now=timezone.now(), **form.cleaned_data
    )
    messages.success(request, _("Your days are those of {zone} now.").format(zone=party.time_zone.replace("_", " ")))
    return redirect("party:settings")


@for_kinds()
def register(request: HttpRequest) -> HttpResponse:
    """An account in a currency that the party has none in."""
    if request.method != "POST":  # reloaded after a refusal
        return redirect("party:settings")
    require(request.actor, "banking.register_account")
    form = AccountForm(request.POST, currencies=_missing(request))
    refusal = registering(request, form) if form.is_valid() else None
    if form.errors or refusal:
        return _shown(request, account_form=form, refusal=refusal)
    return redirect("party:settings")


@for_kinds()
def replace(request: HttpRequest, account_id: int) -> HttpResponse:
    """Another account to be paid to, in the place of this one."""
    return replacing(request, _own(request, account_id), back="party:settings")


@for_kinds()
def confirm(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The second person's word: yes."""
    return confirming(request, _own(request, proposal_id, S.WAITING), back="party:settings")


@for_kinds()
@require_POST
def end(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """A proposal is withdrawn by whoever made it; for everybody else it is the second word: no."""
    found = _own(request, proposal_id, S.WAITING)
    service = withdraw_account if found.proposed_by == request.actor.identity else refuse_account
    try:
        ended = service(actor=request.actor, account_id=found.id, now=timezone.now())
    except RuleViolation as refusal:
        require(request.actor, "banking.register_account")
        return _shown(request, refusal=refusal)
    said = (
        _("Withdrawn: you are paid as before.")
        if ended.status == S.WITHDRAWN
        else _("Refused: you are paid as before.")
    )
    messages.success(request, said)
    return redirect("supplier:verification" if request.POST.get("back") == "joining" else "party:settings")


@for_kinds()
@require_POST
def close(request: HttpRequest, account_id: int) -> HttpResponse:
    found = _own(request, account_id)
    if permits(request.actor, "banking.register_account") and not is_fresh(request):
        return to_confirm(request, back="party:settings")
    try:
        close_account(actor=request.actor, account_id=found.id, now=timezone.now())
    except RuleViolation as refusal:
        require(request.actor, "banking.register_account")
        return _shown(request, refusal=refusal)
    messages.success(request, _("The account is closed: nothing more is paid to it."))
    return redirect("party:settings")


def _own(request: HttpRequest, account_id: int, status: str = S.IN_FORCE) -> BankAccount:
    rows = BankAccount.objects.visible_to(request.actor).filter(party_id=request.actor.party_id, status=status)
    found = rows.filter(id=account_id).first()
    if found is None:
        raise NotFound()
    return found


def _missing(request: HttpRequest) -> list[str]:
    """Currencies of the party's programmes in which it has no account yet, and none waits."""
    traded = Programme.objects.visible_to(request.actor).values_list("currency", flat=True)
    held = BankAccount.objects.visible_to(request.actor).open().filter(party_id=request.actor.party_id)
    return sorted(set(traded) - set(held.values_list("currency", flat=True)))


def _shown(
    request: HttpRequest, *, form: DaysForm | None = None, account_form: AccountForm | None = None,
    refusal: RuleViolation | None = None,
) -> HttpResponse:  # fmt: skip
    party, missing, accounts = request.party, _missing(request), own_accounts(request.actor)
    may_pay, ever = permits(request.actor, "banking.register_account"), BankAccount.objects.filter(party=party)
    proposed = proposals(request.actor, timezone.now())
    verified = party.verifications.filter(status=BusinessVerification.Status.APPROVED).order_by("-id").first()
    context = {
        "subject": party,
        "numbers": own_numbers(request.actor) if party.kind == SUPPLIER else [],
        "verified": verified,
        "now": timezone.now(),
        "may_edit": permits(request.actor, "parties.edit"),
        "form": form or DaysForm(current=party.time_zone),
        "accounts": accounts,
        "proposals": proposed,
        "proposed_currencies": {each.account.currency for each in proposed},
        "may_manage_accounts": may_pay,
        "missing": missing,
        "account_form": account_form or AccountForm(currencies=missing, initial={"holder": party.name}),
        "refusal": refusal,
        "happenings": timeline(request.actor, party, *ever),
    }
    wrong = (form and form.errors) or (account_form and account_form.errors)
    status = refusal.status if refusal else 422 if wrong else 200
    return render(request, "party/settings.html", context, status=status)
