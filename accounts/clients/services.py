"""Machines that may act for a party: let in, trusted with more or less, given another secret, and shut out."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from allauth.idp.oidc.models import Client, Token
from django.utils.translation import gettext as _

from accounts.clients.hashing import SecretHasher, digest_of
from accounts.clients.models import ClientSecret, IdempotencyKey, PartyClient, Window
from accounts.parties.models import Membership, Party
from accounts.parties.services import require_to_end
from accounts.trail.services import News, record
from portal.shared.access import Actor, require
from portal.shared.database import acting, lock_name
from portal.shared.errors import Forbidden, InvalidInput, NotFound, Stale
from portal.shared.names import plain
from portal.shared.scopes import EVERYTHING, SCOPES, within

KEYS_KEPT = timedelta(days=7)
"""How long a repeated request is recognised."""

LONGEST_OVERLAP = timedelta(days=7)
LONGEST_LIFE = timedelta(days=730)


class BeyondOwnScopes(Forbidden):
    """Whoever could hand on more than it has would have everything."""

    code = "SCOPE_BEYOND_OWN"
    sentence = "A client gives and changes only what lies within its own scopes."


def create_client(
    *, actor: Actor, party_id: int, name: str, role: str, now: datetime, scopes: Sequence[str] = (EVERYTHING,),
    expires_at: datetime | None = None, asked_as: str = "",
) -> tuple[PartyClient, str]:  # fmt: skip
    """Let a machine act for the actor's own party in one role. The secret is shown this once and kept as a hash.

    `asked_as`: what the page calls its question. Sent twice, by two clicks, it makes one machine, and the second
    answer, which alone is read, tells its secret: another, as the first is known to nobody.
    Raises NotFound, Forbidden, Stale, InvalidInput (ROLE_INVALID, NAME_INVALID, SCOPE_UNKNOWN, EXPIRY_INVALID).
    """
    client_id = _id_of(actor, party_id, asked_as) if asked_as else uuid.uuid4().hex
    with acting(actor):
        lock_name("client", client_id)
        made = PartyClient.objects.visible_to(actor).filter(client_id=client_id, party=party_id).first()
        if made is None:
            return create_clients(
                actor=actor, party_ids=[party_id], name=name, role=role, scopes=scopes, expires_at=expires_at, now=now,
                ids=[client_id],
            )[0]  # fmt: skip
        if made.secrets.exclude(last_used_at=None).exists():
            raise Stale(_("This client was created already, and its secret is in use."))
        return rotate_secret(
            actor=actor, party_client_id=made.id, overlap=timedelta(0), expires_at=expires_at, now=now
        )  # fmt: skip


def _id_of(actor: Actor, party_id: int, asked_as: str) -> str:
    return hashlib.sha256(f"{actor.identity}/{party_id}/{asked_as}".encode()).hexdigest()[:32]


def create_clients(
    *, actor: Actor, party_ids: Sequence[int], name: str, role: str, now: datetime,
    scopes: Sequence[str] = (EVERYTHING,), expires_at: datetime | None = None, ids: Sequence[str] = (),
) -> list[tuple[PartyClient, str]]:  # fmt: skip
    """One machine for each party, in their order and a handful of statements; another's party only for the portal."""
    with acting(actor):
        wanted = list(dict.fromkeys(party_ids))
        visible = set(Party.objects.visible_to(actor).filter(id__in=wanted).values_list("id", flat=True))
        if visible != set(wanted) or not (actor.is_system or visible <= {actor.party_id}):
            raise NotFound()
        require(actor, "clients.manage")
        granted, name = _scopes(actor, scopes), _name(name)
        _check_role(role)
        _check_expiry(expires_at, now)
        ids = ids or [uuid.uuid4().hex for _ in wanted]
        made = [(_client(client_id, name, granted, now), _secret()) for client_id in ids]
        for client, secret in made:
            client.secret = SecretHasher.together([(digest_of(secret), expires_at)])
        Client.objects.bulk_create(client for client, _ in made)
        bound = PartyClient.objects.bulk_create(
            PartyClient(client=client, party_id=party_id, role=role, created_at=now)
            for (client, _), party_id in zip(made, wanted, strict=True)
        )
        ClientSecret.objects.bulk_create(
            ClientSecret(party_client=each, digest=digest_of(secret), created_at=now, expires_at=expires_at)
            for each, (_, secret) in zip(bound, made, strict=True)
        )
        facts = {"role": role, "name": name, "scopes": granted}
        record(actor, now, [News("client.created", each, (each.party_id,), facts, internal=True) for each in bound])
        return [(each, secret) for each, (_, secret) in zip(bound, made, strict=True)]


