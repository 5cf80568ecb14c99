"""Running a kept document through once more: the account was registered since, the order came, the fault was mended.

A feature that reads documents calls `reopen`, reads and enters as it did the first time, concludes, and calls
`replayed`, all in one transaction: content and hash stay as they came, outcome and effect stand or fall together, and
of two who do it at once the second finds the document concluded.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from accounts.intake.models import Document
from accounts.intake.services import is_oversized
from accounts.trail.services import News, record
from portal.shared.access import MAKER, SYSTEM_ACTOR, Actor, require
from portal.shared.errors import NotFound, RuleViolation

AFTER = timedelta(minutes=5)
"""A document without an outcome is being read; one this old was left by a process that died."""

BY_PARTS = (Document.Kind.BANK_MESSAGE, Document.Kind.TRADE_HISTORY)
"""Kinds of which the parts that entered are known again, and enter once."""

Outcome = Document.Outcome


class NotReplayable(RuleViolation):
    code, status = "NOT_REPLAYABLE", 409
    sentence = _("This document cannot be run through again: what it says has entered, or is being read.")


class NotWhole(NotReplayable):
    code = "NOT_KEPT_WHOLE"
    sentence = _("Of this document only the beginning was kept. Whoever handed it in has to do so again.")


class NotKnownHow(NotReplayable):
    code = "NOT_KNOWN_HOW"
    sentence = _("Nobody kept how this file was to be read. Whoever handed it in has to do so again.")


def may_replay(document: Document, now: datetime) -> bool:
    """Refused as a whole, left without an outcome, or refused in part where the other parts are known again."""
    if document.outcome == Outcome.RECEIVED:
        return document.received_at <= now - AFTER
    return document.outcome == Outcome.REFUSED or (document.outcome == Outcome.PARTLY and document.kind in BY_PARTS)


def reopen(*, actor: Actor, document_id: int, now: datetime) -> Document:
    """Take a document up again, under its lock. For operators.

    Raises NotFound, Forbidden, NotReplayable and its children.
    """
    rows = Document.objects.visible_to(actor).select_for_update(no_key=True, of=("self",))
    document = rows.filter(id=document_id).first()
    if document is None:
        raise NotFound()
    require(actor, "intake.replay")
    if not may_replay(document, now):
        raise NotReplayable()
    if is_oversized(document):
        raise NotWhole()
    document.outcome, document.code, document.explanation = Outcome.RECEIVED, "", ""
    document.save(update_fields=["outcome", "code", "explanation"])
    return document


def in_the_name_of(document: Document, actor: Actor) -> Actor:
    """Who enters it: the party that handed it in, as nobody in person. The event of the replay names the operator."""
    if document.party_id is None:
        return SYSTEM_ACTOR
    roles = frozenset({MAKER})
    return Actor(document.party_id, document.party.kind, roles, request_id=actor.request_id)


def replayed(actor: Actor, document: Document, now: datetime) -> Document:
    """Tell of it: the party that handed it in, and the operator."""
    facts = {"outcome": document.outcome, "code": document.code}
    record(actor, now, [News("document.replayed", document, (document.party_id, actor.party_id), facts)])
    return document
