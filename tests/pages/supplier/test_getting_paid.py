"""What can be had, what it costs, the quote and the application."""

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from financing.advances import services
from financing.advances.models import Application, Quote
from financing.advances.services.quote import offer
from financing.banking.models import BankAccount
from financing.banking.services import register_account
from financing.credit.rules import DEFAULT_BODY
from portal.shared.access import SYSTEM_ACTOR
from portal.ui.formats import money
from portal.workspaces.supplier.forms import amount_minor
from tests import world
from tests.world import NOW, as_member


def ask(browser, trading, amount: str = "500.00"):
    return browser.post(reverse("supplier:ask", args=[trading.amphora_facility.id]), {"amount": amount})


def applied(browser, trading) -> Application:
    ask(browser, trading)
    quote = Quote.objects.get()
    browser.post(reverse("supplier:apply", args=[quote.id]))
    return Application.objects.get()


def test_home_shows_what_can_be_had_and_its_cost(trading, ana):
    page = ana.get(reverse("supplier:home"))
    found = offer(actor=as_member("ana@amphora.example"), facility_id=trading.amphora_facility.id, now=NOW)
    assert page.status_code == 200
    assert page.context["available_minor"] == found.result.base.available_minor > 0
    assert page.context["price"]["terms"] == found.result.terms
    assert "Get paid now" in page.text


def test_the_waterfall_ends_at_what_is_available(trading, ana):
    steps = ana.get(reverse("supplier:home")).context["steps"]
    running = 0
    for step in steps:
        if step.total:
            assert running in (0, step.amount_minor)
            running = step.amount_minor
        else:
            running += step.amount_minor
    assert running == steps[-1].amount_minor == offer(
        actor=as_member("ana@amphora.example"), facility_id=trading.amphora_facility.id, now=NOW
    ).result.base.available_minor  # fmt: skip


def test_with_no_invoice_home_tells_why_and_what_to_do(lending, ana):
    page = ana.get(reverse("supplier:home"))
    assert page.status_code == 200
    assert page.context["available_minor"] == 0
    assert "You have not traded on the platform for long enough yet." in page.text
    assert "There is no invoice of yours that can be financed now." in page.text
    assert "Hand in invoices" in page.text and "each one tells why" not in page.text


def test_the_price_follows_the_amount(trading, ana):
    address = reverse("supplier:price", args=[trading.amphora_facility.id])
    said = ana.get(address, {"amount": "1,000.00"}, headers={"HX-Request": "true"})
    assert said.context["price"]["amount_minor"] == 1_000_00
    assert said.context["price"]["terms"].total_cost_minor > 0


@pytest.mark.parametrize("amount", ["", "abc", "1.234", "-5", "0", "NaN", "1e99"])
def test_a_price_of_what_is_no_amount_is_a_sentence(trading, ana, amount):
    address = reverse("supplier:price", args=[trading.amphora_facility.id])
    said = ana.get(address, {"amount": amount}, headers={"HX-Request": "true"})
    assert said.status_code == 200
    assert said.context["price"]["problem"]


def test_a_price_of_too_much_tells_the_most(trading, ana):
    address = reverse("supplier:price", args=[trading.amphora_facility.id])
    said = ana.get(address, {"amount": "999999"}, headers={"HX-Request": "true"})
    assert "ABOVE_BASE" in [each["code"] for each in said.context["price"]["reasons"]]
    most = money(offer(
        actor=as_member("ana@amphora.example"), facility_id=trading.amphora_facility.id, now=NOW
    ).result.base.available_minor, "EUR")  # fmt: skip
    assert f"You can have from {money(DEFAULT_BODY['amounts']['min_draw_minor'], 'EUR')} to {most}." in said.text


def test_get_paid_now_leads_to_a_quote_and_yes_to_one_application(trading, ana):
    to_quote = ask(ana, trading)
    quote = Quote.objects.get()
    assert to_quote.url == reverse("supplier:quote", args=[quote.id])
    assert "Yes, pay me" in ana.get(to_quote.url).text
    to_application = ana.post(reverse("supplier:apply", args=[quote.id]))
    made = Application.objects.get()
    assert to_application.url == reverse("supplier:application", args=[made.id])
    assert made.amount_minor == 500_00


def test_yes_said_twice_is_one_application_and_a_sentence(trading, ana):
    made = applied(ana, trading)
    again = ana.post(reverse("supplier:apply", args=[made.quote_id]), follow=True)
    assert Application.objects.count() == 1
    assert again.redirect_chain[-1][0] == reverse("supplier:application", args=[made.id])
    assert "You had taken up this quote already." in again.text


