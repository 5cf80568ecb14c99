"""How far a machine is trusted: scopes beside its role, secrets that are changed, and how often it may ask."""

from datetime import timedelta

import pytest
from allauth.idp.oidc.models import Token
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.clients.models import ClientSecret, PartyClient, Window
from accounts.clients.services import change_client, create_client, forget_windows, remove_client, rotate_secret
from accounts.trail.models import Event
from portal.shared.access import ADMIN, MAKER, VIEWER, Actor
from portal.shared.errors import Forbidden, InvalidInput, NotFound
from tests.api.conftest import Caller, ask_token, caller_for, person
from tests.world import NOW, as_member, cast, receivable


@pytest.fixture
def people(db):
    return cast()


@pytest.fixture
def ana(people) -> Actor:
    return as_member("ana@amphora.example")


def made(ana, *scopes: str, role: str = MAKER, now=NOW, **facts) -> tuple[PartyClient, str]:
    facts |= {"scopes": scopes} if scopes else {}
    return create_client(actor=ana, party_id=ana.party_id, name="erp", role=role, now=now, **facts)


def calling(bound: PartyClient, secret: str, **form) -> Caller:
    return Caller(ask_token(bound.client_id, secret, **form).json()["access_token"])


class TestScopes:
    def test_a_machine_needs_the_scope_as_well_as_the_role(self, ana):
        caller = calling(*made(ana, "receivables:read"))
        assert caller.get("me/").status_code == caller.get("receivables/").status_code == 200
        for answer in (caller.get("advances/"), caller.post("receivables/", {"number": "x"})):
            said = answer.json()
            assert (answer.status_code, said["code"]) == (403, "INSUFFICIENT_SCOPE")
            assert f'error="insufficient_scope", scope="{said["facts"]["scope"]}"' in answer["WWW-Authenticate"]
        viewer = calling(*made(ana, "receivables:write", role=VIEWER))
        assert viewer.post("receivables/", {"number": "x"}).json()["code"] == "FORBIDDEN"

    def test_a_token_may_be_asked_for_less_than_the_client_has_and_never_for_more(self, ana):
        bound, secret = made(ana, "receivables:read", "advances:read")
        less = calling(bound, secret, scope="advances:read")
        assert (less.get("advances/").status_code, less.get("receivables/").status_code) == (200, 403)
        assert ask_token(bound.client_id, secret, scope="advances:write").json()["error"] == "invalid_scope"
        everything, secret = made(ana)
        assert calling(everything, secret).get("advances/").status_code == 200

    def test_a_search_finds_what_the_scopes_of_the_token_would_read(self, people, ana):
        receivable(people.amphora, people.meridian, "INV-7")
        others = ["advances:read", "receivables:write"]
        for scopes, found in ((["receivables:read"], ["INV-7"]), (others, []), ([], ["INV-7"])):
            answer = calling(*made(ana, *scopes)).get("search/?q=inv-7")
            assert ([hit["title"] for hit in answer.json()["results"]], answer.json()["more"]) == (found, []), scopes

    def test_other_scopes_hold_at_once(self, ana):
        bound, secret = made(ana, "receivables:read")
        caller = calling(bound, secret)
        change_client(actor=ana, party_client_id=bound.id, scopes=["advances:read"], role=VIEWER, now=NOW)
        assert caller.get("receivables/").json()["code"] == "TOKEN_INVALID"
        assert calling(bound, secret).get("receivables/").json()["code"] == "INSUFFICIENT_SCOPE"
        event = Event.objects.get(name="client.changed")
        assert event.payload == {"role": "VIEWER", "name": "erp", "scopes": ["advances:read"]}

    def test_a_machine_hands_on_no_more_than_it_has(self, ana):
        strong, _ = made(ana, "clients:write", "receivables:read", "advances:read")
        machine = Actor(
            ana.party_id, "SUPPLIER", frozenset({ADMIN}), client_id="m",
            scopes=frozenset({"clients:write", "receivables:read"}),
        )  # fmt: skip
        beyond = [
            lambda: made(machine, "advances:read"),
            lambda: made(machine),
            lambda: rotate_secret(actor=machine, party_client_id=strong.id, overlap=timedelta(0), now=NOW),
            lambda: change_client(actor=machine, party_client_id=strong.id, scopes=["receivables:read"], now=NOW),
            lambda: remove_client(actor=machine, client_id=strong.client_id, now=NOW),
        ]
        for attempt in beyond:
            with pytest.raises(Forbidden) as refused:
                attempt()
            assert refused.value.code == "SCOPE_BEYOND_OWN"
        assert PartyClient.objects.get() == strong and ClientSecret.objects.count() == 1
        assert made(machine, "receivables:read")[0].scopes == ["receivables:read"]

    @pytest.mark.parametrize(
        ("facts", "code"),
        [
            ({"scopes": ["king"]}, "SCOPE_UNKNOWN"),
            ({"scopes": []}, "SCOPE_UNKNOWN"),
            ({"expires_at": NOW}, "EXPIRY_INVALID"),
            ({"expires_at": NOW + timedelta(days=731)}, "EXPIRY_INVALID"),
        ],
    )
    def test_what_is_not_known_is_refused(self, ana, facts, code):
        with pytest.raises(InvalidInput) as refused:
            create_client(actor=ana, party_id=ana.party_id, name="erp", role=MAKER, now=NOW, **facts)
        assert refused.value.code == code and not PartyClient.objects.exists()


