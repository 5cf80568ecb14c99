"""The first page, suppliers, and what a funder shares: what needs a hand, and nothing of who borrows what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Party
from accounts.trail.models import Event
from financing.advances.sharing import shared_figures
from financing.credit.models import Assessment, Facility, PolicyVersion
from financing.credit.services import share_figures
from financing.receivables.models import Receivable
from logistics.orders.models import OrderLine, ReceiptLine
from logistics.orders.queries import deliveries
from portal.shared.errors import Forbidden, NotFound
from tests import world
from tests.world import NOW, as_member

HOME = "/platform/"


@pytest.fixture
def shared(lending):
    return share_figures(
        actor=as_member("hugo@harbour.example"), programme_id=lending.programme.id, shared=True, now=NOW
    )


# ── what needs a hand ────────────────────────────────────────────────────────────────────────────────────────────────
def test_exceptions_of_every_kind_stand_in_one_queue_the_oldest_first(maya, wait, lending):
    now = timezone.now()
    wait("A-1", received_at=now - timedelta(hours=5))
    wait("A-2", status="DISPUTED", dispute_reason="short", received_at=now - timedelta(days=3))
    due = world.receivable(lending.cast.bellows, lending.cast.meridian, "B-1", 70_00)
    Receivable.objects.filter(id=due.id).update(due_date=timezone.localdate() - timedelta(days=9))
    page = maya.get(HOME)
    rows = [row.record for row in page.context["table"].rows]
    assert [(row["kind"], row["amount_minor"]) for row in rows] == [
        ("DUE", 70_00), ("DISPUTE", 1_000_00), ("ACCEPT", 1_000_00),
    ]  # fmt: skip
    assert rows[1]["why"] == "short"
    assert "3 days" in page.text


@pytest.mark.parametrize(
    ("unverified", "why"),
    [
        ([], "To be paid on its day"),
        (["Bellows"], "To be paid on its day, but for 1 supplier that is not verified yet"),
        (["Amphora", "Bellows"], "2 suppliers are not verified yet"),
    ],
)
def test_what_is_due_tells_whether_suppliers_that_are_not_verified_hold_it(maya, lending, unverified, why):
    for supplier, number in (
        (lending.cast.amphora, "A-1"),
        (lending.cast.bellows, "B-1"),
        (lending.cast.bellows, "B-2"),
    ):
        world.receivable(supplier, lending.cast.meridian, number)
    Receivable.objects.update(due_date=timezone.localdate())
    Party.objects.filter(name__in=unverified).update(status="PROSPECT")
    assert [row.record["why"] for row in maya.get(HOME).context["table"].rows] == [why]


def test_nothing_to_do_is_said_so(maya, lending):
    world.trade(lending.cast.amphora, lending.cast.meridian)
    assert "Nothing needs a hand." in maya.get(HOME).text


def test_a_new_workspace_teaches_what_fills_it_until_it_is_done(maya, lending):
    page = maya.get(HOME)
    assert [each.is_done for each in page.context["steps"]] == [False, True, True]  # trade; programme, account
    first_steps = page.text.split('<ol class="first-steps">')[1].split("</ol>")[0]
    assert reverse("platform:trade") in first_steps and "Nothing needs a hand." not in page.text
    world.trade(lending.cast.amphora, lending.cast.meridian)
    page = maya.get(HOME)
    assert page.context["steps"] == [] and "First steps" not in page.text


def test_the_first_page_takes_the_same_queries_however_much_waits(maya, wait, shared):
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert maya.get(HOME).status_code == 200
        return len(found)

    wait("A-0")
    maya.get(HOME)
    before = count()
    for number in range(1, 12):
        wait(f"A-{number}")
    assert count() == before


# ── suppliers ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_suppliers_show_how_they_trade_and_what_is_owed(maya, lending):
    cast = lending.cast
    world.trade(cast.amphora, cast.meridian, days=60, every=10)
    world.receivable(cast.amphora, cast.meridian, "A-1", 300_00)
    page = maya.get(reverse("platform:suppliers"))
    rows = {row.record.name: row.record for row in page.context["table"].rows}
    assert rows[cast.amphora.name].owed_minor == 300_00
    one = maya.get(reverse("platform:supplier", args=[cast.amphora.id]))
    assert one.status_code == 200
    assert one.context["health"].order_lines == rows[cast.amphora.name].orders
    text = maya.get(reverse("platform:suppliers"), {"suppliers-export": "csv"})
    assert b"300.00" in b"".join(text.streaming_content)


def test_suppliers_take_the_same_queries_however_many_there_are(maya, lending):
    cast = lending.cast
    pages = [reverse("platform:suppliers"), reverse("platform:supplier", args=[cast.amphora.id])]

    def count() -> list[int]:
        found = []
        for page in pages:
            with CaptureQueriesContext(connection) as asked:
                assert maya.get(page).status_code == 200
            found.append(len(asked))
        return found

    world.trade(cast.amphora, cast.meridian, days=20, every=10)
    world.receivable(cast.amphora, cast.meridian, "A", 300_00)
    maya.get(pages[0])
    before = count()
    world.trade(cast.bellows, cast.meridian, days=40, every=5)
    for number in range(12):
        world.receivable(cast.amphora, cast.meridian, f"A-{number}", 300_00)
        world.receivable(cast.bellows, cast.meridian, f"B-{number}", 300_00)
    assert count() == before


def test_how_a_supplier_delivers_is_measured_by_its_orders(lending):
    cast = lending.cast
    world.trade(cast.amphora, cast.meridian, days=90, every=10)
    line = OrderLine.objects.filter(order__supplier=cast.amphora).order_by("order__ordered_at").first()
    OrderLine.objects.filter(id=line.id).update(despatch_by=NOW - timedelta(days=80), despatched_at=NOW)
    ReceiptLine.objects.filter(order_line=line).delete()
    span = {"since": NOW - timedelta(days=360), "until": NOW + timedelta(days=1), "ripe": NOW + timedelta(days=1)}
    found = deliveries(platform_id=cast.meridian.id, supplier_ids=[cast.amphora.id, cast.bellows.id], **span)
    lines = OrderLine.objects.filter(order__supplier=cast.amphora)
    ordered, due = lines.count(), lines.filter(despatch_by__lt=span["until"]).count()
    assert set(found) == {cast.amphora.id}
    assert found[cast.amphora.id].fulfilled_share == Decimal(ordered - 1) / ordered
    assert found[cast.amphora.id].on_time_share == Decimal(due - 1) / due


def test_a_supplier_that_does_not_trade_with_the_platform_is_not_found(maya, lending):
    assert maya.get(reverse("platform:supplier", args=[lending.cast.harbour.id])).status_code == 404
    assert maya.get(reverse("platform:supplier", args=[10**9])).status_code == 404


# ── what a funder shares ─────────────────────────────────────────────────────────────────────────────────────────────
def meridian():
    return as_member("maya@meridian.example")


def test_without_the_funders_word_the_platform_sees_no_figure_of_its_programme(maya, lending):
    assert shared_figures(actor=meridian(), now=NOW) == []
    page = maya.get(HOME)
    assert "No funder shares the totals" in page.text
    assert "Suppliers by grade" not in page.text


def test_a_funder_shares_its_figures_and_takes_that_back(shared, lending):
    assert [each.programme.id for each in shared_figures(actor=meridian(), now=NOW)] == [lending.programme.id]
    hugo = as_member("hugo@harbour.example")
    for _twice in range(2):
        share_figures(actor=hugo, programme_id=lending.programme.id, shared=False, now=NOW)
    assert shared_figures(actor=meridian(), now=NOW) == []
    assert Event.objects.filter(name="programme.figures_withheld").count() == 1


def test_only_a_checker_of_the_funder_shares(lending):
    with pytest.raises(Forbidden):
        share_figures(actor=as_member("hana@harbour.example"), programme_id=lending.programme.id, shared=True, now=NOW)
    with pytest.raises(NotFound):
        share_figures(actor=meridian(), programme_id=lending.programme.id, shared=True, now=NOW)
    lending.programme.refresh_from_db()
    assert not lending.programme.figures_shared


def test_a_grade_of_few_suppliers_is_not_told(shared, lending):
    """One supplier of a grade would be known by it."""
    policy = PolicyVersion.objects.filter(funder=lending.cast.harbour).first()
    facility = Facility.objects.filter(programme=shared).first() or Facility.objects.create(
        programme=shared, supplier=lending.cast.amphora, funder=shared.funder, debtor=shared.debtor,
        currency=shared.currency, joined_at=NOW, joined_by="user:1",
    )  # fmt: skip
    Assessment.objects.get_or_create(
        supplier=facility.supplier, debtor=shared.debtor, funder=shared.funder, policy=policy,
        currency=shared.currency, as_of=world.TODAY,
        defaults={"features": {}, "inputs_hash": "0" * 64, "points": 700, "grade": "A", "limit_minor": 1,
                  "recorded_at": NOW},
    )  # fmt: skip
    (found,) = shared_figures(actor=meridian(), now=NOW)
    assert {number for _grade, number in found.grades} == {None}
    assert found.month.decided is None
