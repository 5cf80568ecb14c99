"""A rush: applications of one funder waiting; two workers drain them, eight clients do the same by hand."""

from django.db import connection

from tests.bench import crowd
from tests.bench.figures import Figure, alternate, rate
from tests.bench.stage import Side, join, queue_up

APPLICATIONS, SUPPLIERS = 2_000, 1_000
WORKERS, CLIENTS = 2, 8


def financings_per_second(ours: Side, floor: Side, analyze) -> list[Figure]:
    def portal() -> float:
        queue_up(ours, join(ours, SUPPLIERS), APPLICATIONS)
        analyze()
        return crowd.per_second("tests.bench.portal_work:decide_all", [{}] * WORKERS)

    def by_hand() -> float:
        queue_up(floor, join(floor, SUPPLIERS), APPLICATIONS, for_floor=True)
        analyze()
        return crowd.per_second("tests.bench.floor:finance_all", [{}] * CLIENTS)

    figure = rate("financings_per_second", alternate(portal, by_hand))
    _check(ours, floor)
    return [figure]


def _check(*sides: Side) -> None:
    """Both have done the whole work, or the figure says nothing."""
    for side in sides:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), count(*) FILTER (WHERE a.status = 'DISBURSING'), count(i.id), count(e.id) "
                "FROM advances_application p LEFT JOIN advances_advance a ON a.application_id = p.id "
                "LEFT JOIN banking_paymentinstruction i ON i.id = a.instruction_id "
                "LEFT JOIN ledger_entry e ON e.book_id = %s AND e.key = 'advance/' || a.id || '/approve' "
                "WHERE p.funder_id = %s",
                [side.book.id, side.funder.id],
            )
            counts = cursor.fetchone()
        if len(set(counts)) > 1:
            raise AssertionError(f"{side.funder}: not every application was decided, booked and instructed: {counts}")