class TestSecrets:
    def test_while_a_secret_is_changed_for_another_both_hold(self, ana):
        now = timezone.now()
        bound, old = made(ana, now=now)
        _, new = rotate_secret(actor=ana, party_client_id=bound.id, overlap=timedelta(hours=24), now=now)
        assert [ask_token(bound.client_id, each).status_code for each in (old, new)] == [200, 200]
        ends = [each.expires_at for each in ClientSecret.objects.order_by("id")]
        assert ends == [now + timedelta(hours=24), None]
        assert all(each.last_used_at >= now for each in ClientSecret.objects.all())

    def test_after_the_overlap_the_old_one_ends_and_its_tokens_end_of_themselves(self, ana):
        now = timezone.now()
        bound, old = made(ana, now=now - timedelta(days=2))
        rotate_secret(actor=ana, party_client_id=bound.id, overlap=timedelta(hours=1), now=now - timedelta(hours=2))
        assert ask_token(bound.client_id, old).status_code == 401

    def test_a_secret_that_leaked_is_changed_at_once_with_its_tokens(self, ana):
        bound, old = made(ana)
        caller = calling(bound, old)
        _, new = rotate_secret(actor=ana, party_client_id=bound.id, overlap=timedelta(0), now=NOW)
        assert caller.get("me/").status_code == 401 and ask_token(bound.client_id, old).status_code == 401
        assert calling(bound, new).get("me/").status_code == 200
        assert ClientSecret.objects.count() == 1

    def test_two_hold_at_most(self, ana):
        bound, first = made(ana)
        second, third = (
            rotate_secret(actor=ana, party_client_id=bound.id, overlap=timedelta(days=7), now=timezone.now())[1]
            for _ in range(2)
        )
        holds = [ask_token(bound.client_id, each).status_code for each in (first, second, third)]
        assert holds == [401, 200, 200]

    def test_a_secret_may_have_an_end(self, ana):
        bound, secret = made(ana, now=NOW, expires_at=NOW + timedelta(days=1))
        assert ask_token(bound.client_id, secret).status_code == 401  # NOW is long ago

    def test_who_may_change_secrets(self, ana, people):
        bound, _ = made(ana)
        attempts = (("aldo@amphora.example", Forbidden), ("ben@bellows.example", NotFound))
        for email, refusal in attempts:
            for verb, facts in ((rotate_secret, {"overlap": timedelta(0)}), (change_client, {})):
                with pytest.raises(refusal):
                    verb(actor=as_member(email), party_client_id=bound.id, now=NOW, **facts)
            with pytest.raises(refusal):
                remove_client(actor=as_member(email), client_id=bound.client_id, now=NOW)
        with pytest.raises(InvalidInput):
            rotate_secret(actor=ana, party_client_id=bound.id, overlap=timedelta(days=8), now=NOW)
        assert Event.objects.filter(name__startswith="client.").count() == 1


