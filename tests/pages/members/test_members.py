"""Colleagues on the pages: invited, withdrawn, ended; and the page to which the letter leads."""

import re

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.parties import mailing
from accounts.parties.models import Invitation, Membership, User
from tests.world import NOW, cast, confirmed

IRIS = "iris@amphora.example"


@pytest.fixture
def people(db):
    return cast()


@pytest.fixture
def ana(people, as_user) -> Browser:
    return confirmed(as_user("ana@amphora.example"))


@pytest.fixture
def letter(ana, mailoutbox) -> str:
    """The address in the letter to Iris."""
    answer = ana.post("/party/members/", {"email": IRIS, "role": "CHECKER"})
    assert (answer.status_code, answer["Location"]) == (302, "/party/members/")
    mailing.send_due(now=timezone.now())
    return re.search(r"/invitation/[\w-]+/", mailoutbox[-1].body)[0]


def test_an_administrator_sees_who_acts_and_who_is_invited(ana, letter):
    page = ana.get("/party/members/").content.decode()
    assert f"The letter to {IRIS} is on its way." in page and "ana@amphora.example" in page
    assert "Somebody was invited to act for you as Checker" in page
    number = Invitation.objects.get().id
    page = ana.post(f"/party/members/invitations/{number}/revoke/", follow=True).content.decode()
    assert f"The invitation of {IRIS} is withdrawn." in page and "Nobody is invited at the moment" in page
    assert ana.post(f"/party/members/invitations/{number}/revoke/").status_code == 422
    assert Browser().get(letter).status_code == 404


def test_a_role_is_ended_but_not_the_last_administrators(ana, people):
    aldo = Membership.objects.get(user__email="aldo@amphora.example")
    own = Membership.objects.get(user__email="ana@amphora.example", role="ADMIN")
    assert ana.post(f"/party/members/{aldo.id}/end/").status_code == 302
    answer = ana.post(f"/party/members/{own.id}/end/")
    assert answer.status_code == 422 and "LAST_ADMINISTRATOR" in answer.content.decode()
    aldo.refresh_from_db(), own.refresh_from_db()
    assert aldo.ended_at is not None and own.ended_at is None


@pytest.mark.parametrize("given", [{"email": "iris", "role": "MAKER"}, {"email": IRIS, "role": "KING"}])
def test_what_is_not_possible_is_told_beside_the_field(ana, given):
    answer = ana.post("/party/members/", given)
    assert answer.status_code == 422 and "field-error" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_whoever_is_signed_out_comes_in_first_and_returns(letter, people):
    page = Browser().get(letter).content.decode()
    assert f'href="/accounts/login/?next={letter}"' in page and f'href="/accounts/signup/?next={letter}"' in page
    given = {"email": IRIS, "password1": "a quay by the sea", "password2": "a quay by the sea", "next": letter}
    iris = Browser()
    assert iris.post("/accounts/signup/", given)["Location"] == letter
    assert "Act for Amphora" in iris.get(letter).content.decode()
    answer = iris.post(letter, follow=True)
    assert "You now act for Amphora." in answer.content.decode()
    assert iris.get("/api/v1/me/").json()["roles"] == ["CHECKER"]
    for method in ("get", "post"):
        assert getattr(iris, method)(letter).status_code == 404


