"""What has to be true when all is quiet again: by SQL that anyone can read, and by the bank's own book."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from financing.banking.models import PaymentInstruction
from portal.runtime.world import World

FILE = Path(__file__).with_name("invariants.sql")
IN_BANKS_BOOK = """
SELECT p.end_to_end_id, p.creditor_iban, p.amount_minor, p.returned,
       (SELECT count(*) FROM entries e WHERE e.payment = p.id AND e.iban = p.creditor_iban AND e.direction = 'CRDT'
        AND e.return_reason IS NULL)
FROM payments p WHERE p.msg_id IS NOT NULL AND p.status <> 'RJCT'
"""


def repeats(world: World) -> int:
    """How many payments the bank was ordered to make under a reference that it had before."""
    with _book(world) as book:
        return book.execute("SELECT count(*) FROM repeats").fetchone()[0]


def invariants() -> Iterator[tuple[str, str]]:
    """(what is looked for, statement)"""
    for part in FILE.read_text(encoding="utf-8").split("\n\n"):
        words, _, statement = part.partition("\n")
        if statement:
            yield words.removeprefix("-- "), statement


def findings(world: World) -> list[str]:
    """All that is not as it should be, in words."""
    return breaches() + against_the_bank(world)


def breaches() -> list[str]:
    """In words, with the first rows of each; empty where all is well."""
    found = []
    with connection.cursor() as cursor:
        for what, statement in invariants():
            cursor.execute(statement)
            if rows := cursor.fetchmany(5):
                found.append(f"{what}: {rows}")
    return found


def against_the_bank(world: World) -> list[str]:
    """Payments of which the portal and the bank's own book do not say the same, in words."""
    with _book(world) as book:
        rows = book.execute(IN_BANKS_BOOK).fetchall()
    paid = {reference: facts for reference, *facts in rows}
    found = [f"the bank has booked {reference} {facts[3]} times" for reference, facts in paid.items() if facts[3] != 1]
    # Of one account the sandbox bank's own book would not have it: what was ordered again is counted by `repeats`.
    if len(paid) != len(rows):
        found.append(f"the bank has paid twice under one reference: {len(rows)} payments, {len(paid)} references")
    states = PaymentInstruction.Status
    ours = {
        each.end_to_end_id: [each.creditor_iban, each.amount_minor, int(each.status == states.RETURNED), 1]
        for each in PaymentInstruction.objects.filter(status__in=[states.SETTLED, states.RETURNED])
    }
    found += [
        f"{reference}: we say {ours.get(reference)}, the bank {paid.get(reference)}"
        for reference in sorted(ours.keys() ^ paid.keys() | {each for each in ours if ours[each] != paid.get(each)})
    ]
    return found


def _book(world: World) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{world.environment['BANK_BOOK']}?mode=ro", uri=True)
