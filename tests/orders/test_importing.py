"""Trade history by file: what is true enters once, what is not is reported with its line."""

import gzip
import re
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from textwrap import dedent

import pytest
from django.core.management import CommandError, call_command

from accounts.intake.models import Document
from accounts.parties.models import Party
from accounts.trail.models import Event
from logistics.orders import reading, services
from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine, ReturnLine, SupplierNumber
from portal.shared.errors import Forbidden, InvalidInput, NotFound, TooLarge
from portal.shared.sentences import told
from tests.world import NOW, as_member, cast

COLUMNS = [
    "order", "line", "supplier", "supplier_name", "sku", "quantity", "unit_price", "currency", "ordered_at",
    "despatch_by", "despatched_at", "receipt", "received_quantity", "received_at", "cancelled_at",
    "return", "returned_quantity", "return_reason", "returned_at",
]  # fmt: skip

GOOD = {
    "order": "PO-1", "line": "1", "supplier": "amphora", "sku": "KETTLE", "quantity": "10", "unit_price": "4.50",
    "currency": "EUR", "ordered_at": "2026-01-05 10:00:00",
}  # fmt: skip


def csv(*rows: dict, columns=COLUMNS) -> bytes:
    lines = [",".join(columns)] + [",".join(str(row.get(name, "")) for name in columns) for row in rows]
    return "\n".join(lines).encode()


def row(**changed) -> dict:
    return GOOD | changed


@pytest.fixture
def meridian(db) -> Party:
    return cast().meridian


@pytest.fixture
def take(meridian):
    """Import as Maya of Meridian."""

    def importing(*rows, content=None, **how):
        actor = how.pop("actor", None) or as_member("maya@meridian.example")
        how = {"mapping": "portolan", "platform_id": meridian.id, "now": NOW} | how
        return services.import_trade(actor=actor, content=csv(*rows) if content is None else content, **how)

    return importing


def test_a_line_enters_with_what_became_of_it(take, meridian):
    report = take(
        row(
            despatch_by="2026-01-08", despatched_at="2026-01-07T09:30:00+01:00", received_at="2026-01-09 08:00:00",
            receipt="GR-1", received_quantity="9", returned_at="2026-01-20", returned_quantity="2",
            return_reason="dented",
        )
    )  # fmt: skip
    assert (report["new"], report["receipts"], report["returns"], report["refused"]) == (1, 1, 1, [])
    order = PurchaseOrder.objects.get()
    assert (order.platform, order.supplier.name, order.number) == (meridian, "Amphora", "PO-1")
    assert order.ordered_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    line = OrderLine.objects.get()
    assert (line.quantity, line.unit_price, line.amount_minor, line.currency) == (10, Decimal("4.5"), 4500, "EUR")
    assert line.despatched_at == datetime(2026, 1, 7, 8, 30, tzinfo=UTC)
    receipt = ReceiptLine.objects.get()
    assert (receipt.number, receipt.quantity, receipt.invoiced_quantity) == ("GR-1", 9, 0)
    back = ReturnLine.objects.get()
    assert (back.quantity, back.amount_minor, back.reason) == (2, 900, "dented")


