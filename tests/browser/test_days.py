"""A day of each role in a real browser, with much to do: what it opens the portal for, from its first page on, at a
desk and on a phone, in both languages and themes (tests/browser/people.py)."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from accounts.trail.models import Delivery
from financing.advances import services as advances
from financing.advances.models import Application
from financing.banking.services import register_account
from financing.credit import services as credit
from financing.credit.models import PolicyVersion, Programme
from financing.ledger.models import Book
from financing.ledger.services import open_book
from financing.receivables.models import Receivable, Settlement
from portal.shared.access import ADMIN, CHECKER, MAKER, SYSTEM_ACTOR
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser
from tests.browser.people import TURNS, WIDTHS, News, Work, work
from tests.browser.serving import address
from tests.conftest import empty_database
from tests.walks.crowd import multiply
from tests.walks.stage import Stage, cautious, set_up
from tests.world import CURRENCY, NOW, TODAY, as_member

__all__ = ["address", "browser", "work"]

pytestmark = IN_A_BROWSER
TIMES = 5
CROWD = {
    "trail.Event", "trail.EventParty", "trail.Delivery", "notices.Notice", "intake.Document", "banking.BankMessage",
    "banking.Statement", "banking.BankEntry",
}  # fmt: skip
"""What there is six times as much of. Money that is lent is not: who decides on more of it decides otherwise."""


@pytest.fixture(scope="module", params=TURNS)
def turn(request) -> int:
    return request.param


@pytest.fixture(scope="module")
def stage(turn, django_db_setup, django_db_blocker) -> Iterator[Stage]:
    """Six times as much as the stage has, and the work that days begin with."""
    with django_db_blocker.unblock():
        made = set_up()
        made.objects["of the bank"] = crown_lends(made)
        multiply(TIMES, CROWD)
        world.verify(made.lending.cast.amphora)  # the stage's own waits for the operator
        yield made
        empty_database()


def crown_lends(stage: Stage) -> Application:
    """The bank lends, too: Bellows asks it for more than its policy decides alone."""
    crown, bellows, meridian = stage.lending.cast.crown, stage.lending.cast.bellows, stage.lending.cast.meridian
    register_account(
        actor=SYSTEM_ACTOR, party_id=crown.id, holder="Crown", iban="DE02120300000000202051", currency=CURRENCY,
        connected=True, now=NOW,
    )  # fmt: skip
    open_book(actor=SYSTEM_ACTOR, funder_id=crown.id, business_date=TODAY, now=NOW)
    proposed = credit.propose_policy(
        actor=as_member("cleo@crown.example"), funder_id=crown.id, body=cautious(), effective_from=TODAY, now=NOW
    )
    credit.approve_policy(
        actor=as_member("carl@crown.example"), policy_id=proposed.id, seen_hash=proposed.body_hash, now=NOW
    )
    programme = Programme.objects.create(
        funder=crown, debtor=meridian, name="Early money", currency=CURRENCY, agreement="RF-2026-2"
    )
    ben = as_member("ben@bellows.example")
    facility = credit.join_programme(actor=ben, programme_id=programme.id, now=NOW)
    world.trade(bellows, meridian)
    for number in range(4):
        world.receivable(bellows, meridian, f"BELLOWS-INVOICE-{number}", due_in=30 + number)
    quote = advances.quote(actor=ben, facility_id=facility.id, amount_minor=900_00, now=NOW)
    application = advances.apply(actor=ben, quote_id=quote.id, now=NOW)
    advances.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application.id], now=NOW)
    application.refresh_from_db()
    assert application.status == Application.Status.REFERRED
    return application


# ── the supplier's owner ─────────────────────────────────────────────────────────────────────────────────────────────
def test_an_owner_is_paid_in_seconds_while_the_page_moves_by_itself(work: Work):
    ana = work("supplier", "Amphora", ADMIN)
    news = News(ana.page)
    ask = ana.page.locator("form:has([data-amount]) [type=submit]")
    for is_refused, amount in ((True, "0"), (True, "abc"), (True, "999999"), (False, "300")):
        ana.page.fill("[data-amount-input]", amount)
        expect(ana.page.locator("#price[data-amount-refused]")).to_have_count(int(is_refused))
        expect(ana.page.locator(f"[data-amount-input][aria-invalid={str(is_refused).lower()}]")).to_have_value(amount)
        expect(ask).to_be_disabled() if is_refused else expect(ask).to_be_enabled()
    with ana.page.expect_response(lambda answer: "/price/" in answer.url):
        ana.page.locator("[data-amount-slider]").fill("30000")
    ana.reads("300.00", "#price")
    ana.send("/new/")
    ana.reads(ana.says("What you agree to"))
    ana.send("/apply/")
    ana.reads(ana.says("Being decided"), "#progress")
    made = Application.objects.latest("id")
    assert (made.amount_minor, made.status) == (300_00, Application.Status.SUBMITTED)
    at = made.submitted_at
    advances.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[made.id], now=at + timedelta(milliseconds=200))
    made.refresh_from_db()
    paid_at = at + timedelta(milliseconds=400)
    advances.confirm_funding(actor=SYSTEM_ACTOR, value_dates={made.advance.id: TODAY}, now=paid_at)
    news.tell(f"advances.application:{made.id}")
    ana.reads(took(ana, "0.2"), "#progress")
    ana.reads(took(ana, "0.4"), "#progress")
    ana.follow(f"/supplier/advances/{made.advance.id}/")
    ana.reads("300.00")


def took(person, seconds: str) -> str:
    return person.says("in %(took)s", took=person.says("{n} s").format(n=seconds))


def test_an_owner_hands_in_an_invoice_and_finds_it(work: Work, stage):
    ana = work("supplier", "Amphora", ADMIN)
    ana.go("supplier:receivables")
    ana.follow("/supplier/receivables/upload/")
    invoice = {
        "number": "A-2001", "issue_date": "2026-02-01", "due_date": "2026-04-01", "currency": "EUR",
        "payable": "480.00", "debtor": stage.lending.cast.meridian.registration_number,
        "lines": [{"sku": "KETTLE", "quantity": "10", "unit_price": "48.00", "amount": "480.00"}],
    }  # fmt: skip
    ana.hand_in("invoices.json", "application/json", json.dumps(invoice))
    ana.reads("A-2001")
    made = Receivable.objects.get(number="A-2001")
    ana.go("supplier:receivables")
    ana.find("receivables", "A-2001")
    expect(ana.page.locator("#receivables tbody tr")).to_have_count(1)
    ana.follow(f"/supplier/receivables/{made.id}/")
    ana.reads("480.00")
    ana.reads(ana.state("RECEIVED"), "h1")


# ── the platform's people ────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="module")
def waiting(stage) -> list[Receivable]:
    """Three invoices that wait for a hand."""
    people = stage.lending.cast
    return [
        world.receivable(people.amphora, people.meridian, f"WAITS-{n}", 100_00, status="RECEIVED") for n in range(3)
    ]


def test_the_platform_accepts_many_at_once_and_disputes_one(work: Work, waiting):
    maya = work("platform", "Meridian", MAKER)
    maya.follow("/platform/acceptance/")
    maya.find("queue", "WAITS")
    expect(maya.page.locator("#queue tbody tr")).to_have_count(3)
    if maya.look.width == max(WIDTHS):
        maya.page.check("[data-choose-all]")
        maya.page.locator(f"input[name=chosen][value='{waiting[2].id}']").uncheck()
    else:  # rows are cards there, each with its own box
        for each in waiting[:2]:
            maya.page.check(f"input[name=chosen][value='{each.id}']")
    expect(maya.page.locator("#queue-chosen > button [data-chosen-count]")).to_have_text("(2)")
    maya.page.locator("[data-dialog=accept-chosen]").click()
    expect(maya.page.locator("#accept-chosen [data-chosen-number]")).to_have_text("2")
    expect(maya.page.locator("#accept-chosen [data-chosen-sum]")).to_contain_text("200.00")
    maya.page.keyboard.press("Escape")
    maya.agree("accept-chosen")
    expect(maya.page.locator("#messages .note-good")).to_contain_text("2")
    maya.find("queue", "WAITS")
    expect(maya.page.locator("#queue tbody tr")).to_have_count(1)
    maya.follow(f"/platform/receivables/{waiting[2].id}/")
    maya.agree("dispute", reason="Twelve pieces are missing")
    maya.reads(maya.state("DISPUTED"), "h1")
    maya.reads("Twelve pieces are missing")
    for each in waiting:
        each.refresh_from_db()
    assert [each.status for each in waiting] == ["ACCEPTED", "ACCEPTED", "DISPUTED"]


# ── who lends: the financier, and the bank ───────────────────────────────────────────────────────────────────────────
def recommended_and_decided(work: Work, kind: str, name: str, referred: Application) -> None:
    address = f"/funding/applications/{referred.id}/"
    maker = work(kind, name, MAKER)
    if kind == "bank":
        maker.what_waits("/funding/")
    maker.follow(address)
    maker.send("/recommend/", outcome="APPROVED", note="Paid on time for two years")
    maker.reads(maker.says("You recommended this yourself, so a colleague decides."), "#judgement")
    checker = work(kind, name, CHECKER)
    if kind == "bank":
        checker.what_waits("/funding/")
    checker.follow(address)
    checker.reads("Paid on time for two years", "#judgement")
    checker.send("/decide/", outcome="APPROVED", note="Agreed")
    checker.reads(checker.state("APPROVED"), "h1")
    referred.refresh_from_db()
    assert referred.status == Application.Status.APPROVED


def proposed_and_approved(work: Work, kind: str, name: str) -> PolicyVersion:
    maker = work(kind, name, MAKER)
    maker.go("funder:policies")
    maker.follow("/funding/policies/new/")
    maker.page.fill("[name='authority.max_amount_minor']", "750")
    maker.page.fill("[name=note]", f"Fewer referrals at {name}")
    maker.page.get_by_role("main").get_by_role("button", name=maker.says("Propose"), exact=True).click()
    maker.reads("750.00", "#changes")
    version = PolicyVersion.objects.latest("id")
    assert (version.status, version.funder.name) == (PolicyVersion.Status.PROPOSED, name)
    checker = work(kind, name, CHECKER)
    if kind == "bank":
        checker.follow("/funding/policies/")
    else:
        checker.go("funder:policies")
    checker.follow(f"/funding/policies/{version.id}/")
    checker.reads("750.00", "#changes")
    checker.agree("approve")
    checker.reads(checker.state("APPROVED"), "h1")
    version.refresh_from_db()
    assert version.status == PolicyVersion.Status.APPROVED
    return version


def test_a_financiers_maker_recommends_what_was_referred_and_its_checker_approves_it(work: Work, stage):
    recommended_and_decided(work, "financier", "Harbour", stage.objects["application"])


def test_a_financiers_checker_approves_exactly_the_policy_that_was_read(work: Work):
    version = proposed_and_approved(work, "financier", "Harbour")
    assert version.body["authority"]["max_amount_minor"] == 750_00


def test_a_financiers_checker_closes_the_day(work: Work, stage):
    book = stage.lending.book
    checker = work("financier", "Harbour", CHECKER)
    checker.go("funder:book")
    checker.agree("next-day", to_date=(TODAY + timedelta(days=1)).isoformat())
    expect(checker.page.locator("#messages .note-good")).to_be_visible()
    book.refresh_from_db()
    assert book.business_date == TODAY + timedelta(days=1)
    assert Book.objects.get(funder=stage.lending.cast.crown).business_date == TODAY


def test_a_bank_decides_what_its_first_page_says_waits_for_it(work: Work, stage):
    recommended_and_decided(work, "bank", "Crown", stage.objects["of the bank"])


def test_a_bank_approves_the_policy_that_its_first_page_says_waits_for_it(work: Work):
    proposed_and_approved(work, "bank", "Crown")


# ── the operator ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_operators_maker_screens_a_business_and_a_colleague_admits_it(work: Work, stage):
    verification = stage.objects["verification"]
    maker = work("operator", "Watch", MAKER)
    maker.go("operator:verifications")
    maker.follow(f"/operations/verifications/{verification.id}/")
    maker.send("/screen/", clear="yes", note="EU 与联合国名单：无")
    maker.reads("EU 与联合国名单：无")
    checker = work("operator", "Watch", CHECKER)
    checker.follow(f"/operations/verifications/{verification.id}/")
    checker.send("/decide/", approve="yes", note="文件齐全")
    checker.reads("文件齐全")
    checker.reads(checker.state("APPROVED"), "h1")
    verification.refresh_from_db()
    assert verification.status == "APPROVED"


def test_an_operator_tries_again_what_is_parked(work: Work, stage):
    parked = stage.objects["delivery"]
    watch = work("operator", "Watch", ADMIN)
    watch.follow("/operations/deliveries/")
    watch.follow(f"/operations/deliveries/{parked.id}/")
    watch.reads("It broke")
    watch.send("/deliveries/retry/")
    expect(watch.page.locator("#messages .note-good")).to_contain_text("1")
    parked.refresh_from_db()
    assert (parked.state, parked.attempts) == (Delivery.State.WAITING, 0)


# ── the platform again, when the others are done: what it pays secures no advance any more ──────────────────────────
def test_the_platform_pays_what_is_due_after_it_has_seen_the_sums(work: Work, stage):
    last = Settlement.objects.latest("id")
    maya = work("platform", "Meridian", MAKER)
    maya.go("platform:settlements")
    maya.page.locator("form[action='/platform/settlements/new/'] button").click()
    sums = "Nothing is paid before a colleague has approved it. These are the exact sums, one payment for each payee."
    maya.reads(maya.says(sums))
    assert Settlement.objects.latest("id") == last
    maya.agree("pay")
    expect(maya.page.locator("#messages .note-good")).to_be_visible()
    made = Settlement.objects.latest("id")
    assert made != last and made.debtor == stage.lending.cast.meridian
    assert made.payments.count() == 0

    marc = work("platform", "Meridian", CHECKER)
    marc.go("platform:settlements")
    marc.follow(f"/platform/settlements/{made.id}/")
    marc.agree("approve")
    expect(marc.page.locator("#messages .note-good")).to_be_visible()
    assert made.payments.count() > 0
