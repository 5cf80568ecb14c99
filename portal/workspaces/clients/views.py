"""API clients: who of the machines may act for the party, how far it is trusted, and when it last came.

Whoever lets one in or trusts it with more confirms first who it is: what it may do outlives a stolen session.
"""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.clients import services
from accounts.clients.models import PartyClient
from accounts.parties.freshness import require_on_page
from portal.shared.access import require
from portal.shared.errors import NotFound, RuleViolation, Stale
from portal.ui.tables import Column, Table
from portal.workspaces.access import for_kinds
from portal.workspaces.clients.forms import ClientForm, NewClientForm, SecretForm
from portal.workspaces.clients.showing import read_once, seal
from portal.workspaces.sentences import timeline

COLUMNS = (
    Column("client.name", gettext_lazy("Name"), sort="client__name",
           url=lambda row: reverse("clients:client", args=[row.pk])),
    Column("role", gettext_lazy("Role"), sort=True, value=lambda row: row.get_role_display()),
    Column("scopes", gettext_lazy("Scopes"), value=lambda row: ", ".join(row.scopes)),
    Column("created_at", gettext_lazy("Created"), kind="instant", sort=True),
    Column("used", gettext_lazy("Last asked for a token"), kind="instant",
           value=lambda row: max((each.last_used_at for each in row.secrets.all() if each.last_used_at), default=None)),
)  # fmt: skip


@for_kinds()
def clients(request: HttpRequest) -> HttpResponse:
    require(request.actor, "clients.manage")
    table = Table(
        request, _own(request), COLUMNS, name="clients", caption=_("API clients"), search=("client__name",),
        order="-created_at",
        empty={
            "title": _("No machine acts for you yet"),
            "text": _("Let your ERP or shop hand in invoices and ask for money by itself."),
            "url": reverse("clients:new"), "action": _("Create an API client"),
        },
    )  # fmt: skip
    return table.as_file() if table.export_wanted else render(request, "clients/list.html", {"table": table})


@for_kinds()
def create(request: HttpRequest) -> HttpResponse:
    require(request.actor, "clients.manage")
    form, refusal, now = NewClientForm(request.POST or None, kind=request.party.kind), None, timezone.now()
    if request.method == "POST" and form.is_valid():
        require_on_page(request)
        given = form.cleaned_data
        expires_at = now + timedelta(days=given["days"]) if given["days"] else None
        try:
            made, given_secret = services.create_client(
                actor=request.actor, party_id=request.actor.party_id, name=given["name"], role=given["role"],
                scopes=given["scopes"], expires_at=expires_at, asked_as=given["asked_as"], now=now,
            )  # fmt: skip
        except RuleViolation as error:
            refusal = error
        else:
            return redirect(seal(request, made, given_secret))
    context = {"form": form, "refusal": refusal}
    return render(request, "clients/new.html", context, status=422 if form.errors or refusal else 200)


@for_kinds()
def client(request: HttpRequest, party_client_id: int) -> HttpResponse:
    """One machine; posted to, it is changed."""
    found = _found(request, party_client_id)
    form, refusal = ClientForm(request.POST or None, kind=request.party.kind, initial=_told(found)), None
    if request.method == "POST" and form.is_valid():
        require_on_page(request)
        try:
            services.change_client(
                actor=request.actor, party_client_id=found.id, now=timezone.now(), **form.cleaned_data
            )
        except Stale as error:
            refusal, found = error, _found(request, found.id)
            form = ClientForm(kind=request.party.kind, initial=_told(found))
        except RuleViolation as error:
            refusal = error
        else:
            messages.success(request, _("Changed. It asks for its next token under what you set now."))
            return redirect("clients:client", found.id)
    newest = max((each.id for each in found.secrets.all()), default=None)
    context = {
        "found": found, "form": form, "secret_form": SecretForm(initial={"seen": newest}), "refusal": refusal,
        "now": timezone.now(),
        "happenings": timeline(request.actor, found),
    }  # fmt: skip
    status = refusal.status if refusal else 422 if form.errors else 200
    return render(request, "clients/client.html", context, status=status)


def _told(found: PartyClient) -> dict:
    """What the form of a machine begins with."""
    return {
        "name": found.name, "role": found.role, "scopes": found.scopes, "seen_hash": services.trust_hash(found),
    }  # fmt: skip


@for_kinds()
@require_POST
def rotate(request: HttpRequest, party_client_id: int) -> HttpResponse:
    found, form = _found(request, party_client_id), SecretForm(request.POST)
    if not form.is_valid():
        messages.warning(request, _("Say when the present secret ends. Nothing was changed."))
        return redirect("clients:client", found.id)
    require_on_page(request)
    try:
        bound, given_secret = services.rotate_secret(
            actor=request.actor, party_client_id=found.id, overlap=form.overlap, now=timezone.now(),
            seen_secret_id=form.cleaned_data["seen"],
        )  # fmt: skip
    except Stale as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("clients:client", found.id)
    return redirect(seal(request, bound, given_secret))


@for_kinds()
@require_POST
def remove(request: HttpRequest, party_client_id: int) -> HttpResponse:
    found = _found(request, party_client_id)
    services.remove_client(actor=request.actor, client_id=found.client_id, now=timezone.now())
    messages.success(request, _("{name} is shut out.").format(name=found.name))
    return redirect("clients:home")


@for_kinds()
@require_safe
def secret(request: HttpRequest, party_client_id: int) -> HttpResponse:
    """Shown once; asked for again, the page says how to come to another one."""
    found = _found(request, party_client_id)
    return render(request, "clients/secret.html", {"found": found, "secret": read_once(request, found)})


def _own(request: HttpRequest):
    rows = PartyClient.objects.visible_to(request.actor).filter(party_id=request.actor.party_id)
    return rows.select_related("client").prefetch_related("secrets")


def _found(request: HttpRequest, party_client_id: int) -> PartyClient:
    found = _own(request).filter(id=party_client_id).first()
    if found is None:
        raise NotFound()
    require(request.actor, "clients.manage")
    return found
