"""Where machines ask for tokens."""

import base64
import binascii

from allauth.account.adapter import get_adapter
from allauth.core.internal.ratelimit import truncate_ip
from allauth.idp.oidc.views import token as oidc_token
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.clients import limits, services
from portal.shared.http import BadRequest, problem_document


@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """A token for a client's id and secret (RFC 6749), by allauth's provider.

    Nobody can guess a secret; what is bounded is the work: refusals by the address that they come from, as anybody can
    name another's client, and tokens by the client that is given them.
    """
    now, (client_id, secret) = timezone.now(), _credentials(request)
    if "\x00" in client_id:
        return problem_document(request, BadRequest())
    address = truncate_ip(get_adapter().get_client_ip(request))  # of IPv6 the network: whoever has one has all of it
    for_client = limits.Limit("client", f"token:{client_id[:100]}", settings.TOKEN_RATE_PER_CLIENT)
    refused = limits.Limit("refusals", f"refused:{address}"[:120], settings.TOKEN_REFUSALS_PER_ADDRESS)
    standings = limits.look([for_client, refused], now)
    full = [each for each in standings if each.limit.quota and each.taken >= each.limit.quota]
    if full:
        return _too_many(request, full)
    response = oidc_token(request)
    if response.status_code == 401:
        response.headers.setdefault("WWW-Authenticate", 'Basic realm="portolan"')
    given = response.status_code == 200
    if given:
        services.note_use(client_id=client_id, secret=secret, now=now)
    counted = for_client if given else refused
    return _told(response, limits.take([counted], now)) if counted.quota else response


def _too_many(request: HttpRequest, full: list[limits.Standing]) -> HttpResponse:
    refusal = limits.RateLimited(wait=max(each.resets_in for each in full))
    response = problem_document(request, refusal)
    response["Retry-After"] = str(refusal.wait)
    return _told(response, full)


def _told(response: HttpResponse, standings: list[limits.Standing]) -> HttpResponse:
    for name, value in limits.headers(standings).items():
        response[name] = value
    return response


def _credentials(request: HttpRequest) -> tuple[str, str]:
    """Id and secret, in the header or in the form; empty where they cannot be read."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(value.strip()).decode().partition(":")
    except (ValueError, binascii.Error):
        return "", ""
    return client_id, secret
