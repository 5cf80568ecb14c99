"""Who calls the API: a machine by its OAuth2 token, or a person by the session of the portal's own pages."""

from allauth.idp.oidc.internal.resources import is_resources_subset
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.clients import limits
from accounts.parties.factors import asked_to_set_up
from portal.shared.access import Actor
from portal.shared.errors import Forbidden, SecondFactorRequired
from portal.shared.scopes import SCOPES, covers, needed

CHALLENGE = 'Bearer realm="portolan"'


class TokenInvalid(AuthenticationFailed):
    default_code = "token_invalid"
    default_detail = "This access token is unknown, has expired, or is for something else. Ask for a new one."


class InsufficientScope(Forbidden):
    """The token was not trusted with this (RFC 6750), whatever the client's role."""

    code = "INSUFFICIENT_SCOPE"
    sentence = "This token does not cover {scope}. Ask for one that does, or have the client trusted with it."

    @property
    def auth_header(self) -> str:
        return f'{CHALLENGE}, error="insufficient_scope", scope="{self.facts["scope"]}"'


_COLUMNS = {
    "client_id": "client_id",
    "user_id": "user_id",
    "scopes": "scopes",
    "data": "data",
    "role": "client__party_client__role",
    "party_id": "client__party_client__party_id",
    "kind": "client__party_client__party__kind",
}


class ClientAuthentication(BaseAuthentication):
    """Bearer token of a client; the request then acts for the client's party in the client's role.

    One statement of few columns, for every request makes it: the token by the hash of its value, with party and role.
    """

    def authenticate(self, request: Request) -> tuple[Actor, dict] | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        valid = Token.objects.valid().by_value(value.strip()).filter(type=Token.Type.ACCESS_TOKEN)
        row = valid.order_by().values_list(*_COLUMNS.values())[:1]
        found = next((dict(zip(_COLUMNS, each, strict=True)) for each in row), None)
        if found is None or not self._is_for_this(found, request):
            raise TokenInvalid()
        actor = Actor(
            party_id=found["party_id"],
            party_kind=found["kind"],
            roles=frozenset({found["role"]}),
            client_id=found["client_id"],
            scopes=frozenset(found["scopes"].split()) & SCOPES.keys(),
            request_id=request._request.request_id,
        )
        request._request.actor = actor
        return actor, found

    def _is_for_this(self, token: dict, request: Request) -> bool:
        """A token of a client bound to a party, of a scope of ours, for this address; none that a person gave away."""
        of_machine = token["party_id"] is not None and token["user_id"] is None
        resources = (token["data"] or {}).get("resources")
        here = request.build_absolute_uri(request.path)
        known = not SCOPES.keys().isdisjoint(token["scopes"].split())
        return of_machine and known and is_resources_subset([here], resources)

    def authenticate_header(self, request) -> str:
        return CHALLENGE


class SessionActorAuthentication(SessionAuthentication):
    """The session of a signed-in person, with CSRF protection."""

    def authenticate_header(self, request) -> str:
        return CHALLENGE


class HasActor(BasePermission):
    """Someone acts for some party; what they may do is decided by the services. Raises SecondFactorRequired."""

    def has_permission(self, request, view) -> bool:
        if request.successful_authenticator is None or getattr(request, "actor", None) is None:
            return False
        if settings.SECOND_FACTOR_FOR == "everybody" and request.actor.has_second_factor is False:
            raise SecondFactorRequired(asked_to_set_up())
        return True


class HasScope(BasePermission):
    """A machine's token covers the group of the resource; people have no scopes. Raises InsufficientScope."""

    def has_permission(self, request, view) -> bool:
        scope = needed(getattr(view, "group", ""), request.method not in SAFE_METHODS)
        if request.actor.scopes is not None and not covers(request.actor.scopes, scope):
            raise InsufficientScope(scope=scope)
        return True


class ByCaller(BaseThrottle):
    """A client or a person, and all of its party together."""

    def allow_request(self, request: Request, view) -> bool:
        actor = getattr(request, "actor", None)
        if actor is None:
            return True
        bounds = [
            limits.Limit("caller", f"{actor.party_id}/{actor.identity}", settings.API_RATE_PER_CALLER),
            limits.Limit("party", f"party:{actor.party_id}", settings.API_RATE_PER_PARTY),
        ]
        counted = [each for each in bounds if each.quota]
        if not counted:
            return True
        standings = limits.take(counted, timezone.now())
        request._request.rate_headers = limits.headers(standings)
        if refused := limits.refusal(standings):
            raise refused
        return True
