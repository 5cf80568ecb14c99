"""Who may open a workspace."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from portal.middleware import SAFE_METHODS
from portal.shared.errors import NotFound


def for_kinds(*kinds: str) -> Callable:
    """A page of parties of these kinds (of any kind, where none is named): strangers sign in, others find nothing."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if request.actor is None:
                return redirect("home")
            if kinds and request.actor.party_kind not in kinds:
                raise NotFound()
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Off to sign in, and back afterwards: where something was sent, to the page it was sent from."""
    if request.method in SAFE_METHODS:
        return redirect_to_login(request.get_full_path())
    messages.warning(request, _("You are signed out. What you sent was not done."))
    came_from = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
        came_from = reverse("home")
    return redirect_to_login(urlsplit(came_from)._replace(scheme="", netloc="").geturl())
