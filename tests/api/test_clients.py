"""Machines: let in with a secret that is shown once, asking for tokens, shut out at once."""

import re
from datetime import timedelta

import pytest
from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import check_password, make_password
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from accounts.clients.models import ClientSecret, IdempotencyKey, PartyClient
from accounts.clients.services import (
    KEYS_KEPT,
    create_client,
    create_clients,
    forget_keys,
    forget_tokens,
    remove_client,
)
from accounts.trail.models import Event
from portal.runtime.environment import PROJECT
from portal.shared.access import MAKER, SYSTEM_ACTOR, VIEWER
from portal.shared.errors import Forbidden, InvalidInput, NotFound
from tests.api.conftest import Caller, ask_token, caller_for
from tests.conftest import SLOW_HASHERS
from tests.world import NOW, PASSWORD, as_member, cast


@pytest.fixture
def people(db):
    return cast()


def made_for(people, role=MAKER):
    ana = as_member("ana@amphora.example")
    return create_client(actor=ana, party_id=people.amphora.id, name="Amphora ERP", role=role, now=NOW)


def test_an_administrator_lets_a_machine_in_and_it_acts_for_the_party_in_its_role(people):
    bound, secret = made_for(people, VIEWER)
    answer = ask_token(bound.client_id, secret)
    assert answer.status_code == 200
    assert (answer.json()["token_type"], answer.json()["scope"]) == ("Bearer", "portolan")
    assert answer.json()["expires_in"] == 3600
    me = Caller(answer.json()["access_token"]).get("me/").json()
    assert me == {
        "party": {"id": people.amphora.id, "name": "Amphora"}, "kind": "SUPPLIER", "roles": ["VIEWER"], "user": None,
        "client": bound.client_id,
    }  # fmt: skip


def test_a_token_may_be_asked_with_fewer_scopes_than_the_client_has(people):
    """As the quick start says it, of a client that is trusted with everything and of one that is not."""
    asked = re.search(r'-d scope="(.+?)"', (PROJECT / "docs" / "api-quickstart.md").read_text())[1]
    ana = as_member("ana@amphora.example")
    some = [*asked.split(), "advances:read"]
    for scopes in (["portolan"], some):
        bound, secret = create_client(
            actor=ana, party_id=people.amphora.id, name="Till", role=MAKER, now=NOW, scopes=scopes
        )
        assert set(bound.scopes) == set(scopes)
        answer = ask_token(bound.client_id, secret, scope=asked)
        assert (answer.status_code, set(answer.json()["scope"].split())) == (200, set(asked.split()))
        caller = Caller(answer.json()["access_token"])
        assert (caller.get("receivables/").status_code, caller.get("advances/").status_code) == (200, 403)
    assert ask_token(bound.client_id, secret, scope="ledger:read").status_code == 400


def test_neither_secret_nor_token_is_kept_in_the_clear(people):
    bound, secret = made_for(people)
    token = ask_token(bound.client_id, secret).json()["access_token"]
    assert secret not in Client.objects.get().secret and bound.client.secret.startswith("secret_sha256$")
    assert secret != ClientSecret.objects.get().digest
    assert token not in Token.objects.get().hash
    event = Event.objects.get(name="client.created")
    assert (
        event.payload == {"role": "MAKER", "name": "Amphora ERP", "scopes": ["portolan"]}
        and event.audience == "INTERNAL"
    )


@pytest.mark.parametrize("wrong", ["secret", "client", "scope", "grant"])
def test_a_token_is_given_to_nobody_else(people, wrong):
    bound, secret = made_for(people)
    form = {"scope": {"scope": "openid"}, "grant": {"grant_type": "password"}}.get(wrong, {})
    client_id = "0" * 32 if wrong == "client" else bound.client_id
    answer = ask_token(client_id, "x" + secret if wrong == "secret" else secret, **form)
    assert answer.status_code in (400, 401) and "access_token" not in answer.json()
    assert ("WWW-Authenticate" in answer) == (answer.status_code == 401)
    assert not Token.objects.exists()


