"""A party's own page: everybody of it reads, its administrator changes, and nobody acts for another by mistake."""

from datetime import datetime, timedelta
from urllib.parse import quote

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Event
from financing.banking.models import BankAccount
from financing.banking.services import replace_account
from portal.middleware import SESSION_PARTY
from tests import world
from tests.world import NOW, PASSWORD, as_member

SETTINGS = "/party/settings/"
OTHER_IBAN = "DE89370400440532013000"


@pytest.fixture
def lending(db):
    return world.lending()


@pytest.fixture
def ana(lending, as_user) -> Browser:
    return as_user("ana@amphora.example")


def test_everybody_reads_and_the_administrator_is_shown_what_may_be_changed(lending, ana, as_user):
    page = ana.get(SETTINGS).content.decode()
    assert lending.cast.amphora.registration_number in page and world.IBANS["amphora"] in page
    assert 'name="time_zone"' in page and "Replace" in page
    looked = as_user("aldo@amphora.example").get(SETTINGS).content.decode()
    assert world.IBANS["amphora"] in looked and "Your administrator changes it." in looked
    assert 'name="time_zone"' not in looked and "Replace" not in looked


def test_the_days_are_those_of_the_zone_that_the_administrator_chooses(lending, ana, as_user):
    answer = ana.post(SETTINGS, {"time_zone": "Asia/Shanghai"}, follow=True)
    assert "Your days are those of Asia/Shanghai now." in answer.content.decode()
    amphora = Party.objects.get(id=lending.cast.amphora.id)
    assert amphora.time_zone == "Asia/Shanghai"
    assert Event.objects.get(name="party.edited").payload == {"time_zone": "Asia/Shanghai", "before": "UTC"}
    assert ana.post(SETTINGS, {"time_zone": "Mars/Olympus"}).status_code == 422
    assert as_user("aldo@amphora.example").post(SETTINGS, {"time_zone": "UTC"}).status_code == 403
    amphora.refresh_from_db()
    assert amphora.time_zone == "Asia/Shanghai"


def test_a_session_alone_does_not_change_where_a_party_is_paid(lending, ana):
    person = User.objects.get(email="ana@amphora.example")
    person.set_password(PASSWORD)
    person.save()
    ana.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    old = BankAccount.objects.get(party=lending.cast.amphora)
    page, confirm = f"{SETTINGS}accounts/{old.id}/", reverse("account_reauthenticate")
    assert ana.get(page).url == f"{confirm}?next={quote(page, safe='')}"
    assert ana.post(page, {"currency": old.currency, "holder": "Thief", "iban": OTHER_IBAN}).url == page
    assert ana.post(f"{page}close/").url == f"{confirm}?next={quote(SETTINGS, safe='')}"
    assert list(BankAccount.objects.filter(party=lending.cast.amphora, closed_at=None)) == [old]
    ana.post(confirm, {"password": PASSWORD, "next": page})
    ana.post(page, {"currency": old.currency, "holder": "Amphora", "iban": OTHER_IBAN})
    new = BankAccount.objects.get(party=lending.cast.amphora, iban=OTHER_IBAN)
    assert (new.status, BankAccount.objects.get(id=old.id).status) == ("WAITING", "IN_FORCE")


def proposed(lending) -> BankAccount:
    """Amphora's Ana proposes another account."""
    old = BankAccount.objects.get(party=lending.cast.amphora)
    return replace_account(
        actor=as_member("ana@amphora.example"), account_id=old.id, holder="Amphora", iban=OTHER_IBAN, now=NOW
    )


def let_in(lending, name: str, since: datetime = NOW - timedelta(days=30)) -> None:
    """Another administrator of Amphora's, since long ago."""
    user = User.objects.create(email=f"{name}@amphora.example", full_name=name.capitalize(), password="!")
    Membership.objects.create(user=user, party=lending.cast.amphora, role="ADMIN", created_at=since)


def test_a_second_person_sees_both_accounts_and_confirms(lending, ana, as_user):
    let_in(lending, "bea")
    new, bea = proposed(lending), as_user("bea@amphora.example")
    page = f"{SETTINGS}accounts/{new.id}/confirm/"
    own = ana.get(SETTINGS).content.decode()
    assert "Waits for" in own and "Bea" in own and page not in own and "Withdraw the proposal?" in own
    assert page in bea.get(SETTINGS).content.decode()
    shown = bea.get(page).content.decode()
    assert world.IBANS["amphora"] in shown and OTHER_IBAN in shown and "Ana proposed it." in shown
    assert (ana.get(page).status_code, ana.post(page).status_code) == (403, 403)
    assert as_user("aldo@amphora.example").post(page).status_code == 403
    assert as_user("ben@bellows.example").post(page).status_code == 404
    assert bea.post(page).url == SETTINGS
    assert BankAccount.objects.in_force().get(party=lending.cast.amphora) == new
    assert bea.get(page).status_code == 404  # it waits no more


def test_whose_word_an_account_waits_for_is_told_by_the_first_page_and_the_api_to_nobody_else(lending, ana, as_user):
    let_in(lending, "bea"), let_in(lending, "cas", since=timezone.now())
    new = proposed(lending)
    page = f"{SETTINGS}accounts/{new.id}/confirm/"
    told = {}
    for name in ("ana", "bea", "cas", "aldo"):
        browser = as_user(f"{name}@amphora.example")
        needs = browser.get("/api/v1/needs/").json()["results"]
        asked = [each["resource"] for each in needs if each["kind"] == "CONFIRM_ACCOUNT"]
        told[name] = (page in browser.get("/supplier/").text, asked)
    here = (True, [f"bank-accounts/{new.id}/"])
    assert told == {"ana": (False, []), "bea": here, "cas": (False, []), "aldo": (False, [])}
    cas = as_user("cas@amphora.example")
    assert "You were let in a short while ago: you may confirm it from" in cas.get(SETTINGS).text
    assert "Be paid to the new account" not in cas.get(page).text
    refused = cas.post(page)
    assert (refused.status_code, "LET_IN_LATELY" in refused.text) == (403, True)
    assert BankAccount.objects.get(id=new.id).status == "WAITING"


