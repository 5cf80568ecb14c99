"""What happened, as each party may know it."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.trail.services import News, record
from financing.advances import services
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting
from tests import world
from tests.world import NOW, as_member


@pytest.fixture
def lending(db):
    return world.lending()


@pytest.fixture
def quoted(lending):
    world.trade(lending.cast.amphora, lending.cast.meridian)
    world.receivable(lending.cast.amphora, lending.cast.meridian, "A-1", 2_000_00)
    ana = as_member("ana@amphora.example")
    return services.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=500_00, now=NOW)


def sentences(page) -> list[str]:
    return [each.sentence.replace("\xa0", " ") for each in page.context["happenings"]]


def test_a_supplier_reads_its_own_events_in_sentences_with_links(quoted, as_user):
    page = as_user("ana@amphora.example").get(reverse("events"))
    first = page.context["happenings"][0]
    assert sentences(page)[0] == "Quoted EUR 500.00"
    assert (first.actor, first.url) == ("Ana", reverse("supplier:quote", args=[quoted.id]))


def test_the_funder_reads_what_concerns_it_without_the_suppliers_people(quoted, as_user):
    page = as_user("hana@harbour.example").get(reverse("events"), {"about": "quote"})
    assert sentences(page) == ["Quoted EUR 500.00"]
    assert [each.actor for each in page.context["happenings"]] == [""]


def test_whoever_reads_of_many_suppliers_reads_of_which(quoted, as_user):
    funder = as_user("hana@harbour.example").get(reverse("events"), {"about": "quote"})
    assert [each.detail for each in funder.context["happenings"]] == [str(quoted.supplier)]
    supplier = as_user("ana@amphora.example").get(reverse("events"), {"about": "quote"})
    assert [each.detail for each in supplier.context["happenings"]] == [""]


def test_another_supplier_reads_nothing_of_it(quoted, as_user):
    page = as_user("ben@bellows.example").get(reverse("events"))
    assert "Quoted EUR 500.00" not in sentences(page)


def test_a_kind_of_events_is_chosen_and_an_unknown_one_is_none(quoted, as_user):
    ana = as_user("ana@amphora.example")
    assert sentences(ana.get(reverse("events"), {"about": "quote"})) == ["Quoted EUR 500.00"]
    assert len(sentences(ana.get(reverse("events"), {"about": "nonsense"}))) > 1
    assert "Nothing of this kind" in ana.get(reverse("events"), {"about": "settlement"}).text


def test_the_history_of_any_subject_is_told_to_those_who_may_know_it(quoted, lending, as_user):
    facility = {"subject": f"credit.facility:{lending.amphora_facility.id}"}
    for email in ("ana@amphora.example", "hana@harbour.example"):
        assert sentences(as_user(email).get(reverse("events"), facility)) == ["Joined the programme"]
    assert sentences(as_user("ben@bellows.example").get(reverse("events"), facility)) == []
    assert len(sentences(as_user("ana@amphora.example").get(reverse("events"), {"subject": "no subject"}))) > 1


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²", "1" * 19])
def test_a_page_that_is_no_number_is_the_newest(quoted, as_user, before):
    page = as_user("ana@amphora.example").get(reverse("events"), {"before": before})
    assert page.status_code == 200
    assert sentences(page)[0] == "Quoted EUR 500.00"


def test_older_events_are_a_page_further_and_cost_no_more(lending, as_user, django_assert_max_num_queries):
    amphora = lending.cast.amphora
    with acting(SYSTEM_ACTOR):
        record(SYSTEM_ACTOR, NOW, [News("nothing.known", amphora, (amphora.id,)) for _ in range(120)])
    ana = as_user("ana@amphora.example")
    with django_assert_max_num_queries(7):
        first = ana.get(reverse("events"))
    second = ana.get(reverse("events"), {"before": first.context["older"]})
    assert len(first.context["happenings"]) == len(second.context["happenings"]) == 50
    assert sentences(first)[0] == "nothing known"


def test_reasons_are_told_in_the_readers_words(quoted, as_user):
    made = services.apply(actor=as_member("ana@amphora.example"), quote_id=quoted.id, now=NOW)
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[made.id], now=NOW)
    told = {}
    for email in ("ana@amphora.example", "hana@harbour.example"):
        page = as_user(email).get(reverse("events"), {"about": "application"})
        told[email] = page.context["happenings"][0].detail
    assert told == {
        "ana@amphora.example": "Your request is within what is decided at once.",
        "hana@harbour.example": "Amphora · Within the policy's automatic authority.",
    }


def test_strangers_sign_in(db):
    assert Client().get(reverse("events")).url.startswith("/accounts/login/")
