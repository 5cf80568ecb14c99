"""The first day of each role in a real browser: nothing is there yet. Every page of its navigation is whole and teaches
what to do next, the ways it teaches lead somewhere, and what a role begins with can be done."""

import csv
import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from accounts.intake.models import Document
from accounts.parties.models import Invitation, Party
from accounts.trail.models import Event
from financing.credit.models import PolicyVersion
from financing.receivables.models import Receivable
from logistics.orders.models import OrderLine
from logistics.orders.services import enter_some
from portal.shared.access import ADMIN, CHECKER, MAKER
from portal.workspaces import navigation
from tests import world
from tests.browser.looking import IN_A_BROWSER, browser
from tests.browser.people import ROLES, TURNS, Work, work
from tests.browser.serving import served
from tests.conftest import empty_database
from tests.walks.stage import founded
from tests.world import NOW

__all__ = ["browser", "work"]

pytestmark = IN_A_BROWSER
HEAD = "order,line,supplier,sku,quantity,unit_price,currency,ordered_at\n"
NAMES = dict(zip(ROLES, ("Bellows", "Meridian", "Harbour", "Crown", "Sextant", "Watch"), strict=True))


@pytest.fixture(scope="module", params=TURNS)
def turn(request) -> int:
    return request.param


@pytest.fixture(scope="module")
def parties(turn, django_db_setup, django_db_blocker) -> Iterator[dict[str, Party]]:
    with django_db_blocker.unblock():
        yield founded(world.cast())
        empty_database()


@pytest.fixture(scope="module")
def address(parties) -> Iterator[str]:
    with served() as address:
        yield address


@pytest.mark.parametrize("kind", ROLES)
def test_every_page_of_the_navigation_is_whole_and_what_it_advises_can_be_done(work: Work, kind):
    person = work(kind, NAMES[kind], ADMIN)
    advised = set()
    for _label, name, _icon in navigation.BY_KIND[kind.upper()]:
        if name != "admin:index":
            person.go(name)
            expect(person.page.locator("h1")).to_be_visible()
            assert person.page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus") == 200
            advised |= set(person.page.locator("main .empty-state a").evaluate_all("all => all.map(each => each.href)"))
    assert [url for url in advised if person.page.request.get(url).status != 200] == []


def test_a_suppliers_first_invoice_waits_for_the_platform(work: Work, parties):
    ben = work("supplier", "Bellows", MAKER)
    ben.reads(ben.says("No programme yet"))
    ben.go("supplier:receivables")
    ben.follow("/supplier/receivables/upload/")
    invoice = {
        "number": "B-1", "issue_date": "2026-02-01", "due_date": "2026-04-01", "currency": "EUR", "payable": "480.00",
        "debtor": parties["Meridian"].registration_number,
        "lines": [{"sku": "HAMMER", "quantity": "10", "unit_price": "48.00", "amount": "480.00"}],
    }  # fmt: skip
    ben.hand_in("invoices.json", "application/json", json.dumps(invoice))
    ben.reads("B-1")
    assert Receivable.objects.get().status == Receivable.Status.RECEIVED
    maya = work("platform", "Meridian", MAKER)
    maya.follow(f"/platform/receivables/{Receivable.objects.get().id}/")
    maya.agree("accept")
    maya.reads(maya.state("ACCEPTED"), "h1")
    assert Receivable.objects.get().status == Receivable.Status.ACCEPTED


def test_a_platforms_first_trade_file_makes_its_suppliers_known(work: Work):
    maya = work("platform", "Meridian", MAKER)
    maya.go("platform:trade")
    maya.reads(maya.says("No trade history yet"))
    maya.hand_in("orders.csv", "text/csv", f"{HEAD}O-1,1,bellows,HAMMER,10,48.00,EUR,2026-01-05T10:00:00Z\n")
    maya.reads("orders.csv")
    while enter_some(document_id=Document.objects.get(file_name="orders.csv").id, now=NOW):
        pass
    maya.reads(maya.says("No row was refused"))
    assert OrderLine.objects.get().order.supplier.name == "Bellows"


