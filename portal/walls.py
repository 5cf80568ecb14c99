"""What stands around every request: headers for browsers, HTTPS for machines, the end of sessions."""

import re
import time

from allauth.account.signals import authentication_step_completed
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from portal.shared.http import BadRequest, problem_document
from portal.shared.security import note

POLICY_OF_FEATURES = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
HEADERS = {"Permissions-Policy": POLICY_OF_FEATURES, "Cross-Origin-Resource-Policy": "same-origin"}
"""Beside those of Django's own middleware. Passkeys stay allowed for our own pages, which is the browsers' default."""

OF_MACHINES = re.compile(r"/api/(?!docs/)|/identity/o/api/")
BEGAN, SEEN = "began", "seen"
NOTED_EVERY = 300
"""Seconds: as exactly a session knows when it was used last; each note is a write."""
WATCHED = {401, 403, 429}


class HeadersMiddleware:
    """On every answer, of files and of redirects as well."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._in_the_clear(request) or self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _in_the_clear(self, request: HttpRequest) -> HttpResponse | None:
        """A machine that speaks plain HTTP has shown its token to the road: a redirect would hide that from it."""
        if not settings.SECURE_SSL_REDIRECT or request.is_secure() or not OF_MACHINES.match(request.path):
            return None
        return problem_document(request, BadRequest(_("Ask by https, and change the secret that you sent.")))


class WatchMiddleware:
    """Who was refused what is logged: by the pattern of the address, as those of pages may hold a token."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code in WATCHED:
            match = request.resolver_match
            where = request.path[:200] if request.path.startswith("/api/") else match.route if match else ""
            note("refused", request, status=response.status_code, method=request.method, where=where)
        return response


class SessionLimitsMiddleware:
    """A session ends when it was not used for a while, and after its hours whatever was done in them.

    What a page fetches by itself, because there is news, is no use of it.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            if is_over(request.session, time.time()):
                note("session_over", request, user=request.user.pk)
                logout(request)
            elif "X-Live" not in request.headers:
                _use(request.session, time.time())
        response = self.get_response(request)
        if getattr(request, "session_ended", False):
            # What the browser kept of pages; open windows clear themselves when their stream of news ends (live.js).
            response.headers["Clear-Site-Data"] = '"cache"'
        return response


def is_over(session, now: float) -> bool:
    began, seen = session.get(BEGAN, now), session.get(SEEN, now)
    return now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS


def _use(session, now: float) -> None:
    session.setdefault(BEGAN, int(now))
    if now - session.get(SEEN, 0) > NOTED_EVERY:
        session[SEEN] = int(now)


@receiver(user_logged_in, dispatch_uid="session_began")
def _begin(sender, request: HttpRequest, user, **kwargs) -> None:
    request.session[BEGAN] = request.session[SEEN] = int(time.time())


@receiver(user_logged_out, dispatch_uid="session_ended")
def _end(sender, request: HttpRequest, user, **kwargs) -> None:
    request.session_ended = True


@receiver(authentication_step_completed, dispatch_uid="session_renewed")
def _renew(sender, request: HttpRequest, reauthenticated: bool = False, **kwargs) -> None:
    """Whoever has shown anew who it is goes on under another token: one stolen before is worth nothing more."""
    if reauthenticated:
        before = request.session.session_key
        request.session.cycle_key()
        UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


class _Cookie(CookieStorage):
    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class Messages(FallbackStorage):
    """Django's, in a cookie that no neighbouring host can set."""

    storage_classes = (_Cookie, SessionStorage)
