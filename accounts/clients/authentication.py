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


class ClientAuthentication(BaseAuthentication):
    """Bearer token of a client; the request then acts for the client's party in the client's role.

    One statement: the token by the hash of its value, with its client, party and role.
    """

    def authenticate(self, request: Request):
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = (
            Token.objects.valid()
            .by_value(value.strip())
            .filter(type=Token.Type.ACCESS_TOKEN, client__party_client__isnull=False)
            .select_related("client__party_client__party")
            .first()
        )
        # A token that a person gave to an application is not that of a machine.
        if token is None or token.user_id or SCOPE not in token.get_scopes():
            raise TokenInvalid()
        if not is_resources_subset([request.build_absolute_uri(request.path)], token.get_resources()):
            raise TokenInvalid()
        bound = token.client.party_client
        request._request.actor = Actor(
            party_id=bound.party_id,
            party_kind=bound.party.kind,
            roles=frozenset({bound.role}),
            client_id=bound.client_id,
            request_id=request._request.request_id,
        )
        request._request.party = bound.party
        return bound, token

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
