"""A supplier that came by itself gets its trade with the platform's word, and nobody gets another's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.parties.models import Invitation, Membership, Party, User
from accounts.parties.second import LetInLately
from accounts.parties.services import register_supplier
from accounts.trail.models import Event
from financing.receivables import services
from financing.receivables.models import CreditNote, Receivable
from financing.receivables.refusals import NumberClash, NumberTaken, SupplierUnverified
from financing.receivables.services.recognising import Beneath
from logistics.orders import numbers
from logistics.orders.models import PurchaseOrder, SupplierNumber
from portal.shared.access import ADMIN, MAKER, VIEWER
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound, OwnWork
from tests import world
from tests.threads import at_once, successes
from tests.world import NOW, as_member


def known_by_trade(scene) -> Party:
    """Known to Meridian by its trade alone: two orders, and an invoice of the platform's own feed."""
    found = Party.objects.create(kind="SUPPLIER", name="cinder-4711", country="NL", created_at=NOW)
    world.known_as(scene.cast.meridian, **{"S-4711": found})
    scene.order("PO-1", supplier=found)
    scene.order("PO-2", supplier=found)
    (entered,) = scene.submit(scene.ordered_invoice("PO-1", number="I-1", supplier="S-4711"), actor=scene.maya)
    assert entered.accepted
    return found


def signed_up(name: str) -> Party:
    """Signed up by itself, and admitted."""
    user = User.objects.create(email=f"cas@{name}.example", password="!")
    party = register_supplier(user=user, name=name.capitalize(), country="NL", registration_number=name, now=NOW)
    Party.objects.filter(id=party.id).update(status="ADMITTED")
    world.verify(party)
    return party


@pytest.fixture
def seller(scene) -> Party:
    return known_by_trade(scene)


@pytest.fixture
def cinder(scene) -> Party:
    return signed_up("cinder")


@pytest.fixture
def cas(cinder):
    return as_member("cas@cinder.example")


@pytest.fixture
def asked(scene, cas) -> SupplierNumber:
    return propose(scene, cas)


def propose(scene, actor, number: str = "S-4711") -> SupplierNumber:
    return numbers.propose_number(actor=actor, platform_id=scene.cast.meridian.id, number=number, now=NOW)


def confirm(actor, asked: SupplierNumber) -> SupplierNumber:
    return services.confirm_number(actor=actor, number_id=asked.id, now=NOW)


def named(scene) -> dict[str, int]:
    """Whom Meridian's documents name, by number."""
    rows = SupplierNumber.objects.in_force().filter(platform=scene.cast.meridian)
    return dict(rows.values_list("number", "supplier_id"))


def nothing_went_over(asked: SupplierNumber) -> bool:
    asked.refresh_from_db()
    supplier = asked.supplier
    return asked.status == "PROPOSED" and not (
        SupplierNumber.objects.in_force().filter(supplier=supplier).exists()
        or PurchaseOrder.objects.filter(supplier=supplier).exists()
        or Receivable.objects.filter(supplier=supplier).exists()
    )


def test_what_stood_under_the_number_becomes_the_suppliers(scene, seller, cinder, asked):
    row = Receivable.objects.get(supplier=seller)
    services.accept(actor=scene.maya, receivable_ids=[row.id], now=NOW)
    scene.submit(scene.credit_note("I-1", "10.00", supplier="S-4711"), actor=scene.maya)
    found = services.beneath(asked)
    assert (found.holder, found.is_taken, found.orders, found.invoices) == (seller, False, 2, 1)
    assert found.owed_minor == {"EUR": 9000}

    for _ in range(2):  # pressed twice
        done = confirm(scene.marc, asked)
    assert (done.status, done.decided_by, done.taken_over) == ("CONFIRMED", scene.marc.identity, seller)
    assert PurchaseOrder.objects.filter(supplier=cinder).count() == 2
    assert Receivable.objects.get(id=row.id).supplier == cinder
    assert CreditNote.objects.get().supplier == cinder
    seller.refresh_from_db()
    assert (seller.status, named(scene)["S-4711"]) == ("CLOSED", cinder.id)
    assert not SupplierNumber.objects.filter(supplier=seller).exists()
    event = Event.objects.get(name="supplier_number.confirmed")
    assert event.payload == {"number": "S-4711", "orders": 2, "receivables": 1, "left": 0}
    assert set(event.parties.values_list("party_id", flat=True)) == {cinder.id, scene.cast.meridian.id}
    closed = Event.objects.get(name="party.closed")
    assert list(closed.parties.values_list("party_id", flat=True)) == [scene.cast.watch.id]


