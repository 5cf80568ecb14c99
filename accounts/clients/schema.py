"""How the client authentication is told in the OpenAPI document."""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.permissions import SAFE_METHODS

from portal.shared.scopes import SCOPES, needed


class ClientScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.clients.authentication.ClientAuthentication"
    name = "client"

    def get_security_definition(self, auto_schema) -> dict:
        return {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/identity/o/api/token", "scopes": SCOPES}},
        }

    def get_security_requirement(self, auto_schema) -> dict:
        scope = needed(getattr(auto_schema.view, "group", ""), auto_schema.method not in SAFE_METHODS)
        return {self.name: [scope] if scope else []}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.clients.authentication.SessionActorAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema) -> dict:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