def test_an_expired_quote_is_told_and_nothing_is_done(trading, ana):
    ask(ana, trading)
    quote = Quote.objects.get()
    quote.pk, quote.valid_until = None, NOW - timedelta(days=400)
    quote.save(force_insert=True)
    page = ana.post(reverse("supplier:apply", args=[quote.id]), follow=True)
    assert "This quote has expired" in page.text
    assert "Ask anew" in page.text
    assert "Was offered to you" in page.text and "What you would have agreed to" in page.text
    assert "On your account" not in page.text and "What you agree to" not in page.text and "you owe" not in page.text
    assert not Application.objects.exists()


def account_closed(trading, *, another_waits: bool = False) -> None:
    """Amphora has no account in force any more."""
    own = BankAccount.objects.filter(party=trading.cast.amphora)
    own.update(status=BankAccount.Status.CLOSED, closed_at=NOW)
    if another_waits:
        register_account(
            actor=as_member("ana@amphora.example"), party_id=trading.cast.amphora.id, holder="Amphora",
            iban="NL91ABNA0417164300", bic="", currency="EUR", now=NOW,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("another_waits", "told"),
    [
        (True, "as soon as your EUR account is confirmed"),
        (False, "There is no EUR account yet that it could be paid to."),
    ],
)
def test_who_cannot_be_paid_yet_sees_what_there_is_and_what_is_missing_and_cannot_ask(
    trading, ana, another_waits, told
):
    soon, address = "on your account within three minutes", reverse("supplier:ask", args=[trading.amphora_facility.id])
    before = ana.get(reverse("supplier:home"))
    assert soon in before.text and 'class="btn btn-primary" type="submit"' in before.text
    account_closed(trading, another_waits=another_waits)
    page = ana.get(reverse("supplier:home"))
    assert page.context["available_minor"] == before.context["available_minor"] > 0
    assert page.context["price"]["terms"] == before.context["price"]["terms"]
    assert told in page.text and f'href="{reverse("supplier:verification")}#account"' in page.text
    assert 'class="btn btn-primary" type="submit"' not in page.text.partition(address)[2].partition("</form>")[0]
    moved = ana.get(reverse("supplier:price", args=[trading.amphora_facility.id]), {"amount": "1,000.00"})
    assert soon not in page.text + moved.text


def test_a_quote_that_could_not_be_paid_is_not_taken_up_and_tells_what_is_missing(trading, ana):
    ask(ana, trading)
    account_closed(trading, another_waits=True)
    quote = Quote.objects.get()
    address = reverse("supplier:quote", args=[quote.id])
    assert "Yes, pay me" not in ana.get(address).text
    page = ana.post(reverse("supplier:apply", args=[quote.id]), follow=True)
    assert page.redirect_chain[-1][0] == address
    assert "Nothing was done: there is no account yet" in page.text
    assert "as soon as your EUR account is confirmed" in page.text
    assert not Application.objects.exists()


def test_more_than_there_is_keeps_what_was_entered(trading, ana):
    page = ask(ana, trading, "123,456.00")
    assert page.status_code == 422
    assert 'value="123,456.00"' in page.text
    assert "This is not to be had now. You can have from" in page.text
    assert not Quote.objects.exists()


def test_the_slider_stands_at_what_was_asked_and_not_at_the_most_by_itself(trading, ana):
    at = {each: ask(ana, trading, each).context["slider"] for each in ("abc", "0", "1.00", "999,999.00")}
    least, most = at["abc"].minimum, at["abc"].maximum
    assert {each: slider.value for each, slider in at.items()} == {
        "abc": least, "0": least, "1.00": least, "999,999.00": most,
    }  # fmt: skip
    assert ana.get(reverse("supplier:home")).context["slider"].value == most


@pytest.mark.parametrize(
    ("amount", "why"),
    [
        ("abc", "That is not an amount. Write it as 1,234.50."),
        ("0", "Ask for an amount above zero."),
        ("1.00", "This is not to be had now. You can have from"),
        ("999,999.00", "This is not to be had now. You can have from"),
    ],
)
def test_what_is_wrong_with_an_amount_is_said_at_its_field_and_what_was_entered_is_kept(trading, ana, amount, why):
    page = ask(ana, trading, amount)
    field = re.search(r'<input [^>]*id="amount"[^>]*>', page.text).group()
    told = page.text.partition('<div id="price"')[2].partition('class="field-error"')[2].partition("</div>")[0]
    assert (page.status_code, why in told, 'class="problem"' in page.text) == (422, True, False)
    assert all(each in field for each in (f'value="{amount}"', 'aria-invalid="true"', 'aria-describedby="price"'))
    assert not Quote.objects.exists()


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("1,234.50", 123450), ("1234.5", 123450), ("1.234,50", 123450), ("200,50", 20050), ("1 234,5", 123450),
        ("1'234.50", 123450), ("1,000", 100000), ("12,345,678", 1234567800), ("1.234.567,8", 123456780), ("7", 700),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_it_was_meant(written, minor):
    assert amount_minor(written, "EUR") == minor


