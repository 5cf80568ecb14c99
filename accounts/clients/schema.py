"""How the client authentication is told in the OpenAPI document."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension

SCOPES = {"portolan": "Act as the client's party"}


class ClientScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.clients.authentication.ClientAuthentication"
    name = "client"

    def get_security_definition(self, auto_schema) -> dict:
        return {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "/identity/o/api/token", "scopes": SCOPES}},
        }

    def get_security_requirement(self, auto_schema) -> dict:
        return {self.name: ["portolan"]}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.clients.authentication.SessionActorAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema) -> dict:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
