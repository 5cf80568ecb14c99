"""Who calls the API: a machine by its OAuth2 token, or a person by the session of the portal's own pages."""

from allauth.idp.oidc.contrib.rest_framework.authentication import TokenAuthentication
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission

from accounts.clients.models import PartyClient
from portal.shared.access import Actor


class ClientAuthentication(TokenAuthentication):
    """Bearer token of a client; the request then acts for the client's party in the client's role."""

    def authenticate(self, request):
        if not request.headers.get("Authorization", "").lower().startswith("bearer "):
            return None
        found = super().authenticate(request._request)
        if found is None:
            return None
        _user, token = found
        client = PartyClient.objects.select_related("party").filter(client_id=token.client_id).first()
        if client is None:
            return None
        request._request.actor = Actor(
            party_id=client.party_id,
            party_kind=client.party.kind,
            roles=frozenset({client.role}),
            client_id=client.client_id,
            request_id=request._request.request_id,
        )
        return client, token

    def authenticate_header(self, request) -> str:
        return 'Bearer realm="portolan"'


class SessionActorAuthentication(SessionAuthentication):
    """The session of a signed-in person, with CSRF protection."""

    def authenticate_header(self, request) -> str:
        return 'Bearer realm="portolan"'


class HasActor(BasePermission):
    """Someone acts for some party; what they may do is decided by the services."""

    def has_permission(self, request, view) -> bool:
        return getattr(request, "actor", None) is not None