REFUSED = {
    "ORDERED_AT_MISSING": {"ordered_at": ""},
    "ORDER_MISSING": {"order": ""},
    "SUPPLIER_MISSING": {"supplier": " "},
    "BAD_DATE": {"ordered_at": "31.12.2025"},
    "NEGATIVE_PRICE": {"unit_price": "-1"},
    "NOT_A_NUMBER": {"unit_price": "ten"},
    "QUANTITY_NOT_POSITIVE": {"quantity": "0"},
    "QUANTITY_TOO_FINE": {"quantity": "1.0001"},
    "PRICE_TOO_FINE": {"unit_price": "1.00001"},
    "UNKNOWN_CURRENCY": {"currency": "XQX"},
    "ABSURD_AMOUNT": {"quantity": "99999999", "unit_price": "99999999"},
    "DELIVERED_BEFORE_ORDERED": {"received_at": "2026-01-04"},
    "DESPATCHED_BEFORE_ORDERED": {"despatched_at": "2026-01-04"},
    "DELIVERED_BEFORE_DESPATCHED": {"despatched_at": "2026-01-09", "received_at": "2026-01-08"},
    "ORDERED_IN_FUTURE": {"ordered_at": "2026-03-03"},
    "TIME_IN_FUTURE": {"received_at": "2027-01-01"},
    "RETURNED_BEFORE_DELIVERED": {"returned_at": "2026-01-09"},
    "RETURNED_MORE_THAN_DELIVERED": {
        "received_at": "2026-01-08", "returned_at": "2026-01-09", "returned_quantity": "11",
    },
    "TOO_LONG": {"order": "9" * 81},
    "NOT_TEXT": {"sku": "KET\x00TLE"},
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_a_row_that_cannot_be_true_is_reported_with_its_line_and_the_others_enter(take, code):
    report = take(row(), row(order="PO-2") | REFUSED[code], row(order="PO-3"))
    assert [(each["line"], each["code"]) for each in report["refused"]] == [(3, code)]
    assert report["refused"][0]["reason"].endswith(".")
    assert report["new"] == 2
    assert set(PurchaseOrder.objects.values_list("number", flat=True)) == {"PO-1", "PO-3"}


def test_infinite_and_huge_numbers_are_refused(take):
    prices = ("NaN", "Infinity", "1E+400", "1_0")
    report = take(*(row(order=f"PO-{price}", unit_price=price) for price in prices))
    assert [each["code"] for each in report["refused"]] == ["NOT_A_NUMBER"] * 4


def test_a_row_with_too_many_cells_is_broken(take):
    report = take(content=csv(row()) + b"\nPO-2,1,amphora" + b"," * 40)
    assert (report["new"], report["refused"][0]["code"], report["refused"][0]["line"]) == (1, "BROKEN_ROW", 3)


def test_importing_again_makes_no_doubles(take):
    rows = [row(received_at="2026-01-09"), row(line="2")]
    take(*rows)
    report = take(*rows)
    assert (report["new"], report["known"], report["updated"], report["receipts"]) == (0, 2, 0, 0)
    assert (OrderLine.objects.count(), ReceiptLine.objects.count()) == (2, 1)


def test_a_later_version_of_a_line_adds_what_became_known(take):
    take(row())
    report = take(row(despatched_at="2026-01-07", received_at="2026-01-09"))
    assert (report["new"], report["known"], report["updated"], report["receipts"]) == (0, 1, 1, 1)
    assert OrderLine.objects.get().despatched_at == datetime(2026, 1, 7, tzinfo=UTC)


def test_what_became_known_first_stays(take):
    take(row(despatched_at="2026-01-07"))
    assert take(row(despatched_at="2026-01-08"))["updated"] == 0
    assert OrderLine.objects.get().despatched_at == datetime(2026, 1, 7, tzinfo=UTC)


def test_a_later_version_with_another_price_is_refused(take):
    take(row())
    report = take(row(unit_price="5.00", received_at="2026-01-09"))
    assert report["refused"][0]["code"] == "TERMS_CHANGED"
    assert OrderLine.objects.get().amount_minor == 4500
    assert not ReceiptLine.objects.exists()


def test_one_file_may_name_a_line_several_times_with_several_receipts(take):
    parts = [
        row(receipt="1", received_quantity="4", received_at="2026-01-08"),
        row(receipt="2", received_quantity="6", received_at="2026-01-09"),
    ]
    report = take(*parts, row(), row(unit_price="9"))
    assert (report["new"], report["known"], report["receipts"]) == (1, 2, 2)
    assert [each["line"] for each in report["refused"]] == [5]
    assert sorted(ReceiptLine.objects.values_list("quantity", flat=True)) == [4, 6]


def test_of_a_replayed_file_nothing_after_the_moment_is_known(take):
    rows = [row(despatched_at="2026-01-07", received_at="2026-01-09"), row(order="PO-2", ordered_at="2026-02-01")]
    report = take(*rows, known_until=datetime(2026, 1, 8, tzinfo=UTC))
    assert (report["new"], report["not_yet"], report["receipts"]) == (1, 1, 0)
    line = OrderLine.objects.get()
    assert line.despatched_at == datetime(2026, 1, 7, tzinfo=UTC)
    report = take(*rows, known_until=datetime(2026, 2, 2, tzinfo=UTC))
    assert (report["new"], report["known"], report["updated"], report["receipts"]) == (1, 1, 1, 1)


def test_unknown_suppliers_become_prospects_and_known_ones_are_found(take):
    report = take(row(), row(order="PO-2", supplier="S-77", supplier_name="Seventy-Seven"))
    assert report["suppliers"] == 1
    party = SupplierNumber.objects.in_force().get(number="S-77").supplier
    assert (party.kind, party.name, party.status) == ("SUPPLIER", "Seventy-Seven", "PROSPECT")
    assert Event.objects.filter(name="party.registered", subject_id=party.id).count() == 1


def test_the_file_is_kept_with_its_hash_and_its_report(take, meridian):
    report = take(row(), row(order="PO-2", currency="euro"), file_name="january.csv")
    document = Document.objects.get(id=report["document"])
    assert (document.kind, document.outcome, document.file_name) == ("TRADE_HISTORY", "PARTLY", "january.csv")
    assert document.party_id == meridian.id
    [refused], [kept] = report["refused"], document.report["refused"]
    assert kept | {"reason": str(told(kept["reason"]))} == refused | {
        "reason": "currency 'euro' is not a currency of ISO 4217."
    }
    assert bytes(document.content) == csv(row(), row(order="PO-2", currency="euro"))
    event = Event.objects.get(name="trade.imported")
    assert event.payload == {"lines": 2, "new": 1, "updated": 0, "refused": 1}


def test_the_example_of_the_documentation_enters(take):
    text = (Path(__file__).resolve().parents[2] / "docs/trade-files.md").read_text()
    example = re.search(r"(?m)^    order,line.*(?:\n    .*)*", text).group()
    report = take(content=dedent(example).encode())
    assert (report["new"], report["known"], report["receipts"], report["refused"]) == (2, 1, 2, [])


def test_a_file_may_be_packed_and_streamed(take):
    assert take(content=BytesIO(gzip.compress(csv(row()))))["new"] == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "COLUMNS_MISSING"),
        (b"order,line\n1,2\n", "COLUMNS_MISSING"),
        (gzip.compress(b"order,line", mtime=0)[:-9], "FILE_UNREADABLE"),
    ],
)
def test_a_file_that_is_none_is_refused_and_kept(take, content, code):
    with pytest.raises(InvalidInput) as refusal:
        take(content=content)
    assert refusal.value.code == code
    assert Document.objects.get().outcome == "REFUSED"
    assert Document.objects.get().code == code
    assert not PurchaseOrder.objects.exists()


