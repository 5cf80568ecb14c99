"""The made-up trade is the same each time, obeys the rules of real files, and is invoiced as it was delivered."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from logistics.orders.rules import MAPPINGS, Row, check
from portal.sandbox.world import invoicing
from portal.sandbox.world.characters import suppliers
from portal.sandbox.world.invoicing import Terms, is_run, next_run
from portal.sandbox.world.trade import happened, to_csv, trade_of

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
LATER = NOW + timedelta(days=60)
TERMS = Terms("MERIDIAN")


@pytest.fixture(scope="module")
def lines():
    return trade_of(suppliers(16), until=TODAY, currency="EUR")


def rows(content: bytes) -> list[dict]:
    header, *others = content.decode().splitlines()
    return [dict(zip(header.split(","), each.split(","), strict=True)) for each in others]


def test_the_same_day_has_the_same_trade(lines):
    assert trade_of(suppliers(16), until=TODAY, currency="EUR") == lines


def test_more_suppliers_change_nothing_of_the_first_ones(lines):
    first = {each.reference for each in suppliers(5)}
    assert trade_of(suppliers(5), until=TODAY, currency="EUR") == [line for line in lines if line.supplier in first]


def test_every_line_is_one_that_a_real_file_could_bring(lines):
    read = [check(MAPPINGS["portolan"].read(Row(row, UTC)), LATER) for row in rows(to_csv(lines, LATER))]
    assert read == lines


def test_a_file_of_an_earlier_day_knows_nothing_of_what_came_later(lines):
    until = NOW - timedelta(days=30)
    read = [MAPPINGS["portolan"].read(Row(row, UTC)) for row in rows(to_csv(lines, until))]
    times = {at for x in read for at in (x.ordered_at, x.despatched_at, x.cancelled_at, x.receipt and x.receipt.at)}
    assert read
    assert max(times - {None}) <= until


def test_weekly_files_together_bring_all_that_the_whole_file_brings(lines):
    start, week = NOW - timedelta(days=70), timedelta(days=7)
    brought = {
        line.order for n in range(10) for line in lines if happened(line, start + n * week, start + (n + 1) * week)
    }
    assert brought == {line.order for line in lines if happened(line, start, NOW)}


def test_an_invoice_is_of_what_arrived_net_of_commission(lines):
    made = invoicing.invoices(
        lines, after=NOW - timedelta(days=7), until=NOW, issued=TODAY, due=date(2026, 4, 10), terms=TERMS
    )
    arrived = [line for line in lines if line.receipt and NOW - timedelta(days=7) < line.receipt.at <= NOW]
    assert sum(len(each["lines"]) for each in made) == len(arrived)
    for each in made:
        gross = sum(Decimal(line["amount"]) for line in each["lines"])
        assert Decimal(each["payable"]) == gross
        assert abs(Decimal(each["deductions"][0]["amount"]) - gross * Decimal("0.12")) <= Decimal("0.005")


def test_an_overcharged_invoice_still_adds_up(lines):
    (first, *_) = invoicing.invoices(
        lines, after=NOW - timedelta(days=7), until=NOW, issued=TODAY, due=date(2026, 4, 10), terms=TERMS
    )
    dearer = invoicing.overcharged(first, TERMS)
    assert Decimal(dearer["payable"]) > Decimal(first["payable"])
    assert Decimal(dearer["payable"]) == sum(Decimal(line["amount"]) for line in dearer["lines"])


@pytest.mark.parametrize(
    ("issued", "due"),
    [
        (date(2017, 1, 10), date(2017, 2, 20)),
        (date(2017, 1, 31), date(2017, 3, 10)),
        (date(2018, 1, 20), date(2018, 2, 28)),
    ],
)
def test_an_invoice_falls_due_on_a_payment_run(issued, due):
    assert next_run(issued, 35) == due
    assert is_run(due)
