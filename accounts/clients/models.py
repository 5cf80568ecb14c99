"""Machines that act for a party, and what makes their retries safe."""

from allauth.idp.oidc.models import Client
from django.db import models
from django.db.models import Q

from accounts.parties.models import Membership, Party


class PartyClient(models.Model):
    """An OAuth2 client (client credentials) that acts for one party in one role."""

    client = models.OneToOneField(Client, models.CASCADE, related_name="party_client")
    party = models.ForeignKey(Party, models.CASCADE, related_name="clients")
    role = models.CharField(max_length=8, choices=Membership.Role, default=Membership.Role.MAKER)
    created_at = models.DateTimeField()

    def __str__(self):
        return f"{self.client_id} for {self.party}"


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
