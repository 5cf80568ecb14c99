"""Whether a person has just shown who it is: asked before the steps that a stolen session must not take."""

import time

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest

from portal.shared.access import Actor
from portal.shared.errors import RuleViolation

SIGNING_IN = ("password", "mfa")
"""Steps of a sign-in, as allauth keeps them in the session: the last of them completes it."""


class ReauthenticationNeeded(RuleViolation):
    """A session alone is not enough: it may be an open desk, or stolen."""

    code, status = "REAUTHENTICATION_REQUIRED", 403
    sentence = "Confirm first that it is you, by your password, passkey or code. Nothing was changed."


def require_on_page(request: HttpRequest) -> None:
    """Sends a person off to confirm who it is, and back to this page (allauth's middleware does)."""
    if not is_fresh(request):
        raise ReauthenticationRequired()


def is_fresh(request: HttpRequest) -> bool:
    """Within the last minutes (ACCOUNT_REAUTHENTICATION_TIMEOUT) the person has signed in, or confirmed who it is."""
    if request.user.is_anonymous or _signed_in_lately(request):
        return request.user.is_authenticated
    try:
        _require_confirmed(request)
    except ReauthenticationRequired:
        return False
    return True


@reauthentication_required
def _require_confirmed(request: HttpRequest) -> None:
    """allauth counts what was confirmed within a session, and not the sign-in that began it."""


def _signed_in_lately(request: HttpRequest) -> bool:
    steps = [each for each in get_authentication_records(request, request.user) if each["method"] in SIGNING_IN]
    return bool(steps) and time.time() - steps[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT


def require_fresh(request: HttpRequest, actor: Actor) -> None:
    """For the API in a person's session; a machine has shown its secret. Raises ReauthenticationNeeded."""
    if actor.user_id is not None and not is_fresh(request):
        raise ReauthenticationNeeded()
