"""What an operator may do from the back office: services do it, with the actor and the time, and the trail tells."""

import pytest
from django.contrib.messages import get_messages

from accounts.clients.models import PartyClient
from accounts.clients.services import create_client
from accounts.intake.models import Document
from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Delivery
from financing.receivables.services import submit
from portal.backoffice import acts
from portal.shared.access import SYSTEM_ACTOR
from tests.backoffice.conftest import address, do, names_of, parked
from tests.world import NOW, as_member


def said(answer) -> list[str]:
    """What the page that follows says, in its own words."""
    return [str(message) for message in answer.context["messages"]] or [
        str(m) for m in get_messages(answer.wsgi_request)
    ]


def rows_of(subscriber: str):
    """Its deliveries alone: what happened to the cast has others."""
    return Delivery.objects.filter(subscriber=subscriber).order_by("id")


def test_parked_deliveries_are_tried_again_and_others_refused(wim, lending):
    first, second = parked(lending.cast.amphora, 2)
    (waiting,) = parked(lending.cast.bellows, state="WAITING")
    answer = do(wim, "try_again", first, second, waiting)
    assert said(answer) == [
        "Try again: done for 2.",
        "Try again: refused for 1, where nothing was changed. Delivery is waiting, so it cannot become waiting.",
    ]
    assert list(rows_of("advances.decide").values_list("state", "attempts")) == [
        ("WAITING", 0), ("WAITING", 0), ("WAITING", 8),
    ]  # fmt: skip


def test_a_row_offers_what_fits_it_and_the_act_leads_back_to_it(wim, lending):
    (delivery,) = parked(lending.cast.amphora)
    path = address(Delivery, "change", delivery.pk)
    assert "Try again" in wim.get(path).text
    answer = do(wim, "try_again", delivery, next=path)
    assert answer.redirect_chain == [(path, 302)]
    assert "<button" in answer.text and "Try again</button>" not in answer.text


def test_an_act_never_leads_away_from_the_portal(wim, lending):
    (delivery,) = parked(lending.cast.amphora)
    answer = do(wim, "try_again", delivery, next="https://evil.example/")
    assert answer.redirect_chain == [(address(Delivery), 302)]


def test_too_many_at_once_are_left_alone(wim, lending, monkeypatch):
    monkeypatch.setattr(acts, "MOST_CHOSEN", 1)
    rows = parked(lending.cast.amphora, 2)
    assert said(do(wim, "try_again", *rows)) == ["At most 1 at a time: narrow the list first. Nothing was done."]
    assert {row.state for row in rows_of("advances.decide")} == {"PARKED"}


def test_what_harms_is_asked_before_it_is_done(wim, lending):
    bellows = lending.cast.bellows
    asked = do(wim, "suspend", bellows, confirmed="")
    assert "Nothing more is financed for them" in asked.text and "Bellows" in asked.text
    asked = do(wim, "suspend", bellows)
    assert "Say why: it is written into the record." in asked.text
    bellows.refresh_from_db()
    assert bellows.status == Party.Status.ADMITTED


def test_a_party_is_suspended_with_a_reason_that_it_reads(wim, lending):
    bellows = lending.cast.bellows
    assert said(do(wim, "suspend", bellows, reason="Papers have expired")) == ["Suspend: done for 1."]
    bellows.refresh_from_db()
    assert bellows.status == Party.Status.SUSPENDED
    (event,) = names_of("party.suspended")
    assert event.payload == {"reason": "Papers have expired"} and event.actor_party_id == lending.cast.watch.id
    assert set(event.parties.values_list("party_id", flat=True)) == {bellows.id, lending.cast.watch.id}


def test_another_person_resumes_what_one_suspended(wim, wanda, lending):
    bellows = lending.cast.bellows
    do(wim, "suspend", bellows, reason="Papers")
    do(wim, "resume", bellows)
    bellows.refresh_from_db()
    assert bellows.status == Party.Status.SUSPENDED
    assert said(do(wanda, "resume", bellows)) == ["Resume: done for 1."]
    bellows.refresh_from_db()
    assert bellows.status == Party.Status.ADMITTED


def test_a_person_is_shut_out_and_signed_out_at_once(wim, lending, as_user):
    ana = User.objects.get(email="ana@amphora.example")
    browser = as_user(ana.email)
    assert browser.get("/events/").status_code == 200
    assert said(do(wim, "deactivate", ana)) == ["Shut out: done for 1."]
    assert browser.get("/events/").status_code == 302
    assert said(do(wim, "deactivate", ana))[0].endswith("This person is shut out already.")


def test_a_membership_ends_and_the_last_administrator_stays(wim, lending):
    aldo, ana = (Membership.objects.get(user__email=e) for e in ("aldo@amphora.example", "ana@amphora.example"))
    answer = do(wim, "end", aldo, ana)
    assert said(answer) == [
        "End the membership: done for 1.",
        "End the membership: refused for 1, where nothing was changed. Somebody has to remain administrator.",
    ]
    aldo.refresh_from_db()
    ana.refresh_from_db()
    assert aldo.ended_at is not None and ana.ended_at is None


def test_a_machine_is_removed_with_its_tokens(wim, lending):
    bound, _secret = create_client(
        actor=SYSTEM_ACTOR, party_id=lending.cast.amphora.id, name="Till", role="MAKER", now=NOW
    )
    assert said(do(wim, "remove", bound)) == ["Remove the client: done for 1."]
    assert not PartyClient.objects.exists()
    (event,) = names_of("client.removed")
    assert event.actor_user_id == User.objects.get(email="wim@watch.example").id


@pytest.mark.parametrize("act", ["resume", "reactivate"])
def test_a_maker_lets_nobody_in_again(wim, lending, act):
    row = lending.cast.bellows if act == "resume" else User.objects.get(email="ana@amphora.example")
    type(row).objects.filter(pk=row.pk).update(**{"status": "SUSPENDED"} if act == "resume" else {"is_active": False})
    do(wim, act, row)
    row.refresh_from_db()
    assert "SUSPENDED" in str(vars(row)) if act == "resume" else not row.is_active


def test_a_refused_document_is_run_through_again_and_says_what_became_of_it(wim, lending):
    refused = submit(
        actor=as_member("ana@amphora.example"), content=b"{nothing", media_type="application/json", now=NOW
    )
    document = Document.objects.get()
    assert not refused[0].accepted
    (sentence,) = said(do(wim, "replay", document))
    assert sentence == f"Run through again: done for 1. Document {document.pk}: Refused: {document.explanation}"
    assert "Run through again" in wim.get(address(Document, "change", document.pk)).text
    assert len(names_of("document.replayed")) == 1
