"""Tables of rows: what search, filters and order leave, and what a spreadsheet gets."""

from datetime import date

import pytest
from django.test import RequestFactory

from portal.ui.tables import Column, Filter, Table

ROWS = [
    {"number": "INV-3", "due": date(2026, 3, 1), "status": "ACCEPTED", "amount_minor": 30_000, "currency": "CNY"},
    {"number": "INV-1", "due": None, "status": "DISPUTED", "amount_minor": 10_005, "currency": "CNY"},
    {"number": "=INV-2", "due": date(2026, 1, 1), "status": "ACCEPTED", "amount_minor": -20_000, "currency": "CNY"},
]
COLUMNS = (
    Column("number", "Invoice", kind="id", sort=True),
    Column("due", "Due", kind="day", sort=True),
    Column("status", "State", kind="status"),
    Column("amount_minor", "Amount", kind="money", sort=True),
)
STATUS = Filter("status", "State", (("ACCEPTED", "Accepted"), ("DISPUTED", "Disputed")))


def table(query="", **options):
    request = RequestFactory().get(f"/list/?{query}")
    return Table(request, ROWS, COLUMNS, name="t", search=("number",), filters=(STATUS,), **options)


def numbers(found):
    return [row.record["number"] for row in found.rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["INV-3", "INV-1", "=INV-2"]),
        ("t-sort=number", ["=INV-2", "INV-1", "INV-3"]),
        ("t-sort=-amount_minor", ["INV-3", "INV-1", "=INV-2"]),
        ("t-sort=due", ["INV-1", "=INV-2", "INV-3"]),
        ("t-sort=status", ["INV-3", "INV-1", "=INV-2"]),
        ("t-sort=nonsense", ["INV-3", "INV-1", "=INV-2"]),
        ("t-q=inv-1", ["INV-1"]),
        ("t-status=ACCEPTED&t-sort=number", ["=INV-2", "INV-3"]),
        ("t-status=ACCEPTED&t-q=9", []),
    ],
)
def test_search_filter_and_order_are_read_from_the_address(query, expected):
    assert numbers(table(query)) == expected


def test_a_page_beyond_the_last_is_the_last():
    found = table("t-page=99", page_size=2)
    assert numbers(found) == ["=INV-2"]
    assert (found.previous_url, found.next_url) == ("/list/?t-page=1", "")


def test_sorting_again_turns_the_order_and_leaves_other_parameters():
    found = table("other=1&t-sort=due&t-page=2")
    assert found.headings[1].url == "/list/?other=1&t-sort=-due"
    assert [heading.sorted for heading in found.headings] == ["", "ascending", "", ""]


def test_an_export_holds_all_rows_with_exact_amounts_and_no_formula():
    response = table("t-export=csv&t-sort=amount_minor", page_size=1).as_csv()
    text = b"".join(response.streaming_content).decode("utf-8")
    assert text == (
        "\ufeffInvoice,Due,State,Amount,currency\r\n"
        "'=INV-2,2026-01-01,Accepted,-200.00,CNY\r\n"
        "INV-1,,Disputed,100.05,CNY\r\n"
        "INV-3,2026-03-01,Accepted,300.00,CNY\r\n"
    )
