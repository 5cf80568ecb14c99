"""Applications decided and refused, advances and what is owed on them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from financing.advances import services
from financing.advances.models import Advance, Application, Repayment
from financing.banking.models import PaymentInstruction
from financing.receivables.models import Settlement, SettlementPayment
from portal.shared.access import SYSTEM_ACTOR
from tests.world import NOW, TODAY, as_member


def draw(trading, amount_minor: int = 500_00) -> Application:
    actor = as_member("ana@amphora.example")
    quote = services.quote(actor=actor, facility_id=trading.amphora_facility.id, amount_minor=amount_minor, now=NOW)
    made = services.apply(actor=actor, quote_id=quote.id, now=NOW)
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[made.id], now=NOW + timedelta(milliseconds=200))
    return made


def funded(trading, amount_minor: int = 500_00) -> Advance:
    made = draw(trading, amount_minor)
    services.confirm_funding(
        actor=SYSTEM_ACTOR, value_dates={made.advance.id: TODAY}, now=NOW + timedelta(milliseconds=400)
    )
    return Advance.objects.get(application=made)


def test_the_promise_is_shown_in_figures(trading, ana):
    advance = funded(trading)
    page = ana.get(reverse("supplier:application", args=[advance.application_id]))
    assert (page.context["stage"], page.context["decided_ms"], page.context["funded_ms"]) == ("funded", 200, 400)
    assert "in 0.2 s" in page.text
    assert "in 0.4 s" in page.text


def test_an_advance_tells_what_is_owed_and_what_secures_it(trading, ana):
    advance = funded(trading)
    page = ana.get(reverse("supplier:advance", args=[advance.id]))
    assert page.context["advance"].owed_minor == advance.principal_minor + advance.fees_minor + advance.interest_minor
    assert [each.receivable.number for each in page.context["securities"]] == ["A-0"]
    assert "None yet. It is repaid by itself when Meridian pays your invoices." in page.text


def test_a_payment_that_the_bank_refuses_is_told_with_what_is_kept(trading, ana):
    made = draw(trading)
    services.fail(actor=SYSTEM_ACTOR, reasons={made.advance.id: "AC04"}, now=NOW + timedelta(seconds=1))
    page = ana.get(reverse("supplier:application", args=[made.id]))
    assert page.context["stage"] == "failed"
    assert "The invoices are free again and your limit is as before." in page.text
    assert "The money did not reach you." in ana.get(reverse("supplier:advance", args=[made.advance.id])).text


def test_the_lists_show_ones_own_only(trading, ana, ben):
    advance = funded(trading)
    for name in ("advances", "applications"):
        assert len(ana.get(reverse(f"supplier:{name}")).context["table"].rows) == 1
        assert ben.get(reverse(f"supplier:{name}")).context["table"].rows == []
    assert ben.get(reverse("supplier:advance", args=[advance.id])).status_code == 404
    assert ana.get(reverse("supplier:advances")).context["owed"] == [{
        "currency": "EUR", "count": 1, "owed_minor": advance.owed_minor, "next_due": advance.due_date,
        "next_minor": advance.owed_minor, "cost_minor": advance.fee_minor,
    }]  # fmt: skip
    assert ben.get(reverse("supplier:advances")).context["owed"] == []


def test_a_statement_ends_in_what_is_owed(trading, ana, ben):
    advance = funded(trading)
    page = ana.get(reverse("supplier:statement"))
    rows = [row.record for row in page.context["table"].rows]
    assert [(row.what, row.amount_minor, row.owed_minor) for row in rows] == [
        ("FEE", advance.fee_minor, advance.owed_minor), ("PAID_OUT", advance.amount_minor, advance.amount_minor),
    ]  # fmt: skip
    settlement = Settlement.objects.create(
        debtor=trading.cast.meridian, currency="EUR", key="s-1", created_at=NOW, request_hash="0" * 64
    )
    payment = SettlementPayment.objects.create(settlement=settlement, payee=advance.funder, amount_minor=1_000)
    Repayment.objects.create(
        advance=advance, payment=payment, fees_minor=advance.fee_minor, interest_minor=20, principal_minor=830,
        value_date=TODAY + timedelta(days=3), recorded_at=NOW,
    )  # fmt: skip
    last, charged, *_before = [row.record for row in ana.get(reverse("supplier:statement")).context["table"].rows]
    assert (last.what, last.amount_minor, last.owed_minor) == ("REPAID", -1_000, advance.amount_minor - 830)
    assert (charged.what, charged.amount_minor) == ("INTEREST", 20)
    assert ben.get(reverse("supplier:statement")).context["table"].rows == []
    exported = ana.get(reverse("supplier:statement"), {"statement-export": "csv"})
    assert b"Paid back" in b"".join(exported.streaming_content)


def test_empty_lists_teach_the_next_step(lending, ana):
    assert "See what you can have" in ana.get(reverse("supplier:advances")).text
    assert "See what you can have" in ana.get(reverse("supplier:applications")).text


@pytest.mark.parametrize("number", [1, 3])
def test_lists_and_pages_read_as_much_for_three_as_for_one(trading, ana, number, django_assert_max_num_queries):
    for _ in range(number):
        advance = funded(trading, 100_00)
    for name, most in (("advances", 10), ("applications", 9)):
        with django_assert_max_num_queries(most):
            ana.get(reverse(f"supplier:{name}"))
    for name, key, most in (("advance", advance.id, 11), ("application", advance.application_id, 9)):
        with django_assert_max_num_queries(most):
            ana.get(reverse(f"supplier:{name}", args=[key]))
    assert PaymentInstruction.objects.count() == number
