"""The real file: Olist's order lines of 2016 to 2018."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logistics.orders.models import OrderLine, ReceiptLine
from logistics.orders.services import import_trade
from portal.shared.access import SYSTEM_ACTOR
from tests.world import NOW, cast

FILE = Path(__file__).resolve().parents[3] / "shared/data/trade/olist/order_lines.csv.gz"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"The real trade data is not here: {FILE}")


def imported(platform, **how) -> dict:
    return import_trade(
        actor=SYSTEM_ACTOR, platform_id=platform.id, content=FILE.read_bytes(), mapping="olist", now=NOW, **how
    )


def test_every_row_of_the_real_file_enters_or_is_reported(db):
    meridian = cast().meridian
    report = imported(meridian)
    assert (report["lines"], report["new"]) == (12_611, OrderLine.objects.count())
    assert report["new"] + report["refused_lines"] == 12_611
    print(report["refused_by_code"], report["suppliers"], report["receipts"])
    assert report["refused_by_code"]["ORDER_PURCHASE_TIMESTAMP_MISSING"] == 3_756
    again = imported(meridian)
    assert (again["new"], again["known"], again["updated"]) == (0, report["new"], 0)
    assert again["refused_by_code"] == report["refused_by_code"]


def test_replayed_in_parts_the_real_file_ends_as_if_imported_at_once(db):
    meridian = cast().meridian
    moments = [datetime(2017, 9, 1, tzinfo=UTC), datetime(2018, 2, 1, tzinfo=UTC), None]
    reports = [imported(meridian, known_until=moment) for moment in moments]
    for moment, report in zip(moments, reports, strict=True):
        told = report["new"] + report["known"] + report["not_yet"] + report["refused_lines"]
        assert told == report["lines"] == 12_611
        assert (report["not_yet"] > 0) == (moment is not None)
    assert sum(each["new"] for each in reports) == OrderLine.objects.count() == 8_831
    assert sum(each["receipts"] for each in reports) == ReceiptLine.objects.count() == 8_713
    # What was on its way at the first moment arrived by the second: known lines, updated.
    assert all(each["updated"] > 0 for each in reports[1:])
    assert OrderLine.objects.filter(despatched_at=None).count() == 49
