"""The first pages of a bank and of a supervisor: what concerns them today, and what is not there yet."""

from collections.abc import Iterator
from copy import copy

import pytest
from django.db import transaction

from accounts.parties.models import Membership, Party, User
from financing.advances import services as advances
from financing.advances.models import Advance, Repayment
from financing.banking.services import register_account
from financing.credit.models import Facility
from financing.ledger.services import open_book
from financing.receivables.models import Settlement, SettlementPayment
from portal.shared.access import MAKER, SYSTEM_ACTOR
from tests import world
from tests.pages.payments.conftest import Told
from tests.world import CURRENCY, NOW, TODAY, Lending, as_member

BANKER, SUPERVISION = "/banking/", "/supervision/"
FEES = "DE02120300000000202051"


@pytest.fixture(autouse=True)
def undone(told: Told) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def sana(undone, as_user):
    sextant = Party.objects.create(
        kind=Party.Kind.SUPERVISOR, name="Sextant", country="NL", status="ADMITTED", created_at=NOW
    )
    user = User.objects.create(email="sana@sextant.example", full_name="Sana", password="!")
    Membership.objects.create(user=user, party=sextant, role=MAKER, created_at=NOW)
    return as_user("sana@sextant.example")


def account_of(party: Party, connected: bool = False):
    return register_account(
        actor=SYSTEM_ACTOR, party_id=party.id, holder=party.name, iban=FEES, currency=CURRENCY, connected=connected,
        now=NOW,
    )  # fmt: skip


def lent_by(funder: Party, lending: Lending) -> Advance:
    """An advance of 900.00 of which this funder lent 650.00 still: 250.00 have come back, and 12.00 with them."""
    world.trade(lending.cast.amphora, lending.cast.meridian)
    for number in range(4):
        world.receivable(lending.cast.amphora, lending.cast.meridian, f"A-{number}", 2_000_00)
    ana = as_member("ana@amphora.example")
    quote = advances.quote(actor=ana, facility_id=lending.amphora_facility.id, amount_minor=900_00, now=NOW)
    asked = advances.apply(actor=ana, quote_id=quote.id, now=NOW)
    advances.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[asked.id], now=NOW)
    advances.confirm_funding(actor=SYSTEM_ACTOR, value_dates={asked.advance.id: TODAY}, now=NOW)
    advance = Advance.objects.get()
    asked.quote.pk = None
    asked.quote.save(force_insert=True)
    asked.pk, asked.quote, asked.status = None, asked.quote, "SUBMITTED"
    asked.save(force_insert=True)
    advance.pk, advance.application, advance.funder, advance.instruction = None, asked, funder, None
    advance.principal_minor, advance.interest_minor, advance.fees_minor = 650_00, 3_00, 0
    advance.save(force_insert=True)
    settlement = Settlement.objects.create(
        debtor=lending.cast.meridian, currency=CURRENCY, key="s-1", created_at=NOW, request_hash="0" * 64
    )
    payment = SettlementPayment.objects.create(settlement=settlement, payee=funder, amount_minor=262_00)
    Repayment.objects.create(
        advance=advance, payment=payment, fees_minor=10_00, interest_minor=2_00, principal_minor=250_00,
        value_date=TODAY, recorded_at=NOW,
    )  # fmt: skip
    Facility.objects.filter(id=lending.amphora_facility.id).update(funder=funder)
    open_book(actor=SYSTEM_ACTOR, funder_id=funder.id, business_date=TODAY, now=NOW)
    return advance


def test_each_lands_on_its_own_first_page(as_user, sana):
    assert as_user("cleo@crown.example").get("/").url == BANKER
    assert sana.get("/").url == SUPERVISION


def test_a_bank_without_anything_is_told_what_comes_and_what_secures_it_now(as_user):
    shown = as_user("cleo@crown.example").get(BANKER)
    assert [n for _, n, _ in shown.context["waiting"]] == [0, 0, 0, 0]
    assert "No account of yours is on the portal yet" in shown.text
    assert "You lend nothing through the portal yet" in shown.text
    assert "The portal records no pledges of goods yet" in shown.text
    assert [str(each.user) for each in shown.context["people"].named] == ["Carl", "Cleo"]
    assert "Amphora" not in shown.text and "Harbour" not in shown.text


def test_a_first_page_names_a_few_of_many_people_and_says_how_many_more(as_user):
    crown = Party.objects.get(name="Crown")
    named = User.objects.bulk_create(
        User(email=f"u{n}@crown.example", full_name=f"Zoe {n}", password="!") for n in range(9)
    )
    Membership.objects.bulk_create(Membership(user=each, party=crown, role="VIEWER", created_at=NOW) for each in named)
    shown = as_user("cleo@crown.example").get(BANKER)
    assert [str(each.user) for each in shown.context["people"].named][-2:] == ["Zoe 4", "Zoe 5"]
    assert shown.context["people"].more == 3 and "and 3 more" in shown.text


def test_a_banks_accounts_and_payments_stand_on_its_first_page(told: Told, as_user):
    own = account_of(told.lending.cast.crown, connected=True)
    paid = copy(told.waiting)
    paid.pk, paid.key, paid.end_to_end_id = None, "to-crown", "TO-CROWN"
    paid.payee, paid.creditor_iban = told.lending.cast.crown, own.iban
    paid.save(force_insert=True)
    shown = as_user("cleo@crown.example").get(BANKER)
    assert [each.account for each in shown.context["accounts"]] == [own]
    assert [row.record.id for row in shown.context["table"].rows] == [paid.id]


def test_a_bank_that_lends_sees_first_what_is_lent_what_came_back_and_what_falls_due(told: Told, as_user):
    advance = lent_by(told.lending.cast.crown, told.lending)
    shown = as_user("cleo@crown.example").get(BANKER)
    lending_now = shown.context["lending"]
    assert (lending_now["lent"].total.principal_minor, lending_now["lent"].overdue_minor) == (650_00, 0)
    assert lending_now["repaid"] == {"principal": 250_00, "earned": 12_00}
    assert lending_now["due"] == [{"due_date": advance.due_date, "count": 1, "owed_minor": 653_00}]
    assert "You lend nothing through the portal yet" not in shown.text


def test_a_supervisor_finds_platforms_and_funders_its_account_and_people_and_no_supplier(sana):
    account_of(Party.objects.get(name="Sextant"))
    shown = sana.get(SUPERVISION)
    assert [row.record.name for row in shown.context["table"].rows] == ["Crown", "Harbour", "Meridian"]
    assert [each.account.iban for each in shown.context["accounts"]] == [FEES]
    assert [str(each.user) for each in shown.context["people"].named] == ["Sana"]
    assert "No warehouse is entered" in shown.text and "Amphora" not in shown.text


def test_a_supervisor_sees_no_payment_of_anybody(told: Told, sana):
    for address in ("/payments/", f"/payments/{told.booked.id}/", "/payments/statements/"):
        assert sana.get(address).status_code == 404
    assert as_member("sana@sextant.example").party_kind == Party.Kind.SUPERVISOR
