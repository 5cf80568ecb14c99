"""A request that creates something is done once, however often it is sent.

Key, work and answer are one transaction: after a crash there is either all of it or nothing. A refusal is remembered
like any other answer, so that evidence kept on the way to it is kept once: what the refused service wrote is rolled
back by its own savepoint, the document that was kept before stays. A refusal for lack of permission, or because what
was seen has changed, is not remembered: nothing was done, and the key is still free for whoever may and looks again.

What is shown only once (`Response.shown_once` names the fields) is not kept, and null in a replay.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime

from django.db import connection
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from accounts.clients.models import IdempotencyKey
from accounts.intake.scanning import NotScanned
from portal.shared.access import Actor
from portal.shared.conditional import PreconditionFailed, PreconditionRequired
from portal.shared.database import acting
from portal.shared.errors import (
    Forbidden,
    IdempotencyConflict,
    IdempotencyInFlight,
    InvalidInput,
    Misshapen,
    RateLimited,
    RuleViolation,
)
from portal.shared.http import MEDIA_TYPE, problem

REPLAYED = "Idempotency-Replayed"
MAX_KEY = 120
NOT_REMEMBERED = (Forbidden, PreconditionFailed, PreconditionRequired, Misshapen, NotScanned, RateLimited)


def once(
    *, actor: Actor, key: str, said: tuple[str | bytes, ...], now: datetime, work: Callable[[], Response]
) -> Response:
    """Answer of `work`, or of the earlier request with this key (marked `Idempotency-Replayed: true`).

    A key belongs to the party, and to what was `said` under it and by whom.
    Raises IdempotencyConflict for another request under the same key, IdempotencyInFlight while the first is running.
    """
    if not 0 < len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise InvalidInput(
            "An idempotency key has 1 to {most} characters, of printable ASCII.",
            code="IDEMPOTENCY_KEY_INVALID",
            most=MAX_KEY,
        )
    request_hash = fingerprint(said)
    with acting(actor):
        if not _hold(f"{actor.party_id}/{key}"):
            raise IdempotencyInFlight()
        known = IdempotencyKey.objects.filter(party_id=actor.party_id, key=key).first()
        if known:
            return _replay(known, request_hash)
        response = _answer(work)
        answer = json.loads(JSONRenderer().render(response.data))
        answer |= dict.fromkeys(getattr(response, "shown_once", ()))
        IdempotencyKey.objects.create(
            party_id=actor.party_id, key=key, request_hash=request_hash, created_at=now,
            status_code=response.status_code, answer=answer,
        )  # fmt: skip
        return response


def fingerprint(said: tuple[str | bytes, ...]) -> str:
    """Hash of the parts, each with its length, so that none can borrow from its neighbour."""
    digest = hashlib.sha256()
    for part in said:
        raw = part if isinstance(part, bytes) else str(part).encode()
        digest.update(len(raw).to_bytes(8) + raw)
    return digest.hexdigest()


def _hold(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [name])
        return cursor.fetchone()[0]


def _answer(work: Callable[[], Response]) -> Response:
    try:
        return work()
    except NOT_REMEMBERED:
        raise
    except RuleViolation as refusal:
        return Response(problem(refusal), status=refusal.status, content_type=MEDIA_TYPE)


def _replay(known: IdempotencyKey, request_hash: str) -> Response:
    if known.request_hash != request_hash:
        raise IdempotencyConflict()
    response = Response(known.answer, status=known.status_code)
    if known.status_code >= 400:
        response.content_type = MEDIA_TYPE
    response[REPLAYED] = "true"
    return response
