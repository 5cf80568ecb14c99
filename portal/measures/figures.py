"""What the database knows of business and queues, as families of figures: eight statements, whatever there is to count.

Each statement reads an index from its end: the last ten minutes, or what is open. What is open is counted up to CAP,
so that a scrape costs a bounded time in a rush, too. An hour of ten financings a second would take it ten times as
long. Counts of the last ten minutes are gauges that fall again: they are read as they are, not through rate().
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate

from django.db import InterfaceError, OperationalError, connection
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric

from accounts.trail.subscribers import subscribers
from financing.banking.models import DIFFERS, Statement
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting

CAP, CAP_OF_STATEMENTS = 100_000, 1_000
PATIENCE_MILLISECONDS = 2_000
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
"""Seconds: a financing that nobody has to look at takes less than one, a referral hours."""
OPEN_PAYMENTS = ("DUE", "SENT", "UNKNOWN", "ACCEPTED", "REJECTED", "RETURNED")

DECIDED = """
SELECT application.status, recommended_by <> '' AS by_people, count(*),
       width_bucket(date_part('epoch', decided_at - submitted_at), %(buckets)s::float8[]) AS bucket,
       sum(date_part('epoch', decided_at - submitted_at))
FROM (SELECT DISTINCT funder_id FROM credit_programme) AS lending
JOIN advances_application application
  ON application.funder_id = lending.funder_id AND application.decided_at > now() - interval '10 minutes'
GROUP BY 1, 2, 4
"""
# LIMIT 1: one look by its key for each advance. Joined outright, all applications that ever were would be read.
FUNDED = """
SELECT advance.currency, recommended_by <> '' AS by_people, count(*),
       width_bucket(date_part('epoch', funded_at - submitted_at), %(buckets)s::float8[]) AS bucket,
       sum(date_part('epoch', funded_at - submitted_at)), sum(advance.amount_minor)::bigint
FROM (SELECT DISTINCT funder_id FROM credit_programme) AS lending
JOIN advances_advance advance
  ON advance.funder_id = lending.funder_id AND advance.funded_at > now() - interval '10 minutes'
CROSS JOIN LATERAL (SELECT submitted_at, recommended_by FROM advances_application
                    WHERE id = advance.application_id LIMIT 1) AS application
GROUP BY 1, 2, 4
"""
UNDECIDED = """
SELECT 'SUBMITTED', count(*), date_part('epoch', now() - min(submitted_at))
FROM (SELECT submitted_at FROM advances_application WHERE status = 'SUBMITTED' LIMIT %(cap)s) AS waiting
UNION ALL
SELECT 'REFERRED', count(*), date_part('epoch', now() - min(submitted_at))
FROM (SELECT submitted_at FROM advances_application WHERE status = 'REFERRED' LIMIT %(cap)s) AS referred
"""
DELIVERIES = """
SELECT name,
       (SELECT count(*) FROM (SELECT FROM trail_delivery
                              WHERE subscriber = name AND state = 'WAITING' LIMIT %(cap)s) AS waiting),
       (SELECT date_part('epoch', now() - event.recorded_at)
        FROM (SELECT event_id FROM trail_delivery
              WHERE subscriber = name AND state = 'WAITING' ORDER BY id LIMIT 1) AS oldest
        JOIN trail_event event ON event.id = oldest.event_id),
       (SELECT count(*) FROM trail_delivery WHERE subscriber = name AND state = 'PARKED')
FROM unnest(%(names)s::text[]) AS name
"""
PAYMENTS = """
SELECT name,
       (SELECT count(*) FROM (SELECT FROM banking_paymentinstruction
                              WHERE status = name AND status <> 'SETTLED' LIMIT %(cap)s) AS payments),
       (SELECT date_part('epoch', now() - coalesce(sent_at, created_at)) FROM banking_paymentinstruction
        WHERE status = name AND status <> 'SETTLED' ORDER BY id LIMIT 1)
