"""Colleagues: who acts for the party in which roles, and who is invited to."""

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.parties import inviting, services
from accounts.parties.freshness import require_on_page
from accounts.parties.models import Invitation, Membership
from accounts.trail.models import Event
from portal.shared.access import require
from portal.shared.errors import NotFound, RuleViolation
from portal.workspaces.access import for_kinds
from portal.workspaces.members.forms import InviteForm
from portal.workspaces.sentences import Happening, tell

TOLD = 30
"""Steps that the timeline shows, the latest."""
LISTED = 25
"""Rows of a page of either list."""


@for_kinds()
def members(request: HttpRequest) -> HttpResponse:
    """Posted to, it invites."""
    require(request.actor, "parties.manage_members")
    form, refusal = InviteForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        require_on_page(request)  # whoever is let in stays when a stolen session has ended
        given = form.cleaned_data
        try:
            inviting.invite(actor=request.actor, party_id=request.actor.party_id, now=timezone.now(), **given)
        except RuleViolation as error:
            refusal = error
        else:
            messages.success(request, _("The letter to {email} is on its way.").format(email=given["email"]))
            return redirect("members:home")
    return _shown(request, form, refusal)


@for_kinds()
@require_POST
def end(request: HttpRequest, member_id: int) -> HttpResponse:
    found = _found(request, _own_members(request), member_id)
    try:
        services.end_membership(actor=request.actor, membership_id=found.id, now=timezone.now())
    except RuleViolation as error:
        return _shown(request, InviteForm(), error)
    messages.success(request, _("{name} no longer acts in this role.").format(name=found.user))
    return redirect("members:home")


@for_kinds()
@require_POST
def withdraw(request: HttpRequest, invitation_id: int) -> HttpResponse:
    found = _found(request, _own_invitations(request), invitation_id)
    try:
        inviting.revoke(actor=request.actor, invitation_id=found.id, now=timezone.now())
    except RuleViolation as error:
        return _shown(request, InviteForm(), error)
    messages.success(request, _("The invitation of {email} is withdrawn.").format(email=found.email))
    return redirect("members:home")


def _shown(request: HttpRequest, form: InviteForm, refusal: RuleViolation | None) -> HttpResponse:
    members = _page(request, "members", _own_members(request).order_by("user__email", "role", "id"))
    invitations = _own_invitations(request).open(timezone.now()).order_by("-created_at", "-id")
    invited = _page(request, "invitations", invitations)
    context = {
        "members": [(each, f"end-{each.id}") for each in members],
        "members_page": members,
        "invitations": [(each, f"revoke-{each.id}") for each in invited],
        "invitations_page": invited,
        "party": f"parties.party:{request.actor.party_id}",
        "happenings": _happenings(request),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "members/list.html", context, status=422 if form.errors or refusal else 200)


def _page(request: HttpRequest, name: str, rows: QuerySet) -> Page:
    return Paginator(rows, LISTED).get_page(request.GET.get(f"{name}-page"))


def _happenings(request: HttpRequest) -> list[Happening]:
    """What was done to the party and its people, the latest."""
    events = Event.objects.visible_to(request.actor).about("parties.party", request.actor.party_id)
    return tell(request.actor, list(events.order_by("-id")[:TOLD])[::-1], with_times=True)


def _own_members(request: HttpRequest):
    return Membership.objects.filter(party_id=request.actor.party_id, ended_at=None).select_related("user")


def _own_invitations(request: HttpRequest):
    return Invitation.objects.visible_to(request.actor).filter(party_id=request.actor.party_id)


def _found(request: HttpRequest, rows, number: int):
    found = rows.filter(id=number).first()
    if found is None:
        raise NotFound()
    require(request.actor, "parties.manage_members")
    return found