@pytest.mark.parametrize(("kind", "name"), [("financier", "Harbour"), ("bank", "Crown")])
def test_who_lends_begins_with_a_policy_that_another_approves(work: Work, kind, name):
    maker = work(kind, name, MAKER)
    maker.go("funder:policies")
    maker.follow("/funding/policies/new/")
    maker.page.fill("[name=note]", "The first")  # the day is there already
    maker.page.get_by_role("main").get_by_role("button", name=maker.says("Propose"), exact=True).click()
    maker.reads(maker.state("PROPOSED"), "h1")
    made = PolicyVersion.objects.get(funder__name=name)
    assert (made.number, made.status) == (1, PolicyVersion.Status.PROPOSED)
    checker = work(kind, name, CHECKER)
    if kind == "bank":
        checker.follow("/funding/policies/")  # its first page says what waits
    else:
        checker.go("funder:policies")
    checker.follow(f"/funding/policies/{made.id}/")
    checker.agree("approve")
    checker.reads(checker.state("APPROVED"), "h1")
    made.refresh_from_db()
    assert made.status == PolicyVersion.Status.APPROVED


def test_a_supervisor_sees_for_whom_it_may_hold_goods_and_takes_the_list_home(work: Work):
    page = (sam := work("supervisor", "Sextant", ADMIN, accept_downloads=True)).page
    expect(page.locator("body")).not_to_contain_text("Amphora")
    sam.find("parties", "crown")
    expect(page.locator("#parties tbody td:first-child")).to_contain_text(["Crown"])
    page.fill("#parties-q", "")
    with page.expect_response(lambda answer: "parties-kind=BANK" in answer.url):
        page.select_option("#parties-kind", "BANK")
    expect(page.locator("#parties tbody tr").filter(has_text="Harbour")).to_have_count(0)
    expect(page.locator("#parties tbody tr").filter(has_text="Sovereign").first).to_be_visible()
    with page.expect_download() as taken:
        page.locator("#parties .table-exports a").first.click()
    with open(taken.value.path(), encoding="utf-8-sig", newline="") as file:
        names = {each[0] for each in list(csv.reader(file))[1:]}
    assert {"Crown", "Sovereign"} <= names and not any(name.startswith(("Amphora", "Harbour")) for name in names)


def test_a_supervisor_lets_a_colleague_in_and_reads_that_it_did(work: Work, parties):
    sam = work("supervisor", "Sextant", ADMIN)
    sam.page.locator(".user-button").click()
    sam.page.locator(".menu-panel a[href='/party/members/']").click()
    sam.send("/party/members/", email="tova@sextant.example", role="MAKER")
    sam.reads("tova@sextant.example")
    made = Invitation.objects.get(email="tova@sextant.example")
    assert (made.party.name, made.role, made.accepted_at) == ("Sextant", "MAKER", None)
    sam.go("events")
    told = Event.objects.get(name="party.member_invited", subject_id=parties["Sextant"].id)
    assert told.actor_party_id == parties["Sextant"].id
    sam.reads(sam.says("Somebody was invited to act for you as {role}").format(role=sam.says("Maker")))
    expect(sam.page.locator("body")).not_to_contain_text("Amphora")


def test_an_operator_invites_the_first_administrator_of_a_party(work: Work):
    party = Party.objects.create(
        kind=Party.Kind.SUPERVISOR, name="Anchor", country="PT", registration_number="PT 9", status="ADMITTED",
        created_at=NOW,
    )  # fmt: skip
    watch = work("operator", "Watch", ADMIN)
    watch.go("operator:parties")
    watch.find("parties", "anchor")
    watch.follow(f"/operations/parties/{party.id}/")
    watch.send("/invite/", email="alva@anchor.example")
    expect(watch.page.locator("#messages .note-good")).to_contain_text("alva@anchor.example")
    made = Invitation.objects.get(party=party)
    assert (made.party, made.email, made.role) == (party, "alva@anchor.example", ADMIN)
