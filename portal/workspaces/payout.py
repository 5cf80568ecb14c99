"""Where a party is paid, said by two people: one page to propose, one to confirm, wherever they are reached from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.parties import second
from accounts.parties.freshness import is_fresh, require_on_page
from accounts.trail.doers import named
from financing.banking.models import BankAccount
from financing.banking.second import SAYS, for_operator, may_be_by_colleague
from financing.banking.services import confirm_account, register_account, replace_account, word_on
from portal.shared.access import Actor, permits, require
from portal.shared.errors import RuleViolation
from portal.workspaces.supplier.forms import HOLDER_AT_MOST, AccountForm


@dataclass(frozen=True, slots=True)
class Proposal:
    """An account that waits, as a person of its party sees it. `before`: the one in force until it is confirmed.

    `seconds`: names of colleagues who may confirm it; `for_operator`: the operator may. `counts_from`: from when on
    the actor may, which was let in lately.
    """

    account: BankAccount
    before: BankAccount | None
    by: str
    seconds: tuple[str, ...]
    for_operator: bool
    is_own: bool
    may_confirm: bool
    may_refuse: bool
    counts_from: datetime | None

    @property
    def dialog(self) -> str:
        """Of the question whether to withdraw or refuse it."""
        return f"end-{self.account.id}"


def proposals(actor: Actor, now: datetime) -> list[Proposal]:
    """What waits of the acting party: one query where nothing does, six where something does."""
    found = list(BankAccount.objects.visible_to(actor).open().filter(party_id=actor.party_id).order_by("currency"))
    waiting = [each for each in found if each.status == BankAccount.Status.WAITING]
    if not waiting:
        return []
    in_force = {each.currency: each for each in found if each not in waiting}
    by = proposers(waiting)
    asked = set(for_operator(BankAccount.objects.filter(id__in=[each.id for each in waiting]), now))
    members = second.seasoned(SAYS, now).filter(party=actor.party_id).select_related("user")
    members = list(members) if may_be_by_colleague(actor.party_id, actor.party_kind) else []
    begins = second.awaited(actor, SAYS, now, founders=False)
    return [
        _proposal(actor, each, in_force.get(each.currency), by[each.proposed_by], members, each in asked, begins)
        for each in waiting
    ]


def awaiting(actor: Actor, now: datetime) -> list[Proposal]:
    """Those of the party's proposals that the actor may confirm; asks nothing for who may confirm none."""
    may = actor.user_id and permits(actor, SAYS)
    return [each for each in proposals(actor, now) if each.may_confirm] if may else []


def _proposal(
    actor: Actor, account: BankAccount, before, by: str, members, for_operator: bool, begins: datetime | None
) -> Proposal:
    is_own, may = account.proposed_by == actor.identity, permits(actor, SAYS)
    by_person = account.proposed_by.startswith("user:")
    seconds = {f"user:{each.user_id}": str(each.user) for each in members if by_person}
    seconds.pop(account.proposed_by, None)
    return Proposal(
        account, before, by, tuple(sorted(seconds.values())), for_operator, is_own,
        may_confirm=may and actor.identity in seconds, may_refuse=may and not is_own,
        counts_from=begins if may and by_person and not is_own else None,
    )  # fmt: skip


def proposers(accounts: Iterable[BankAccount]) -> dict[str, str]:
    """Who proposed them, by identity, in words for colleagues and for the operator."""
    said = {each.proposed_by for each in accounts}
    people = named(*(each for each in said if each.startswith("user:")))
    return {each: people.get(each) or _nobody(each) for each in said}


def _nobody(identity: str) -> str:
    return _("the portal") if identity == "system" else _("a machine")


def registering(request: HttpRequest, form: AccountForm) -> RuleViolation | None:
    """Propose the account of a valid form for the acting party, and say so; why not, where it is refused."""
    try:
        made = register_account(
            actor=request.actor, party_id=request.actor.party_id, now=timezone.now(), **form.cleaned_data
        )
    except RuleViolation as refusal:
        return refusal
    say_proposed(request, made)
    return None


def replacing(request: HttpRequest, account: BankAccount, *, back: str) -> HttpResponse:
    """The page that proposes another account in the place of this one, which is in force.

    `back`: name of the page to go on to. A session alone is not enough: the person confirms first who it is.
    """
    require(request.actor, "banking.register_account")
    if request.method == "POST" and not is_fresh(request):
        warn(request)
        return redirect(request.path)
    require_on_page(request)
    form = AccountForm(request.POST or None, currencies=[account.currency], initial=_begun(request, account))
    refusal = None
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("holder", "iban", "bic")}
        try:
            made = replace_account(actor=request.actor, account_id=account.id, now=timezone.now(), **given)
        except RuleViolation as error:
            refusal = error
        else:
            say_proposed(request, made)
            return redirect(back)
    status = refusal.status if refusal else 422 if form.errors else 200
    context = {"account": account, "form": form, "refusal": refusal, "back": back}
    return render(request, "supplier/account.html", context, status=status)


def _begun(request: HttpRequest, account: BankAccount) -> dict[str, str]:
    """`?name=verified`: the account stays and bears the name that the party was verified under since."""
    if request.GET.get("name") != "verified":
        return {"holder": account.holder}
    return {"holder": request.party.name[:HOLDER_AT_MOST].strip(), "iban": account.iban, "bic": account.bic}


def confirming(request: HttpRequest, account: BankAccount, *, back: str) -> HttpResponse:
    """The second person's page: the account in force and the proposed one side by side, and the word on it."""
    word_on(request.actor, account)
    if request.method == "POST" and not is_fresh(request):
        warn(request)
        return redirect(request.path)
    require_on_page(request)
    refusal = None
    if request.method == "POST":
        try:
            confirm_account(actor=request.actor, account_id=account.id, now=timezone.now())
        except RuleViolation as error:
            refusal = error
        else:
            messages.success(request, _("Confirmed: from now on you are paid to this account."))
            return redirect(back)
    in_force = BankAccount.objects.in_force().filter(party=account.party_id, currency=account.currency)
    context = {
        "account": account, "before": in_force.first(), "by": proposers([account])[account.proposed_by],
        "refusal": refusal, "back": back,
        "counts_from": second.awaited(request.actor, SAYS, timezone.now(), founders=False),
    }  # fmt: skip
    return render(request, "party/confirm_account.html", context, status=refusal.status if refusal else 200)


def say_proposed(request: HttpRequest, account: BankAccount) -> None:
    """Registered again as it was, an account is in force already."""
    if account.status == BankAccount.Status.WAITING:
        messages.success(
            request, _("The account is proposed. It waits to be confirmed; until then nothing is paid to it.")
        )


def warn(request: HttpRequest) -> None:
    messages.warning(request, _("Confirm once more that it is you. Nothing was changed yet."))


def to_confirm(request: HttpRequest, *, back: str) -> HttpResponse:
    """Off to confirm who it is, and to the page named `back` afterwards: what was posted is posted once more there."""
    warn(request)
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': reverse(back)})}")