class TestRates:
    def test_whoever_asks_too_often_is_told_when_to_come_back(self, people):
        caller = caller_for(people.amphora)
        with override_settings(API_RATE_PER_CALLER=2, API_RATE_PER_PARTY=100):
            first, second, third = (caller.get("me/") for _ in range(3))
        assert [each.status_code for each in (first, second, third)] == [200, 200, 429]
        assert first["RateLimit-Policy"] == '"caller";q=2;w=60, "party";q=100;w=60'
        assert second["RateLimit"].startswith('"caller";r=0;t=') and '"party";r=98;t=' in second["RateLimit"]
        assert third.json()["code"] == "RATE_LIMITED" and 0 < int(third["Retry-After"]) <= 60

    def test_a_party_is_counted_with_all_its_machines_and_people_and_no_other(self, people):
        callers = [*(caller_for(people.amphora) for _ in range(2)), person("ana@amphora.example")]
        with override_settings(API_RATE_PER_CALLER=9, API_RATE_PER_PARTY=2):
            assert [each.get("me/").status_code for each in callers] == [200, 200, 429]
            assert callers[0].get("me/").status_code == 429
            assert caller_for(people.bellows).get("me/").status_code == 200

    def test_who_holds_no_token_is_counted_under_no_name(self, people):
        assert Caller("nobody's").get("me/").status_code == 401
        assert not Window.objects.exists()

    def test_the_next_window_begins_anew_and_old_ones_are_forgotten(self, people):
        caller = caller_for(people.amphora)
        with override_settings(API_RATE_PER_CALLER=1):
            assert [caller.get("me/").status_code for _ in range(2)] == [200, 429]
            Window.objects.update(began_at=timezone.now() - timedelta(seconds=60))
            assert caller.get("me/").status_code == 200
        assert forget_windows(now=timezone.now()) == 0
        assert forget_windows(now=timezone.now() + timedelta(hours=2)) == 3

    def test_tokens_are_bounded_by_client(self, ana):
        bound, secret = made(ana)
        with override_settings(TOKEN_RATE_PER_CLIENT=1):
            answers = [ask_token(bound.client_id, secret) for _ in range(2)]
        assert [each.status_code for each in answers] == [200, 429] and "Retry-After" in answers[1]
        assert Token.objects.count() == 1

    def test_a_right_secret_is_given_its_token_however_many_wrong_ones_came_from_its_address(self, ana):
        (bound, secret), (other, _) = made(ana), made(ana)
        with override_settings(TOKEN_REFUSALS_PER_ADDRESS=2):
            for guessed_at in ("nobody", "", other.client_id, bound.client_id):
                answers = [ask_token(guessed_at, "guess").status_code for _ in range(3)]
                assert answers == ([401, 401, 429] if guessed_at else [429] * 3)
                assert ask_token(bound.client_id, secret).status_code == 200

    def test_a_wrong_secret_is_told_so_however_many_of_other_clients_came_from_its_address(self, ana):
        (bound, _), (other, _) = made(ana), made(ana)
        with override_settings(TOKEN_REFUSALS_PER_ADDRESS=2):
            for guessed_at in ("nobody", other.client_id):
                assert [ask_token(guessed_at, "guess").status_code for _ in range(3)] == [401, 401, 429]
            assert ask_token(bound.client_id, "mistyped").status_code == 401

    def test_names_that_are_made_up_are_counted_as_one(self, ana):
        for number in range(5):
            assert ask_token(f"nobody-{number}", "guess").status_code == 401
        assert list(Window.objects.values_list("name", "taken")) == [("refused:127.0.0.1:", 5)]
        with override_settings(TOKEN_REFUSALS_PER_ADDRESS=5), CaptureQueriesContext(connection) as captured:
            assert ask_token("nobody-6", "guess").status_code == 429
        assert len(captured) == 2  # nothing of that name, and too many before it

    def test_what_a_machine_asks_wrongly_with_its_right_secret_is_counted_as_its_own(self, ana):
        bound, secret = made(ana)
        with override_settings(TOKEN_RATE_PER_CLIENT=1):
            answers = [ask_token(bound.client_id, secret, scope="openid").status_code for _ in range(2)]
        assert answers == [400, 429]
        assert list(Window.objects.values_list("name", "taken")) == [(f"token:{bound.client_id}", 1)]