def test_whoever_confirms_the_address_first_is_led_back_to_the_invitation(letter, mailoutbox, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    iris, password = Browser(), "a quay by the sea"
    iris.get(letter)
    given = {"email": IRIS, "password1": password, "password2": password, "next": letter}
    assert iris.post("/accounts/signup/", given)["Location"] == "/accounts/confirm-email/"
    iris.post(re.search(r"/accounts/confirm-email/\S+/", mailoutbox[-1].body)[0])

    answer = iris.post("/accounts/login/", {"login": IRIS, "password": password}, follow=True)

    assert answer.redirect_chain[-1] == (letter, 302)
    assert "You now act for Amphora." in iris.post(letter, follow=True).text
    # It is used up: whoever acts for nobody later signs a company up.
    Membership.objects.filter(user__email=IRIS).update(ended_at=timezone.now())
    assert iris.get("/")["Location"] == "/supplier/register/"


def test_whoever_signs_up_on_an_invitation_does_so_with_its_address(letter):
    page = Browser().get("/accounts/signup/", {"next": letter})
    email = page.context["form"]["email"]
    assert (email.value(), email.field.widget.attrs["readonly"]) == (IRIS, True)
    assert "You were invited to act for Amphora." in page.text
    given = {"email": "other@amphora.example", "password1": "a quay by the sea", "password2": "a quay by the sea"}
    refused = Browser().post("/accounts/signup/", given | {"next": letter})
    assert f"The invitation was sent to {IRIS}" in refused.context["form"].errors["email"][0]
    assert not User.objects.filter(email=given["email"]).exists()


@pytest.mark.parametrize("following", ["", "/", "/invitation/unknown/", "https://elsewhere.example/invitation/x/"])
def test_without_an_invitation_that_holds_anybody_signs_up_with_any_address(letter, following):
    page = Browser().get("/accounts/signup/", {"next": following})
    assert page.context["form"]["email"].value() is None and "invited" not in page.text


def test_whoever_is_signed_out_accepts_nothing(letter):
    assert Browser().post(letter).status_code == 200
    assert Invitation.objects.get().accepted_at is None


def test_another_is_told_so_and_no_more(letter, as_user):
    ben = as_user("ben@bellows.example")
    for method in ("get", "post"):
        answer = getattr(ben, method)(letter)
        page = answer.content.decode()
        assert answer.status_code == 403 and "was sent to another address" in page
        assert "Amphora" not in page and IRIS not in page
    assert Invitation.objects.get().accepted_at is None


def test_unknown_and_withdrawn_are_told_alike(letter):
    Invitation.objects.update(revoked_at=NOW)
    pages = [Browser().get(path) for path in (letter, "/invitation/made-up/")]
    assert [page.status_code for page in pages] == [404, 404]
    assert all("This invitation no longer holds." in page.content.decode() for page in pages)
    assert all("Amphora" not in page.content.decode() for page in pages)
    assert all('class="btn btn-primary" href="/accounts/login/"' in page.content.decode() for page in pages)


def test_the_operator_lets_the_first_administrator_in_from_the_partys_page(people, as_user):
    will = User.objects.create_user("will@watch.example")
    Membership.objects.create(user=will, party=people.watch, role="ADMIN", created_at=NOW)
    browser, path = as_user(will.email), f"/operations/parties/{people.bellows.id}/"
    assert "Invite its first administrator" not in browser.get(path).content.decode()
    assert browser.post(f"{path}invite/", {"email": IRIS}).status_code == 422
    Membership.objects.filter(party=people.bellows).update(ended_at=NOW)
    assert "Invite its first administrator" in browser.get(path).content.decode()
    assert browser.post(f"{path}invite/", {"email": IRIS}).status_code == 302
    made = Invitation.objects.get()
    assert (made.party, made.email, made.role) == (people.bellows, IRIS, "ADMIN")


def test_as_many_queries_for_many_colleagues_as_for_one(ana, people):
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            ana.get("/party/members/")
        return len(seen)

    _one_more(people, 0)
    ana.get("/party/members/")
    before = asked()
    for number in range(1, 6):
        _one_more(people, number)
    assert asked() == before


def _one_more(people, number: int) -> None:
    user = User.objects.create(email=f"u{number}@amphora.example", password="!")
    Membership.objects.create(user=user, party=people.amphora, role="VIEWER", created_at=NOW)
    Invitation.objects.create(
        party=people.amphora, email=f"i{number}@amphora.example", role="VIEWER", token_hash=str(number),
        created_at=NOW, expires_at=NOW.replace(year=2100),
    )  # fmt: skip


def test_a_long_list_of_colleagues_goes_on_on_another_page_and_so_does_the_operators(ana, people, as_user):
    world = User.objects.bulk_create(User(email=f"u{n:02}@amphora.example", password="!") for n in range(30))
    Membership.objects.bulk_create(
        Membership(user=each, party=people.amphora, role="VIEWER", created_at=NOW) for each in world
    )
    first, second = ana.get("/party/members/").text, ana.get("/party/members/?members-page=2").text
    assert "1–25 of 32" in first and "?members-page=2" in first and "26–32 of 32" in second
    assert ("u22@amphora.example" in first, "u23@amphora.example" in first) == (True, False)
    assert ("u22@amphora.example" in second, "u29@amphora.example" in second) == (False, True)
    assert ana.get("/party/members/?members-page=99").text.count("u29@amphora.example") > 0  # the last there is
    shown = as_user("wim@watch.example").get(f"/operations/parties/{people.amphora.id}/")
    assert "1–25 of 32" in shown.text and "Invite its first administrator" not in shown.text