@pytest.mark.parametrize(
    "written", ["1.000", "0.001", "1e3", "-5", "+5", "abc", "", "1,00,0", "1.00.0", "10,000,0", "1,2,3", "5 EUR", "٥"]
)
def test_what_can_be_read_in_two_ways_or_in_none_is_no_amount(written):
    with pytest.raises(ValidationError):
        amount_minor(written, "EUR")


def test_less_than_the_smallest_advance_is_refused_with_what_that_is(trading, ana):
    page = ask(ana, trading, "1.00")
    least = money(DEFAULT_BODY["amounts"]["min_draw_minor"], "EUR")
    assert (page.status_code, f"You can have from {least} to" in page.text) == (422, True)
    assert "Ask for less" not in page.text
    assert not Quote.objects.exists()


def test_the_application_moves_from_submitted_to_decided(trading, ana):
    made = applied(ana, trading)
    page = reverse("supplier:application", args=[made.id])
    assert ana.get(page).context["stage"] == "deciding"
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[made.id], now=made.submitted_at + timedelta(seconds=1))
    decided = ana.get(page)
    assert decided.context["stage"] == "paying"
    assert decided.context["decided_ms"] == 1000
    assert "Your request is within what is decided at once." in decided.text
    assert [each.name for each in decided.context["happenings"]] == [
        "quote.given", "application.submitted", "application.approved", "advance.approved", "payment.due",
    ]  # fmt: skip


def test_an_undecided_application_is_withdrawn_once(trading, ana):
    made = applied(ana, trading)
    address = reverse("supplier:withdraw", args=[made.id])
    page = ana.post(address, follow=True)
    assert page.context["stage"] == "withdrawn"
    assert "nothing is owed" in page.text
    again = ana.post(address)
    assert again.status_code == 409
    assert "INVALID_TRANSITION" in again.text


def test_who_may_only_look_cannot_ask(trading, aldo):
    home = aldo.get(reverse("supplier:home"))
    assert "You may look, not ask" in home.text
    assert ask(aldo, trading).status_code == 403
    assert not Quote.objects.exists()


def test_another_supplier_finds_nothing(trading, ana, ben):
    made = applied(ana, trading)
    for name, number in (("quote", made.quote_id), ("application", made.id)):
        assert ben.get(reverse(f"supplier:{name}", args=[number])).status_code == 404
    for name, number in (("apply", made.quote_id), ("withdraw", made.id), ("ask", trading.amphora_facility.id)):
        assert ben.post(reverse(f"supplier:{name}", args=[number]), {"amount": "500"}).status_code == 404
    assert ben.get(reverse("supplier:price", args=[trading.amphora_facility.id]), {"amount": "5"}).status_code == 404


def test_strangers_sign_in_and_other_kinds_find_nothing(trading):
    from tests.pages.supplier.conftest import browser_of

    assert Client().get(reverse("supplier:home")).url.startswith("/accounts/login/")
    assert browser_of("hana@harbour.example").get(reverse("supplier:home")).status_code == 404


@pytest.mark.parametrize("more", [0, 27])
def test_home_reads_as_much_for_thirty_invoices_as_for_three(trading, ana, more, django_assert_max_num_queries):
    for number in range(more):
        world.receivable(trading.cast.amphora, trading.cast.meridian, f"B-{number}", 100_00)
    ana.get(reverse("supplier:home"))  # the day's assessment is made once
    with django_assert_max_num_queries(27):
        ana.get(reverse("supplier:home"))


def test_a_refused_page_that_is_reloaded_is_home_again(trading, ana):
    assert ana.get(reverse("supplier:ask", args=[trading.amphora_facility.id])).url == reverse("supplier:home")


def test_too_much_is_refused_without_the_reasons_of_a_referral(trading, ana):
    codes = [each["code"] for each in ask(ana, trading, "9,999,999.00").context["price"]["reasons"]]
    assert codes == ["ABOVE_LIMIT", "ABOVE_BASE"]
