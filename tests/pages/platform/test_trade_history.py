"""Files of trade: handed in, reported row by row, kept whatever becomes of them."""

import gzip

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.intake.models import Document
from accounts.intake.services import keep
from logistics.orders.models import OrderLine
from logistics.orders.services import enter_some
from tests.world import NOW, as_member

HEAD = "order,line,supplier,sku,quantity,unit_price,currency,ordered_at\n"
ROW = "PO-{n},1,amphora,KETTLE,2,10.00,EUR,2026-01-05T10:00:00Z\n"
ADDRESS = "/platform/trade/"


def hand_in(browser, content: bytes, mapping: str = "portolan", name: str = "orders.csv"):
    file = SimpleUploadedFile(name, content, "text/csv")
    return browser.post(ADDRESS, {"file": file, "mapping": mapping}, follow=True)


def entered(browser, page):
    """The page of the file when the worker is done with it."""
    document = page.context["document"]
    while enter_some(document_id=document.id, now=NOW):
        pass
    return browser.get(reverse("platform:trade_import", args=[document.id]))


def rows(count: int) -> bytes:
    return (HEAD + "".join(ROW.format(n=n) for n in range(count))).encode()


def test_true_rows_enter_and_the_others_are_told_by_line_and_reason(maya):
    page = entered(maya, hand_in(maya, rows(2) + b"PO-9,1,amphora,KETTLE,many,10.00,EUR,2026-01-05T10:00:00Z\n"))
    assert OrderLine.objects.count() == 2
    assert {name: page.context["report"][name] for name in ("lines", "new", "known", "refused_lines")} == {
        "lines": 3, "new": 2, "known": 0, "refused_lines": 1,
    }  # fmt: skip
    (refused,) = [row.record for row in page.context["table"].rows]
    assert (refused["line"], refused["code"]) == (4, "NOT_A_NUMBER")
    assert page.context["document"].outcome == Document.Outcome.PARTLY


def test_a_file_handed_in_again_makes_no_doubles(maya):
    entered(maya, hand_in(maya, rows(2)))
    page = entered(maya, hand_in(maya, gzip.compress(rows(2)), name="orders.csv.gz"))
    assert (page.context["report"]["new"], page.context["report"]["known"]) == (0, 2)
    assert OrderLine.objects.count() == 2
    listed = maya.get(ADDRESS).context["table"].rows
    assert [(row.record.rows_new, row.record.rows_known) for row in listed] == [(0, 2), (2, 0)]


def test_the_page_of_a_file_tells_how_far_it_is_and_stops_asking_when_it_is_done(maya):
    page = hand_in(maya, rows(10))
    assert "You can leave this page" in page.text
    assert 'hx-trigger="every 1s"' in page.text
    document = page.context["document"]
    enter_some(document_id=document.id, now=NOW, count=4)
    page = maya.get(reverse("platform:trade_import", args=[document.id]))
    assert "4 / 10" in page.text
    page = entered(maya, page)
    assert "every 1s" not in page.text
    assert "You can leave this page" not in page.text


def test_a_file_without_its_columns_is_refused_in_place_and_kept(maya):
    page = hand_in(maya, b"a,b\n1,2\n", name="wrong.csv")
    assert page.status_code == 422
    assert "The file has no column" in page.text
    assert "The file was kept as it came." in page.text
    kept = Document.objects.get()
    assert (kept.outcome, kept.code) == (Document.Outcome.REFUSED, "COLUMNS_MISSING")
    assert bytes(kept.content) == b"a,b\n1,2\n"
    assert "The file has no column" in maya.get(reverse("platform:trade_import", args=[kept.id])).text


def test_a_file_above_the_limit_of_a_page_is_refused_and_its_beginning_kept(maya, settings):
    settings.MAX_DOCUMENT_BYTES = 1024 * 1024
    page = hand_in(maya, b"x" * (1024 * 1024 + 1))
    assert page.status_code == 413
    assert "The document is larger than 1 MB." in page.text
    assert "imported by the command" in page.text
    report = maya.get(reverse("platform:trade_import", args=[Document.objects.get().id]))
    for told in (page, report):
        assert "The first 64.0\xa0KB of the file were kept" in told.text and "as it came" not in told.text
    kept = Document.objects.get()
    assert (kept.outcome, kept.code, len(kept.content)) == (Document.Outcome.REFUSED, "TOO_LARGE", 64 * 1024)


def test_no_file_and_an_unknown_mapping_are_told_at_their_fields(maya):
    page = maya.post(ADDRESS, {"mapping": "portolan"})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["file"])
    page = hand_in(maya, rows(1), mapping="guess")
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["mapping"])
    assert not Document.objects.exists()


def test_who_may_look_sees_the_imports_and_hands_in_nothing(maya, marc):
    hand_in(maya, rows(1))
    page = marc.get(ADDRESS)
    assert "Hand in a file" not in page.text
    assert len(page.context["table"].rows) == 1
    assert hand_in(marc, rows(2)).status_code == 403
    assert Document.objects.count() == 1


def test_another_partys_file_is_not_found(maya, ana):
    theirs = keep(
        actor=as_member("cleo@crown.example"), kind=Document.Kind.TRADE_HISTORY, content=b"x", media_type="text/csv",
        now=NOW,
    )  # fmt: skip
    for browser in (maya, ana):
        assert browser.get(reverse("platform:trade_import", args=[theirs.id])).status_code == 404
    assert "No trade history yet" in maya.get(ADDRESS).text


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_takes_the_same_few_queries_however_many_files(maya, count, django_assert_max_num_queries):
    for n in range(count):
        hand_in(maya, rows(1), name=f"{n}.csv")
    with django_assert_max_num_queries(6):
        maya.get(ADDRESS)
