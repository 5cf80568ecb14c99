"""Forty machines and people at once, by HTTP: one of them is served, the others are told why, nobody sees a fault."""

import copy
from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.parties.models import User
from financing.advances import services
from financing.advances.models import Advance, Application, Quote
from financing.credit.models import Decision
from financing.credit.rules import DEFAULT_BODY
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.advances.test_races import assert_sound, lend
from tests.api.conftest import Caller, caller_for
from tests.threads import at_once
from tests.world import as_member

pytestmark = pytest.mark.usefixtures("committed_db")
CLIENTS = 40


def crowd(*callers: Caller) -> list[Caller]:
    """Forty lines that bring these tokens in turn; what goes wrong inside is answered, as by a server."""
    return [Caller(callers[n % len(callers)].token, Client(raise_request_exception=False)) for n in range(CLIENTS)]


def person(email: str) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(User.objects.get(email=email))
    return browser


def told(answers) -> Counter:
    """How often each status was answered, with the code of what was refused."""
    for each in answers:
        if isinstance(each, Exception):
            raise each
    return Counter((each.status_code, each.json().get("code", "")) for each in answers)


def test_forty_quotes_and_applications_at_once_stay_within_the_limit():
    lending = lend()
    body = {"facility": lending.amphora_facility.id, "amount_minor": 600_00}

    def want(caller: Caller):
        quote = caller.post("quotes/", body)
        return caller.post("applications/", {"quote": quote.json()["id"]}) if quote.status_code == 201 else quote

    lines = crowd(caller_for(lending.cast.amphora))
    assert told(at_once(*(lambda each=each: want(each) for each in lines))) == {(201, ""): CLIENTS}
    waiting = list(Application.objects.values_list("id", flat=True))
    now = timezone.now()
    at_once(*(
        lambda share=share: services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=share, now=now)
        for share in (waiting[n::4] for n in range(4))
    ))  # fmt: skip
    assert_sound(lending)
    assert Advance.objects.count() == 4


@pytest.mark.parametrize("keyed", ["one key", "a key each", "no key"])
def test_one_quote_wanted_by_forty_is_one_application(keyed):
    lending = lend()
    machine = caller_for(lending.cast.amphora)
    quote = machine.post("quotes/", {"facility": lending.amphora_facility.id, "amount_minor": 300_00}).json()["id"]
    keys = {"one key": lambda n: {"Idempotency_Key": "a"}, "a key each": lambda n: {"Idempotency_Key": f"a-{n}"}}
    headers = keys.get(keyed, lambda n: {})
    answers = at_once(
        *(
            lambda n=n, each=each: each.post("applications/", {"quote": quote}, **headers(n))
            for n, each in enumerate(crowd(machine))
        )
    )
    said = told(answers)
    if keyed == "one key":
        assert set(said) <= {(201, ""), (409, "IDEMPOTENCY_KEY_IN_FLIGHT")} and said[201, ""]
        assert len({each.json()["id"] for each in answers if each.status_code == 201}) == 1
    else:
        assert said == {(201, ""): 1, (409, "QUOTE_TAKEN_UP"): CLIENTS - 1}
    assert Application.objects.count() == Quote.objects.filter(application__isnull=False).count() == 1


def test_one_referral_decided_by_two_checkers_forty_times_has_one_outcome():
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 100_00
    lending = lend(body)
    world.member("heidi@harbour.example", lending.cast.harbour, "CHECKER", since=world.NOW - timedelta(days=30))
    machine, now = caller_for(lending.cast.amphora), timezone.now()
    quote = machine.post("quotes/", {"facility": lending.amphora_facility.id, "amount_minor": 300_00}).json()["id"]
    number = machine.post("applications/", {"quote": quote}).json()["id"]
    services.decide_waiting(actor=SYSTEM_ACTOR, application_ids=[number], now=now)
    seen = services.recommend(
        actor=as_member("hana@harbour.example"), application_id=number, outcome="APPROVED", note="",
        seen_hash=Application.objects.get().seen_hash, now=now,
    ).seen_hash  # fmt: skip
    hands = [Caller("", person(f"{('hugo', 'heidi')[n % 2]}@harbour.example")) for n in range(CLIENTS)]

    def decide(n: int, hand: Caller):
        wants = {"outcome": "APPROVED"} if n % 4 < 2 else {"outcome": "DECLINED", "reasons": ["TRADE_TOO_WEAK"]}
        return hand.post(f"applications/{number}/decide/", {"note": "", "seen_hash": seen, **wants})

    said = told(at_once(*(lambda n=n, hand=hand: decide(n, hand) for n, hand in enumerate(hands))))
    assert said.pop((200, "")) == 1
    assert set(said) <= {(409, "INVALID_TRANSITION"), (409, "STALE")}
    assert Decision.objects.exclude(outcome="REFERRED").count() == 1
    assert Advance.objects.count() == (Application.objects.get().status == "APPROVED")
