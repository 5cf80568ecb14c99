"""Who calls the API: a machine by its OAuth2 token, or a person by the session of the portal's own pages."""

import json
from dataclasses import dataclass
from datetime import datetime

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.internal.resources import is_resources_subset
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.db import connection
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.clients import limits
from accounts.clients.models import PartyClient
from accounts.parties.factors import asked_to_set_up
from accounts.parties.models import Party
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


CALLER, PARTY = "%s/%s", "party:%s"
"""Names under which requests are counted: of a caller by its party and itself, and of all of the party together."""
NAMES = f"""known, LATERAL (VALUES
    (1, format('{CALLER}', known.party_id, 'client:' || known.client_id)),
    (2, format('{PARTY}', known.party_id))
) AS asked (place, name)""".replace("%", "%%")
ASKED = f"""
WITH known AS (
    SELECT token.client_id::text, token.user_id, token.scopes, token.data::text, bound.role::text, bound.party_id,
        party.kind::text
    FROM {Token._meta.db_table} token
    JOIN {PartyClient._meta.db_table} bound ON bound.client_id = token.client_id
    JOIN {Party._meta.db_table} party ON party.id = bound.party_id
    WHERE token.hash = %(hash)s AND token.type = %(type)s AND (token.expires_at IS NULL OR token.expires_at > %(now)s)
), counted AS ({limits.counting(NAMES, now="%(now)s")})
SELECT known.*, counted.name::text, counted.taken, counted.began_at FROM known, counted
"""
"""Who calls, and that it has called once more. By hand, of one plan that is kept: every request makes it, and the ORM
takes longer to put it together, and the server to plan it, than to answer it. Its texts are of no length, so that a
column that grows during an upgrade leaves the plan of older processes valid."""


@dataclass(frozen=True, slots=True)
class Known:
    """A token that holds, with whom its client is bound to."""

    client_id: str
    user_id: int | None
    scopes: str
    data: str | None
    role: str
    party_id: int
    kind: str

    @property
    def resources(self) -> list[str] | None:
        """The addresses that it is for; None for any."""
        return (json.loads(self.data) or {}).get("resources") if self.data else None


class ClientAuthentication(BaseAuthentication):
    """Bearer token of a client; the request then acts for the client's party in the client's role.

    One statement: the token by the hash of its value, with party and role, and what was counted of them.
    """

    def authenticate(self, request: Request) -> tuple[Actor, Known] | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        found, request._request.counted = self._known(value.strip(), timezone.now())
        if found is None or not self._is_for_this(found, request):
            raise TokenInvalid()
        actor = Actor(
            party_id=found.party_id,
            party_kind=found.kind,
            roles=frozenset({found.role}),
            client_id=found.client_id,
            scopes=frozenset(found.scopes.split()) & SCOPES.keys(),
            request_id=request._request.request_id,
        )
        request._request.actor = actor
        return actor, found

    def _known(self, value: str, now: datetime) -> tuple[Known | None, list[tuple]]:
        """Whose token it is, and what was counted: name, how much was taken, since when."""
        with connection.keeping_cursor() as cursor:
            asked = {"hash": get_adapter().hash_token(value), "type": Token.Type.ACCESS_TOKEN, "now": now}
            cursor.execute(ASKED, asked)
            rows = cursor.fetchall()
        return (Known(*rows[0][:-3]), [row[-3:] for row in rows]) if rows else (None, [])

    def _is_for_this(self, token: Known, request: Request) -> bool:
        """A token of a scope of ours, for this address; none that a person gave away."""
        if token.user_id is not None or SCOPES.keys().isdisjoint(token.scopes.split()):
            return False
        resources = token.resources
        return resources is None or is_resources_subset([request.build_absolute_uri(request.path)], resources)

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
            limits.Limit("caller", CALLER % (actor.party_id, actor.identity), settings.API_RATE_PER_CALLER),
            limits.Limit("party", PARTY % actor.party_id, settings.API_RATE_PER_PARTY),
        ]
        bounds = [each for each in bounds if each.quota]
        if not bounds:
            return True
        now, counted = timezone.now(), getattr(request._request, "counted", None)
        standings = limits.take(bounds, now) if counted is None else limits.standings(bounds, now, counted)
        request._request.rate_headers = limits.headers(standings)
        if refused := limits.refusal(standings):
            raise refused
        return True
