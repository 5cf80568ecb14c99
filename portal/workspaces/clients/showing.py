"""A secret on its way to the one page that shows it.

The answer to a form leads to a page of its own, so that a reload sends nothing twice. In between the secret lies in the
session, sealed; the key is in the address. Neither tells it alone, and once it was read nothing is left.
"""

from urllib.parse import urlencode

from cryptography.fernet import Fernet, InvalidToken
from django.http import HttpRequest
from django.urls import reverse

from accounts.clients.models import PartyClient

SEALED = "sealed_secret"
HOLDS_SECONDS = 600


def seal(request: HttpRequest, bound: PartyClient, secret: str) -> str:
    """Keeps the secret for its page; returns the address of the page."""
    key = Fernet.generate_key()
    request.session[SEALED] = {"client": bound.id, "token": Fernet(key).encrypt(secret.encode()).decode()}
    return f"{reverse('clients:secret', args=[bound.id])}?{urlencode({'key': key.decode()})}"


def read_once(request: HttpRequest, bound: PartyClient) -> str | None:
    """The secret; None where it was read before, has waited too long, or the key is another's."""
    kept = request.session.get(SEALED)
    if kept is None or kept["client"] != bound.id:
        return None
    try:
        secret = Fernet(request.GET.get("key", "")).decrypt(kept["token"], ttl=HOLDS_SECONDS).decode()
    except (InvalidToken, ValueError):
        return None
    del request.session[SEALED]
    return secret
