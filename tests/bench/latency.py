"""What one supplier waits for: a quote, and the decision on an application; and the statements that each takes."""

import time
from collections.abc import Callable
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from financing.advances.models import Application
from financing.advances.services import decide_waiting, quote
from portal.shared.access import SYSTEM_ACTOR
from tests.bench import floor as by_hand
from tests.bench.figures import Figure, cost
from tests.bench.stage import Side, join, queue_up

TIMES, WARM_UP = 60, 5
BATCH = 200


def quote_and_decide(ours: Side, floor: Side, analyze) -> list[Figure]:
    facilities = join(ours, TIMES + WARM_UP)
    theirs = join(floor, TIMES + WARM_UP)
    # A first offer of the day measures the supplier too; what is timed is the one after it, as the floor's is.
    queue_up(ours, facilities, len(facilities))
    queue_up(floor, theirs, len(theirs), for_floor=True)
    analyze()
    client = by_hand.Client()
    quotes, quote_statements = _pairs(
        [lambda each=each: quote(actor=SYSTEM_ACTOR, facility_id=each.id, amount_minor=600_00, now=timezone.now())
         for each in facilities],
        [lambda each=each: by_hand.quote(client, each.id, 600_00) for each in theirs],
        client,
    )  # fmt: skip
    waiting = Application.objects.filter(funder=ours.funder, status=Application.Status.SUBMITTED).order_by("id")
    decisions, decide_statements = _pairs(
        [lambda each=each: decide_waiting(actor=SYSTEM_ACTOR, application_ids=[each], now=timezone.now())
         for each in waiting.values_list("id", flat=True)],
        [lambda: by_hand.finance_next(client) for _ in theirs],
        client,
    )  # fmt: skip
    return [
        cost("quote_ms", quotes, "ms"),
        cost("quote_statements", [quote_statements], "statements"),
        cost("decide_ms", decisions, "ms"),
        cost("decide_statements", [decide_statements], "statements"),
        cost("decide_batch_statements", [(_batch(ours), BATCH * decide_statements[1])], "statements"),
    ]


def _pairs(
    ours: list[Callable], floors: list[Callable], client: by_hand.Client
) -> tuple[list[tuple[float, float]], tuple[int, int]]:
    """Milliseconds of each pair after some to warm up, and the statements of the last."""
    pairs = []
    for mine, theirs in zip(ours, floors, strict=True):
        client.statements = 0
        with statements() as counted:
            pairs.append((_milliseconds(mine), _milliseconds(theirs)))
    return pairs[WARM_UP:], (len(counted), client.statements)


def _milliseconds(work: Callable) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _batch(side: Side) -> int:
    """Statements of one drain of as many applications as a worker takes at once, each of another supplier."""
    queue_up(side, join(side, BATCH), BATCH)
    ids = list(
        Application.objects.filter(funder=side.funder, status=Application.Status.SUBMITTED).values_list("id", flat=True)
    )
    with statements() as counted:
        decide_waiting(actor=SYSTEM_ACTOR, application_ids=ids, now=timezone.now())
    return len(counted)


@contextmanager
def statements():
    """The SQL that is executed meanwhile, savepoints not counted."""
    found: list[str] = []

    def keep(execute, sql, params, many, context):
        found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield found
