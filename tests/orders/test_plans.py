"""Reading a supplier's trade goes by keys, even while statistics say that there is none."""

import os
from datetime import UTC, date, datetime

import psycopg
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from financing.credit.queries import features
from logistics.orders.queries import deliveries
from tests.world import NOW, cast

FILL = """
WITH one AS (
    INSERT INTO orders_purchaseorder (platform_id, supplier_id, number, ordered_at, recorded_at)
    SELECT %(platform)s, %(supplier)s, 'O' || i, '2026-01-01', %(now)s FROM generate_series(1, 3000) i RETURNING id
), line AS (
    INSERT INTO orders_orderline (order_id, line_number, sku, category, quantity, unit, unit_price, amount_minor,
                                  currency, recorded_at)
    SELECT id, '1', 'S', '', 1, 'H87', 1, 100, 'BRL', %(now)s FROM one RETURNING id
), receipt AS (
    INSERT INTO orders_receiptline (order_line_id, number, quantity, invoiced_quantity, received_at, recorded_at)
    SELECT id, 'R', 1, 0, '2026-01-05', %(now)s FROM line
)
INSERT INTO orders_returnline (order_line_id, number, quantity, amount_minor, reason, returned_at, recorded_at)
SELECT id, 'B', 1, 100, '', '2026-01-09', %(now)s FROM line
"""


@pytest.fixture
def misled(committed_db):
    """Trade in tables of which statistics say that they are empty: a first file was rolled back, then came vacuum."""
    members = cast()
    values = {"platform": members.meridian.id, "supplier": members.amphora.id, "now": NOW}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FILL, values)
        transaction.set_rollback(True)
    owner = os.environ["OWNER_DATABASE_URL"].rsplit("/", 1)[0] + "/" + connection.settings_dict["NAME"]
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute(
            "VACUUM (TRUNCATE off) orders_purchaseorder, orders_orderline, orders_receiptline, orders_returnline"
        )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FILL, values)
        yield members


def nodes(plan: dict) -> list[dict]:
    return [plan, *(each for below in plan.get("Plans", []) for each in nodes(below))]


def plans(read) -> list[dict]:
    """All nodes of the plans of the statements that `read` asks."""
    with CaptureQueriesContext(connection) as asked:
        read()
    found = []
    with connection.cursor() as cursor:
        for each in asked:
            cursor.execute("EXPLAIN (FORMAT JSON) " + each["sql"].replace("%", "%%"))
            found += nodes(cursor.fetchone()[0][0]["Plan"])
    return found


def read_features(members) -> None:
    found = features(
        supplier_ids=[members.amphora.id], debtor_id=members.meridian.id, currency="BRL", as_of=date(2026, 2, 1)
    )
    assert found[members.amphora.id].order_lines == 3000


def read_deliveries(members) -> None:
    day = datetime(2026, 2, 1, tzinfo=UTC)
    found = deliveries(
        platform_id=members.meridian.id, supplier_ids=[members.amphora.id], since=datetime(2025, 2, 1, tzinfo=UTC),
        until=day, ripe=day,
    )  # fmt: skip
    assert found[members.amphora.id].return_share == 1


@pytest.mark.parametrize("read", [read_features, read_deliveries])
def test_no_plan_multiplies_lines_with_lines(misled, read):
    found = plans(lambda: read(misled))
    assert not [node for node in found if "Join Filter" in node]
    scans = [node for node in found if node.get("Relation Name", "").startswith("orders_")]
    assert {node["Relation Name"] for node in scans} == {
        "orders_purchaseorder", "orders_orderline", "orders_receiptline", "orders_returnline",
    }  # fmt: skip
    # An index may lead to the rows one by one or page by page; what is read whole is read again for every order.
    lines = [node for node in scans if node["Relation Name"] != "orders_purchaseorder"]
    assert [node for node in lines if not (node.get("Index Cond") or node.get("Recheck Cond"))] == []
