"""The log of security: one line for an event, its facts as JSON, so that nobody writes a line of his own into it.

    sign_in_failed address="198.51.100.7" request="5f0c…" method="password"

Never what was typed: a password gets into the wrong field. Persons, parties and machines are told by their numbers.
"""

import json
import logging

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

logger = logging.getLogger("portolan.security")


def note(what: str, request: HttpRequest | None = None, **facts) -> None:
    told = _asker(request) | facts
    line = " ".join(f"{name}={json.dumps(value)}" for name, value in told.items())
    logger.info("%s %s", what, line, extra={"what": what, "facts": told})


def _asker(request: HttpRequest | None) -> dict:
    if request is None:
        return {}
    actor = getattr(request, "actor", None)
    who = {"user": actor.user_id, "client": actor.client_id, "party": actor.party_id} if actor else {}
    known = {name: value for name, value in who.items() if value is not None}
    return {"address": _address(request), "request": getattr(request, "request_id", ""), **known}


def _address(request: HttpRequest) -> str:
    """As sign-in counts it: behind proxies of our own, what the first of them saw."""
    from allauth.account.adapter import get_adapter

    try:
        return get_adapter().get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):  # a proxy that does not say for whom it asks
        return request.META.get("REMOTE_ADDR", "")
