"""A quote and its decision at a million receivables, against the same at ten thousand.

Two databases on one server, of the same suppliers; the larger one has a thousand times as many others, with all that
they have sold. They take turns, so that what else the machine does meets both.
"""

import statistics
import time
from collections.abc import Iterator

import psycopg
from psycopg import sql

from portal.runtime import postgres
from portal.runtime.world import World
from tests.bench import crowd
from tests.bench.figures import Figure

SMALL, LARGE = 20, 2_000
PER_SUPPLIER = 500
TIMES, WARM_UP, ROUNDS = 40, 5, 4
ALLOWED = 1.2


def receivables_growth(ours, floor, settle, running: World) -> list[Figure]:
    from tests.bench.stage import join  # the processes that are measured set Django up for themselves

    first = join(ours, (TIMES + WARM_UP) * ROUNDS)[0].id
    urls = [_filled(running, ours, f"grown_{others}", others) for others in (SMALL, LARGE)]
    pairs = [
        tuple(_median_ms(url, first + turn * (TIMES + WARM_UP)) for url in urls) for turn in range(ROUNDS)
    ]  # fmt: skip
    small, large = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"  a quote and its decision: {small:.1f} ms at {SMALL * PER_SUPPLIER:,} receivables, {large:.1f} ms at "
          f"{LARGE * PER_SUPPLIER:,}")  # fmt: skip
    grown = statistics.median(large / small for small, large in pairs)
    return [Figure("receivables_growth", round(grown, 2), "times", ALLOWED, round(ALLOWED / grown, 2))]


def _median_ms(url: str, first_facility_id: int) -> float:
    (microseconds,), _ = crowd.run(
        "tests.bench.growth:quotes_and_decisions", [{"first_facility_id": first_facility_id}], DATABASE_URL=url
    )
    return microseconds / 1000


def quotes_and_decisions(first_facility_id: int) -> Iterator[int | None]:
    """One after the other, each of another supplier; the median in microseconds."""
    import django

    django.setup()
    from django.utils import timezone

    from financing.advances.services import apply, decide_waiting, quote
    from portal.shared.access import SYSTEM_ACTOR

    def once(facility_id: int) -> float:
        started = time.perf_counter()
        quoted = quote(actor=SYSTEM_ACTOR, facility_id=facility_id, amount_minor=600_00, now=timezone.now())
        took = time.perf_counter() - started
        applied = apply(actor=SYSTEM_ACTOR, quote_id=quoted.id, now=timezone.now())
        started = time.perf_counter()
        (decision,) = decide_waiting(actor=SYSTEM_ACTOR, application_ids=[applied.id], now=timezone.now())
        if decision.outcome != decision.Outcome.APPROVED:
            raise AssertionError(f"{decision.outcome}: {decision.reasons}")
        return took + time.perf_counter() - started

    for facility_id in range(first_facility_id, first_facility_id + WARM_UP):
        once(facility_id)
    yield None
    begin = first_facility_id + WARM_UP
    yield round(statistics.median(once(each) for each in range(begin, begin + TIMES)) * 1_000_000)


# ── others ───────────────────────────────────────────────────────────────────────────────────────────────────────────
OTHERS = """
WITH party AS (
    INSERT INTO parties_party SELECT (json_populate_record(p, json_build_object(
        'id', (SELECT max(id) FROM parties_party) + n, 'name', 'Other ' || n, 'registration_number', 'O ' || n))).*
    FROM parties_party p, generate_series(1, %(others)s) n WHERE p.id = %(like_supplier)s
    RETURNING id
)
INSERT INTO credit_facility SELECT (json_populate_record(f, json_build_object('id', f.id + party.id,
    'supplier_id', party.id))).*
FROM credit_facility f, party WHERE f.id = %(like)s
"""
SOLD = """
INSERT INTO receivables_receivable (supplier_id, debtor_id, funder_id, assigned_facility_id, document_type, number,
    normalised_number, fiscal_year, issue_date, due_date, goods_received_date, currency, gross_minor, deductions_minor,
    credited_minor, settling_minor, settled_minor, status, match, match_note, dispute_reason, document_id, received_at,
    accepted_at, accepted_by)
SELECT f.supplier_id, f.debtor_id, CASE WHEN s.is_held THEN f.funder_id END, CASE WHEN s.is_held THEN f.id END,
    'INVOICE', 'INV-' || n, 'INV' || n, 2025, s.day, s.day + 45, s.day, f.currency, s.gross, 0, 0, 0,
    CASE WHEN s.status = 'SETTLED' THEN s.gross ELSE 0 END, s.status, 'MATCHED', '', '',
    (SELECT min(id) FROM intake_document), s.day, s.day, 'system'
FROM credit_facility f CROSS JOIN generate_series(1, %(per)s) n
CROSS JOIN LATERAL (SELECT CASE WHEN n %% 100 < 85 THEN 'SETTLED' WHEN n %% 100 < 92 THEN 'ACCEPTED'
    WHEN n %% 100 < 97 THEN 'ASSIGNED' WHEN n %% 100 < 99 THEN 'RECEIVED' ELSE 'DISPUTED' END AS status,
    n %% 100 BETWEEN 92 AND 96 AS is_held, 50000 + (n * 7919) %% 200000 AS gross,
    (%(now)s::date - (CASE WHEN n %% 100 < 85 THEN 60 + n %% 300 ELSE n %% 30 END)) AS day) s
WHERE f.id > %(last)s
"""
"""Of a hundred: eighty-five paid, seven free, five lent against, two to be accepted and one disputed."""


def _filled(running: World, side, name: str, others: int) -> str:
    """A copy of the database with so many other suppliers; its address."""
    from tests.world import NOW

    _copy(running, name)
    superuser_url = f"{running.postgres.superuser_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(superuser_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")  # what is written is known to be sound
        like, last = superuser.execute("SELECT min(id), max(id) FROM credit_facility WHERE funder_id = %s",
                                       [side.funder.id]).fetchone()  # fmt: skip
        (supplier,) = superuser.execute("SELECT supplier_id FROM credit_facility WHERE id = %s", [like]).fetchone()
        values = {"others": others, "like": like, "like_supplier": supplier, "last": last, "per": PER_SUPPLIER}
        superuser.execute(OTHERS, values)
        superuser.execute(SOLD, values | {"now": NOW})
        superuser.execute("VACUUM ANALYZE")
        superuser.execute("CHECKPOINT")
    return f"{running.environment['DATABASE_URL'].rpartition('/')[0]}/{name}"


def _copy(running: World, name: str) -> None:
    """Nobody may be connected to what is copied."""
    from django.db import connection

    connection.close()
    here = running.environment["DATABASE_URL"].rpartition("/")[2]
    with psycopg.connect(running.postgres.url("postgres", "postgres"), autocommit=True) as superuser:
        superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [here.partition("?")[0]]
        )
        postgres.create_database(superuser, name, here.partition("?")[0])
        superuser.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO app").format(sql.Identifier(name)))
