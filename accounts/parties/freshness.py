"""Whether a person has just shown who it is: asked before the steps that a stolen session must not take."""

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest

from portal.shared.access import Actor
from portal.shared.errors import RuleViolation


class ReauthenticationNeeded(RuleViolation):
    """A session alone is not enough: it may be an open desk, or stolen."""

    code, status = "REAUTHENTICATION_REQUIRED", 403
    sentence = "Confirm first that it is you, by your password, passkey or code. Nothing was changed."


@reauthentication_required
def require_on_page(request: HttpRequest) -> None:
    """Sends a person off to confirm who it is, and back to this page (allauth's middleware does)."""


def is_fresh(request: HttpRequest) -> bool:
    """Within the last minutes (ACCOUNT_REAUTHENTICATION_TIMEOUT) the person has confirmed who it is."""
    try:
        require_on_page(request)
    except ReauthenticationRequired:
        return False
    return True


def require_fresh(request: HttpRequest, actor: Actor) -> None:
    """For the API in a person's session; a machine has shown its secret. Raises ReauthenticationNeeded."""
    if actor.user_id is not None and not is_fresh(request):
        raise ReauthenticationNeeded()
