"""The queue, accepting many at once, and one invoice beside its order and receipt."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.intake.services import keep
from accounts.parties.models import Party
from accounts.trail.models import Event
from financing.receivables.models import InvoiceLine, ReceiptClaim, Receivable
from logistics.orders.models import ReceiptLine
from tests import world
from tests.world import as_member

HOME = "/platform/acceptance/"


def page_of(row: Receivable) -> str:
    return reverse("platform:receivable", args=[row.id])


def conclude(browser, row: Receivable, verb: str, **given):
    return browser.post(reverse("platform:conclude", args=[row.id, verb]), given, follow=True)


def state(row: Receivable) -> str:
    row.refresh_from_db()
    return row.status


@pytest.fixture
def delivered(lending):
    """An invoice line of ten beside an order line of ten of which eight arrived, two of them on another invoice."""
    world.trade(lending.cast.amphora, lending.cast.meridian, days=20, every=10)
    receipt = ReceiptLine.objects.select_related("order_line__order").order_by("id").first()
    ordered = receipt.order_line
    type(ordered).objects.filter(id=ordered.id).update(quantity=10)
    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-10", status=Receivable.Status.RECEIVED)
    line = InvoiceLine.objects.create(
        receivable=row, line_number="1", order_number=ordered.order.number, order_line_number="1", sku=ordered.sku,
        quantity=10, unit_price=Decimal("120"), amount_minor=1_200_00,
    )  # fmt: skip
    ReceiptLine.objects.filter(id=receipt.id).update(quantity=8, invoiced_quantity=8)
    ReceiptClaim.objects.create(invoice_line=line, receipt_line=receipt, quantity=6)
    return row


# ── the queue ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_queue_shows_what_waits_and_why(maya, wait, lending):
    wait("A-1")
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-2")  # accepted by the match
    page = maya.get(HOME)
    assert page.status_code == 200
    assert [row.record.number for row in page.context["table"].rows] == ["A-1"]
    assert "Line 1: no such order line is known." in page.text
    assert page.context["waiting"]["count"] == 1
    assert page.context["waiting"]["amounts"][0]["amount_minor"] == 1_000_00
    assert [(each["count"], each["amount_minor"]) for each in page.context["due"]] == [(1, 1_000_00)]


def test_that_a_supplier_is_not_verified_is_a_column_only_where_one_is_not(maya, wait, lending):
    wait("A-1")
    assert "Verified" not in maya.get(HOME).text
    Party.objects.filter(id=lending.cast.amphora.id).update(status=Party.Status.PROSPECT)
    assert "Not verified" in maya.get(HOME).text


def test_the_boxes_tell_what_is_accepted_with_them(maya, wait):
    """What the dialog adds up before anything is owed."""
    wait("A-1")
    page = maya.get(HOME).text
    assert 'data-minor="100000" data-currency="EUR"' in page
    assert "You oblige yourselves to pay them" in page


def test_an_empty_queue_says_what_would_appear(maya):
    page = maya.get(HOME)
    assert "Nothing waits for you" in page.text
    assert "Accept chosen" not in page.text


def test_the_queue_is_filtered_by_what_was_found(maya, wait):
    wait("A-1")
    other = wait("A-2")
    Receivable.objects.filter(id=other.id).update(match=Receivable.Match.PRICE)
    page = maya.get(HOME, {"queue-match": "PRICE"})
    assert [row.record.number for row in page.context["table"].rows] == ["A-2"]


def test_who_may_not_accept_is_offered_no_boxes(marc, wait):
    wait("A-1")
    page = marc.get(HOME)
    assert page.status_code == 200
    assert 'name="chosen"' not in page.text


def test_many_are_accepted_at_once_and_each_refusal_is_told(maya, wait):
    rows = [wait(f"A-{n}") for n in range(3)]
    Receivable.objects.filter(id=rows[2].id).update(status="CANCELLED")
    page = maya.post(reverse("platform:accept_chosen"), {"chosen": [row.id for row in rows]}, follow=True)
    assert [state(row) for row in rows] == ["ACCEPTED", "ACCEPTED", "CANCELLED"]
    assert [str(message) for message in page.context["messages"]] == [
        "2 invoices accepted.",
        "1 was left as it is (A-2): Receivable is cancelled, so it cannot become accepted.",
    ]


def test_nothing_chosen_is_said_and_changes_nothing(maya, wait):
    row = wait("A-1")
    page = maya.post(reverse("platform:accept_chosen"), {"chosen": ["", "x", "9" * 30]}, follow=True)
    assert state(row) == "RECEIVED"
    assert "Nothing was chosen." in page.text


def test_who_may_not_accept_accepts_nothing(marc, wait):
    row = wait("A-1")
    assert marc.post(reverse("platform:accept_chosen"), {"chosen": [row.id]}).status_code == 403
    assert state(row) == "RECEIVED"


def test_another_platforms_invoice_is_never_accepted(maya, wait, lending):
    row = wait("A-1", debtor=lending.cast.crown)
    assert maya.get(page_of(row)).status_code == 404
    page = maya.post(reverse("platform:accept_chosen"), {"chosen": [row.id]}, follow=True)
    assert "There is nothing here that you can see." in page.text
    assert conclude(maya, row, "accept").status_code == 404
    assert state(row) == "RECEIVED"


@pytest.mark.parametrize(
    "address",
    [
        "/platform/",
        "/platform/acceptance/",
        "/platform/suppliers/",
        "/platform/receivables/",
        "/platform/settlements/",
        "/platform/trade/",
    ],
)  # fmt: skip
def test_other_kinds_of_parties_find_nothing_and_strangers_sign_in(ana, client, address):
    assert ana.get(address).status_code == 404
    answer = client.get(address)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_many_are_disputed_at_once_for_one_reason_and_each_refusal_names_its_invoice(maya, wait, lending):
    rows = [wait("A-1"), wait("A-2"), wait("A-3")]
    Receivable.objects.filter(id=rows[2].id).update(status=Receivable.Status.CANCELLED)
    chosen = [row.id for row in rows]
    page = maya.post(reverse("platform:dispute_chosen"), {"chosen": chosen, "reason": "never ordered"}, follow=True)
    assert [state(row) for row in rows] == ["DISPUTED", "DISPUTED", "CANCELLED"]
    assert "2 invoices disputed." in page.text
    assert "1 was left as it is (A-3):" in page.text
    rows[0].refresh_from_db()
    assert rows[0].dispute_reason == "never ordered"


def test_many_are_not_disputed_without_a_reason(maya, marc, wait):
    row = wait("A-1")
    page = maya.post(reverse("platform:dispute_chosen"), {"chosen": [row.id], "reason": " "}, follow=True)
    assert "Nothing was disputed." in page.text
    assert marc.post(reverse("platform:dispute_chosen"), {"chosen": [row.id], "reason": "x"}).status_code == 403
    assert state(row) == "RECEIVED"


def test_receivables_are_listed_searched_and_exported(maya, wait, lending):
    wait("A-1")
    world.receivable(lending.cast.bellows, lending.cast.meridian, "B-1")
    page = maya.get(reverse("platform:receivables"), {"receivables-q": "bellows"})
    assert [row.record.number for row in page.context["table"].rows] == ["B-1"]
    exported = b"".join(maya.get(reverse("platform:receivables"), {"receivables-export": "csv"}).streaming_content)
    assert exported.decode("utf-8-sig").splitlines()[0].startswith("Invoice,Supplier,Issued,Due,Found,State,Invoiced")


# ── one invoice ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_order_receipt_and_invoice_stand_side_by_side(maya, delivered):
    page = maya.get(page_of(delivered))
    (compared,) = page.context["compared"]
    assert (compared.ordered_quantity, compared.ordered_price) == ("10", "100.00")
    assert (compared.received_quantity, compared.quantity_of_others) == ("8", "2")
    assert (compared.invoiced_quantity, compared.invoiced_price) == ("10", "120.00")
    assert compared.match == "QUANTITY"
    assert list(compared.notes) == [
        "Line 1: 10 invoiced, 8 received.",
        "Line 1: invoiced at 120.00, ordered at 100.00 a unit.",
    ]


def test_goods_that_arrived_since_count(maya, delivered):
    ordered = ReceiptLine.objects.order_by("id").first().order_line
    type(ordered).objects.filter(id=ordered.id).update(unit_price=120)
    ReceiptLine.objects.create(
        order_line=ordered, number="R2", quantity=4, received_at=world.NOW, recorded_at=world.NOW
    )
    (compared,) = maya.get(page_of(delivered)).context["compared"]
    assert (compared.match, compared.received_quantity) == ("MATCHED", "12")


def test_an_invoice_of_the_same_amount_is_shown_beside_it(maya, wait):
    row, other = wait("A-1"), wait("A-1-B")
    wait("A-3", gross_minor=77_00)
    assert [each.id for each in maya.get(page_of(row)).context["similar"]] == [other.id]


def test_accepting_makes_it_financeable_and_is_told(maya, wait):
    row = wait("A-1")
    page = conclude(maya, row, "accept")
    assert state(row) == "ACCEPTED"
    assert row.accepted_by == as_member("maya@meridian.example").identity
    assert "Invoice A-1 accepted" in page.text


def test_accepting_twice_is_refused_with_a_sentence_and_told_once(maya, wait):
    row = wait("A-1")
    conclude(maya, row, "accept")
    page = conclude(maya, row, "accept")
    assert page.status_code == 422
    assert "Receivable is accepted, so it cannot become accepted." in page.text
    assert Event.objects.filter(name="receivable.accepted").count() == 1


def test_who_handed_it_in_does_not_accept_it(maya, wait):
    document = keep(
        actor=as_member("maya@meridian.example"), kind="INVOICE", content=b"{}", media_type="application/json",
        now=world.NOW,
    )  # fmt: skip
    row = wait("A-1", document=document)
    assert "You handed this in, so a colleague accepts it." in maya.get(page_of(row)).text
    page = conclude(maya, row, "accept")
    assert "somebody else has to accept it" in page.text
    assert state(row) == "RECEIVED"


def test_a_dispute_needs_a_reason_that_the_supplier_reads(maya, ana, wait):
    row = wait("A-1")
    refused = conclude(maya, row, "dispute", reason="  ")
    assert (refused.status_code, state(row)) == (422, "RECEIVED")
    assert "Give a reason of 1 to 200 characters." in refused.text
    conclude(maya, row, "dispute", reason="Twelve pieces are missing")
    assert (state(row), row.dispute_reason) == ("DISPUTED", "Twelve pieces are missing")


def test_a_reason_that_is_too_long_is_kept_in_the_form(maya, wait):
    row = wait("A-1")
    page = conclude(maya, row, "dispute", reason="x" * 201)
    assert (page.status_code, state(row)) == (422, "RECEIVED")
    assert "x" * 201 in page.text


def test_a_dispute_is_resolved(maya, wait):
    row = wait("A-1")
    conclude(maya, row, "dispute", reason="Missing pieces")
    conclude(maya, row, "resolve")
    assert (state(row), row.dispute_reason) == ("ACCEPTED", "")


def test_an_invoice_that_was_never_accepted_is_cancelled(maya, wait):
    row = wait("A-1")
    assert "taken out for good" in maya.get(page_of(row)).text
    conclude(maya, row, "cancel", reason="Sent to the wrong company")
    assert state(row) == "CANCELLED"


def test_what_was_accepted_is_not_cancelled(maya, lending):
    row = world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1")
    assert 'data-dialog="cancel"' not in maya.get(page_of(row)).text
    page = conclude(maya, row, "cancel", reason="Changed my mind")
    assert (page.status_code, state(row)) == (409, "ACCEPTED")
    assert "reduced by a credit note" in page.text


def test_who_may_look_sees_no_buttons_and_is_refused(marc, wait):
    row = wait("A-1")
    assert "data-dialog=" not in marc.get(page_of(row)).text.split("<main")[1].split("</main>")[0]
    for verb in ("accept", "dispute", "cancel"):
        assert conclude(marc, row, verb, reason="because").status_code in (403, 422)
    assert state(row) == "RECEIVED"


def test_an_unknown_verb_finds_nothing(maya, wait):
    assert conclude(maya, wait("A-1"), "destroy").status_code == 404


# ── queries ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("rows", [3, 30])
def test_lists_take_the_same_few_queries_however_many_rows(maya, wait, rows, django_assert_max_num_queries):
    for n in range(rows):
        wait(f"A-{n}")
    maya.get(HOME)
    with django_assert_max_num_queries(9):
        maya.get(HOME)
    with django_assert_max_num_queries(6):
        maya.get(reverse("platform:receivables"))


@pytest.mark.parametrize("lines", [1, 20])
def test_an_invoice_takes_the_same_queries_however_many_lines(maya, delivered, lines, django_assert_max_num_queries):
    first = delivered.lines.get()
    for n in range(2, lines + 1):
        InvoiceLine.objects.create(
            receivable=delivered, line_number=str(n), order_number=first.order_number, order_line_number="1",
            sku=first.sku, quantity=1, unit_price=100, amount_minor=100_00,
        )  # fmt: skip
    maya.get(page_of(delivered))
    with django_assert_max_num_queries(12):
        maya.get(page_of(delivered))
