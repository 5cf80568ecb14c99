"""Being let in: sign-up, verification, bank account, number at the platform, programmes."""

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BaseFormSet, Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.parties import services as parties
from accounts.parties.models import BusinessVerification
from accounts.parties.queries import invoiced_by
from accounts.parties.services import Owner
from financing.banking.models import BankAccount
from financing.credit import services as credit
from financing.credit.models import Facility, Programme
from logistics.orders import numbers
from logistics.orders.models import SupplierNumber
from portal.middleware import SESSION_PARTY
from portal.shared import access
from portal.shared.access import permits
from portal.shared.errors import InvalidTransition, NotFound, RuleViolation
from portal.workspaces.access import for_kinds
from portal.workspaces.payout import proposals, registering, replacing
from portal.workspaces.sentences import timeline
from portal.workspaces.supplier import steps
from portal.workspaces.supplier.forms import (
    HOLDER_AT_MOST,
    AccountForm,
    NumberForm,
    OwnerForms,
    RegisterForm,
    VerificationForm,
)

S = BusinessVerification.Status
KYB, ACCOUNT, NUMBER, JOIN = "", "account_", "number_", "join_"
"""The steps of the page: what the names of their form and refusal begin with in its template."""


@login_required
def register(request: HttpRequest) -> HttpResponse:
    """A person without a party signs a supplier up, once it has shown that its address is its own."""
    if request.actor is not None:
        return redirect("home")
    if address := parties.unconfirmed_address(request.user):
        status = 403 if request.method == "POST" else 200
        return render(request, "supplier/confirm_first.html", {"address": address}, status=status)
    form, refusal = RegisterForm(request.POST if request.method == "POST" else None), None
    if request.method == "POST" and form.is_valid():
        try:
            party = parties.register_supplier(user=request.user, now=timezone.now(), **form.cleaned_data)
        except RuleViolation as error:
            refusal = error
        else:
            request.session[SESSION_PARTY] = party.id
            messages.success(request, _("Welcome. Four things are left to do before you can be paid: here they are."))
            return redirect("supplier:verification")
    failed = refusal or form.errors
    return render(request, "supplier/register.html", {"form": form, "refusal": refusal}, status=422 if failed else 200)


@for_kinds(access.SUPPLIER)
def verification(request: HttpRequest) -> HttpResponse:
    """What is left to do, and the verification itself."""
    if request.method != "POST":
        return _steps(request)
    form, owners = VerificationForm(request.POST), OwnerForms(request.POST, prefix="owner")
    if not (form.is_valid() and owners.is_valid()):
        return _steps(request, KYB, form=form, owners=owners)
    declared = [Owner(**each) for each in owners.cleaned_data if each]
    given = dict(form.cleaned_data)
    nobody = given.pop("nobody")
    if bool(declared) == nobody:
        both = _("You named an owner, and said that nobody owns 25% or more. Only one of the two can be true.")
        form.add_error(None, both if nobody else _("Name everybody who owns 25% or more, or say that nobody does."))
        return _steps(request, KYB, form=form, owners=owners)
    try:
        parties.submit_verification(
            actor=request.actor, party_id=request.actor.party_id, owners=declared, now=timezone.now(), **given
        )
    except RuleViolation as refusal:
        return _steps(request, KYB, form=form, owners=owners, refusal=refusal)
    messages.success(request, _("Handed in. You will see here when it is decided."))
    return redirect("supplier:verification")


@for_kinds(access.SUPPLIER)
def account(request: HttpRequest) -> HttpResponse:
    """The account that advances are paid to."""
    if request.method != "POST":  # reloaded after a refusal
        return redirect("supplier:verification")
    form = AccountForm(request.POST, currencies=_currencies(request))
    refusal = registering(request, form) if form.is_valid() else None
    if form.errors or refusal:
        return _steps(request, ACCOUNT, form=form, refusal=refusal)
    return redirect("supplier:verification")


@for_kinds(access.SUPPLIER)
def replace(request: HttpRequest, account_id: int) -> HttpResponse:
    """Another account to be paid to, in the place of this one."""
    found = BankAccount.objects.visible_to(request.actor).in_force().filter(id=account_id).first()
    if found is None:
        raise NotFound()
    return replacing(request, found, back="supplier:verification")


@for_kinds(access.SUPPLIER)
def join(request: HttpRequest, programme_id: int) -> HttpResponse:
    """Join a programme; joined before, it is the same facility."""
    if request.method != "POST":  # reloaded after a refusal
        return redirect("supplier:verification")
    try:
        credit.join_programme(actor=request.actor, programme_id=programme_id, now=timezone.now())
    except (credit.NotAdmitted, credit.ProgrammeClosed) as refusal:
        return _steps(request, JOIN, refusal=refusal)
    messages.success(request, _("You have joined. This is what you can have now."))
    return redirect("supplier:home")


@for_kinds(access.SUPPLIER)
def name_number(request: HttpRequest) -> HttpResponse:
    """By which number the platform's trade names the supplier: the platform is asked whether it is true."""
    if request.method != "POST":  # reloaded after a refusal
        return redirect("supplier:verification")
    form = NumberForm(request.POST, platforms=invoiced_by(request.actor))
    if not form.is_valid():
        return _steps(request, NUMBER, form=form)
    given = form.cleaned_data
    try:
        asked = numbers.propose_number(
            actor=request.actor, platform_id=given["platform"], number=given["number"], now=timezone.now()
        )
    except RuleViolation as refusal:
        return _steps(request, NUMBER, form=form, refusal=refusal)
    messages.success(request, _("{platform} is asked. You will see here what it says.").format(platform=asked.platform))
    return redirect("supplier:verification")


