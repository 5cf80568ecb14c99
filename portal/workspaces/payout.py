"""Where a party is paid, changed by a person: one page, wherever it is reached from."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.parties.freshness import is_fresh, require_on_page
from financing.banking.models import BankAccount
from financing.banking.services import replace_account
from portal.shared.access import require
from portal.shared.errors import RuleViolation
from portal.workspaces.supplier.forms import AccountForm


def replacing(request: HttpRequest, account: BankAccount, *, back: str) -> HttpResponse:
    """The page that puts another account in the place of this open one of the actor's party.

    `back`: name of the page to go on to. A session alone is not enough: the person confirms first who it is.
    """
    require(request.actor, "banking.register_account")
    if request.method == "POST" and not is_fresh(request):
        warn(request)
        return redirect(request.path)
    require_on_page(request)
    form = AccountForm(request.POST or None, currencies=[account.currency], initial={"holder": account.holder})
    refusal = None
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("holder", "iban", "bic")}
        try:
            replace_account(actor=request.actor, account_id=account.id, now=timezone.now(), **given)
        except RuleViolation as error:
            refusal = error
        else:
            messages.success(request, _("From now on you are paid to the new account. Your colleagues are told."))
            return redirect(back)
    status = refusal.status if refusal else 422 if form.errors else 200
    context = {"account": account, "form": form, "refusal": refusal, "back": back}
    return render(request, "supplier/account.html", context, status=status)


def warn(request: HttpRequest) -> None:
    messages.warning(request, _("Confirm once more that it is you. Nothing was changed yet."))


def to_confirm(request: HttpRequest, *, back: str) -> HttpResponse:
    """Off to confirm who it is, and to the page named `back` afterwards: what was posted is posted once more there."""
    warn(request)
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': reverse(back)})}")
