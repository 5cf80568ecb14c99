"""A request that creates something is done once, however often it is sent.

Key, work and answer are one transaction: after a crash there is either all of it or nothing. A refusal is remembered
like any other answer, so that evidence kept on the way to it is kept once.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

from django.db import connection
from rest_framework.response import Response

from accounts.clients.models import IdempotencyKey
from portal.shared.access import Actor
from portal.shared.database import acting
from portal.shared.errors import IdempotencyConflict, IdempotencyInFlight, InvalidInput, RuleViolation
from portal.shared.http import MEDIA_TYPE, problem

HEADER = "Idempotency-Key"


def fingerprint(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), body])).hexdigest()


def once(*, actor: Actor, key: str, request_hash: str, now: datetime, work: Callable[[], Response]) -> Response:
    """Answer of `work`, or of the earlier request with this key (marked `Idempotency-Replayed: true`).

    Raises IdempotencyConflict for another request under the same key, IdempotencyInFlight while the first is running.
    """
    if len(key) > 120:
        raise InvalidInput("An idempotency key has at most 120 characters.", code="IDEMPOTENCY_KEY_TOO_LONG")
    with acting(actor):
        if not _hold(f"{actor.party_id}/{key}"):
            raise IdempotencyInFlight()
        known = IdempotencyKey.objects.filter(party_id=actor.party_id, key=key).first()
        if known:
            return _replay(known, request_hash)
        response = _answer(work)
        IdempotencyKey.objects.create(
            party_id=actor.party_id, key=key, request_hash=request_hash, created_at=now,
            status_code=response.status_code, answer=response.data,
        )  # fmt: skip
        return response


def _hold(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [name])
        return cursor.fetchone()[0]


def _answer(work: Callable[[], Response]) -> Response:
    try:
        return work()
    except RuleViolation as refusal:
        return Response(problem(refusal), status=refusal.status, content_type=MEDIA_TYPE)


def _replay(known: IdempotencyKey, request_hash: str) -> Response:
    if known.request_hash != request_hash:
        raise IdempotencyConflict()
    response = Response(known.answer, status=known.status_code)
    if known.status_code >= 400:
        response.content_type = MEDIA_TYPE
    response["Idempotency-Replayed"] = "true"
    return response
