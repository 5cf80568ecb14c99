"""API clients on the pages, by administrators: made with a secret shown once, changed, given another one, shut out."""

import re
from functools import partial

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator

from accounts.clients.models import ClientSecret, PartyClient
from accounts.clients.services import change_client, create_client
from accounts.parties.models import User
from portal.shared.access import MAKER, SYSTEM_ACTOR
from portal.shared.scopes import offered_to
from tests.api.conftest import ask_token
from tests.walks import table
from tests.world import NOW, cast, confirmed


@pytest.fixture
def people(db):
    return cast()


def browser(email: str) -> Browser:
    found = Browser()
    found.force_login(User.objects.get(email=email))
    return confirmed(found)


@pytest.fixture
def ana(people) -> Browser:
    return browser("ana@amphora.example")


@pytest.fixture
def till(people) -> PartyClient:
    return create_client(actor=SYSTEM_ACTOR, party_id=people.amphora.id, name="Till", role=MAKER, now=NOW)[0]


def shown_secret(page: str) -> str:
    return next(part for part in page.split('data-copy="')[2:] if part).split('"')[0]


def test_a_machine_is_made_and_its_secret_shown_once(ana):
    assert "No machine acts for you yet" in ana.get("/party/clients/").content.decode()
    given = {"name": "ERP", "role": "MAKER", "scopes": ["receivables:read", "receivables:write"], "days": "90"}
    answer = ana.post("/party/clients/new/", given, follow=True)
    made = PartyClient.objects.get()
    assert (made.name, made.role, made.scopes) == ("ERP", "MAKER", given["scopes"])
    secret = shown_secret(answer.content.decode())
    assert ask_token(made.client_id, secret).status_code == 200
    assert answer["Cache-Control"] == "no-store"
    for path in ("/party/clients/", f"/party/clients/{made.id}/"):
        page = ana.get(path).content.decode()
        assert "ERP" in page and secret not in page


def test_a_page_that_shows_a_secret_and_is_loaded_again_makes_no_second_machine_and_shows_nothing(ana):
    given = {"name": "ERP", "role": "MAKER", "scopes": ["portolan"], "days": "90"}
    place = ana.post("/party/clients/new/", given)["Location"]
    made = PartyClient.objects.get()
    assert place.startswith(f"/party/clients/{made.id}/secret/?key=")
    sealed = str(dict(ana.session))
    elsewhere = browser("ana@amphora.example").get(place).text  # her own, in another browser
    missed = ana.get(place.partition("?")[0]).text  # whoever has the session alone
    secret = shown_secret(ana.get(place).text)
    assert ask_token(made.client_id, secret).status_code == 200
    again = ana.get(place)
    assert "The secret was shown already" in again.text
    for each in (sealed, elsewhere, missed, again.text, str(dict(ana.session))):
        assert secret not in each
    assert (PartyClient.objects.get(), ClientSecret.objects.count()) == (made, 1)


def test_a_machine_is_trusted_with_less_and_given_another_secret(ana, till):
    ana.post(f"/party/clients/{till.id}/", {"name": "Till 2", "role": "VIEWER", "scopes": ["advances:read"]})
    till = PartyClient.objects.get()
    assert (till.name, till.role, till.scopes) == ("Till 2", "VIEWER", ["advances:read"])
    answer = ana.post(f"/party/clients/{till.id}/rotate/", {"overlap_hours": "24"}, follow=True)
    assert ask_token(till.client_id, shown_secret(answer.content.decode())).status_code == 200
    assert ClientSecret.objects.count() == 2
    happened = [each.sentence for each in ana.get(f"/party/clients/{till.id}/").context["happenings"]]
    assert happened[-2:] == ["An API client was changed", "An API client was given another secret"]


def test_a_page_that_is_sent_again_makes_no_third_secret_and_ends_none(ana, till):
    page = ana.get(f"/party/clients/{till.id}/")
    given = {"overlap_hours": "24", "seen": page.context["secret_form"]["seen"].value()}
    first = ana.post(f"/party/clients/{till.id}/rotate/", given, follow=True)
    secrets = list(ClientSecret.objects.order_by("id").values("digest", "expires_at"))
    again = ana.post(f"/party/clients/{till.id}/rotate/", given, follow=True)
    assert "It was given another secret since you opened this page. Nothing was changed." in again.text
    assert list(ClientSecret.objects.order_by("id").values("digest", "expires_at")) == secrets
    assert ask_token(till.client_id, shown_secret(first.text)).status_code == 200


def test_a_page_of_before_gives_back_nothing_that_was_taken_since(ana, till):
    address = f"/party/clients/{till.id}/"
    seen = {"seen_hash": ana.get(address).context["form"].initial.get("seen_hash", "")}
    change_client(actor=SYSTEM_ACTOR, party_client_id=till.id, scopes=["advances:read"], now=NOW)
    page = ana.post(address, {"name": "Till 2", "role": "MAKER", "scopes": ["portolan"]} | seen)
    assert (page.status_code, "This has changed since you opened it." in page.text) == (409, True)
    till = PartyClient.objects.get()
    assert (till.name, till.scopes) == ("Till", ["advances:read"])
    again = {"name": "Till 2", "role": "MAKER", "scopes": ["advances:read"]}
    again["seen_hash"] = page.context["form"]["seen_hash"].value()
    assert ana.post(address, again).status_code == 302
    assert PartyClient.objects.get().name == "Till 2"


