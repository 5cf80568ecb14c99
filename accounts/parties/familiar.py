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
PEOPLE = 5
"""Of so many a browser that several share is known, those who came last."""


def greet(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Know the browser again by what it is given now: nothing in it says whose it is."""
    others = [each for each in _known(request) if _number(each, email) is None]
    said = ".".join([_signer(email).sign(secrets.token_urlsafe(16)), *others][:PEOPLE])
    response.set_cookie(
        COOKIE, said, max_age=HOLDS_SECONDS, secure=settings.HTTPS, httponly=True, samesite="Lax", path="/"
    )


def counted_as(request: HttpRequest, email: str) -> str:
    """Under which name tries at this account are counted: the browser's where it is known, or that of all others."""
    numbers = [_number(each, email) for each in _known(request)]
    return next((f":{number}" for number in numbers if number), "")


def _known(request: HttpRequest) -> list[str]:
    """What the browser was given for each person, the last one first."""
    return [each for each in request.COOKIES.get(COOKIE, "").split(".") if each]


def _number(said: str, email: str) -> str | None:
    try:
        return _signer(email).unsign(said, max_age=HOLDS_SECONDS)
    except BadSignature:
        return None


def _signer(email: str) -> TimestampSigner:
    return TimestampSigner(salt=f"accounts.parties.familiar:{email.lower()}")
