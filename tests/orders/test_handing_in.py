"""Files that a worker enters in parts: what is there after any cut is whole, and nothing enters twice."""

import gzip

import pytest

from accounts.intake.models import Document
from accounts.trail.models import Delivery, Event
from logistics.orders import reading, services
from logistics.orders.models import OrderLine, PurchaseOrder
from portal.shared.errors import Forbidden, InvalidInput, TooLarge
from tests.orders.test_importing import csv, row
from tests.world import NOW, as_member, cast

ROWS = [row(order=f"PO-{n}", quantity="many" if n in (3, 8) else "10") for n in range(10)]


@pytest.fixture
def hand_in(db):
    meridian = cast().meridian

    def handing(content: bytes, email="maya@meridian.example", mapping="portolan", limit=1024**2) -> Document:
        return services.hand_in(
            actor=as_member(email),
            platform_id=meridian.id,
            content=content,
            mapping=mapping,
            limit=limit,
            now=NOW,
        )

    return handing


def test_a_file_enters_in_parts_and_ends_as_if_imported_at_once(hand_in):
    document = hand_in(gzip.compress(csv(*ROWS)))
    seen = []
    while services.enter_some(document_id=document.id, now=NOW, count=4):
        document.refresh_from_db()
        seen.append(
            (document.outcome, document.report["lines"], document.report["expected"], OrderLine.objects.count())
        )
    assert seen == [("RECEIVED", 4, 10, 3), ("RECEIVED", 8, 10, 7)]

    document.refresh_from_db()
    assert (document.outcome, document.code) == ("PARTLY", "NOT_A_NUMBER")
    whole = services.import_trade(
        actor=as_member("maya@meridian.example"), platform_id=document.party_id, content=csv(*ROWS),
        mapping="portolan", now=NOW,
    )  # fmt: skip
    assert (
        [each["line"] for each in document.report["refused"]] == [each["line"] for each in whole["refused"]] == [5, 10]
    )
    assert (document.report["lines"], document.report["new"], document.report["refused_lines"]) == (10, 8, 2)
    assert (whole["lines"], whole["new"], whole["known"]) == (10, 0, 8)


def test_a_part_that_is_cut_short_is_as_if_it_had_not_begun(hand_in, monkeypatch):
    document = hand_in(csv(*ROWS))
    assert services.enter_some(document_id=document.id, now=NOW, count=4)

    def cut(*_args, **_kwargs):
        raise ConnectionError("the worker died")

    with monkeypatch.context() as patch:
        patch.setattr(services.Report, "as_json", cut)
        with pytest.raises(ConnectionError):
            services.enter_some(document_id=document.id, now=NOW, count=4)
    assert OrderLine.objects.count() == 3

    while services.enter_some(document_id=document.id, now=NOW, count=4):
        pass
    document.refresh_from_db()
    assert (document.report["new"], document.report["known"], OrderLine.objects.count()) == (8, 0, 8)


def test_a_file_that_was_entered_is_not_entered_again(hand_in):
    document = hand_in(csv(*ROWS))
    services.enter_some(document_id=document.id, now=NOW)
    before = Event.objects.count()
    assert services.enter_some(document_id=document.id, now=NOW) is False
    assert Event.objects.count() == before
    assert list(Event.objects.filter(name__startswith="trade.").values_list("name", flat=True).order_by("id")) == [
        "trade.handed_in",
        "trade.imported",
    ]


def test_a_worker_is_told_once_and_only_of_what_can_be_read(hand_in):
    document = hand_in(csv(*ROWS))
    (told,) = Delivery.objects.filter(subscriber="orders.enter")
    assert told.event.subject_id == document.id
    with pytest.raises(InvalidInput) as refused:
        hand_in(b"order,line\n1,2\n")
    assert refused.value.code == "COLUMNS_MISSING"
    assert Document.objects.latest("id").outcome == "REFUSED"
    with pytest.raises(Forbidden):
        hand_in(csv(*ROWS), "marc@meridian.example")
    assert (Document.objects.count(), Delivery.objects.filter(subscriber="orders.enter").count()) == (2, 1)


def test_what_is_broken_below_its_first_line_is_refused_as_a_whole(hand_in, monkeypatch):
    torn = hand_in(gzip.compress(csv(*(row(order=f"PO-{n}-{n * 7919}") for n in range(3000))))[:-200])
    assert services.enter_some(document_id=torn.id, now=NOW, count=10) is False
    torn.refresh_from_db()
    assert (torn.outcome, torn.code) == ("REFUSED", "FILE_UNREADABLE")
    assert not PurchaseOrder.objects.exists()


def test_a_file_above_the_limit_is_refused_and_its_beginning_kept(hand_in):
    with pytest.raises(TooLarge):
        hand_in(csv(*ROWS), limit=100)
    assert (Document.objects.get().outcome, Document.objects.get().code) == ("REFUSED", "TOO_LARGE")


@pytest.mark.parametrize(
    ("content", "rows"),
    [(b"", 0), (b"a", 0), (b"a\n", 0), (b"a\n1", 1), (b"a\n1\n", 1), (gzip.compress(b"a\n1\n2", mtime=0), 2)],
)
def test_rows_to_expect_are_the_lines_below_the_first(content, rows):
    assert reading.count(content) == rows