def change_client(
    *, actor: Actor, party_client_id: int, now: datetime, name: str | None = None, role: str | None = None,
    scopes: Sequence[str] | None = None, seen_hash: str = "",
) -> PartyClient:  # fmt: skip
    """Another name, role or other scopes; what is None stays. Its tokens end: the next ones say what it may now.

    `seen_hash`: `trust_hash` of the page that says all three anew: it gives nothing back that was taken since.
    Raises NotFound, Forbidden, Stale, InvalidInput (ROLE_INVALID, NAME_INVALID, SCOPE_UNKNOWN).
    """
    with acting(actor):
        bound = _own(actor, party_client_id)
        require(actor, "clients.manage")
        _within_own(actor, bound.scopes)
        if seen_hash and seen_hash != trust_hash(bound):
            raise Stale()
        if name is not None:
            bound.client.name = _name(name)
        if role is not None:
            _check_role(role)
            bound.role = role
        if scopes is not None:
            _set_scopes(bound.client, _scopes(actor, scopes))
        bound.client.save(update_fields=["name", "scopes", "default_scopes"])
        bound.save(update_fields=["role"])
        Token.objects.filter(client_id=bound.client_id).delete()
        facts = {"role": bound.role, "name": bound.name, "scopes": bound.scopes}
        record(actor, now, [News("client.changed", bound, (bound.party_id,), facts, internal=True)])
        return bound


def trust_hash(bound: PartyClient) -> str:
    """Of how far a machine is trusted, and what it is called."""
    return hashlib.sha256(json.dumps([bound.name, bound.role, bound.scopes]).encode()).hexdigest()


