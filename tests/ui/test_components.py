"""What the components of pages make of what they are given."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.ui.formats import iban
from portal.ui.tables import Column, Table
from portal.ui.templatetags import ui

START = datetime(2026, 11, 27, 9, tzinfo=UTC)


@pytest.mark.parametrize(("rows", "beyond"), [(10, 0), (12, 0), (13, 3), (25, 15)])
def test_a_phone_shows_ten_rows_and_a_few_more_rather_than_a_button_for_two(rf, rows, beyond):
    found = Table(rf.get("/"), [{"number": n} for n in range(rows)], [Column("number", "Number")], page_size=25)
    assert found.beyond_phone == beyond


def test_an_iban_stands_in_groups_of_four_as_on_paper():
    assert iban("DE69900000010010000006") == "DE69 9000 0001 0010 0000 06"


def test_a_long_identifier_is_shown_by_its_beginning_and_a_short_one_whole():
    assert ui.shortened("PTL9E00E776183618F6A757B025C83A0FA8") == "PTL9E00E7761…"
    assert (ui.breadth("The 4 of"), ui.breadth("第 4 行")) == (8, 7)
    assert [ui.is_long(text) for text in ("Get paid now", "aldo@amphora.example")] == [False, True]
    assert [ui.is_long("账户已登记" * times) for times in (3, 4)] == [False, True]
    assert ui.shortened("S-10001-20261127.json") == "S-10001-20261127.json"


@pytest.mark.parametrize(
    ("minutes", "subject", "latest"),
    [((0, 1, 2), "", 2), ((2, 1, 0), "*", 0), ((2, 1, 0), "", None), ((0,), "", 0)],
    ids=["oldest first", "newest first and renewed", "an older page", "one alone"],
)
def test_the_latest_of_what_happened_is_marked_wherever_it_stands(minutes, subject, latest):
    events = [{"at": START + timedelta(minutes=minute), "sentence": "So"} for minute in minutes]
    entries = ui.timeline(events, subject=subject)["entries"]
    assert [place for place, (_event, _opens, is_latest) in enumerate(entries) if is_latest] == (
        [] if latest is None else [latest]
    )
