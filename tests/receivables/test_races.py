"""What many do at once: real threads, real commits."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import OperationalError, connection, connections

from accounts.intake.models import Document
from accounts.parties.models import Membership, User
from accounts.trail.models import Event
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.services import replace_account
from financing.receivables import services
from financing.receivables.models import Assignment, Receivable, Settlement
from financing.receivables.refusals import NotAvailableAsSecurity
from logistics.orders.models import ReceiptLine
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.errors import InvalidTransition, RuleViolation, Stale
from tests import threads
from tests.world import NOW, as_member

CLIENTS = 8
ROUNDS = 4
"""Of two at once, one is first now and then the other."""


def at_once(*works) -> list:
    """Each work in a thread and a connection of its own, all begun together; their results."""
    gate = Barrier(len(works))

    def run(work):
        try:
            connection.ensure_connection()
            gate.wait(30)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_the_same_document_handed_in_by_eight_at_once_enters_once(committed):
    document = committed.invoice("A-1")
    actors = [committed.ana, committed.maya] * 4
    results = at_once(*(lambda actor=actor: committed.submit(document, actor=actor) for actor in actors))
    assert Counter(each.code for (each,) in results) == {"": 1, "DUPLICATE_DOCUMENT": 7}
    assert Receivable.objects.count() == 1
    assert Document.objects.count() == 8
    assert Event.objects.filter(name="receivable.received").count() == 1


def test_goods_invoiced_under_eight_numbers_at_once_are_counted_once(committed):
    committed.order("PO-1", received=("25",), ordered="100")
    documents = [committed.ordered_invoice("PO-1", number=f"A-{each}") for each in range(CLIENTS)]
    results = at_once(*(lambda each=each: committed.submit(each) for each in documents))
    assert Counter(each.match for (each,) in results) == {"MATCHED": 2, "SIMILAR": 6}
    receipt = ReceiptLine.objects.get()
    assert receipt.invoiced_quantity == receipt.quantity == 25


def test_one_receivable_wanted_by_eight_facilities_at_once_secures_one(committed):
    (row,) = committed.accepted()

    def want(facility: int) -> str:
        try:
            committed.assign([row.id], facility=facility)
            return "assigned"
        except NotAvailableAsSecurity as refusal:
            return refusal.code

    results = at_once(*(lambda facility=facility: want(facility) for facility in range(1, CLIENTS + 1)))
    assert Counter(results) == {"assigned": 1, "NOT_AVAILABLE_AS_SECURITY": 7}
    row.refresh_from_db()
    assert Assignment.objects.get().facility_id == row.assigned_facility_id


def test_overlapping_sets_wanted_at_once_never_deadlock_and_each_is_assigned_once(committed):
    ids = [row.id for row in committed.accepted(6)]

    def want(some: list[int], facility: int) -> int:
        try:
            return len(committed.assign(some, facility=facility))
        except NotAvailableAsSecurity:
            return 0

    sets = [ids[:4], ids[2:][::-1], ids[::-1], ids[:2], ids[4:], ids[3:], ids[:1], ids[5:]]
    got = at_once(*(lambda some=some, n=n: want(some, n) for n, some in enumerate(sets, 1)))
    assert sum(got) == Assignment.objects.count() == Receivable.objects.filter(status="ASSIGNED").count()


def test_one_settlement_ordered_by_eight_at_once_pays_once(committed):
    committed.accounts()
    (row,) = committed.accepted()
    results = at_once(*(lambda: committed.settle((row.id, None)).id for _ in range(CLIENTS)))
    assert len(set(results)) == 1
    assert (Settlement.objects.count(), PaymentInstruction.objects.count()) == (1, 1)
    row.refresh_from_db()
    assert row.settling_minor == 10000


def proposed(committed, key: str) -> Settlement:
    (row,) = committed.accepted()
    return services.settle(actor=committed.maya, key=key, lines=[(row.id, None)], now=NOW)


def approval(actor: Actor, made: Settlement) -> Callable[[], Settlement]:
    seen = services.seen_hash(made)
    return lambda: services.approve_settlement(actor=actor, settlement_id=made.id, seen_hash=seen, now=NOW)


def second_checker(committed) -> Actor:
    mira = User.objects.create(email="mira@meridian.example", password="!")
    since = NOW - timedelta(days=30)
    Membership.objects.create(user=mira, party=committed.cast.meridian, role="CHECKER", created_at=since)
    return as_member(mira.email)


def test_one_settlement_approved_by_two_at_once_is_paid_once(committed):
    committed.accounts()
    mira = second_checker(committed)
    for round in range(ROUNDS):
        made = proposed(committed, f"day-{round}")
        results = threads.at_once(approval(committed.marc, made), approval(mira, made))
        (won,) = threads.successes(results)
        assert [type(each) for each in results if each is not won] == [InvalidTransition]
        made.refresh_from_db()
        assert (made.status, made.decided_by) == ("INSTRUCTED", won.decided_by)
        assert PaymentInstruction.objects.count() == round + 1
    assert Receivable.objects.filter(settling_minor=10000).count() == ROUNDS


def test_a_settlement_approved_and_withdrawn_at_once_is_paid_or_is_not(committed):
    committed.accounts()
    for round in range(ROUNDS):
        made, paid = proposed(committed, f"day-{round}"), PaymentInstruction.objects.count()
        withdraw = partial(services.cancel_settlement, actor=committed.maya, settlement_id=made.id, now=NOW)
        results = threads.at_once(approval(committed.marc, made), withdraw)
        (won,) = threads.successes(results)
        assert [type(each) for each in results if each is not won] == [InvalidTransition]
        made.refresh_from_db()
        is_paid = won is results[0]
        assert made.status == ("INSTRUCTED" if is_paid else "CANCELLED")
        assert PaymentInstruction.objects.count() == paid + is_paid


def test_an_account_that_is_replaced_while_a_settlement_is_approved_is_never_paid_unseen(committed):
    committed.accounts()
    for round in range(ROUNDS):
        made = proposed(committed, f"day-{round}")
        known = BankAccount.objects.in_force().get(party=committed.cast.amphora)
        other = {"DE27100777770209299700": "DE91100000000123456789"}.get(known.iban, "DE27100777770209299700")
        replace = partial(
            replace_account, actor=SYSTEM_ACTOR, account_id=known.id, holder="Amphora", iban=other, now=NOW
        )
        approved, replaced = threads.at_once(approval(committed.marc, made), replace)
        assert replaced.status == "IN_FORCE"
        if isinstance(approved, Settlement):
            assert approved.payments.get().instruction.creditor_iban == known.iban
        else:
            assert type(approved) is Stale
            assert not made.payments.exists()


def test_settlements_credit_notes_and_assignments_at_once_never_exceed_what_is_owed(committed):
    committed.accounts()
    (row,) = committed.accepted()

    def settle(key: str):
        try:
            committed.settle((row.id, 4000), key=key)
        except RuleViolation as refusal:
            return refusal.code

    def credit(number: str):
        note = committed.credit_note(row.number, "40.00", number)
        content = json.dumps(note).encode()
        return services.submit(actor=committed.ana, content=content, media_type="application/json", now=NOW)[0].code

    works = [lambda n=n: settle(f"k{n}") for n in range(4)] + [lambda n=n: credit(f"C-{n}") for n in range(4)]
    results = at_once(*works)
    row.refresh_from_db()
    assert row.settling_minor + row.credited_minor == 8000
    assert sum(not code for code in results) == 2
    assert set(results) - {None, ""} <= {"ABOVE_OPEN_AMOUNT", "CREDIT_ABOVE_OPEN"}


def test_evidence_survives_a_submission_that_fails_half_way(committed):
    pair = f"receivables/{committed.cast.amphora.id}/{committed.cast.meridian.id}"
    other = connections.create_connection("default")
    with other.cursor() as cursor, connection.cursor() as mine:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [pair])
        mine.execute("SET statement_timeout = '200ms'")
        with pytest.raises(OperationalError):
            committed.submit(committed.invoice())
        mine.execute("RESET statement_timeout")
    other.close()
    assert Document.objects.get().outcome == "RECEIVED"
    assert not Receivable.objects.exists()
    assert not Event.objects.exists()
