"""Tables of rows: what search, filters and order leave, and what a spreadsheet gets."""

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.db.models import Q
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from lxml import etree

from accounts.parties.models import Party
from portal.ui import paging
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


def test_search_and_filters_stand_above_rows_or_above_what_they_leave_out_and_above_nothing_else():
    nothing = Table(RequestFactory().get("/list/"), [], COLUMNS, name="t", search=("number",), filters=(STATUS,))
    plain = Table(RequestFactory().get("/list/"), ROWS, COLUMNS, name="t")
    assert [each.has_tools for each in (table(), table("t-q=nowhere"), nothing, plain)] == [True, True, False, False]


def test_whatever_a_search_is_its_box_stands_above_the_rows(listed):
    for found in (table(), listed()):
        assert 'id="t-q"' in render_to_string("components/table.html", {"table": found})


def test_a_page_beyond_the_last_is_the_last():
    found = table("t-page=99", page_size=2)
    assert numbers(found) == ["=INV-2"]
    assert (found.previous_url, found.next_url) == ("/list/?t-page=1", "")


def test_sorting_again_turns_the_order_and_leaves_other_parameters():
    found = table("other=1&t-sort=due&t-page=2")
    assert found.headings[1].url == "/list/?other=1&t-sort=-due"
    assert [heading.sorted for heading in found.headings] == ["", "ascending", "", ""]


def test_an_export_holds_all_rows_with_exact_amounts_and_no_formula():
    response = table("t-export=csv&t-sort=amount_minor", page_size=1).as_file()
    text = b"".join(response.streaming_content).decode("utf-8")
    assert text == (
        "\ufeffInvoice,Due,State,Amount,currency\r\n"
        "'=INV-2,2026-01-01,Accepted,-200.00,CNY\r\n"
        "INV-1,,Disputed,100.05,CNY\r\n"
        "INV-3,2026-03-01,Accepted,300.00,CNY\r\n"
    )


def sheet_of(response):
    """Rows of the workbook as (type, value) of each cell; a number's type is `n`, a text's `s`."""
    with zipfile.ZipFile(BytesIO(b"".join(response.streaming_content))) as book:
        names = book.namelist()
        cells = etree.fromstring(book.read("xl/worksheets/sheet1.xml")).iterfind(".//{*}row")
        return names, [
            [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iterfind("{*}c")] for row in cells
        ]


