"""Keeping what came in, before anything is made of it."""

import hashlib
from datetime import datetime

from accounts.intake.models import Document
from accounts.intake.scanning import scan
from portal.shared import wall
from portal.shared.access import Actor
from portal.shared.database import acting
from portal.shared.errors import NotFound
from portal.shared.sentences import Said

MAX_BYTES = 10 * 1024 * 1024
"""The largest document of a trade. Trade history and bank messages have limits of their own."""

KEPT_OF_OVERSIZED = 64 * 1024


def keep(
    *, actor: Actor, kind: str, content: bytes, media_type: str, file_name: str = "", now: datetime,
    limit: int = MAX_BYTES, asked: dict | None = None,
) -> Document:  # fmt: skip
    """Store content and hash in a transaction of its own, so that the evidence survives whatever follows.

    Of content above `limit` only the beginning is stored, with hash and size of the whole: `is_oversized` tells.
    `asked` is what was said with it and is needed to read it again. What the bank says is signed and not scanned.
    Raises Harmful, NotScanned.
    """
    if not actor.is_system:
        scan(content, who=actor.identity)
    oversized = len(content) > limit
    with acting(actor):
        return Document.objects.create(
            party_id=actor.party_id,
            kind=kind,
            media_type=_printable(media_type)[:100],
            file_name=_printable(file_name)[-200:],
            content=content[:KEPT_OF_OVERSIZED] if oversized else content,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            received_at=now,
            received_from=actor.identity,
            report=({"kept_bytes": KEPT_OF_OVERSIZED} if oversized else {}) | ({"asked": asked} if asked else {}),
        )


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def is_oversized(document: Document) -> bool:
    return "kept_bytes" in document.report


@wall.inside()
def conclude(
    document: Document, outcome: str, code: str = "", explanation: Said = "", report: dict | None = None, kind: str = ""
) -> None:
    """Write what became of a document. Joins the caller's transaction: outcome and effect stand or fall together."""
    document.outcome, document.code, document.explanation = outcome, code[:60], explanation
    document.report = document.report | (report or {})
    document.kind = kind or document.kind
    fields = ["outcome", "code", "explanation", "report", "kind"]
    # A conditional update whose count is looked at: a document is concluded once.
    changed = Document.objects.filter(id=document.id, outcome=Document.Outcome.RECEIVED).update(
        **{name: getattr(document, name) for name in fields}
    )
    if not changed:
        raise NotFound("This document was concluded before.", code="DOCUMENT_CONCLUDED")