FROM unnest(%(names)s::text[]) AS name
"""
BANK = """
SELECT date_part('epoch', now() - recorded_at) FROM banking_bankmessage
WHERE direction = 'IN' ORDER BY id DESC LIMIT 1
"""
LOG = """
SELECT (coalesce(last_failed_time > last_archived_time, last_failed_time IS NOT NULL))::int
FROM pg_stat_archiver WHERE current_setting('archive_mode') <> 'off'
"""


class Figures:
    """A collector of prometheus_client. A database that is away is told as such, and nothing is told of the rest."""

    def collect(self) -> Iterator[Metric]:
        found = []
        with suppress(OperationalError, InterfaceError):
            found = looked_up()
        yield GaugeMetricFamily("portolan_database_up", "1 where the database answered.", bool(found))
        yield from found


def looked_up() -> list[Metric]:
    """All families, of one moment."""
    with acting(SYSTEM_ACTOR), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE_MILLISECONDS)])

        def rows(sql: str, **given) -> list[tuple]:
            cursor.execute(sql, given)
            return cursor.fetchall()

        return [
            *decided(rows(DECIDED, buckets=list(BUCKETS))),
            *funded(rows(FUNDED, buckets=list(BUCKETS))),
            *undecided(rows(UNDECIDED, cap=CAP)),
            *deliveries(rows(DELIVERIES, cap=CAP, names=sorted(subscribers()))),
            *payments(rows(PAYMENTS, cap=CAP, names=list(OPEN_PAYMENTS))),
            *bank(rows(BANK), differing()),
            *log(rows(LOG)),
        ]


def differing() -> int:
    """In the order of their index: by a guess that nearly all days differ, the database would read them all."""
    return Statement.objects.filter(DIFFERS).order_by("date")[:CAP_OF_STATEMENTS].count()


def decided(rows: Sequence[tuple]) -> Iterator[Metric]:
    counts = GaugeMetricFamily(
        "portolan_applications_decided_last_ten_minutes", "Applications decided in the last ten minutes, by outcome.",
        labels=("outcome", "by"),
    )  # fmt: skip
    totals = defaultdict(int)
    for outcome, by_people, count, _, _ in rows:
        totals[outcome, _by(by_people)] += count
    for labels, count in sorted(totals.items()):
        counts.add_metric(labels, count)
    yield counts
    yield times("portolan_decided_seconds", "From submitted to decided, of the last ten minutes.", rows)


def funded(rows: Sequence[tuple]) -> Iterator[Metric]:
    counts = GaugeMetricFamily(
        "portolan_financings_last_ten_minutes", "Advances whose money arrived in this time.", labels=("currency",)
    )
    amounts = GaugeMetricFamily(
        "portolan_paid_out_minor_last_ten_minutes", "What they amount to, in minor units.", labels=("currency",)
    )
    totals = defaultdict(lambda: (0, 0))
    for currency, _, count, _, _, amount in rows:
        totals[currency] = totals[currency][0] + count, totals[currency][1] + amount
    for currency, (count, amount) in sorted(totals.items()):
        counts.add_metric([currency], count)
        amounts.add_metric([currency], amount)
    yield from (counts, amounts)
    yield times("portolan_funded_seconds", "From submitted to the bank's booking, of the last ten minutes.", rows)


def _by(by_people: bool) -> str:
    return "people" if by_people else "policy"


def times(name: str, documentation: str, rows: Sequence[tuple]) -> Metric:
    """A histogram of rows (_, by people, count, bucket, seconds ...), bucket n being what lies below BUCKETS[n]."""
    family = GaugeHistogramMetricFamily(name, documentation, labels=("by",))
    for by_people in (False, True):
        counts, total = [0] * (len(BUCKETS) + 1), 0.0
        for row in (each for each in rows if each[1] == by_people):
            counts[row[3]] += row[2]
            total += row[4]
        bounds = [*map(str, BUCKETS), "+Inf"]
        family.add_metric([_by(by_people)], list(zip(bounds, accumulate(counts), strict=True)), total)
    return family


def undecided(rows: Sequence[tuple]) -> Iterator[Metric]:
    yield from _open("portolan_applications_undecided", "Applications that wait to be decided.", "status", rows)


def deliveries(rows: Sequence[tuple]) -> Iterator[Metric]:
    waiting = [(name, count, oldest) for name, count, oldest, _ in rows]
    yield from _open("portolan_deliveries_waiting", "Events on their way to a subscriber.", "subscriber", waiting)
    family = GaugeMetricFamily(
        "portolan_deliveries_parked", "Deliveries that failed too often: somebody has to look.", labels=("subscriber",)
    )
    for name, _, _, parked in rows:
        family.add_metric([name], parked)
    yield family


def payments(rows: Sequence[tuple]) -> Iterator[Metric]:
    """The age counts from the sending, where one was: of SENT and UNKNOWN it is how long the bank has been silent."""
    yield from _open("portolan_payments", "Payments that are not settled.", "state", rows)


def _open(name: str, documentation: str, label: str, rows: Sequence[tuple]) -> Iterator[Metric]:
    """How many are open, and the age of the oldest (0 where there is none, so that an alarm sees it end)."""
    count = GaugeMetricFamily(name, f"{documentation} Counted up to {CAP}.", labels=(label,))
    oldest = GaugeMetricFamily(f"{name}_oldest_seconds", "Age of the oldest of them.", labels=(label,))
    for value, number, age in rows:
        count.add_metric([value], number)
        oldest.add_metric([value], max(0.0, age or 0.0))
    yield from (count, oldest)


def bank(heard: Sequence[tuple], differing: int) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "portolan_bank_heard_seconds", "Since the bank last said anything; none where it never did."
    )
    for (seconds,) in heard:
        age.add_metric([], max(0.0, seconds))
    yield age
    yield GaugeMetricFamily(
        "portolan_statements_differing", "Days of accounts on which bank and ledger do not agree.", differing
    )


def log(failing: Sequence[tuple]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "portolan_database_log_failing", "1 while PostgreSQL fails to keep its log; none where it is not to be kept."
    )
    for (is_failing,) in failing:
        family.add_metric([], is_failing)
    yield family
