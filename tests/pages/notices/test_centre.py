"""The bell, the notice centre and what is mailed, as people open them."""

import pytest
from django.urls import reverse

from accounts.notices import services
from accounts.notices.models import Notice, Preferences
from accounts.parties.models import BusinessVerification
from financing.receivables.models import CreditNote, SettlementPayment
from tests import world
from tests.notices.conftest import funded, happened
from tests.world import NOW


@pytest.fixture
def cast(db):
    people = world.cast()
    services.write(events=[funded(people, number) for number in (1, 2)], now=NOW)
    return people


def of(name: str):
    return Notice.objects.filter(user__email=f"{name}@amphora.example").order_by("id")


def test_the_bell_counts_what_is_unread_and_says_so_to_screen_readers(cast, as_user):
    page = as_user("ana@amphora.example").get(reverse("events")).text
    assert '<span class="bell-number" aria-hidden="true">2</span>' in page and "2 unread" in page
    assert "bell-number" not in as_user("ben@bellows.example").get(reverse("events")).text


def test_a_hundred_are_counted_no_further(cast, as_user):
    services.write(events=[funded(cast, number) for number in range(10, 120)], now=NOW)
    assert ">99+</span>" in as_user("ana@amphora.example").get(reverse("notices_bell")).text


def test_a_notice_leads_to_its_subject_and_is_read_by_going_there(cast, as_user):
    first = of("ana").first()
    answer = as_user("ana@amphora.example").get(reverse("notice_open", args=[first.id]))
    assert (answer.status_code, answer["Location"]) == (302, "/supplier/advances/1/")
    assert [row.read_at is None for row in of("ana")] == [False, True]
    assert [row.read_at for row in of("aldo")] == [None, None]


def test_what_has_no_page_of_its_own_leads_to_what_it_is_shown_with(cast, as_user):
    """A credit note to its invoice; a payment of a settlement to the settlement, whose number is another."""
    note = happened("credit_note.received", CreditNote(id=3), cast.amphora, receivable=7, number="CN-1")
    paid = happened("settlement.booked", SettlementPayment(id=4), cast.meridian, settlement=8, amount_minor=1_00,
                    currency="EUR")  # fmt: skip
    services.write(events=[note, paid], now=NOW)
    for email, event, address in (
        ("ana@amphora.example", note, "/supplier/receivables/7/"),
        ("maya@meridian.example", paid, "/platform/settlements/8/"),
    ):
        notice = Notice.objects.get(user__email=email, event=event)
        assert as_user(email).get(reverse("notice_open", args=[notice.id]))["Location"] == address


def test_an_operator_reads_whom_each_verification_is_of(cast, as_user):
    rows = BusinessVerification.objects.order_by("id")
    services.write(events=[happened("verification.submitted", row, row.party, cast.watch) for row in rows], now=NOW)
    wim = as_user("wim@watch.example")
    for name in ("notices", "notices_latest"):
        page = wim.get(reverse(name)).text
        assert page.count("A supplier waits to be screened") >= 2
        assert "Amphora GmbH" in page and "Bellows GmbH" in page


def test_anothers_notice_is_not_there_and_stays_unread(cast, as_user):
    number = of("ana").first().id
    for email in ("aldo@amphora.example", "ben@bellows.example"):
        browser = as_user(email)
        assert browser.get(reverse("notice_open", args=[number])).status_code == 404
        assert browser.post(reverse("notice_read", args=[number])).status_code == 404
    assert of("ana").unread().count() == 2


def test_all_are_read_up_to_what_the_page_showed(cast, as_user):
    ana, seen = as_user("ana@amphora.example"), of("ana").last().id
    services.write(events=[funded(cast, 3)], now=NOW)
    answer = ana.post(reverse("notices_read_all"), {"up_to": seen, "next": "https://evil.example/"})
    assert answer["Location"] == reverse("notices")
    assert of("ana").unread().count() == 1


def test_the_centre_is_narrowed_by_topic_and_to_what_is_unread(cast, as_user):
    services.write(events=[happened("client.created", cast.amphora, cast.amphora)], now=NOW)
    ana = as_user("ana@amphora.example")
    assert [each.notice.topic for each in ana.get(reverse("notices")).context["shown"]] == ["people", "money", "money"]
    assert len(ana.get(reverse("notices"), {"topic": "money"}).context["shown"]) == 2
    assert "Nothing like this" in ana.get(reverse("notices"), {"topic": "work"}).text
    services.mark_all_read(actor=world.as_member("ana@amphora.example"), now=NOW)
    assert "You have read everything." in ana.get(reverse("notices"), {"unread": "1"}).text
    assert "Nothing yet" in as_user("ben@bellows.example").get(reverse("notices")).text


def test_the_centre_costs_no_more_for_many(cast, as_user, django_assert_max_num_queries):
    services.write(events=[funded(cast, number) for number in range(10, 80)], now=NOW)
    ana = as_user("ana@amphora.example")
    with django_assert_max_num_queries(6):
        first = ana.get(reverse("notices"))
    assert len(first.context["shown"]) == 50
    assert len(ana.get(reverse("notices"), {"before": first.context["older"]}).context["shown"]) == 22


def test_what_is_mailed_is_chosen_and_the_rest_stays_as_usual(cast, as_user):
    ana = as_user("ana@amphora.example")
    answer = ana.post(reverse("notice_preferences"), {"money": "NEVER", "invoices": "DAILY", "discreet": "1"})
    assert answer.status_code == 302
    kept = Preferences.objects.get()
    assert (kept.cadences, kept.discreet) == ({"money": "NEVER"}, True)
    assert "Saved" in ana.get(answer["Location"]).text
    assert ana.post(reverse("notice_preferences"), {"money": "HOURLY"}).status_code == 422
    assert Preferences.objects.get().cadences == {"money": "NEVER"}


def test_strangers_sign_in_first(client, db):
    for name in ("notices", "notices_bell", "notices_latest", "notice_preferences"):
        assert client.get(reverse(name))["Location"].startswith("/accounts/login/"), name
