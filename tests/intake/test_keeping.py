"""Evidence: what came in stays as it came, whatever becomes of it."""

import hashlib

import pytest
from django.db import ProgrammingError, connection, transaction

from accounts.intake import services
from accounts.intake.models import Document
from portal.shared.errors import NotFound
from tests.world import NOW, as_member, cast


@pytest.fixture
def ana(db):
    cast()
    return as_member("ana@amphora.example")


def keep(actor, content=b"{}", **how) -> Document:
    how = {"kind": "INVOICE", "media_type": "application/json", "now": NOW} | how
    return services.keep(actor=actor, content=content, **how)


def test_content_hash_and_sender_are_kept(ana):
    document = keep(ana, b'{"number": "A-1"}', file_name="a.json")
    document.refresh_from_db()
    assert bytes(document.content) == b'{"number": "A-1"}'
    assert document.sha256 == hashlib.sha256(b'{"number": "A-1"}').hexdigest()
    assert (document.party_id, document.received_from, document.received_at) == (ana.party_id, ana.identity, NOW)
    assert (document.outcome, document.size) == ("RECEIVED", 17)


def test_of_what_is_too_large_the_beginning_is_kept_with_hash_and_size_of_the_whole(ana):
    content = b"x" * 100_001
    document = keep(ana, content, limit=100_000)
    assert services.is_oversized(document)
    assert (len(document.content), document.size) == (64 * 1024, 100_001)
    assert document.sha256 == hashlib.sha256(content).hexdigest()
    assert not services.is_oversized(keep(ana, content, limit=100_001))


def test_a_document_is_concluded_once(ana):
    document = keep(ana)
    services.conclude(document, "REFUSED", "EMPTY", "There is nothing in it.", {"items": 0})
    document.refresh_from_db()
    assert (document.outcome, document.code, document.explanation) == ("REFUSED", "EMPTY", "There is nothing in it.")
    with pytest.raises(NotFound):
        services.conclude(document, "ACCEPTED")
    document.refresh_from_db()
    assert document.outcome == "REFUSED"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE intake_document SET content = 'forged'",
        "UPDATE intake_document SET sha256 = 'forged'",
        "UPDATE intake_document SET received_from = 'user:1'",
        "DELETE FROM intake_document",
        "TRUNCATE intake_document CASCADE",
    ],
)
def test_the_role_that_serves_cannot_change_or_remove_evidence(ana, statement):
    keep(ana)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Document.objects.count() == 1


def test_a_document_is_seen_by_who_handed_it_in_and_by_the_operator(ana):
    keep(ana)
    assert Document.objects.visible_to(ana).exists()
    assert Document.objects.visible_to(as_member("wim@watch.example")).exists()
    for other in ("ben@bellows.example", "maya@meridian.example", "hana@harbour.example"):
        assert not Document.objects.visible_to(as_member(other)).exists()
