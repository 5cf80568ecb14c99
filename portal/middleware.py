"""Who makes the request, under which number, and how a refusal looks to a person."""

import re
import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Membership, User
from portal.shared.access import ADMIN, CHECKER, Actor
from portal.shared.errors import RuleViolation

SESSION_PARTY = "party_id"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """One number for a request and all that follows from it; a well-formed one from a proxy is kept."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id
        return response


def acting_for(user: User, party_id: int | None, request_id: str = "") -> tuple[Actor | None, list[Membership]]:
    """The actor that a user is while acting for a party (its first one, unless it is a member of `party_id`).

    Returns the actor, None for a user without any party, and all memberships (with their parties) to choose from.
    """
    memberships = list(
        Membership.objects.filter(user=user, ended_at=None).select_related("party").order_by("party__name", "party_id")
    )
    if not memberships:
        return None, []
    chosen = next((m.party for m in memberships if m.party_id == party_id), memberships[0].party)
    return Actor(
        party_id=chosen.id,
        party_kind=chosen.kind,
        roles=frozenset(m.role for m in memberships if m.party_id == chosen.id),
        user_id=user.id,
        has_second_factor=_has_second_factor(user) if settings.SECOND_FACTOR_REQUIRED else None,
        request_id=request_id,
    ), memberships


def _has_second_factor(user: User) -> bool:
    return user.authenticator_set.exclude(type="recovery_codes").exists()


class ActorMiddleware:
    """Sets `request.actor` (None for strangers), `request.memberships` and the time zone of the acting party."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor, request.memberships, request.party = None, [], None
        if request.user.is_authenticated:
            party_id = request.session.get(SESSION_PARTY)
            request.actor, request.memberships = acting_for(request.user, party_id, request.request_id)
            if request.actor:
                request.party = next(m.party for m in request.memberships if m.party_id == request.actor.party_id)
                if self._needs_second_factor(request):
                    return redirect("mfa_index")
        with timezone.override(ZoneInfo(request.party.time_zone) if request.party else None):
            return self.get_response(request)

    def _needs_second_factor(self, request: HttpRequest) -> bool:
        """Where the setting says so, whoever may approve or pay sets up a second factor before anything else."""
        approves = request.actor.roles & {CHECKER, ADMIN}
        if request.actor.has_second_factor is not False or not approves or request.path.startswith("/api/"):
            return False
        return not request.path.startswith((reverse("account_login").rsplit("/", 2)[0], "/static/"))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal on a page: what happened, and what to do, with its code."""
        if not isinstance(exception, RuleViolation):
            return None
        template = "components/refusal.html" if getattr(request, "htmx", False) else "refused.html"
        return render(request, template, {"refusal": exception}, status=exception.status)
