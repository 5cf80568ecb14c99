"""Browsers in which a person has signed in before: guesses made elsewhere do not shut these out.

Who knows an address could keep its owner out for good by five wrong passwords every five minutes. So a browser that
was let in gets a cookie (OWASP calls it a device cookie), and its tries are counted by themselves, as few of them.
It opens nothing: the password and the second factor are asked as of anybody.
"""

import secrets

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse

COOKIE = f"{settings.COOKIE_PREFIX}familiar"
HOLDS_SECONDS = 180 * 24 * 3600


def greet(response: HttpResponse, email: str) -> None:
    """Know the browser again by what it is given now: nothing in it says whose it is."""
    said = _signer(email).sign(secrets.token_urlsafe(16))
    response.set_cookie(
        COOKIE, said, max_age=HOLDS_SECONDS, secure=settings.HTTPS, httponly=True, samesite="Lax", path="/"
    )


def counted_as(request: HttpRequest, email: str) -> str:
    """Under which name tries at this account are counted: the browser's where it is known, or that of all others."""
    said = request.COOKIES.get(COOKIE, "")
    try:
        return f":{_signer(email).unsign(said, max_age=HOLDS_SECONDS)}"
    except BadSignature:
        return ""


def _signer(email: str) -> TimestampSigner:
    return TimestampSigner(salt=f"accounts.parties.familiar:{email.lower()}")
