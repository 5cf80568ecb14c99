"""Suppliers that came by themselves: the platform reads who they say they are beside its own trade, and says."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Membership, Party, User
from accounts.parties.services import register_supplier
from logistics.orders.models import SupplierNumber
from logistics.orders.numbers import propose_number
from tests import world
from tests.world import NOW, as_member


@pytest.fixture
def asked(lending) -> SupplierNumber:
    """Cinder, admitted, says that Meridian knows it as S-4711, under which there are orders."""
    user = User.objects.create(email="cas@cinder.example", password="!")
    cinder = register_supplier(user=user, name="Cinder", country="NL", registration_number="KVK 4711", now=NOW)
    Party.objects.filter(id=cinder.id).update(status="ADMITTED")
    seller = Party.objects.create(kind="SUPPLIER", name="cinder-4711", country="NL", created_at=NOW)
    world.known_as(lending.cast.meridian, **{"S-4711": seller})
    world.trade(seller, lending.cast.meridian, days=100, every=10)
    world.receivable(seller, lending.cast.meridian, "I-1", 250_00)
    actor = as_member("cas@cinder.example")
    return propose_number(actor=actor, platform_id=lending.cast.meridian.id, number="S-4711", now=NOW)


def page_of(browser, asked):
    return browser.get(reverse("platform:number", args=[asked.id]))


def confirm(browser, asked):
    return browser.post(reverse("platform:confirm_number", args=[asked.id]))


def refuse(browser, asked, **form):
    return browser.post(reverse("platform:refuse_number", args=[asked.id]), form)


def test_it_stands_on_the_first_page_and_on_the_list_of_suppliers(marc, asked):
    rows = marc.get(reverse("platform:home")).context["found"].rows
    (row,) = [row for row in rows if row["kind"] == "RECOGNISE"]
    assert (row["subject"], row["who"]) == ("S-4711", "Cinder")
    assert row["url"] == reverse("platform:number", args=[asked.id])
    assert "Suppliers that came by themselves" in marc.get(reverse("platform:suppliers")).text


def test_who_asks_is_read_beside_what_the_trade_holds(marc, maya, asked):
    page = page_of(marc, asked)
    for said in ("Is Cinder your supplier?", "KVK 4711", "cinder-4711", "250.00"):
        assert said in page.text
    assert (page.context["beneath"].orders, page.context["may_confirm"]) == (10, True)
    theirs = page_of(maya, asked)
    assert not (theirs.context["may_confirm"] or theirs.context["may_refuse"])
    assert "A checker of your company decides this." in theirs.text
    assert confirm(maya, asked).status_code == 403
    asked.refresh_from_db()
    assert asked.status == "PROPOSED"


def test_who_was_let_in_lately_reads_from_when_on_it_may_confirm(marc, asked):
    Membership.objects.filter(user__email="marc@meridian.example").update(created_at=timezone.now())
    page = page_of(marc, asked)
    assert "You were let in a short while ago: you may confirm it from" in page.text
    assert (page.context["may_confirm"], page.context["may_refuse"]) == (False, True)
    assert confirm(marc, asked).status_code == 403


def test_with_the_platforms_word_the_supplier_stands_among_its_suppliers(marc, asked):
    for _ in range(2):
        assert confirm(marc, asked).url == reverse("platform:number", args=[asked.id])
    assert "You know it by this number" in page_of(marc, asked).text
    page = marc.get(reverse("platform:suppliers"))
    assert "Cinder" in page.text
    assert "Suppliers that came by themselves" not in page.text
    assert "RECOGNISE" not in {row["kind"] for row in marc.get(reverse("platform:home")).context["found"].rows}


def test_a_refusal_says_why(marc, asked):
    page = refuse(marc, asked, reason="")
    assert page.status_code == 422
    assert "This field is required." in page.text
    assert "REASON_MISSING" in page.text  # beside the dialog, which is closed again
    assert refuse(marc, asked, reason="That is another company.").url == reverse("platform:suppliers")
    asked.refresh_from_db()
    assert (asked.status, asked.reason) == ("REFUSED", "That is another company.")
    page = confirm(marc, asked)  # a stale page
    assert page.status_code == 409
    assert "You do not know it by this number: That is another company." in page.text


def test_who_is_not_verified_waits_for_the_operator(marc, asked):
    Party.objects.filter(id=asked.supplier_id).update(status="PROSPECT")
    assert "RECOGNISE" not in {row["kind"] for row in marc.get(reverse("platform:home")).context["found"].rows}
    page = page_of(marc, asked)
    assert "The operator verifies the company first." in page.text
    assert not page.context["may_confirm"]
    assert confirm(marc, asked).status_code == 409
    asked.refresh_from_db()
    assert asked.status == "PROPOSED"


def test_a_number_in_use_is_not_offered(marc, asked):
    Party.objects.filter(name="cinder-4711").update(status="ADMITTED")
    page = page_of(marc, asked)
    assert "belongs to a supplier that has people or other business here" in page.text
    assert not page.context["may_confirm"]
    assert confirm(marc, asked).status_code == 409
