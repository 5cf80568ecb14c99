"""A real file of order lines is read month by month, as it stood then, and invoiced by decades."""

import gzip
from datetime import UTC, date, datetime

import pytest

from portal.sandbox.demo.olist import TradeFile, arrivals, end_of, invoices_of

HEADER = (
    "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,order_status,order_purchase_timestamp,"
    "order_delivered_carrier_date,order_delivered_customer_date"
)
ROWS = (
    "o1,1,p1,s1,2018-01-05 00:00:00,100.00,delivered,2018-01-02 10:00:00,2018-01-03 10:00:00,2018-01-08 10:00:00",
    "o2,1,p1,s1,2018-01-09 00:00:00,50.50,delivered,2018-01-06 10:00:00,2018-01-07 10:00:00,2018-01-10 22:00:00",
    "o3,1,p2,s2,2018-01-29 00:00:00,10.00,delivered,2018-01-28 10:00:00,2018-01-29 10:00:00,2018-02-03 10:00:00",
    "o4,1,p2,s2,2018-01-29 00:00:00,10.00,delivered,,2018-01-29 10:00:00,2018-02-03 10:00:00",
    "o5,1,p2,s2,2018-01-29 00:00:00,10.00,delivered,2018-01-28 10:00:00,2018-01-29 10:00:00,2018-01-01 10:00:00",
)


@pytest.fixture(params=["gzip", "plain"])
def file(tmp_path, request):
    path = tmp_path / "lines.csv"
    content = "\n".join((HEADER, *ROWS, "")).encode()
    path.write_bytes(gzip.compress(content) if request.param == "gzip" else content)
    return TradeFile(path)


def test_rows_that_cannot_be_true_are_left_to_the_report_of_the_import(file):
    assert [line.order for _, line in file.rows] == ["o1", "o2", "o3"]
    assert (file.first_day, file.last_day) == (date(2018, 1, 1), date(2018, 1, 28))


def test_a_part_holds_the_rows_of_which_something_became_known(file):
    january, february = end_of(date(2018, 1, 31)), end_of(date(2018, 2, 28))
    before = datetime(2000, 1, 1, tzinfo=UTC)
    assert gzip.decompress(file.part(before, january)).decode().split() == words(HEADER, *ROWS[:3])
    assert gzip.decompress(file.part(january, february)).decode().split() == words(HEADER, ROWS[2])


def words(*lines: str) -> list[str]:
    return " ".join(lines).split()


def test_what_arrived_in_a_decade_is_one_invoice_due_on_a_payment_run(file):
    (invoice,) = invoices_of(arrivals(file)[2018, 1], date(2018, 1, 31))
    assert (invoice["issue_date"], invoice["due_date"]) == ("2018-01-10", "2018-02-20")
    assert (invoice["supplier"], invoice["payable"]) == ("olist:s1", "150.50")
    assert invoice["deductions"] == [{"kind": "commission", "amount": "18.06"}]
    assert [line["order"] for line in invoice["lines"]] == ["o1", "o2"]
