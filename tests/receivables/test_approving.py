"""Maker is never checker: what a person orders to be paid waits for a second one, and no money moves before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.parties.models import Membership, Party
from accounts.parties.second import SEASONED, LetInLately
from accounts.trail.models import Event
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import NoBankAccount, replace_account
from financing.receivables import queries, services
from financing.receivables.models import Receivable, Settlement, SettlementPayment
from financing.receivables.refusals import AboveOpen, NotSettleable, PayeeNotVerified
from portal.shared.access import ADMIN, CHECKER, MAKER, SYSTEM_ACTOR, VIEWER
from portal.shared.errors import Forbidden, InvalidTransition, NotFound, OwnWork, Stale
from tests.world import NOW, TODAY

OTHER_IBAN = "NL20INGB0001234567"


@pytest.fixture
def scene(scene):
    scene.accounts()
    return scene


def propose(scene, *rows: Receivable, key: str = "day-1") -> Settlement:
    return services.settle(actor=scene.maya, key=key, lines=[(row.id, None) for row in rows], now=NOW)


def approve(scene, made: Settlement, *, actor=None, seen: str = "") -> Settlement:
    seen = seen or services.seen_hash(made)
    return services.approve_settlement(actor=actor or scene.marc, settlement_id=made.id, seen_hash=seen, now=NOW)


def closed(party_id: int) -> None:
    BankAccount.objects.filter(party=party_id).update(status="CLOSED", closed_at=NOW)


def nothing_is_paid(made: Settlement) -> bool:
    made.refresh_from_db()
    moved = PaymentInstruction.objects.exists() or SettlementPayment.objects.exists()
    return not (moved or made.status == "INSTRUCTED" or Receivable.objects.filter(settling_minor__gt=0).exists())


def test_what_a_person_orders_is_paid_when_a_second_one_approves_it(scene):
    (row,) = scene.accepted()
    made = propose(scene, row)
    assert (made.status, made.decided_by) == ("PROPOSED", "")
    assert nothing_is_paid(made)
    assert list(made.ordered.values_list("receivable_id", "amount_minor")) == [(row.id, 10000)]
    event = Event.objects.get(name="settlement.proposed")
    assert list(event.parties.values_list("party_id", flat=True)) == [scene.cast.meridian.id]
    assert event.payload == {"key": "day-1", "payments": 1, "amount_minor": 10000, "currency": "EUR"}

    for _ in range(2):  # pressed twice
        done = approve(scene, made)
    assert (done.status, done.decided_by, done.decided_at) == ("INSTRUCTED", scene.marc.identity, NOW)
    assert PaymentInstruction.objects.get().amount_minor == 10000
    row.refresh_from_db()
    assert row.settling_minor == 10000
    assert Event.objects.get(name="settlement.instructed").payload["amount_minor"] == 10000


def test_nobody_approves_what_it_proposed_whatever_its_roles(scene):
    (row,) = scene.accepted()
    made = propose(scene, row)
    for roles in ({MAKER, CHECKER}, {ADMIN}):
        with pytest.raises(OwnWork):
            approve(scene, made, actor=replace(scene.maya, roles=frozenset(roles)))
    assert nothing_is_paid(made)
    for decided_by in ("", made.created_by):
        with pytest.raises(IntegrityError, match="settlement_by_two"), transaction.atomic():
            Settlement.objects.filter(id=made.id).update(status="INSTRUCTED", decided_at=NOW, decided_by=decided_by)


def test_only_checkers_of_the_debtor_approve(scene):
    (row,) = scene.accepted()
    made = propose(scene, row)
    for actor, refusal in (
        (replace(scene.marc, roles=frozenset({MAKER})), Forbidden),
        (replace(scene.marc, roles=frozenset({VIEWER})), Forbidden),
        (scene.ana, NotFound),
        (scene.hana, NotFound),
        (scene.wim, Forbidden),
    ):
        with pytest.raises(refusal):
            approve(scene, made, actor=actor)
    assert nothing_is_paid(made)


def test_who_was_let_in_a_moment_ago_is_no_second_person_yet(scene):
    (row,) = scene.accepted()
    made = propose(scene, row)
    held = Membership.objects.filter(user=scene.marc.user_id)
    held.update(created_at=NOW - SEASONED + timedelta(minutes=1))
    with pytest.raises(LetInLately) as refused:
        approve(scene, made)
    assert refused.value.facts == {"until": "2026-03-02T09:01+00:00"}
    assert not services.to_approve(scene.marc, Settlement.objects.all(), NOW).exists()
    assert nothing_is_paid(made)
    # Who was trusted with it before by another role of its own, is one; who is trusted no more, is none.
    Membership.objects.create(
        user_id=scene.marc.user_id, party=scene.cast.meridian, role=ADMIN, created_at=NOW - SEASONED
    )
    assert list(services.to_approve(scene.marc, Settlement.objects.all(), NOW)) == [made]
    Membership.objects.filter(user=scene.marc.user_id).update(ended_at=NOW)
    with pytest.raises(Forbidden):
        approve(scene, made)
    Membership.objects.filter(user=scene.marc.user_id).update(ended_at=None)
    assert approve(scene, made).status == "INSTRUCTED"


def test_an_account_that_took_the_place_of_another_is_to_be_seen_before(scene):
    (row,) = scene.accepted()
    made = propose(scene, row)
    seen = services.seen_hash(made)
    known = BankAccount.objects.in_force().get(party=scene.cast.amphora)
    replace_account(actor=SYSTEM_ACTOR, account_id=known.id, holder="Amphora", iban=OTHER_IBAN, now=NOW)
    with pytest.raises(Stale):
        approve(scene, made, seen=seen)
    assert nothing_is_paid(made)
    assert approve(scene, made).payments.get().instruction.creditor_iban == OTHER_IBAN


def test_what_was_assigned_meanwhile_goes_to_its_funder_and_is_to_be_seen_before(scene):
    (row,) = scene.accepted()
    made = propose(scene, row)
    seen = services.seen_hash(made)
    scene.assign([row.id])
    with pytest.raises(Stale):
        approve(scene, made, seen=seen)
    assert nothing_is_paid(made)
    assert approve(scene, made).payments.get().payee == scene.cast.harbour


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda scene, row: Receivable.objects.filter(id=row.id).update(settled_minor=1), AboveOpen),
        (lambda scene, row: services.dispute(actor=scene.maya, receivable_id=row.id, reason="?", now=NOW),
         NotSettleable),
        (lambda scene, row: Party.objects.filter(id=row.supplier_id).update(status="SUSPENDED"), PayeeNotVerified),
        (lambda scene, row: closed(row.supplier_id), NoBankAccount),
        (lambda scene, row: BankAccount.objects.filter(party=row.debtor_id).update(connected=False), NoBankAccount),
    ],
    ids=["paid", "disputed", "suspended", "no-account", "payer-not-connected"],
)  # fmt: skip
def test_all_is_asked_again_when_it_is_approved(scene, change, refusal):
    (row,) = scene.accepted()
    made = propose(scene, row)
    change(scene, row)
    with pytest.raises(refusal):
        approve(scene, made)
    assert nothing_is_paid(made)
    assert made.status == "PROPOSED"


def test_a_payee_without_an_account_is_named_to_the_maker_already(scene):
    (row,) = scene.accepted()
    closed(row.supplier_id)
    with pytest.raises(NoBankAccount) as refused:
        propose(scene, row)
    assert refused.value.facts["party"] == row.supplier_id
    assert not Settlement.objects.exists()


@pytest.mark.parametrize("who", ["maya", "marc"])
def test_maker_and_checker_cancel_and_nothing_is_paid(scene, who):
    (row,) = scene.accepted()
    made = propose(scene, row)
    for _ in range(2):
        services.cancel_settlement(actor=getattr(scene, who), settlement_id=made.id, reason=" Too early. ", now=NOW)
    assert nothing_is_paid(made)
    assert (made.status, made.reason, made.decided_by) == ("CANCELLED", "Too early.", getattr(scene, who).identity)
    (event,) = Event.objects.filter(name="settlement.cancelled")
    assert "Too early." not in str(event.payload)
    with pytest.raises(InvalidTransition):
        approve(scene, made)
    assert propose(scene, row, key="day-2").status == "PROPOSED"


def test_who_may_look_cancels_nothing_and_what_is_paid_is_not_called_back(scene):
    (row,) = scene.accepted()
    made = propose(scene, row)
    looking = replace(scene.marc, roles=frozenset({VIEWER}))
    for actor, refusal in ((looking, Forbidden), (scene.ana, NotFound)):
        with pytest.raises(refusal):
            services.cancel_settlement(actor=actor, settlement_id=made.id, now=NOW)
    approve(scene, made)
    with pytest.raises(InvalidTransition):
        services.cancel_settlement(actor=scene.maya, settlement_id=made.id, now=NOW)
    assert PaymentInstruction.objects.count() == 1


def test_what_a_machine_orders_is_paid_at_once(scene):
    (row,) = scene.accepted()
    machine = replace(scene.maya, user_id=None, client_id="erp")
    made = services.settle(actor=machine, key="run", lines=[(row.id, None)], now=NOW)
    assert (made.status, made.decided_by, made.ordered.count()) == ("INSTRUCTED", "", 0)
    assert PaymentInstruction.objects.get().amount_minor == 10000


def test_what_waits_is_not_offered_to_be_paid_again_and_can_still_be_financed(scene):
    first = scene.accepted(2)[0]
    made, lines = services.settle_each(actor=scene.maya, key="each", lines=[(first.id, None), (404, None)], now=NOW)
    assert (made.status, [line.amount_minor for line in lines]) == ("PROPOSED", [10000, None])
    assert queries.due_settlements(actor=scene.maya).get()["payable_minor"] == 10000
    again = services.settle_each(actor=scene.maya, key="each", lines=[(first.id, None), (404, None)], now=NOW)
    assert (again[0], [line.code for line in again[1]]) == (made, ["", "LEFT_OUT"])
    assert services.is_assignable(Receivable.objects.get(id=first.id))
    services.cancel_settlement(actor=scene.marc, settlement_id=made.id, now=NOW)
    assert queries.due_settlements(actor=scene.maya).get()["payable_minor"] == 20000


def test_two_that_are_to_pay_the_same_pay_it_once(scene):
    (row,) = scene.accepted()
    first, second = propose(scene, row), propose(scene, row, key="day-2")
    paid = approve(scene, first).payments.get()
    with pytest.raises(AboveOpen):
        approve(scene, second)
    services.book(actor=SYSTEM_ACTOR, value_dates={paid.id: TODAY}, now=NOW)
    with pytest.raises(NotSettleable):
        approve(scene, second)
    assert PaymentInstruction.objects.count() == 1
