"""Lists as CSV: the same rows under the same filters in the same order, under the names that they have in JSON."""

import csv

import pytest

from portal.shared import paging
from portal.shared.access import ADMIN, MAKER
from tests import world
from tests.api.conftest import caller_for
from tests.api.stage import set_up
from tests.api.test_strangers import ROUTES


def rows_of(answer) -> list[dict[str, str]]:
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(answer.content.decode().splitlines()))


def test_every_list_gives_the_same_rows_as_a_file(db):
    stage = set_up()
    callers = {name: caller_for(getattr(stage.lending.cast, name), ADMIN)
               for name in ("amphora", "meridian", "harbour", "watch")}  # fmt: skip
    seen = set()
    for path in sorted(path for method, path in ROUTES if method == "get" and path.count("/") == 1):
        for caller in callers.values():
            said = caller.get(f"{path}?limit=200")
            if said.status_code == 200 and "next" in said.json() and "has_more" not in said.json():
                found, expected = rows_of(caller.get(f"{path}?format=csv")), said.json()["results"]
                assert [row["id"] for row in found] == [str(row["id"]) for row in expected], path
                seen |= {path} if found else set()
    assert {"receivables/", "advances/", "suppliers/", "purchase-orders/", "ledger-movements/", "statements/"} <= seen
    assert len(seen) >= 20


@pytest.fixture
def meridian(lending):
    people = lending.cast
    for number, days in (("INV-A", 30), ("=INV-B", 10), ("INV-C", 20), ("INV-D", 20)):
        world.receivable(people.amphora, people.meridian, number, due_in=days)
    return caller_for(people.meridian)


def test_a_file_that_is_cut_says_where_it_goes_on_and_no_row_is_lost_or_told_twice(meridian, monkeypatch):
    monkeypatch.setattr(paging, "FILE_ROWS", 3)
    monkeypatch.setattr(paging, "ROWS_AT_ONCE", 2)
    first = meridian.get("receivables/?format=csv&sort=due_date")
    where, rel = first["Link"].split("; ")
    assert rel == 'rel="next"'
    rest = meridian.get(where.strip("<>").partition("/api/v1/")[2])
    assert [row["number"] for row in rows_of(first) + rows_of(rest)] == ["'=INV-B", "INV-C", "INV-D", "INV-A"]
    assert "Link" not in rest and len(rows_of(rest)) == 1
    whole = meridian.get("receivables/?format=csv&status=ACCEPTED&issued_from=2001-01-01&limit=3&number=INV-A")
    assert len(rows_of(whole)) == 1 and "Link" not in whole
    for limit in ("0", "4", "x"):
        assert meridian.get(f"receivables/?format=csv&limit={limit}").json()["code"] == "LIMIT_INVALID"


def test_a_file_keeps_filter_and_order(meridian):
    found = rows_of(meridian.get("receivables/?sort=due_date&status=ACCEPTED", Accept="text/csv"))
    assert [row["number"] for row in found] == ["'=INV-B", "INV-C", "INV-D", "INV-A"]
    assert rows_of(meridian.get("receivables/?format=csv&status=DISPUTED")) == []
    late = rows_of(meridian.get(f"receivables/?format=csv&from={found[1]['due_date']}&until={found[1]['due_date']}"))
    assert [row["number"] for row in late] == ["INV-D", "INV-C"]


def test_fields_of_an_object_are_columns_and_amounts_stay_minor_units(lending, meridian):
    row = rows_of(meridian.get("receivables/?format=csv"))[0]
    assert (row["supplier.id"], row["supplier.name"]) == (str(lending.cast.amphora.id), "Amphora")
    assert (row["gross_minor"], row["currency"], row["settled_at"]) == ("100000", "EUR", "")
    assert meridian.get("receivables/?format=csv")["Content-Disposition"] == 'attachment; filename="receivables.csv"'


def test_what_is_refused_is_a_problem_and_no_file(lending, meridian):
    for path, status, code in (
        ("receivables/?format=csv&status=SHINY", 422, "FILTER_INVALID"),
        ("receivables/?format=csv&sort=colour", 422, "SORT_INVALID"),
        ("receivables/?format=csv&from=soon", 422, "DATE_INVALID"),
        ("receivables/?format=pdf", 406, "NOT_ACCEPTABLE"),
        ("receivables/overview/?format=csv", 406, "NOT_ACCEPTABLE"),
        ("policies/?format=csv", 403, "FORBIDDEN"),
    ):
        answer = meridian.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert answer["Content-Type"] == "application/problem+json", path
    assert rows_of(caller_for(lending.cast.bellows, MAKER).get("receivables/?format=csv")) == []