def test_who_may_let_machines_in(people):
    for email, refusal in (("aldo@amphora.example", Forbidden), ("ben@bellows.example", NotFound)):
        with pytest.raises(refusal):
            create_client(actor=as_member(email), party_id=people.amphora.id, name="x", role=MAKER, now=NOW)
    with pytest.raises(InvalidInput):
        create_client(actor=SYSTEM_ACTOR, party_id=people.amphora.id, name="x", role="KING", now=NOW)
    assert not Client.objects.exists() and not PartyClient.objects.exists()


def test_a_machine_that_is_shut_out_is_out_at_once(people):
    caller = caller_for(people.amphora)
    client = PartyClient.objects.get()
    with pytest.raises(NotFound):
        remove_client(actor=as_member("ben@bellows.example"), client_id=client.client_id, now=NOW)
    assert caller.get("me/").status_code == 200
    remove_client(actor=as_member("ana@amphora.example"), client_id=client.client_id, now=NOW)
    assert caller.get("me/").json()["code"] == "TOKEN_INVALID"
    assert not Token.objects.exists() and Event.objects.filter(name="client.removed").count() == 1


def test_a_token_ends_after_its_time_and_counts_for_its_scope_only(people):
    caller = caller_for(people.amphora)
    Token.objects.update(scopes="openid")
    assert caller.get("me/").status_code == 401
    Token.objects.update(scopes="portolan", expires_at=timezone.now() - timedelta(seconds=1))
    assert caller.get("me/").status_code == 401
    Token.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    assert caller.get("me/").status_code == 200


def test_a_token_bound_to_one_resource_opens_no_other(people):
    bound, secret = made_for(people)
    token = ask_token(bound.client_id, secret, resource="http://testserver/api/v1/me/").json()["access_token"]
    assert Caller(token).get("me/").status_code == 200
    assert Caller(token).get("programmes/").status_code == 401


def test_a_request_is_authenticated_and_counted_by_one_statement(people):
    caller = caller_for(people.amphora)
    with CaptureQueriesContext(connection) as captured:
        caller.get("nowhere/")
    assert len(captured) == 1


def test_a_thousand_machines_are_let_in_by_a_handful_of_statements(people):
    parties = [each.id for each in people.parties()]
    with CaptureQueriesContext(connection) as captured:
        made = create_clients(actor=SYSTEM_ACTOR, party_ids=parties, name="erp", role=MAKER, now=NOW)
    assert [bound.party_id for bound, _ in made] == parties and len(captured) <= 9
    assert len({secret for _, secret in made}) == len(parties)


def test_the_fast_hash_is_for_secrets_of_machines_and_never_for_passwords():
    with override_settings(PASSWORD_HASHERS=SLOW_HASHERS):
        assert make_password(PASSWORD).startswith("pbkdf2_sha256$")
    with override_settings(PASSWORD_HASHERS=["accounts.clients.hashing.SecretHasher"]):
        encoded = make_password("a secret")
    assert check_password("a secret", encoded) and not check_password("another", encoded)


def test_a_command_lets_a_machine_in(people, capsys):
    call_command("create_client", "Amphora", "--role", "VIEWER")
    client, secret = (line.split("=", 1)[1] for line in capsys.readouterr().out.split())
    assert ask_token(client, secret).status_code == 200


def test_old_keys_are_forgotten_and_young_ones_kept(people):
    for age in (KEYS_KEPT + timedelta(seconds=1), KEYS_KEPT):
        IdempotencyKey.objects.create(
            party=people.amphora, key=str(age), request_hash="", created_at=NOW - age, status_code=201, answer={}
        )
    assert forget_keys(now=NOW) == 1
    assert IdempotencyKey.objects.get().key == str(KEYS_KEPT)


def test_tokens_that_ended_are_forgotten_and_others_kept(people):
    caller = caller_for(people.amphora)
    assert forget_tokens(now=timezone.now()) == 0 and caller.get("me/").status_code == 200
    assert forget_tokens(now=timezone.now() + timedelta(days=2)) == 1
