"""Entries of two legs and two balances, spread over the accounts of 300 facilities of one book."""

from itertools import count

from django.db import connection

from financing.credit.models import Facility
from financing.ledger.models import Account
from portal.runtime.world import World
from tests.bench import crowd
from tests.bench.figures import Figure, alternate, rate
from tests.bench.hordak import beside as hordak
from tests.bench.stage import CURRENCY, TODAY, Side, join

ACCOUNTS, CLIENTS = 300, 8
SINGLE, BULK, AT_ONCE, BULK_WORKERS = 600, 6_000, 1_000, 2
"""So many singly that the first of a connection, for which the server has to read the catalogue (4 to 10 ms), hardly
counts: workers keep their connections."""
runs = count(1)


def single(ours: Side, floor: Side, analyze, running: World) -> list[Figure]:
    """One entry in each transaction, by eight clients; and by eight of django-hordak, which keeps a ledger as well."""
    _open_accounts(ours, floor)
    python = hordak.prepare(running, ACCOUNTS)
    analyze()
    rounds = [
        (_post(ours, CLIENTS, SINGLE, 1), _by_hand(floor), hordak.per_second(python, CLIENTS, SINGLE))
        for _ in range(3)
    ]  # fmt: skip
    return [
        rate("ledger_single_entries_per_second", [(mine, by_hand) for mine, by_hand, _ in rounds]),
        rate("ledger_single_over_hordak", [(mine, theirs) for mine, _, theirs in rounds]),
    ]


def bulk(ours: Side, floor: Side, analyze) -> list[Figure]:
    """A thousand entries in each transaction by two workers, against one in each by eight clients."""
    _open_accounts(ours, floor)
    analyze()
    pairs = alternate(lambda: _post(ours, BULK_WORKERS, BULK, AT_ONCE), lambda: _by_hand(floor), rounds=3)
    return [rate("ledger_bulk_entries_per_second", pairs)]


def _open_accounts(*sides: Side) -> None:
    missing = ACCOUNTS - Facility.objects.count()
    if missing > 0:
        join(sides[0], missing)  # an account of a facility wants one that there is: from number 1 on
    Account.objects.bulk_create(
        [
            Account(book=side.book, kind=kind, currency=CURRENCY, facility_id=facility_id)
            for side in sides
            for kind in (Account.Kind.ADVANCES, Account.Kind.DISBURSEMENT_CLEARING)
            for facility_id in range(1, ACCOUNTS + 1)
        ],
        ignore_conflicts=True,
    )
    connection.close()


def _post(side: Side, clients: int, entries: int, at_once: int) -> float:
    same = {"book_id": side.book.id, "entries": entries, "at_once": at_once, "accounts": ACCOUNTS, "run": next(runs)}
    return crowd.per_second(
        "tests.bench.portal_work:post_entries",
        [same | {"client_number": number, "run": f"run {same['run']}"} for number in range(clients)],
    )


def _by_hand(side: Side) -> float:
    same = {"book_id": side.book.id, "day": TODAY.isoformat(), "entries": SINGLE, "accounts": ACCOUNTS}
    run = f"run {next(runs)}"
    return crowd.per_second(
        "tests.bench.floor:book_entries", [same | {"client_number": number, "run": run} for number in range(CLIENTS)]
    )