def test_a_file_that_unpacks_without_end_is_refused(take, monkeypatch):
    monkeypatch.setattr(reading, "MAX_UNPACKED_BYTES", 10_000)
    with pytest.raises(InvalidInput) as refusal:
        take(content=gzip.compress(csv(*(row(order=f"PO-{each}") for each in range(5_000)))))
    assert (refusal.value.code, refusal.value.status) == ("TOO_LARGE", 413)
    assert not PurchaseOrder.objects.exists()


@pytest.mark.parametrize("one_row", [b"0", b'"0\n",'], ids=["of one line", "of many lines"])
def test_a_row_without_end_is_refused_before_it_fills_the_memory(take, one_row):
    packed = gzip.compress(one_row * (64 * 1024**2 // len(one_row)))
    tracemalloc.start()
    try:
        with pytest.raises(InvalidInput) as refusal:
            take(content=packed)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refusal.value.code == "FILE_UNREADABLE"
    assert most < 16 * 1024**2


def test_a_file_above_the_limit_is_refused(take, monkeypatch):
    monkeypatch.setattr(services, "MAX_BYTES", 100)
    with pytest.raises(TooLarge):
        take(content=BytesIO(csv(row())))
    assert (Document.objects.get().outcome, Document.objects.get().code) == ("REFUSED", "TOO_LARGE")
    assert not PurchaseOrder.objects.exists()


def test_an_unknown_mapping_is_refused(take):
    with pytest.raises(InvalidInput) as refusal:
        take(row(), mapping="unheard-of")
    assert refusal.value.code == "MAPPING_UNKNOWN"


def test_a_supplier_imports_nothing_and_a_platform_only_for_itself(take, meridian):
    with pytest.raises(Forbidden):
        take(row(), actor=as_member("ana@amphora.example"))
    other = Party.objects.create(kind="PLATFORM", name="Zephyr", country="DE", status="ADMITTED", created_at=NOW)
    with pytest.raises(NotFound):
        take(row(), platform_id=other.id)
    assert not Document.objects.exists()


def test_ten_thousand_lines_take_few_statements(take, fresh_plans, django_assert_max_num_queries):
    rows = [row(order=f"PO-{each}", received_at="2026-01-09") for each in range(10_000)]
    with django_assert_max_num_queries(40):
        assert take(*rows)["new"] == 10_000


def test_the_command_reports_what_it_did(meridian, tmp_path):
    file, out = tmp_path / "trade.csv", StringIO()
    file.write_bytes(csv(row(), row(order="PO-2", ordered_at="")))
    call_command("import_trade", str(file), mapping="portolan", platform="Meridian", stdout=out)
    assert "2 rows read: 1 lines new, 0 known (0 updated), 0 not known yet, 1 refused." in out.getvalue()
    assert "line 3: ordered_at is missing." in out.getvalue()
    with pytest.raises(CommandError, match="no such platform"):
        call_command("import_trade", str(file), mapping="portolan", platform="Nobody")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_trade", str(tmp_path / "none.csv"), mapping="portolan", platform="Meridian")
