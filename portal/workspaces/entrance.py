"""The door: where one lands, and for whom one acts."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.parties.services import choose_language
from portal.middleware import SESSION_PARTY
from portal.shared.errors import NotFound
from portal.workspaces import navigation
from portal.workspaces.members.accepting import SESSION_LETTER


def home(request: HttpRequest) -> HttpResponse:
    """The first screen of the acting party's kind; who belongs to none is led to the letter it came by, once, or to
    the sign-up of a supplier."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    if request.actor is None:
        letter = request.session.pop(SESSION_LETTER, None)
        return redirect("invitation", token=letter) if letter else redirect("supplier:register")
    return redirect(navigation.home(request.actor.party_kind))


@login_required
@require_POST
def switch_party(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("party", "")
    if chosen not in {str(member.party_id) for member in request.memberships}:
        raise NotFound()
    request.session[SESSION_PARTY] = int(chosen)
    return redirect(_following(request))


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """The language of the pages: kept with the person, and in this browser for when nobody is signed in."""
    chosen = request.POST.get("language", "")
    if chosen not in dict(settings.LANGUAGES):
        raise NotFound()
    if request.user.is_authenticated:
        choose_language(user=request.user, language=chosen)
    response = redirect(_following(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, chosen, max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE, httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )  # fmt: skip
    return response


def _following(request: HttpRequest) -> str:
    """Where the form wants to go on; the first page where that is not ours."""
    following = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(
        following, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return following if safe else "/"
