"""REST: the party's machines, their scopes and their secrets."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.clients import services
from accounts.clients.models import ClientSecret, PartyClient
from accounts.parties.freshness import require_fresh
from accounts.parties.models import Membership
from portal.shared.access import require
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Reading
from portal.shared.scopes import SCOPES


class ListOfScopes(serializers.ListField):
    child = serializers.ChoiceField(choices=list(SCOPES))


class SecretShown(serializers.ModelSerializer):
    class Meta:
        model = ClientSecret
        fields = ("created_at", "expires_at", "last_used_at")


class ApiClientShown(serializers.ModelSerializer):
    name = serializers.CharField()
    scopes = ListOfScopes()
    secrets = SecretShown(many=True)

    class Meta:
        model = PartyClient
        fields = ("id", "client_id", "name", "role", "scopes", "created_at", "secrets")


class ApiClientMade(ApiClientShown):
    """With its secret, which is shown this once; null where the request is repeated under its Idempotency-Key."""

    secret = serializers.CharField(allow_null=True)

    class Meta(ApiClientShown.Meta):
        fields = (*ApiClientShown.Meta.fields, "secret")


class ApiClientAsked(serializers.Serializer):
    name = serializers.CharField(max_length=100)
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    scopes = ListOfScopes(min_length=1)
    expires_at = serializers.DateTimeField(allow_null=True, default=None, help_text="When its first secret ends")


class ApiClientChanged(serializers.Serializer):
    name = serializers.CharField(max_length=100, required=False)
    role = serializers.ChoiceField(choices=Membership.Role.choices, required=False)
    scopes = ListOfScopes(min_length=1, required=False)


class SecretAsked(serializers.Serializer):
    overlap_hours = serializers.IntegerField(
        min_value=0, max_value=168, default=24, help_text="How long the secret of before holds; 0 where it leaked"
    )
    expires_at = serializers.DateTimeField(allow_null=True, default=None, help_text="When the new secret ends")


@extend_schema(tags=["clients"])
class Clients(Reading):
    """API clients: machines that act for the party in one role, within their scopes. For its administrators."""

    model, view, group = PartyClient, "clients.manage", "clients"
    related = ("client",)
    serializer_class = ApiClientShown

    def rows(self):
        return super().rows().filter(party_id=self.actor.party_id).prefetch_related("secrets")

    @extend_schema(request=ApiClientAsked, responses={201: ApiClientMade}, parameters=[KEY_PARAMETER])
    @refuses(
        "NAME_INVALID",
        "ROLE_INVALID",
        "SCOPE_UNKNOWN",
        "SCOPE_BEYOND_OWN",
        "EXPIRY_INVALID",
        "REAUTHENTICATION_REQUIRED",
    )
    def create(self, request) -> Response:
        """Let a machine act for the party; its secret is shown this once."""
        given = self.checked_of_person(ApiClientAsked)
        made, secret = services.create_client(
            actor=self.actor, party_id=self.actor.party_id, now=timezone.now(), **given
        )
        return self._with_secret(made, secret, 201)

    @extend_schema(request=ApiClientChanged)
    @refuses("NAME_INVALID", "ROLE_INVALID", "SCOPE_UNKNOWN", "SCOPE_BEYOND_OWN", "REAUTHENTICATION_REQUIRED")
    def partial_update(self, request, pk: str) -> Response:
        """Change name, role or scopes; its tokens end."""
        self.seen(pk)
        given = self.checked_of_person(ApiClientChanged)
        return self.answer(
            services.change_client(actor=self.actor, party_client_id=int(pk), now=timezone.now(), **given)
        )

    @extend_schema(request=None, responses={204: None})
    @refuses("SCOPE_BEYOND_OWN")
    def destroy(self, request, pk: str) -> Response:
        """Shut a machine out at once, with its tokens."""
        services.remove_client(actor=self.actor, client_id=self.seen(pk).client_id, now=timezone.now())
        return Response(status=204)

    @extend_schema(request=SecretAsked, responses=ApiClientMade, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("OVERLAP_INVALID", "EXPIRY_INVALID", "SCOPE_BEYOND_OWN", "REAUTHENTICATION_REQUIRED")
    def rotate(self, request, pk: str) -> Response:
        """Give a machine another secret; the one before holds on for a while, or ends at once."""
        self.seen(pk)
        given = self.checked_of_person(SecretAsked)
        overlap = timedelta(hours=given.pop("overlap_hours"))
        bound, secret = services.rotate_secret(
            actor=self.actor, party_client_id=int(pk), overlap=overlap, now=timezone.now(), **given
        )
        return self._with_secret(bound, secret)

    def checked_of_person(self, serializer: type[serializers.Serializer]) -> dict:
        """A person in a session confirms first who it is; a machine needs nothing but its token."""
        require(self.actor, self.view)
        require_fresh(self.request._request, self.actor)
        return self.checked(serializer)

    def _with_secret(self, bound: PartyClient, secret: str, status: int = 200) -> Response:
        made = self.get_queryset().get(pk=bound.pk)
        made.secret = secret
        response = Response(ApiClientMade(made).data, status=status)
        response.shown_once = ("secret",)
        return response