def test_what_comes_later_under_the_number_is_the_suppliers_too(scene, seller, cinder, asked):
    confirm(scene.marc, asked)
    (entered,) = scene.submit(scene.ordered_invoice("PO-2", number="I-2", supplier="S-4711"), actor=scene.maya)
    assert Receivable.objects.get(id=entered.receivable_id).supplier == cinder


def test_a_number_that_nobody_had_is_the_suppliers_from_now_on(scene, cinder, cas):
    asked = propose(scene, cas, " S-9  000 ")
    assert services.beneath(asked) == Beneath()
    confirm(scene.marc, asked)
    assert named(scene)["S-9 000"] == cinder.id


def test_to_ask_tells_nothing_of_whether_the_number_is_known(scene, seller, cas, cinder):
    known = propose(scene, cas)
    numbers.withdraw_number(actor=cas, number_id=known.id, now=NOW)
    unknown = propose(scene, cas, "S-0")
    assert vars(known).keys() == vars(unknown).keys()
    facts = [each.payload for each in Event.objects.filter(name="supplier_number.proposed").order_by("id")]
    assert facts == [{"number": "S-4711"}, {"number": "S-0"}]


def test_who_is_not_verified_gets_nobodys_trade(scene, seller, cinder, asked):
    for status in ("PROSPECT", "SUSPENDED"):
        Party.objects.filter(id=cinder.id).update(status=status)
        with pytest.raises(SupplierUnverified):
            confirm(scene.marc, asked)
    assert nothing_went_over(asked)


def test_only_checkers_of_the_platform_that_is_asked_decide(scene, seller, cas, asked):
    for actor, refusal in (
        (replace(scene.marc, roles=frozenset({MAKER})), Forbidden),
        (replace(scene.marc, roles=frozenset({VIEWER})), Forbidden),
        (cas, NotFound),
        (scene.ana, NotFound),
        (scene.hana, NotFound),
        (scene.wim, NotFound),
    ):
        with pytest.raises(refusal):
            confirm(actor, asked)
        with pytest.raises(refusal):
            numbers.refuse_number(actor=actor, number_id=asked.id, reason="no", now=NOW)
    assert nothing_went_over(asked)


def test_nobody_confirms_for_the_platform_what_it_says_for_the_supplier(scene, seller, cinder, asked):
    """Neither who said it, nor a colleague of theirs, even one who has left."""
    said_it = replace(scene.marc, user_id=int(asked.proposed_by.split(":")[1]), roles=frozenset({ADMIN}))
    with pytest.raises(OwnWork):
        confirm(said_it, asked)
    Membership.objects.create(user_id=scene.marc.user_id, party=cinder, role=VIEWER, created_at=NOW, ended_at=NOW)
    assert not services.to_confirm(scene.marc, NOW).exists()
    with pytest.raises(OwnWork):
        confirm(scene.marc, asked)
    assert nothing_went_over(asked)
    with pytest.raises(IntegrityError, match="supplier_number_by_two"), transaction.atomic():
        SupplierNumber.objects.filter(id=asked.id).update(
            status="CONFIRMED", decided_at=NOW, decided_by=asked.proposed_by
        )


def test_who_was_let_in_a_moment_ago_does_not_confirm_yet(scene, seller, asked):
    assert list(services.to_confirm(scene.marc, NOW)) == [asked]
    Membership.objects.filter(user=scene.marc.user_id).update(created_at=NOW)
    with pytest.raises(LetInLately):
        confirm(scene.marc, asked)
    assert not services.to_confirm(scene.marc, NOW).exists()
    assert nothing_went_over(asked)


def _people(scene, seller):
    Membership.objects.create(
        user=User.objects.create(email="x@x.example", password="!"), party=seller, role=ADMIN, created_at=NOW
    )


def _invited(scene, seller):
    Invitation.objects.create(
        party=seller, email="x@x.example", role=ADMIN, token_hash="x", created_at=NOW,
        expires_at=NOW + timedelta(days=7),
    )  # fmt: skip


def _admitted(scene, seller):
    Party.objects.filter(id=seller.id).update(status="ADMITTED")


def _elsewhere(scene, seller):
    other = Party.objects.create(kind="PLATFORM", name="Other", country="DE", created_at=NOW, status="ADMITTED")
    PurchaseOrder.objects.create(platform=other, supplier=seller, number="X", ordered_at=NOW, recorded_at=NOW)


@pytest.mark.parametrize("more", [_people, _invited, _admitted, _elsewhere])
def test_a_number_of_which_more_is_known_than_the_platforms_trade_does_not_go_over(scene, seller, asked, more):
    more(scene, seller)
    assert services.beneath(asked).is_taken
    with pytest.raises(NumberTaken):
        confirm(scene.marc, asked)
    assert nothing_went_over(asked)
    assert named(scene)["S-4711"] == seller.id


