"""Search finds what one may see and look at, by the beginning of its number or a part of its name, and nothing else."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.parties.models import Membership, User
from financing.advances import services
from financing.advances.models import Advance, Application
from financing.banking.models import PaymentInstruction
from financing.receivables.rules import normalise_number
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import NOW, as_member


@pytest.fixture
def lent(trading):
    """Amphora has applied for 3,000 and is being paid."""
    quote = services.quote(
        actor=as_member("ana@amphora.example"), facility_id=trading.amphora_facility.id, amount_minor=3_000_00, now=NOW
    )
    services.apply(actor=as_member("ana@amphora.example"), quote_id=quote.id, now=NOW)
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[Application.objects.get().id], now=NOW)
    return trading


def invoice(supplier, platform, number):
    return world.receivable(supplier, platform, number, normalised_number=normalise_number(number))


def found(browser, text) -> list[tuple[str, str]]:
    """Kind and title of what the API finds, which is what the palette shows."""
    answer = browser.get("/api/v1/search/", {"q": text})
    assert answer.status_code == 200, answer.content
    return [(each["kind"], each["title"]) for each in answer.json()["results"]]


def palette(browser, text="") -> str:
    return browser.get("/search/", {"q": text}, headers={"x-palette": "1"}).content.decode()


@pytest.mark.parametrize("typed", ["INV-00", "inv 001", "INV-12", "inv-0012", "inv"])
def test_an_invoice_is_found_by_the_beginning_of_its_number_however_it_is_written(lending, as_user, typed):
    invoice(lending.cast.amphora, lending.cast.meridian, "INV-0012")
    assert found(as_user("ana@amphora.example"), typed) == [("receivable", "INV-0012")]


def test_what_was_typed_in_full_comes_first(lending, as_user):
    for number in ("Z-122", "Z-12", "Z-1234", "Z-120", "Z-121", "Z-123", "Z-124", "Z-125"):
        invoice(lending.cast.amphora, lending.cast.meridian, number)
    assert found(as_user("ana@amphora.example"), "z-12")[0] == ("receivable", "Z-12")
    answer = as_user("ana@amphora.example").get("/api/v1/search/", {"q": "z-12"}).json()
    assert (len(answer["results"]), answer["more"]) == (6, ["receivable"])


def test_what_another_may_not_see_is_not_found_by_it(lent, as_user):
    invoice(lent.cast.amphora, lent.cast.meridian, "SECRET-7")
    advance, payment = Advance.objects.get(), PaymentInstruction.objects.get()
    for typed in ("SECRET-7", str(advance.id), payment.end_to_end_id, "amphora"):
        assert found(as_user("ben@bellows.example"), typed) == [], typed
        assert 'id="hit-' not in palette(as_user("ben@bellows.example"), typed)
        assert found(as_user("cleo@crown.example"), typed) == [], typed  # a bank that lends to nobody here
    assert found(as_user("ana@amphora.example"), "secret")[0] == ("receivable", "SECRET-7")
    # The platform sees its receivables and nothing of its suppliers' borrowing.
    assert found(as_user("maya@meridian.example"), "secret") == [("receivable", "SECRET-7")]
    assert found(as_user("maya@meridian.example"), str(advance.id)) == []


def test_one_reference_is_found_by_each_as_what_it_is_to_it(lent, as_user):
    reference = PaymentInstruction.objects.get().end_to_end_id
    advance = ("advance", f"Advance {Advance.objects.get().id}")
    payment = ("payment", reference)
    assert found(as_user("ana@amphora.example"), reference[:12]) == [advance, payment]
    assert found(as_user("vera@harbour.example"), reference) == [advance, payment]
    assert found(as_user("wim@watch.example"), reference) == [payment]


def test_advance_application_and_quote_are_found_by_number(lent, as_user):
    advance = Advance.objects.get()
    application = Application.objects.get()
    numbers = {"Advance": advance.id, "Application": application.id, "Quote": application.quote_id}
    for noun, number in numbers.items():
        assert (noun.lower(), f"{noun} {number}") in found(as_user("ana@amphora.example"), str(number))
    assert ("advance", f"Advance {advance.id}") in found(as_user("hana@harbour.example"), f"advance #{advance.id}")
    assert ("policy", "Policy 1") in found(as_user("hana@harbour.example"), "policy 1")


def test_parties_are_found_by_any_part_of_the_name_and_by_their_number(lending, as_user):
    wim = as_user("wim@watch.example")
    for typed in ("ellow", "BELL", "hrb 1005"):
        assert found(wim, typed) == [("party", "Bellows")], typed


def test_a_platform_finds_the_suppliers_that_trade_with_it_by_name_and_number(lending, as_user):
    invoice(lending.cast.amphora, lending.cast.meridian, "A-1")
    maya = as_user("maya@meridian.example")
    for typed in ("mphor", "AMPHORA", "hrb 1004"):
        assert found(maya, typed) == [("supplier", "Amphora")], typed
    assert f'href="/platform/suppliers/{lending.cast.amphora.id}/"' in palette(maya, "mphor")
    for typed in ("bellows", "harbour"):  # no trade with it, and no supplier
        assert found(maya, typed) == [], typed


def test_a_role_that_may_not_look_at_a_kind_does_not_find_it(lending, as_user):
    """A maker of the supplier's has no pages of parties, and a bank's payments are none of its business."""
    assert found(as_user("ana@amphora.example"), "Meridian") == []


def test_a_subject_of_events_is_found_by_its_name_in_them(lent, as_user):
    subject = f"advances.advance:{Advance.objects.get().id}"
    assert [kind for kind, _title in found(as_user("ana@amphora.example"), subject)] == ["event"]
    assert found(as_user("ben@bellows.example"), subject) == []
    facility = f"credit.facility:{lent.amphora_facility.id}"  # of which a funder has no page
    assert f'href="/events/?subject={facility}"' in palette(as_user("hana@harbour.example"), facility)


def test_each_hit_leads_to_a_page_that_opens(lent, as_user):
    for email, typed in (
        ("ana@amphora.example", "A-"), ("ana@amphora.example", str(Advance.objects.get().id)),
        ("maya@meridian.example", "A-"), ("hugo@harbour.example", str(Advance.objects.get().id)),
        ("wim@watch.example", "amph"), ("wim@watch.example", PaymentInstruction.objects.get().end_to_end_id),
    ):  # fmt: skip
        browser = as_user(email)
        links = re.findall(r'id="hit-[^"]+" tabindex="-1" href="([^"]+)"', palette(browser, typed))
        assert links, (email, typed)
        for link in links:
            assert browser.get(link, follow=True).status_code == 200, link


@pytest.mark.parametrize("typed", ["%", "_", "q%", "\\", "' OR 1=1", "\x00ab", "汉字", "9" * 18, "9" * 60, "a" * 500])
def test_whatever_is_typed_is_only_looked_for(lent, as_user, typed):
    assert found(as_user("ana@amphora.example"), typed + "!!") == []
    assert as_user("ana@amphora.example").get("/search/", {"q": typed}).status_code == 200


def test_less_than_two_letters_are_refused_by_the_api(lending, as_user):
    for asked in ({}, {"q": ""}, {"q": "a"}):
        answer = as_user("ana@amphora.example").get("/api/v1/search/", asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "QUERY_TOO_SHORT")


def test_the_palette_offers_the_pages_and_deeds_of_the_role(lending, as_user):
    mine, hers = palette(as_user("ana@amphora.example")), palette(as_user("aldo@amphora.example"))
    assert 'href="/supplier/receivables/upload/"' in mine and 'href="/supplier/receivables/upload/"' not in hers
    for page in (mine, hers):
        assert 'href="/supplier/advances/"' in page and 'href="/funding/"' not in page
    assert "Settle what is due" in palette(as_user("maya@meridian.example"), "settle due")
    assert "Settle what is due" not in palette(as_user("marc@meridian.example"), "settle due")


def test_the_palette_switches_to_another_party_of_the_person(lending, as_user):
    hugo = User.objects.get(email="hugo@harbour.example")
    assert "Act for" not in palette(as_user("hugo@harbour.example"), "crown")
    Membership.objects.create(user=hugo, party=lending.cast.crown, role="VIEWER", created_at=NOW)
    browser = as_user("hugo@harbour.example")
    page = palette(browser, "crown")  # the first by name is acted for
    assert "Act for" not in page
    page = palette(browser, "harbour")
    assert f'formaction="/party/" name="party" value="{lending.cast.harbour.id}"' in page


def test_the_number_of_queries_does_not_grow_with_what_is_found(lending, as_user):
    counts = []
    for batch in (range(10, 12), range(20, 60)):
        for number in batch:
            invoice(lending.cast.amphora, lending.cast.meridian, f"Q-{number}")
        browser = as_user("ana@amphora.example")
        with CaptureQueriesContext(connection) as queries:
            palette(browser, "q-")
        counts.append(len(queries))
    assert counts[0] == counts[1] < 40


def test_a_stranger_finds_nothing(db, client):
    assert client.get("/search/?q=a").headers["Location"].startswith("/accounts/login/")
    assert client.get("/api/v1/search/?q=ab").status_code == 401
