"""Machines that act for a party, and what makes their retries safe."""

from allauth.idp.oidc.models import Client
from django.db import models
from django.db.models import Q

from accounts.parties.models import Membership, Party
from portal.shared import access
from portal.shared.access import Actor


class PartyClientQuerySet(models.QuerySet):
    def visible_to(self, actor: Actor):
        """Those of the acting party. The operator, who may remove any, and the portal itself: all."""
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(party_id=actor.party_id)


class PartyClient(models.Model):
    """An OAuth2 client (client credentials) that acts for one party in one role, within its scopes."""

    client = models.OneToOneField(Client, models.CASCADE, related_name="party_client")
    party = models.ForeignKey(Party, models.CASCADE, related_name="clients")
    role = models.CharField(max_length=8, choices=Membership.Role, default=Membership.Role.MAKER)
    created_at = models.DateTimeField()

    objects = PartyClientQuerySet.as_manager()

    class Meta:
        verbose_name = "API client"

    def __str__(self):
        return f"{self.client_id} for {self.party}"

    @property
    def name(self) -> str:
        return self.client.name

    @property
    def scopes(self) -> list[str]:
        return self.client.get_default_scopes()


class ClientSecret(models.Model):
    """A secret of a machine, as its hash: one, or two while the one is changed for the other."""

    party_client = models.ForeignKey(PartyClient, models.CASCADE, related_name="secrets")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True, help_text="When a token was last given for it")

    class Meta:
        constraints = [
            # One secret for two machines would be one that somebody else knows.
            models.UniqueConstraint(fields=["digest"], name="client_secret_once"),
        ]
        ordering = ["id"]


class Window(models.Model):
    """How many requests somebody made since the window began. Kept in memory rather than in safety (UNLOGGED)."""

    name = models.CharField(max_length=120, primary_key=True)
    began_at = models.DateTimeField()
    taken = models.IntegerField()


class IdempotencyKey(models.Model):
    """A request that creates something, and its answer: asked again, it is answered again and done once."""

    party = models.ForeignKey(Party, models.CASCADE, related_name="+")
    key = models.CharField(max_length=120)
    request_hash = models.CharField(max_length=64, help_text="Of method, path and body")
    status_code = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["party", "key"], name="idempotency_key_once"),
            models.CheckConstraint(
                condition=Q(status_code__isnull=True, answer__isnull=True) | Q(status_code__isnull=False),
                name="idempotency_answer_complete",
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]