def test_an_invoice_that_the_supplier_has_handed_in_itself_is_not_owed_twice(scene, seller, cinder, cas, asked):
    (entered,) = scene.submit(scene.invoice("I-1", supplier=None), actor=cas)
    assert entered.accepted
    assert services.beneath(asked).doubles == 1
    confirm(scene.marc, asked)
    assert Receivable.objects.get(supplier=cinder).id == entered.receivable_id
    assert Receivable.objects.get(supplier=seller).number == "I-1"
    assert Event.objects.get(name="supplier_number.confirmed").payload["left"] == 1


def test_a_credit_note_that_stands_on_both_sides_is_for_people_to_sort_out(scene, seller, cinder, cas, asked):
    (own,) = scene.submit(scene.invoice("I-9", supplier=None), actor=cas)
    scene.submit(scene.credit_note("I-1", "10.00", number="C-1", supplier="S-4711"), actor=scene.maya)
    scene.submit(scene.credit_note("I-9", "10.00", number="C-1", supplier=None), actor=cas)
    assert CreditNote.objects.count() == 2
    with pytest.raises(NumberClash):
        confirm(scene.marc, asked)
    assert PurchaseOrder.objects.filter(supplier=seller).count() == 2
    assert own.accepted


def test_the_platform_refuses_with_a_reason_and_the_supplier_names_another(scene, cas, asked):
    with pytest.raises(InvalidInput, match="Say why"):
        numbers.refuse_number(actor=scene.marc, number_id=asked.id, reason=" ", now=NOW)
    for _ in range(2):
        done = numbers.refuse_number(actor=scene.marc, number_id=asked.id, reason="It is another's.", now=NOW)
    assert (done.status, done.reason) == ("REFUSED", "It is another's.")
    with pytest.raises(InvalidTransition):
        confirm(scene.marc, asked)
    assert propose(scene, cas, "S-4712").status == "PROPOSED"
    assert Event.objects.filter(name="supplier_number.refused").count() == 1


def test_one_number_is_asked_about_at_a_time(scene, cas, asked):
    assert propose(scene, cas) == asked
    with pytest.raises(numbers.NumberAsked):
        propose(scene, cas, "S-1")
    for _ in range(2):
        assert numbers.withdraw_number(actor=cas, number_id=asked.id, now=NOW).status == "WITHDRAWN"
    assert propose(scene, cas, "S-1").number == "S-1"
    with pytest.raises(numbers.NumberKnown):
        propose(scene, scene.ana, "S-1")


@pytest.mark.parametrize("number", ["", "  ", "S\x00", "S\u202e1", "S" * 81])
def test_a_number_is_something_that_can_be_read(scene, cas, number):
    with pytest.raises(InvalidInput):
        propose(scene, cas, number)
    assert not SupplierNumber.objects.filter(status="PROPOSED").exists()


def test_who_may_say_it(scene, cas):
    for actor, refusal in ((replace(cas, roles=frozenset({VIEWER})), Forbidden), (scene.maya, Forbidden)):
        with pytest.raises(refusal):
            propose(scene, actor)
    with pytest.raises(NotFound):
        numbers.propose_number(actor=cas, platform_id=scene.cast.harbour.id, number="S-1", now=NOW)
    asked = propose(scene, cas)
    with pytest.raises(NotFound):
        numbers.withdraw_number(actor=scene.marc, number_id=asked.id, now=NOW)


def test_of_two_that_say_one_number_one_gets_it(committed):
    """Two suppliers, two checkers, at once: one number, one supplier, and all of the trade with it."""
    known_by_trade(committed)
    cinder, dross = signed_up("cinder"), signed_up("dross")
    asked = [propose(committed, as_member(f"cas@{name}.example")) for name in ("cinder", "dross")]
    results = at_once(*(lambda each=each: confirm(committed.marc, each) for each in asked))
    (done,) = successes(results)
    assert {type(each) for each in results} == {SupplierNumber, NumberTaken}
    assert done.supplier in (cinder, dross)
    assert set(PurchaseOrder.objects.values_list("supplier_id", flat=True)) == {done.supplier_id}
    assert set(Receivable.objects.values_list("supplier_id", flat=True)) == {done.supplier_id}


def test_invoices_that_come_while_the_number_changes_hands_are_the_suppliers(committed):
    known_by_trade(committed)
    cinder = signed_up("cinder")
    asked = propose(committed, as_member("cas@cinder.example"))
    documents = [committed.invoice(f"R-{n}", supplier="S-4711") for n in range(5)]
    works = [lambda one=one: committed.submit(one, actor=committed.maya) for one in documents]
    results = at_once(*works, lambda: confirm(committed.marc, asked))
    assert len(successes(results)) == 6
    assert set(Receivable.objects.values_list("supplier_id", flat=True)) == {cinder.id}
    assert Receivable.objects.count() == 6
