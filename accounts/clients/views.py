"""Where machines ask for tokens."""

from allauth.account.adapter import get_adapter
from allauth.core.internal.httpkit import extract_basic_auth
from allauth.core.internal.ratelimit import truncate_ip
from allauth.idp.oidc.models import Client
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

    Nobody can guess a secret of 256 random bits, at any speed; what is bounded is the work. A right secret is counted
    by its client and refused for no wrong one, whoever sends those from the same address or names the same client.
    Wrong ones are counted by the address and the client that is named; made-up clients as one, or each were a row.
    """
    now, (client_id, secret) = timezone.now(), _credentials(request)
    if "\x00" in client_id:
        return problem_document(request, BadRequest())
    client = Client.objects.filter(id=client_id).only("secret").first()
    if client and client.check_secret(secret):
        limit = limits.Limit("client", f"token:{client.id}", settings.TOKEN_RATE_PER_CLIENT)
    else:
        address = truncate_ip(get_adapter().get_client_ip(request))  # of IPv6 the network: who has one has all of it
        name = f"refused:{address}:{client.id if client else ''}"
        limit = limits.Limit("refusals", name[:120], settings.TOKEN_REFUSALS_PER_ADDRESS)
    (before,) = limits.look([limit], now)
    if limit.quota and before.taken >= limit.quota:
        return _too_many(request, before)
    response = oidc_token(request)
    if response.status_code == 401:
        response.headers.setdefault("WWW-Authenticate", 'Basic realm="portolan"')
    if response.status_code == 200:
        services.note_use(client_id=client_id, secret=secret, now=now)
    return _told(response, limits.take([limit], now)) if limit.quota else response


def _too_many(request: HttpRequest, full: limits.Standing) -> HttpResponse:
    refusal = limits.RateLimited(wait=full.resets_in)
    response = problem_document(request, refusal)
    response["Retry-After"] = str(refusal.wait)
    return _told(response, [full])


def _told(response: HttpResponse, standings: list[limits.Standing]) -> HttpResponse:
    for name, value in limits.headers(standings).items():
        response[name] = value
    return response


def _credentials(request: HttpRequest) -> tuple[str, str]:
    """Id and secret where allauth reads them: in the header, or else in the form; empty where they cannot be read."""
    client_id, secret = extract_basic_auth(request.headers)
    if client_id is None:
        return request.POST.get("client_id", ""), request.POST.get("client_secret", "")
    return client_id, secret
