"""A kept document that was refused runs through intake again: once, in its party's name, and the trail tells."""

from datetime import timedelta

import pytest

from accounts.intake import replaying
from accounts.intake import services as intake
from accounts.intake.models import Document
from accounts.trail.models import Event
from financing.banking import services as banking
from financing.receivables import services as receivables
from financing.receivables.models import Receivable
from logistics.orders import services as orders
from logistics.orders.models import OrderLine
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.errors import Forbidden, NotFound
from tests.orders.test_importing import csv, row
from tests.receivables.conftest import scene
from tests.world import NOW, as_member

__all__ = ["scene"]
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def unknown_debtor(scene) -> Document:
    """An invoice to a debtor whom nobody knew then."""
    invoice = scene.invoice("A-1", debtor={"registration_number": "HRB 99"})
    (result,) = scene.submit(invoice)
    assert not result.accepted
    return Document.objects.get()


def known_now(scene) -> None:
    type(scene.cast.meridian).objects.filter(id=scene.cast.meridian.id).update(registration_number="HRB 99")


def test_a_refused_invoice_enters_when_what_was_missing_is_there(scene, unknown_debtor):
    content = bytes(unknown_debtor.content)
    known_now(scene)
    wim = as_member("wim@watch.example")
    done = receivables.replay(actor=wim, document_id=unknown_debtor.id, now=LATER)
    assert (done.outcome, done.code, bytes(done.content)) == ("ACCEPTED", "", content)
    entered = Receivable.objects.get()
    assert (entered.number, entered.supplier_id, entered.document_id) == ("A-1", scene.cast.amphora.id, done.id)
    told = Event.objects.get(name="document.replayed")
    assert (told.actor_user_id, told.payload) == (wim.user_id, {"outcome": "ACCEPTED", "code": ""})
    assert set(told.parties.values_list("party_id", flat=True)) == {scene.cast.amphora.id, scene.cast.watch.id}
    received = Event.objects.get(name="receivable.received")
    assert (received.actor_party_id, received.actor_user_id) == (scene.cast.amphora.id, None)


def test_what_has_entered_does_not_enter_again(scene, unknown_debtor):
    known_now(scene)
    wim = as_member("wim@watch.example")
    receivables.replay(actor=wim, document_id=unknown_debtor.id, now=LATER)
    with pytest.raises(replaying.NotReplayable):
        receivables.replay(actor=wim, document_id=unknown_debtor.id, now=LATER)
    assert (Receivable.objects.count(), Event.objects.filter(name="document.replayed").count()) == (1, 1)


def test_what_is_still_wrong_is_refused_again_and_may_be_tried_again(scene, unknown_debtor):
    wim = as_member("wim@watch.example")
    for _ in range(2):
        done = receivables.replay(actor=wim, document_id=unknown_debtor.id, now=LATER)
        assert (done.outcome, done.code) == ("REFUSED", unknown_debtor.code)
    assert not Receivable.objects.exists()
    assert Event.objects.filter(name="document.replayed").count() == 2


def test_only_the_operators_makers_run_a_document_through_again(scene, unknown_debtor):
    known_now(scene)
    refusals = {"ben@bellows.example": NotFound, "ana@amphora.example": Forbidden, "wanda@watch.example": Forbidden}
    for email, refusal in refusals.items():
        with pytest.raises(refusal):
            receivables.replay(actor=as_member(email), document_id=unknown_debtor.id, now=LATER)
    unknown_debtor.refresh_from_db()
    assert unknown_debtor.outcome == "REFUSED" and not Receivable.objects.exists()


def test_what_is_being_read_is_left_alone_and_what_a_crash_left_is_not(scene):
    kept = intake.keep(
        actor=as_member("ana@amphora.example"),
        kind=Document.Kind.INVOICE,
        content=b"{",
        media_type="text/plain",
        now=NOW,
    )
    assert not replaying.may_replay(kept, NOW + timedelta(minutes=4))
    with pytest.raises(replaying.NotReplayable):
        receivables.replay(actor=SYSTEM_ACTOR, document_id=kept.id, now=NOW)
    assert receivables.replay(actor=SYSTEM_ACTOR, document_id=kept.id, now=LATER).outcome == "REFUSED"


def test_of_what_was_kept_in_part_nothing_is_made(scene, monkeypatch):
    monkeypatch.setattr(intake, "KEPT_OF_OVERSIZED", 4)
    kept = intake.keep(
        actor=SYSTEM_ACTOR, kind=Document.Kind.INVOICE, content=b"{} {} {}", media_type="text/plain", now=NOW, limit=5
    )
    with pytest.raises(replaying.NotWhole):
        receivables.replay(actor=SYSTEM_ACTOR, document_id=kept.id, now=LATER)


def test_a_trade_file_is_read_again_as_it_was_asked_for(scene):
    with pytest.raises(Exception, match="column"):
        orders.import_trade(
            actor=as_member("maya@meridian.example"), platform_id=scene.cast.meridian.id, content=b"nothing\n1\n",
            mapping="portolan", now=NOW,
        )  # fmt: skip
    broken = Document.objects.get()
    assert broken.report["asked"] == {"platform": scene.cast.meridian.id, "mapping": "portolan", "known_until": None}
    wim = as_member("wim@watch.example")
    assert orders.replay(actor=wim, document_id=broken.id, now=LATER).code == "COLUMNS_MISSING"
    partly = orders.import_trade(
        actor=as_member("maya@meridian.example"), platform_id=scene.cast.meridian.id, mapping="portolan", now=NOW,
        content=csv(row(), row(order="other", quantity="-1")),
    )  # fmt: skip
    lines = OrderLine.objects.count()
    done = orders.replay(actor=wim, document_id=partly["document"], now=LATER)
    assert (done.outcome, done.report["new"], done.report["known"]) == ("PARTLY", 0, 1)
    assert OrderLine.objects.count() == lines == 1


def test_a_file_of_which_nobody_kept_how_to_read_it_is_left(scene):
    kept = intake.keep(
        actor=SYSTEM_ACTOR, kind=Document.Kind.TRADE_HISTORY, content=b"x", media_type="text/csv", now=NOW
    )
    with pytest.raises(replaying.NotKnownHow):
        orders.replay(actor=SYSTEM_ACTOR, document_id=kept.id, now=LATER)
    kept.refresh_from_db()
    assert kept.outcome == "RECEIVED"


def test_a_message_of_the_bank_is_taken_in_again(scene):
    assert banking.receive(content=b"<nothing/>", now=NOW).code
    kept = Document.objects.get()
    done = banking.replay(actor=as_member("wim@watch.example"), document_id=kept.id, now=LATER)
    assert (done.id, done.outcome, done.code) == (kept.id, "REFUSED", kept.code)
    assert Document.objects.count() == 1
