"""What is due, paying it with the sums seen before, and what became of it."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Party
from financing.banking.models import BankAccount, BankMessage, PaymentInstruction
from financing.receivables.models import Receivable, Settlement, SettlementPayment
from financing.receivables.services import assign, book, fail
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import NOW, TODAY, as_member

SETTLE = "/platform/settlements/new/"
UNTIL = TODAY + timedelta(days=60)


@pytest.fixture
def owed(lending):
    """Two of Amphora's, one of them assigned to Harbour, and one of Bellows'."""
    meridian = lending.cast.meridian
    rows = [
        world.receivable(lending.cast.amphora, meridian, "A-1", 300_00, due_in=10),
        world.receivable(lending.cast.amphora, meridian, "A-2", 200_05, due_in=10),
        world.receivable(lending.cast.bellows, meridian, "B-1", 70_00, due_in=20),
    ]
    assign(
        actor=as_member("ana@amphora.example"), receivable_ids=[rows[1].id], funder_id=lending.cast.harbour.id,
        facility_id=lending.amphora_facility.id, agreement="RF-2026-1", now=NOW,
    )  # fmt: skip
    return rows


def shown(browser, until=UNTIL, **more):
    return browser.get(SETTLE, {"until": until.isoformat(), "currency": "EUR"} | more)


def order_of(page, **changes) -> dict:
    proposal = page.context["proposal"]
    return {
        "until": proposal.until.isoformat(), "currency": proposal.currency, "left_out": page.context["left_out"],
        "key": page.context["key"], "seen": proposal.seen,
    } | changes  # fmt: skip


def heading_of(page) -> str:
    return page.text.partition("<h1")[2].partition("</h1>")[0]


def approved(checker) -> Settlement:
    """The second person reads what is proposed and approves exactly that."""
    made = Settlement.objects.get()
    page = checker.get(reverse("platform:settlement", args=[made.id]))
    seen = {"seen_hash": page.context["seen_hash"]}
    assert checker.post(reverse("platform:approve_settlement", args=[made.id]), seen).status_code == 302
    return made


def test_what_is_due_is_told_by_day_with_a_running_total(maya, owed):
    page = maya.get(reverse("platform:settlements"))
    rows = [row.record for row in page.context["due_table"].rows]
    assert [(row["due_date"], row["count"], row["payable_minor"], row["until_minor"]) for row in rows] == [
        (TODAY + timedelta(days=10), 2, 500_05, 500_05),
        (TODAY + timedelta(days=20), 1, 70_00, 570_05),
    ]
    day = maya.get(reverse("platform:due", args=[(TODAY + timedelta(days=10)).isoformat(), "EUR"]))
    assert [row.record.number for row in day.context["table"].rows] == ["A-1", "A-2"]
    assert maya.get(reverse("platform:due", args=["2026-02-30", "EUR"])).status_code == 404


def test_nothing_due_is_said_and_offers_no_payment(maya):
    page = maya.get(reverse("platform:settlements"))
    assert "Nothing is due" in page.text
    assert "Show what would be paid" not in page.text


def test_the_exact_sums_and_payees_are_shown_before_anything_is_paid(maya, owed):
    page = shown(maya)
    payees = {payee["name"]: (payee["count"], payee["amount_minor"]) for payee in page.context["proposal"].payees}
    assert payees == {"Amphora": (1, 300_00), "Harbour": (1, 200_05), "Bellows": (1, 70_00)}
    assert page.context["proposal"].total_minor == 570_05
    assert "EUR\N{NO-BREAK SPACE}570.05" in page.text
    assert not Settlement.objects.exists()


def test_only_what_is_due_until_the_day_is_paid(maya, owed):
    page = shown(maya, TODAY + timedelta(days=15))
    assert page.context["proposal"].total_minor == 500_05


def test_what_was_seen_is_paid_once_however_often_it_is_sent(maya, marc, owed):
    order = order_of(shown(maya))
    first = maya.post(SETTLE, order, follow=True)
    second = maya.post(SETTLE, order, follow=True)
    made = Settlement.objects.get()
    assert first.redirect_chain[-1][0] == second.redirect_chain[-1][0] == reverse("platform:settlement", args=[made.id])
    assert "nothing is paid twice" in second.text
    assert not PaymentInstruction.objects.exists()
    approved(marc)
    assert sorted(PaymentInstruction.objects.values_list("amount_minor", flat=True)) == [70_00, 200_05, 300_00]
    assert list(Receivable.objects.order_by("id").values_list("settling_minor", flat=True)) == [300_00, 200_05, 70_00]


def test_what_changed_since_it_was_seen_is_not_paid_but_shown_anew(maya, owed, lending):
    order = order_of(shown(maya))
    world.receivable(lending.cast.bellows, lending.cast.meridian, "B-2", 1_00, due_in=20)
    page = maya.post(SETTLE, order)
    assert page.status_code == 409
    assert "What is due has changed since you looked." in page.text
    assert page.context["proposal"].total_minor == 571_05
    assert not Settlement.objects.exists()
    assert maya.post(SETTLE, order_of(page)).status_code == 302


def test_a_payee_without_an_account_is_named_and_the_others_can_be_paid(maya, marc, owed):
    BankAccount.objects.filter(party__name="Bellows").update(status="CLOSED", closed_at=NOW)
    page = maya.post(SETTLE, order_of(shown(maya)))
    assert page.status_code == 422
    assert "Bellows has no EUR account to be paid to, so nothing was paid." in page.text
    assert not Settlement.objects.exists()
    others = maya.get(page.context["without_url"])
    assert others.context["proposal"].total_minor == 500_05
    assert "1 payee is left out and stays unpaid." in others.text
    maya.post(SETTLE, order_of(others))
    approved(marc)
    assert SettlementPayment.objects.count() == 2


def test_without_a_connected_account_of_its_own_it_is_told_so(maya, owed):
    BankAccount.objects.filter(party__name="Meridian").update(connected=False)
    page = maya.post(SETTLE, order_of(shown(maya)))
    assert "You have no connected account in this currency to pay from" in page.text


def test_a_day_that_is_none_leads_back_with_a_sentence(maya, owed):
    page = maya.get(SETTLE, {"until": "soon", "currency": "EUR"}, follow=True)
    assert page.redirect_chain[-1][0] == reverse("platform:settlements")
    assert "Say until which day, and in which currency." in page.text


def test_a_mangled_order_pays_nothing(maya, owed):
    order = order_of(shown(maya), seen="0" * 64)
    assert maya.post(SETTLE, order).status_code == 409
    assert maya.post(SETTLE, order | {"seen": "x"}).status_code == 404
    assert maya.post(SETTLE, order | {"left_out": "1;2"}).status_code == 404
    assert not Settlement.objects.exists()


def test_who_may_look_does_not_pay(marc, maya, owed):
    assert "Show what would be paid" not in marc.get(reverse("platform:settlements")).text
    assert shown(marc).status_code == 403
    assert marc.post(SETTLE, order_of(shown(maya))).status_code == 403
    assert not Settlement.objects.exists()


def test_a_settlement_tells_its_payments_by_state(maya, marc, ana, owed):
    maya.post(SETTLE, order_of(shown(maya)))
    made = approved(marc)
    paid, refused, _waiting = made.payments.order_by("id")
    now = timezone.now()
    book(actor=SYSTEM_ACTOR, value_dates={paid.id: TODAY}, now=now)
    fail(actor=SYSTEM_ACTOR, reasons={refused.id: "AC04 closed account"}, now=now)
    page = maya.get(reverse("platform:settlement", args=[made.id]))
    counted = page.context["settlement"]
    assert (counted.payees, counted.booked, counted.failed, counted.instructed) == (3, 1, 1, 1)
    assert counted.stage == "INSTRUCTED"
    assert "AC04 closed account" in page.text
    assert [each.name for each in page.context["happenings"]][:2] == ["settlement.proposed", "settlement.instructed"]
    assert {row.record.receivable.number for row in page.context["lines"].rows} == {"A-1", "A-2", "B-1"}
    assert ana.get(reverse("platform:settlement", args=[made.id])).status_code == 404


@pytest.mark.parametrize(
    ("failed", "word"), [(0, "Booked"), (1, "Booked in part"), (2, "Booked in part"), (3, "Failed")]
)
def test_a_settlement_of_which_nothing_is_under_way_tells_what_became_of_it(maya, marc, owed, failed, word):
    maya.post(SETTLE, order_of(shown(maya)))
    made = approved(marc)
    payments = list(made.payments.order_by("id"))
    fail(actor=SYSTEM_ACTOR, reasons={each.id: "AC04" for each in payments[:failed]}, now=timezone.now())
    book(actor=SYSTEM_ACTOR, value_dates={each.id: TODAY for each in payments[failed:]}, now=timezone.now())
    listed = maya.get(reverse("platform:settlements"), {"settlements-export": "csv"}).getvalue().decode()
    assert listed.splitlines()[1].split(",")[2] == word
    assert f"<span>{word}</span></span>" in heading_of(maya.get(reverse("platform:settlement", args=[made.id])))


def test_a_payment_is_in_the_same_state_on_its_settlement_and_among_payments(maya, marc, owed):
    maya.post(SETTLE, order_of(shown(maya)))
    made = approved(marc)
    order = BankMessage.objects.create(
        direction="OUT", kind="pain.001", message_id="ORDER-1", account=BankAccount.objects.get(party__name="Meridian"),
        state="ANSWERED", sha256="0" * 64, content=b"<Document/>", recorded_at=NOW,
    )  # fmt: skip
    for payment, status in zip(made.payments.order_by("id"), ("SETTLED", "REJECTED", "ACCEPTED"), strict=True):
        PaymentInstruction.objects.filter(id=payment.instruction_id).update(
            status=status, message=order, answered_at=NOW, settled_at=NOW
        )
    badges = []
    for page in (reverse("platform:settlement", args=[made.id]), reverse("payments:payments")):
        table = maya.get(page).text.partition("<tbody>")[2].partition("</tbody>")[0]
        badges.append(sorted(re.findall(r'class="status (status-\w+)">.*?<span>(.*?)</span>', table)))
    assert (
        badges[0] == badges[1] == [("status-bad", "Rejected"), ("status-good", "Accepted"), ("status-good", "Booked")]
    )


def test_another_platforms_settlement_is_not_found(maya, owed, lending):
    other = Settlement.objects.create(
        debtor=lending.cast.crown, key="other-key", currency="EUR", created_at=NOW, created_by="x", request_hash="x"
    )
    assert maya.get(reverse("platform:settlement", args=[other.id])).status_code == 404


@pytest.mark.parametrize("rows", [3, 30])
def test_pages_take_the_same_few_queries_however_many_rows(maya, marc, lending, rows, django_assert_max_num_queries):
    for n in range(rows):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"A-{n}", due_in=n)
    shown(maya)
    with django_assert_max_num_queries(7):
        shown(maya)
    with django_assert_max_num_queries(7):
        maya.get(reverse("platform:settlements"))
    maya.post(SETTLE, order_of(shown(maya)))
    address = reverse("platform:settlement", args=[Settlement.objects.get().id])
    with django_assert_max_num_queries(16):
        maya.get(address)
    approved(marc)
    with django_assert_max_num_queries(11):
        maya.get(address)


def test_what_falls_due_is_drawn_by_week_and_what_is_late_counts_in_this_one(maya, lending):
    meridian, today = lending.cast.meridian, timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    for number, (days, minor) in enumerate([(-20, 100_00), (0, 40_00), (14, 7_00), (300, 5_00)]):
        row = world.receivable(lending.cast.amphora, meridian, f"A-{number}", minor)
        Receivable.objects.filter(id=row.id).update(due_date=monday + timedelta(days=days))
    calendar = maya.get(reverse("platform:settlements")).context["calendar"]
    assert calendar.labels[0] == monday
    assert calendar.series[0].values == [140_00, 0, 7_00, 0, 0, 0]


def test_what_is_owed_to_a_supplier_that_is_not_verified_is_shown_apart_and_not_paid(maya, marc, owed):
    Party.objects.filter(name="Bellows").update(status="PROSPECT")
    page = shown(maya)
    assert page.context["proposal"].total_minor == 500_05
    assert [(each["name"], each["count"], each["amount_minor"]) for each in page.context["unverified"]] == [
        ("Bellows", 1, 70_00)
    ]
    assert "Not yet payable: supplier not verified" in page.text
    only = shown(
        maya, TODAY + timedelta(days=20), left_out=",".join(str(each["id"]) for each in page.context["proposal"].payees)
    )
    assert "What is due until then is owed to suppliers that are not verified yet." in only.text
    maya.post(SETTLE, order_of(page))
    approved(marc)
    assert sorted(SettlementPayment.objects.values_list("amount_minor", flat=True)) == [200_05, 300_00]
    assert Receivable.objects.get(number="B-1").settling_minor == 0
    due = maya.get("/api/v1/settlements/due/", {"on": UNTIL.isoformat()}).json()
    assert (due["count"], due["not_payable"]) == (0, [{"receivable": owed[2].id, "amount_minor": 70_00}])


def test_who_accepts_sees_that_a_supplier_is_not_verified(maya, owed):
    Receivable.objects.filter(number="B-1").update(status="RECEIVED", accepted_at=None)
    page = reverse("platform:receivable", args=[owed[2].id])
    assert "it is not paid to this supplier until" not in maya.get(page).text
    Party.objects.filter(name="Bellows").update(status="PROSPECT")
    assert "it is not paid to this supplier until" in maya.get(page).text
    assert "Not verified" in maya.get(reverse("platform:acceptance")).text