def test_a_machine_is_shut_out(ana, till):
    assert "Till is shut out." in ana.post(f"/party/clients/{till.id}/remove/", follow=True).content.decode()
    assert not PartyClient.objects.exists()


@pytest.mark.parametrize("fault", [{"name": ""}, {"scopes": []}, {"scopes": ["king"]}, {"role": "KING"}])
def test_what_is_not_possible_is_told_beside_the_field(ana, fault):
    answer = ana.post("/party/clients/new/", {"name": "ERP", "role": "MAKER", "scopes": ["portolan"]} | fault)
    assert answer.status_code == 422 and "field-error" in answer.content.decode()
    assert not PartyClient.objects.exists()


def test_others_find_nothing_and_insiders_without_the_role_are_refused(till):
    paths = [("get", ""), ("get", "secret/"), ("post", ""), ("post", "rotate/"), ("post", "remove/")]
    for email, status in (("ben@bellows.example", 404), ("aldo@amphora.example", 403), ("wim@watch.example", 404)):
        for method, path in paths:
            answer = getattr(browser(email), method)(f"/party/clients/{till.id}/{path}", {"overlap_hours": "0"})
            assert answer.status_code == status, (email, path)
    assert browser("aldo@amphora.example").get("/party/clients/").status_code == 403
    assert (PartyClient.objects.get(), ClientSecret.objects.count()) == (till, 1)


def test_the_statements_of_the_list_do_not_depend_on_its_rows(ana, till, people):
    with CaptureQueriesContext(connection) as one:
        ana.get("/party/clients/")
    for number in range(3):
        create_client(actor=SYSTEM_ACTOR, party_id=people.amphora.id, name=f"T{number}", role=MAKER, now=NOW)
    with CaptureQueriesContext(connection) as several:
        ana.get("/party/clients/")
    assert len(several) == len(one)


def test_nothing_is_chosen_beforehand_and_only_what_serves_a_supplier_is_offered(ana):
    field = ana.get("/party/clients/new/").context["form"]["scopes"]
    assert [each.data["selected"] for each in field] == [False] * len(field)
    offered = [each.data["value"] for each in field]
    assert offered[0] == "portolan" and {"receivables:write", "advances:write", "operations:read"} <= set(offered)
    assert not {"operations:write", "ledger:read", "settlements:write", "notices:read"} & set(offered)


def test_what_a_machine_has_already_stays_in_its_form(ana, till):
    change_client(actor=SYSTEM_ACTOR, party_client_id=till.id, scopes=["ledger:read"], now=NOW)
    field = ana.get(f"/party/clients/{till.id}/").context["form"]["scopes"]
    assert [each.data["value"] for each in field if each.data["selected"]] == ["ledger:read"]


KINDS_OF = {
    "Amphora": "SUPPLIER", "Bellows": "SUPPLIER", "Meridian": "PLATFORM", "Tramontane": "PLATFORM",
    "Harbour": "FINANCIER", "Lantern": "FINANCIER", "Crown": "BANK", "Sovereign": "BANK", "Sextant": "SUPERVISOR",
    "Plumb": "SUPERVISOR", "Watch": "OPERATOR",
}  # fmt: skip


def test_every_scope_by_which_a_kind_of_party_is_let_in_anywhere_is_offered_to_it():
    """By the table of who is let in where, and the scopes that the API's description names."""
    plain = partial(re.sub, r"\{\w+\}", "{}")
    described = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    scopes = {
        f"{method.upper()} {plain(path)}": {scope for way in each["security"] for scope in way.get("client", ())}
        for path, methods in described.items() for method, each in methods.items()
    }  # fmt: skip
    used = {
        (KINDS_OF[name], scope)
        for asked, letters in table.read(table.API).items()
        for name, found in letters.items() if "+" in found and name in KINDS_OF
        for scope in scopes.get(plain(asked), ())
    }  # fmt: skip
    assert ("SUPPLIER", "advances:write") in used and ("OPERATOR", "operations:write") in used
    assert {(kind, scope) for kind, scope in used if scope not in offered_to(kind)} == set()


def test_two_clicks_make_one_machine_and_the_page_that_is_shown_tells_its_secret(ana):
    asked_as = ana.get("/party/clients/new/").context["form"]["asked_as"].value()
    given = {"name": "ERP", "role": "MAKER", "scopes": ["portolan"], "days": "90", "asked_as": asked_as}
    ana.post("/party/clients/new/", given)
    shown = shown_secret(ana.post("/party/clients/new/", given, follow=True).text)
    made = PartyClient.objects.get()
    assert ClientSecret.objects.count() == 1
    assert ask_token(made.client_id, shown).status_code == 200
    # Once it is in use, a page that is sent again ends nothing.
    assert "its secret is in use" in ana.post("/party/clients/new/", given).text
    assert ask_token(made.client_id, shown).status_code == 200
    assert ana.post("/party/clients/new/", given | {"asked_as": "another page"}).status_code == 302
    assert PartyClient.objects.count() == 2
