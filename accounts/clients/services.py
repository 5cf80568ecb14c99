"""Machines that may act for a party: let in, and shut out."""

import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import make_password

from accounts.clients.hashing import SecretHasher
from accounts.clients.models import IdempotencyKey, PartyClient
from accounts.parties.models import Membership, Party
from accounts.parties.services import require_to_end
from accounts.trail.services import News, record
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound

SCOPE = "portolan"
KEYS_KEPT = timedelta(days=7)
"""How long a repeated request is recognised."""


def create_client(*, actor: Actor, party_id: int, name: str, role: str, now: datetime) -> tuple[PartyClient, str]:
    """Let a machine act for the actor's own party in one role. The secret is shown this once and kept as a hash.

    Raises NotFound, Forbidden, InvalidInput.
    """
    return create_clients(actor=actor, party_ids=[party_id], name=name, role=role, now=now)[0]


def create_clients(
    *, actor: Actor, party_ids: Sequence[int], name: str, role: str, now: datetime
) -> list[tuple[PartyClient, str]]:
    """One machine for each party, in their order and a handful of statements; another's party only for the portal."""
    with acting(actor):
        wanted = list(dict.fromkeys(party_ids))
        visible = set(Party.objects.visible_to(actor).filter(id__in=wanted).values_list("id", flat=True))
        if visible != set(wanted) or not (actor.is_system or visible <= {actor.party_id}):
            raise NotFound()
        require(actor, "parties.manage_members")
        if role not in Membership.Role.values:
            raise InvalidInput("This role is not known.", code="ROLE_INVALID")
        if not name.strip() or len(name) > 100:
            raise InvalidInput("Give the client a name of 1 to 100 characters.", code="NAME_INVALID")
        made = [(_client(name.strip(), secret, now), secret) for secret in _secrets(len(wanted))]
        Client.objects.bulk_create(client for client, _ in made)
        bound = PartyClient.objects.bulk_create(
            PartyClient(client=client, party_id=party_id, role=role, created_at=now)
            for (client, _), party_id in zip(made, wanted, strict=True)
        )
        facts = {"role": role, "name": name.strip()}
        record(actor, now, [News("client.created", each, (each.party_id,), facts, internal=True) for each in bound])
        return [(each, secret) for each, (_, secret) in zip(bound, made, strict=True)]


def remove_client(*, actor: Actor, client_id: str, now: datetime) -> None:
    """Shut a machine out at once: its tokens end with it. The operator does so for any party.

    Raises NotFound, Forbidden.
    """
    with acting(actor):
        bound = (
            PartyClient.objects.filter(client_id=client_id, party__in=Party.objects.visible_to(actor))
            .select_for_update(of=("self",))
            .first()
        )
        if bound is None:
            raise NotFound()
        require_to_end(actor, bound.party_id)
        record(actor, now, [News("client.removed", bound, (bound.party_id,), {"role": bound.role}, internal=True)])
        Client.objects.filter(id=client_id).delete()


def forget_keys(*, now: datetime) -> int:
    """Drop idempotency keys older than KEYS_KEPT; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT).delete()[0]


def forget_tokens(*, now: datetime) -> int:
    """Drop tokens that ended a day ago; returns how many."""
    return Token.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()[0]


def _secrets(count: int) -> list[str]:
    return [secrets.token_urlsafe(32) for _ in range(count)]


def _client(name: str, secret: str, now: datetime) -> Client:
    return Client(
        id=uuid.uuid4().hex, name=name, secret=make_password(secret, hasher=SecretHasher()), scopes=SCOPE,
        default_scopes=SCOPE, type=Client.Type.CONFIDENTIAL, grant_types=Client.GrantType.CLIENT_CREDENTIALS,
        response_types="", created_at=now,
    )  # fmt: skip