def test_a_spreadsheet_has_numbers_as_numbers_days_as_days_and_no_formula():
    response = table("t-export=xlsx&t-sort=amount_minor", page_size=1, caption="Receivables: all").as_file()
    assert response["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert response["Content-Disposition"].endswith('.xlsx"')
    _names, rows = sheet_of(response)
    assert rows == [
        [("inlineStr", "Invoice"), ("inlineStr", "Due"), ("inlineStr", "State"), ("inlineStr", "Amount"),
         ("inlineStr", "currency")],
        [("inlineStr", "=INV-2"), ("n", "46023"), ("inlineStr", "Accepted"), ("n", "-200"), ("inlineStr", "CNY")],
        [("inlineStr", "INV-1"), ("inlineStr", "Disputed"), ("n", "100.05"), ("inlineStr", "CNY")],
        [("inlineStr", "INV-3"), ("n", "46082"), ("inlineStr", "Accepted"), ("n", "300"), ("inlineStr", "CNY")],
    ]  # fmt: skip


def test_a_spreadsheet_takes_every_kind_of_cell():
    rows = [{"at": datetime(2026, 1, 1, 12, tzinfo=UTC), "n": 3, "p": Decimal("0.125"), "why": ["a", "b"], "m": None,
             "currency": "JPY"}]  # fmt: skip
    columns = (
        Column("at", "At", kind="instant"), Column("n", "N", kind="number"), Column("p", "P", kind="percent"),
        Column("why", "Why", kind="reasons"), Column("m", "M", kind="money"),
    )  # fmt: skip
    request = RequestFactory().get("/list/?t-export=xlsx")
    _names, found = sheet_of(Table(request, rows, columns, name="t").as_file())
    assert found[1] == [("n", "46023.5"), ("n", "3"), ("n", "0.125"), ("inlineStr", "a; b"), ("inlineStr", "JPY")]


def test_a_table_offers_both_files_of_what_is_selected():
    assert table("t-status=ACCEPTED&t-page=2").export_urls == [
        ("CSV", "/list/?t-status=ACCEPTED&t-export=csv"),
        ("XLSX", "/list/?t-status=ACCEPTED&t-export=xlsx"),
    ]
    assert not table("t-export=pdf").export_wanted


PARTIES = (Column("name", "Name", sort=True), Column("country", "Country", sort=True, then="name"))


@pytest.fixture
def listed(db, monkeypatch):
    """A table of five suppliers, of which three are counted."""
    monkeypatch.setattr(paging, "MOST_COUNTED", 3)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    Party.objects.bulk_create(
        Party(kind="SUPPLIER", name=f"S{n}", country="DE" if n % 2 else "FR", created_at=at) for n in range(5)
    )

    def table(query="", rows=None) -> Table:
        request = RequestFactory().get(f"/list/?{query}")
        return Table(
            request, Party.objects.all() if rows is None else rows, PARTIES, name="t", order="-name",
            indexed=("name",), search=lambda text: Q(name__startswith=text), page_size=2,
            filters=(Filter("where", "Where", (("FR", "France"),), condition=lambda code: Q(country=code)),),
        )  # fmt: skip

    return table


def shown(found: Table) -> list[str]:
    return [row.record.name for row in found.rows]


def read(found: Table) -> str:
    return Template("{% load ui %}{% table table %}").render(Context({"table": found, "request": found.request}))


def test_more_rows_than_are_counted_are_said_to_be_more_and_sort_by_what_has_an_index(listed):
    many, few = listed("t-sort=country"), listed("t-sort=country&t-where=FR")
    assert (shown(many), many.order, "1–2 of more than 3" in read(many)) == (["S4", "S3"], "-name", True)
    assert [bool(heading.url) for heading in many.headings] == [True, False]
    assert (shown(few), few.order, "1–2 of 3" in read(few)) == (["S0", "S2"], "country", True)
    assert [bool(heading.url) for heading in few.headings] == [True, True]
    assert shown(listed("t-q=S1")) == ["S1"]
    assert listed("t-page=99").page.number == 2


def test_rows_that_are_equal_in_one_column_are_in_the_order_of_another(listed, monkeypatch):
    monkeypatch.setattr(paging, "MOST_COUNTED", 5)
    Party.objects.filter(name="S0").update(name="S9")
    assert (shown(listed("t-sort=country")), shown(listed("t-sort=-country"))) == (["S1", "S3"], ["S2", "S4"])
    assert shown(listed("t-sort=-country&t-page=2")) == ["S9", "S1"]


def test_two_sides_of_a_list_are_shown_as_one_and_searched_narrowed_and_counted_as_one(listed):
    def both(query="") -> Table:
        french, german = (Party.objects.filter(country=code) for code in ("FR", "DE"))
        return listed(query, paging.Merged(french, german))

    assert (shown(both()), shown(both("t-page=2")), both().is_cut) == (["S4", "S3"], ["S2"], True)
    assert shown(both("t-sort=name")) == ["S0", "S1"]
    assert (shown(both("t-where=FR")), both("t-where=FR").page.paginator.count) == (["S4", "S2"], 3)
    assert shown(both("t-q=nobody")) == []
    exported = b"".join(both("t-sort=name&t-export=csv").as_file().streaming_content).decode()
    assert exported.split("\r\n")[1:6] == ["S0,FR", "S1,DE", "S2,FR", "S3,DE", "S4,FR"]
