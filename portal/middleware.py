"""Who makes the request, under which number, and how a refusal looks to a person."""

import re
import uuid
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from accounts.parties.factors import asked_to_set_up, lacks_factor
from accounts.parties.models import Membership, User
from accounts.trail.models import OldestRunning
from portal.shared import sentences, wall
from portal.shared.access import Actor
from portal.shared.errors import NotFound, RuleViolation, Stale, TooLarge
from portal.shared.http import problem_document

SESSION_PARTY = "party_id"
ACTING_FOR = "acting_for"
"""For whom the page was opened that a form is sent from: dialog.js adds it to every form of who has several parties."""
BEYOND = "portolan.beyond"
"""In the environment of a request whose body was too large to be read (portal.asgi): the most bytes that are taken."""
OF_THE_PORTAL = ("/identity/", "/bank/", "/invitation/", "/admin/")
"""What the database is asked for by the portal itself, beside the account: all else by who is signed in, or nobody."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class NoLongerMember(Stale):
    """The page was opened while acting for a party that the person acts for no more: it is not done for another."""

    code = "NO_LONGER_MEMBER"
    sentence = "You no longer act for the party of this page. Nothing was done. Open the page again."


class ActsForAnother(Stale):
    """Two windows, two parties: what the page of one asks is not done for the other."""

    code = "ACTS_FOR_ANOTHER"
    sentence = "You act for {party} by now; this page was opened while you acted for another. Nothing was done."


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

    Returns the actor, None for a user without any party, and all memberships (with their parties) to choose from; each
    knows as `known_until` from which transaction on a page that is made now may be behind.
    """
    found = Membership.objects.filter(user=user, ended_at=None).annotate(known_until=OldestRunning())
    memberships = list(found.select_related("party").order_by("party__name", "party_id"))
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


class LanguageMiddleware:
    """A signed-in person reads the language it has chosen; anybody else that of the cookie or the browser."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "")
        if chosen in dict(settings.LANGUAGES):
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        # The same address in two languages: by the person, the cookie or the browser.
        patch_vary_headers(response, ("Cookie", "Accept-Language"))
        return response


class MethodMiddleware:
    """Whoever goes by hand to an address that takes forms only finds a page, and the way on."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or not is_by_person(request):
            return response
        page = render(request, "405.html", {"page": _page_above(request.path)}, status=405)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page


class TooLargeMiddleware:
    """A body beyond what any address takes was not read: said as a page to a person, in its language."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = request.META.get(BEYOND)
        return too_large(request, limit) if limit else self.get_response(request)


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    """`limit` in bytes: the most that is taken."""
    refusal = TooLarge(limit_megabytes=limit // 1024**2)
    if not is_by_person(request):
        return problem_document(request, refusal)
    if getattr(request, "htmx", False):
        return render(request, "components/refusal.html", {"refusal": refusal}, status=refusal.status)
    return render(request, "413.html", {"page": request.path}, status=refusal.status)


def is_by_person(request: HttpRequest) -> bool:
    """Asked for by a browser to be read, not by a machine."""
    reads = "text/html" in request.headers.get("Accept", "") or bool(getattr(request, "htmx", False))
    return reads and not request.path.startswith("/api/")


def _page_above(path: str) -> str:
    """The nearest address above that there is; empty where that is the start page."""
    while (path := f"{path.rstrip('/').rpartition('/')[0]}/") != "/":
        try:
            resolve(path)
        except Resolver404:
            continue
        return path
    return ""


class ActorMiddleware:
    """Sets `request.actor` (None for strangers), `request.memberships` and the time zone of the acting party.

    `request.news_from`: the position (portal.live) from which on the page made now has to be told of news.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor, request.memberships, request.party, request.news_from = None, [], None, ""
        signed_in = request.user.is_authenticated
        if signed_in:
            party_id = request.session.get(SESSION_PARTY)
            request.actor, request.memberships = acting_for(request.user, party_id, request.request_id)
            if request.actor:
                request.party = next(m.party for m in request.memberships if m.party_id == request.actor.party_id)
                request.news_from = f"{request.memberships[0].known_until}-0"
                if party_id not in (None, request.party.id) and self._changes_something(request):
                    del request.session[SESSION_PARTY]
                    return self._refuse(request, NoLongerMember())
                if self._needs_second_factor(request):
                    messages.warning(request, asked_to_set_up(), fail_silently=True)  # a stream has none
                    return redirect("mfa_index")
        asked_by = wall.inside() if self._is_of_the_portal(request) else wall.facing(request.actor)
        zone = timezone.override(ZoneInfo(request.party.time_zone) if request.party else None)
        with zone, asked_by, sentences.in_api(request.path.startswith("/api/")):
            response = self.get_response(request)
        if signed_in:
            # A shared desk: what one person has seen is not on the next one's "back" button.
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_view(self, request: HttpRequest, view, *arguments) -> HttpResponse | None:
        """After the check against forgery, which reads the form first; what is exempt from it is no form of a page."""
        is_form = not request.path.startswith("/api/") and not getattr(view, "csrf_exempt", False)
        if request.actor is None or not is_form or not self._changes_something(request):
            return None
        asked = request.POST.get(ACTING_FOR, "")
        is_other = asked not in ("", str(request.party.id))
        return self._refuse(request, ActsForAnother(party=request.party.name)) if is_other else None

    def _changes_something(self, request: HttpRequest) -> bool:
        return request.method not in SAFE_METHODS and not self._concerns_the_person(request)

    def _needs_second_factor(self, request: HttpRequest) -> bool:
        """Of whom the setting asks it sets up a second factor before anything else.

        The API tells by its own refusals (SecondFactorRequired), and the way to the set-up, out and to another party
        stays open.
        """
        if not lacks_factor(request.actor):
            return False
        return not self._concerns_the_person(request) and not request.path.startswith("/api/")

    def _is_of_the_portal(self, request: HttpRequest) -> bool:
        """Where it is not yet known who asks, or for whom: signing in, tokens, the bank's messages, the back office."""
        return self._concerns_the_person(request) or request.path.startswith(OF_THE_PORTAL)

    def _concerns_the_person(self, request: HttpRequest) -> bool:
        """The account, and for whom one acts: what is done there is done for no party."""
        return request.path.startswith(self.account_path) or request.path == reverse("switch_party")

    @property
    def account_path(self) -> str:
        return reverse("account_login").removesuffix("login/")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal on a page: what happened, and what to do, with its code."""
        return self._refuse(request, exception) if isinstance(exception, RuleViolation) else None

    def _refuse(self, request: HttpRequest, refusal: RuleViolation) -> HttpResponse:
        if request.path.startswith("/api/"):
            return problem_document(request, refusal)
        is_part = getattr(request, "htmx", False)
        if refusal.code == NotFound.code and not is_part:
            return render(request, "404.html", status=refusal.status)  # as where there is no such address
        template = "components/refusal.html" if is_part else "refused.html"
        return render(request, template, {"refusal": refusal}, status=refusal.status)
