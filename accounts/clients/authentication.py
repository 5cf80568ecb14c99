"""Who calls the API: a machine by its OAuth2 token, or a person by the session of the portal's own pages."""

from allauth.idp.oidc.internal.resources import is_resources_subset
from allauth.idp.oidc.models import Token
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.clients.services import SCOPE
from portal.shared.access import Actor

CHALLENGE = 'Bearer realm="portolan"'


class TokenInvalid(AuthenticationFailed):
    default_code = "token_invalid"
    default_detail = "This access token is unknown, has expired, or is for something else. Ask for a new one."


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
            request_id=request._request.request_id,
        )
        request._request.actor = actor
        return actor, found

    def _is_for_this(self, token: dict, request: Request) -> bool:
        """A token of a client bound to a party, of our scope, for this address; none that a person gave away."""
        of_machine = token["party_id"] is not None and token["user_id"] is None
        resources = (token["data"] or {}).get("resources")
        here = request.build_absolute_uri(request.path)
        return of_machine and SCOPE in token["scopes"].split() and is_resources_subset([here], resources)

    def authenticate_header(self, request) -> str:
        return CHALLENGE


class SessionActorAuthentication(SessionAuthentication):
    """The session of a signed-in person, with CSRF protection."""

    def authenticate_header(self, request) -> str:
        return CHALLENGE


class HasActor(BasePermission):
    """Someone acts for some party; what they may do is decided by the services."""

    def has_permission(self, request, view) -> bool:
        return request.successful_authenticator is not None and getattr(request, "actor", None) is not None