@for_kinds(access.SUPPLIER)
def withdraw_number(request: HttpRequest, number_id: int) -> HttpResponse:
    """Take back what was said, to say another number."""
    if request.method != "POST":
        return redirect("supplier:verification")
    try:
        numbers.withdraw_number(actor=request.actor, number_id=number_id, now=timezone.now())
    except InvalidTransition as refusal:
        return _steps(request, NUMBER, refusal=refusal)
    messages.info(request, _("Withdrawn. You can name another number."))
    return redirect("supplier:verification")


def _currencies(request: HttpRequest) -> list[str]:
    return sorted(set(Programme.objects.visible_to(request.actor).values_list("currency", flat=True)))


def _steps(
    request: HttpRequest, step: str = KYB, *, form: Form | None = None, owners: BaseFormSet | None = None,
    refusal: RuleViolation | None = None,
) -> HttpResponse:  # fmt: skip
    """The page. `step`: the one that was sent; `form` as it was sent, where something was wrong; `refusal`: why not."""
    party = request.party
    found = list(party.verifications.order_by("-id")[:10])
    last = found[0] if found else None
    accounts = list(BankAccount.objects.visible_to(request.actor).in_force().order_by("id"))
    waiting = proposals(request.actor, timezone.now())
    proposed = [each.account for each in waiting]
    programmes = list(Programme.objects.visible_to(request.actor).select_related("funder", "debtor").order_by("id"))
    joined = {
        each.programme_id: each
        for each in Facility.objects.visible_to(request.actor).exclude(status=Facility.Status.CLOSED)
    }
    missing = sorted({each.currency for each in programmes} - {each.currency for each in (*accounts, *proposed)})
    approved = steps.approved(found)
    said = list(SupplierNumber.objects.visible_to(request.actor).select_related("platform").order_by("id"))
    known = [each for each in said if each.status == SupplierNumber.Status.CONFIRMED]
    asked = [each for each in said if each.status == SupplierNumber.Status.PROPOSED]
    settled = {each.platform_id for each in (*known, *asked)}
    platforms = [each for each in invoiced_by(request.actor) if each.id not in settled]
    refused = _refused(said, settled)
    context = {
        "party": party,
        "last": last,
        "approved": approved,
        "is_open": last is not None and last.status in (S.SUBMITTED, S.SCREENED),
        "may_hand_in": _may_hand_in(last, approved) and permits(request.actor, "parties.submit_verification"),
        "accounts": accounts,
        "proposals": waiting,
        "proposed_currencies": {each.currency for each in proposed},
        "misnamed": [each for each in accounts if approved and not each.is_held_by(party.name)],
        "missing_currencies": missing,
        "may_register_account": bool(missing) and permits(request.actor, "banking.register_account"),
        "may_replace_account": permits(request.actor, "banking.register_account"),
        "joined": joined,
        "programmes": [(each, joined.get(each.id)) for each in programmes],
        "may_join": permits(request.actor, "credit.join_programme"),
        "known_as": known, "asked": asked, "refused_numbers": refused, "platforms": platforms,
        "may_name_number": bool(platforms) and permits(request.actor, "orders.propose_number"),
        "may_withdraw_number": bool(asked) and permits(request.actor, "orders.propose_number"),
        "done": sum(map(bool, (approved, accounts, known, joined))),
        "next_step": steps.SENTENCES[steps.next_step(
            found, timezone.localdate(), has_account=accounts, account_waits=proposed,
            is_known=known, number_waits=asked, has_joined=joined,
        )],
        "happenings": timeline(request.actor, party, *found, *accounts, *proposed, *said),
        "form": VerificationForm(initial=_known(party)),
        "owners": owners or OwnerForms(prefix="owner"),
        "account_form": AccountForm(currencies=missing, initial=_holder(party)),
        "number_form": NumberForm(platforms=platforms),
        **{f"{each}refusal": refusal if each == step else None for each in (KYB, ACCOUNT, NUMBER, JOIN)},
    }  # fmt: skip
    if form is not None:
        context[f"{step}form"] = form
    status = refusal.status if refusal else 422 if form is not None else 200
    return render(request, "supplier/verification.html", context, status=status)


def _refused(said: Sequence[SupplierNumber], settled: set[int]) -> list[SupplierNumber]:
    """The last word of each platform that does not know the supplier by any number yet."""
    last = {each.platform_id: each for each in said if each.platform_id not in settled}
    return [each for each in last.values() if each.status == SupplierNumber.Status.REFUSED]


def _may_hand_in(last: BusinessVerification | None, approved: BusinessVerification | None) -> bool:
    """Nothing is under way, and what is approved is not good for long any more."""
    if last is not None and last.status in (S.SUBMITTED, S.SCREENED):
        return False
    if approved is None:
        return True
    return (approved.expires_on - timezone.localdate()).days <= steps.RENEWED_DAYS_BEFORE


def _holder(party) -> dict:
    return {"holder": party.name[:HOLDER_AT_MOST].strip()}


def _known(party) -> dict:
    return {"legal_name": party.name, "registration_number": party.registration_number, "country": party.country}