def test_the_second_person_confirms_first_who_it_is(lending, as_user):
    let_in(lending, "bea")
    new, person = proposed(lending), User.objects.get(email="bea@amphora.example")
    person.set_password(PASSWORD)
    person.save()
    bea = as_user(person.email)
    page = f"{SETTINGS}accounts/{new.id}/confirm/"
    assert bea.get(page).url == f"{reverse('account_reauthenticate')}?next={quote(page, safe='')}"
    assert bea.post(page).url == page
    assert BankAccount.objects.get(id=new.id).status == "WAITING"


def test_a_proposal_is_withdrawn_or_refused_on_the_page(lending, ana, as_user):
    let_in(lending, "bea")
    for browser, status in ((ana, "WITHDRAWN"), (as_user("bea@amphora.example"), "REFUSED")):
        BankAccount.objects.filter(status="WAITING").update(status="WITHDRAWN", closed_at=NOW)
        old = BankAccount.objects.in_force().get(party=lending.cast.amphora)
        new = replace_account(
            actor=as_member("ana@amphora.example"), account_id=old.id, holder="A", iban=OTHER_IBAN, now=NOW
        )
        assert as_user("aldo@amphora.example").post(f"{SETTINGS}accounts/{new.id}/end/").status_code == 403
        assert browser.post(f"{SETTINGS}accounts/{new.id}/end/").url == SETTINGS
        new.refresh_from_db()
        assert (new.status, BankAccount.objects.in_force().get(party=lending.cast.amphora)) == (status, old)


def test_an_account_is_closed_and_another_proposed(lending, ana):
    old = BankAccount.objects.get(party=lending.cast.amphora)
    assert ana.post(f"{SETTINGS}accounts/{old.id}/close/").status_code == 302
    old.refresh_from_db()
    assert old.closed_at is not None
    given = {"holder": "Amphora", "iban": "not one", "bic": "", "currency": "EUR"}
    refused = ana.post(f"{SETTINGS}accounts/", given)
    assert refused.status_code == 422 and "This is not a valid IBAN." in refused.content.decode()
    assert ana.post(f"{SETTINGS}accounts/", given | {"iban": OTHER_IBAN}).status_code == 302
    new = BankAccount.objects.get(party=lending.cast.amphora, closed_at=None)
    assert (new.iban, new.currency, new.connected, new.status) == (OTHER_IBAN, "EUR", False, "WAITING")
    assert ana.get(f"{SETTINGS}accounts/{new.id}/").status_code == 404  # what waits is withdrawn, not replaced
    assert ana.post(f"{SETTINGS}accounts/{old.id}/close/").status_code == 404  # closed before


def test_what_the_portal_is_connected_to_is_the_operators_to_change(lending, as_user):
    account = BankAccount.objects.get(party=lending.cast.harbour)
    Membership.objects.filter(user__email="hana@harbour.example").update(role="ADMIN")
    hana = as_user("hana@harbour.example")
    page = hana.get(SETTINGS).content.decode()
    assert "connected to the bank" in page and f"accounts/{account.id}/" not in page
    refused = hana.post(f"{SETTINGS}accounts/{account.id}/close/")
    assert refused.status_code == 422 and "CONNECTED_BY_OPERATOR" in refused.content.decode()
    account.refresh_from_db()
    assert account.closed_at is None


@pytest.mark.parametrize("path", [SETTINGS, "/party/members/"])
def test_a_page_of_a_party_that_one_has_left_does_nothing_to_another(lending, ana, path):
    """The session still names the one that was left; what is posted was meant for it."""
    user = User.objects.get(email="ana@amphora.example")
    Membership.objects.create(user=user, party=lending.cast.bellows, role="ADMIN", created_at=NOW)
    session = ana.session
    session[SESSION_PARTY] = lending.cast.amphora.id
    session.save()
    Membership.objects.filter(user=user, party=lending.cast.amphora).update(ended_at=NOW)
    before = Event.objects.count()
    answer = ana.post(path, {"time_zone": "Asia/Shanghai", "email": "x@bellows.example", "role": "ADMIN"})
    assert (answer.status_code, "NO_LONGER_MEMBER" in answer.content.decode()) == (409, True)
    assert Event.objects.count() == before
    assert Party.objects.get(id=lending.cast.bellows.id).time_zone == "UTC"


@pytest.mark.parametrize(("more", "is_searched"), [(7, False), (8, True)])
def test_who_acts_for_more_than_eight_looks_for_a_party_by_its_name(lending, ana, more, is_searched):
    user = User.objects.get(email="ana@amphora.example")
    for number in range(more):
        party = Party.objects.create(
            kind="SUPPLIER", name=f"Company {number}", country="DE", status="ADMITTED", created_at=NOW
        )
        Membership.objects.create(user=user, party=party, role="VIEWER", created_at=NOW)
    page = ana.get(SETTINGS).content.decode()
    assert ("data-choose-by" in page, "js/parties" in page) == (is_searched, is_searched)
    assert page.count(">Company 3<") == 2  # in the frame, and in the menu of a phone