def rotate_secret(
    *, actor: Actor, party_client_id: int, overlap: timedelta, now: datetime, expires_at: datetime | None = None,
    seen_secret_id: int | None = None,
) -> tuple[PartyClient, str]:  # fmt: skip
    """Another secret, shown this once. The one before holds for `overlap` more; at once, its tokens end with it.

    `seen_secret_id`: the newest that the page told of. Sent again, the page would end the one that a machine uses.
    Raises NotFound, Forbidden, Stale, InvalidInput (OVERLAP_INVALID, EXPIRY_INVALID).
    """
    with acting(actor):
        bound = _own(actor, party_client_id)
        require(actor, "clients.manage")
        _within_own(actor, bound.scopes)
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise InvalidInput(_("The secret of before holds for at most seven days more."), code="OVERLAP_INVALID")
        _check_expiry(expires_at, now)
        if seen_secret_id is not None and bound.secrets.filter(id__gt=seen_secret_id).exists():
            raise Stale("It was given another secret since you opened this page. Nothing was changed.")
        _end_secrets(bound, now, now + overlap)
        secret = _secret()
        bound.secrets.create(digest=digest_of(secret), created_at=now, expires_at=expires_at)
        bound.client.secret = SecretHasher.together(list(bound.secrets.values_list("digest", "expires_at")))
        bound.client.save(update_fields=["secret"])
        if not overlap:
            Token.objects.filter(client_id=bound.client_id).delete()
        facts = {"name": bound.name, "overlap_minutes": int(overlap.total_seconds() // 60)}
        record(actor, now, [News("client.secret_rotated", bound, (bound.party_id,), facts, internal=True)])
        return bound, secret


def remove_client(*, actor: Actor, client_id: str, now: datetime) -> None:
    """Shut a machine out at once: its tokens end with it. The operator does so for any party.

    Raises NotFound, Forbidden.
    """
    with acting(actor):
        bound = (
            PartyClient.objects.filter(client_id=client_id, party__in=Party.objects.visible_to(actor))
            .select_related("client")
            .select_for_update(no_key=True, of=("self",))
            .first()
        )
        if bound is None:
            raise NotFound()
        require_to_end(actor, bound.party_id)
        _within_own(actor, bound.scopes)
        facts = {"role": bound.role, "name": bound.name}
        record(actor, now, [News("client.removed", bound, (bound.party_id,), facts, internal=True)])
        Client.objects.filter(id=client_id).delete()


def note_use(*, client_id: str, secret: str, now: datetime) -> None:
    """A token was given for this secret."""
    ClientSecret.objects.filter(party_client__client_id=client_id, digest=digest_of(secret)).update(last_used_at=now)


def forget_keys(*, now: datetime) -> int:
    """Drop idempotency keys older than KEYS_KEPT; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT).delete()[0]


def forget_tokens(*, now: datetime) -> int:
    """Drop tokens that ended a day ago; returns how many."""
    return Token.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()[0]


def forget_windows(*, now: datetime) -> int:
    """Drop counts of requests of windows that ended long ago; returns how many."""
    return Window.objects.filter(began_at__lt=now - timedelta(hours=1)).delete()[0]


def _own(actor: Actor, party_client_id: int) -> PartyClient:
    found = (
        PartyClient.objects.visible_to(actor)
        .select_related("client")
        .select_for_update(no_key=True, of=("self",))
        .filter(id=party_client_id)
        .first()
    )
    if found is None or not (actor.is_system or found.party_id == actor.party_id):
        raise NotFound()
    return found


def _within_own(actor: Actor, scopes: Sequence[str]) -> None:
    if not within(frozenset(scopes), actor.scopes):
        raise BeyondOwnScopes()


def _scopes(actor: Actor, asked: Sequence[str]) -> list[str]:
    unknown = sorted(set(asked) - SCOPES.keys())
    if unknown or not asked:
        named = unknown[0][:40] if unknown else ""
        raise InvalidInput(
            _("There is no scope {scope!r}.").format(scope=named) if named else _("Name one scope at least."),
            code="SCOPE_UNKNOWN",
        )
    _within_own(actor, asked)
    return [EVERYTHING] if EVERYTHING in asked else [each for each in SCOPES if each in asked]


def _name(given: str) -> str:
    name = plain(given)
    if not name or len(name) > 100:
        raise InvalidInput(_("Give the client a name of 1 to 100 characters that can be seen."), code="NAME_INVALID")
    return name


def _check_role(role: str) -> None:
    if role not in Membership.Role.values:
        raise InvalidInput(_("This role is not known."), code="ROLE_INVALID")


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at and not now < expires_at <= now + LONGEST_LIFE:
        raise InvalidInput(_("A secret ends after now, and within two years."), code="EXPIRY_INVALID")


def _end_secrets(bound: PartyClient, now: datetime, until: datetime) -> None:
    """The newest secret that holds ends at `until` at the latest; older ones are dropped, so that two hold at most."""
    kept = bound.secrets.exclude(expires_at__lte=now).last() if until > now else None
    bound.secrets.exclude(id=kept.id if kept else None).delete()
    if kept and (kept.expires_at is None or kept.expires_at > until):
        kept.expires_at = until
        kept.save(update_fields=["expires_at"])


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _set_scopes(client: Client, scopes: Sequence[str]) -> None:
    """What a token covers that asks for nothing, and what one may ask for: of everything, any part."""
    client.default_scopes = "\n".join(scopes)
    client.scopes = "\n".join(SCOPES) if EVERYTHING in scopes else client.default_scopes


def _client(client_id: str, name: str, scopes: Sequence[str], now: datetime) -> Client:
    client = Client(
        # Not the slowly hashed default; the caller says which.
        id=client_id, name=name, secret="", type=Client.Type.CONFIDENTIAL,
        grant_types=Client.GrantType.CLIENT_CREDENTIALS, response_types="", created_at=now,
    )  # fmt: skip
    _set_scopes(client, scopes)
    return client
