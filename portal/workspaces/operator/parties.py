"""Who is who: parties, their people, accounts and verifications."""

from django.contrib import messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.paginator import Paginator
from django.db.models import OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.parties import inviting
from accounts.parties.models import Membership, Party
from financing.banking.queries import accounts
from logistics.orders.models import SupplierNumber
from portal.shared.access import OPERATOR, permits, require
from portal.shared.errors import NotFound, RuleViolation
from portal.ui.formats import country
from portal.ui.states import state
from portal.ui.tables import Column, Filter, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.members.forms import FirstAdministratorForm
from portal.workspaces.sentences import timeline

PEOPLE = 25
"""People of a party on a page of its list."""
PARTIES = (
    Column("name", gettext_lazy("Name"), sort=True, url=lambda row: reverse("operator:party", args=[row.pk])),
    Column("kind", gettext_lazy("Kind"), sort=True, value=lambda row: row.get_kind_display()),
    Column("country", gettext_lazy("Country"), sort=True, value=lambda row: country(row.country)),
    Column("registration_number", gettext_lazy("Registration number"), kind="id", sort=True),
    Column("known_as", gettext_lazy("Known to platforms as"), kind="id", value=lambda row: _known_as(row)),
    Column("created_at", gettext_lazy("Here since"), kind="day", sort=True),
    Column("status", gettext_lazy("State"), kind="status", sort=True),
)


@for_kinds(OPERATOR)
def parties(request: HttpRequest) -> HttpResponse:
    require(request.actor, "parties.view")
    numbers = SupplierNumber.objects.in_force().filter(supplier=OuterRef("pk")).order_by("number").values("number")
    table = Table(
        request, Party.objects.visible_to(request.actor).annotate(numbers=ArraySubquery(numbers)), PARTIES,
        name="parties", caption=_("Parties"), search=_called, order="name", live="parties.party",
        filters=(
            Filter("kind", _("Kind"), Party.Kind.choices),
            Filter("status", _("State"), [(code, state(code).label) for code in Party.Status.values]),
        ),
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "operator/parties.html", {"table": table})


def _known_as(row: Party) -> str:
    """A platform's code, or a supplier's number at each platform."""
    return ", ".join(dict.fromkeys(row.numbers)) or row.external_reference


def _called(text: str) -> Q:
    fields = ("name", "registration_number", "external_reference")
    numbered = SupplierNumber.objects.in_force().filter(number__icontains=text)
    return Q.create([(f"{each}__icontains", text) for each in fields], Q.OR) | Q(pk__in=numbered.values("supplier"))


@for_kinds(OPERATOR)
def party(request: HttpRequest, party_id: int) -> HttpResponse:
    return _shown(request, _found(request, party_id), FirstAdministratorForm())


@for_kinds(OPERATOR)
@require_POST
def invite_first(request: HttpRequest, party_id: int) -> HttpResponse:
    """Write to who shall let the others of a party in that has nobody to do so."""
    found, form, refusal = _found(request, party_id), FirstAdministratorForm(request.POST), None
    require(request.actor, "parties.manage_members")
    if form.is_valid():
        email = form.cleaned_data["email"]
        try:
            inviting.invite(
                actor=request.actor, party_id=found.id, email=email, role=Membership.Role.ADMIN, now=timezone.now()
            )
        except RuleViolation as error:
            refusal = error
        else:
            messages.success(request, _("The letter to {email} is on its way.").format(email=email))
            return redirect("operator:party", found.id)
    return _shown(request, found, form, refusal)


def _found(request: HttpRequest, party_id: int) -> Party:
    require(request.actor, "parties.view")
    found = Party.objects.visible_to(request.actor).filter(id=party_id).first()
    if found is None:
        raise NotFound()
    return found


def _shown(
    request: HttpRequest, found: Party, form: FirstAdministratorForm, refusal: RuleViolation | None = None
) -> HttpResponse:
    members = Membership.objects.filter(party=found, ended_at=None).select_related("user")
    members = members.order_by("user__full_name", "role", "id")
    of_party = list(accounts(actor=request.actor).filter(party=found))
    verifications = list(found.verifications.order_by("-submitted_at")[:20])
    context = {
        "subject": found,
        "numbers": found.supplier_numbers.in_force().select_related("platform").order_by("platform__name", "platform"),
        "members": Paginator(members, PEOPLE).get_page(request.GET.get("people-page")),
        "accounts": of_party,
        "verifications": verifications,
        "happenings": timeline(request.actor, found, *verifications, *of_party),
        "may_invite": inviting.lacks_administrator(found) and permits(request.actor, "parties.manage_members"),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "operator/party.html", context, status=422 if form.errors or refusal else 200)
