"""From a client's id and secret to a funded advance, over HTTP; and what each side is told."""

import pytest

from financing.advances.models import Advance, Application, Quote
from financing.advances.services import confirm_funding, decide_waiting
from portal.shared.access import CHECKER, MAKER, SYSTEM_ACTOR
from tests import world
from tests.api.conftest import caller_for
from tests.world import CURRENCY, NOW, TODAY


@pytest.fixture
def amphora(lending):
    world.with_trade(lending)
    return caller_for(lending.cast.amphora)


def applied(lending, caller, amount_minor: int | None = 900_00) -> int:
    asked = {"facility": lending.amphora_facility.id, "amount_minor": amount_minor}
    quote = caller.post("quotes/", asked).json()
    return caller.post("applications/", {"quote": quote["id"]}).json()["id"]


def decided(lending, caller, amount_minor: int | None = 900_00) -> int:
    application = applied(lending, caller, amount_minor)
    decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application], now=NOW)
    return application


def keys_in(data) -> set[str]:
    if isinstance(data, dict):
        return set(data) | {key for value in data.values() for key in keys_in(value)}
    return {key for each in data for key in keys_in(each)} if isinstance(data, list) else set()


def test_a_supplier_sees_what_it_can_have_what_it_costs_and_why(lending, amphora):
    answer = amphora.get(f"facilities/{lending.amphora_facility.id}/availability/")
    said = answer.json()
    assert answer.status_code == 200
    assert (said["available_minor"], said["amount_minor"], said["grade"]) == (3_000_00, 3_000_00, "A")
    assert said["base"]["base_minor"] == 3_600_00 and len(said["base"]["lines"]) == 4
    assert said["terms"]["total_cost_minor"] == said["terms"]["fee_minor"] + said["terms"]["interest_minor"]
    assert said["reasons"] == [
        {"code": "WITHIN_AUTHORITY", "sentence": "Your request is within what is decided at once."}
    ]
    assert said["score"][0]["sentence"].startswith("How long you have been selling")


def test_availability_for_another_amount_tells_why_it_cannot_be_had(lending, amphora):
    said = amphora.get(f"facilities/{lending.amphora_facility.id}/availability/?amount_minor=500000").json()
    assert said["outcome"] == "DECLINED" and said["terms"] is None
    assert [each["code"] for each in said["reasons"]] == ["ABOVE_LIMIT", "ABOVE_BASE"]


def test_a_quote_becomes_an_application_and_the_application_an_advance(lending, amphora):
    quote = amphora.post("quotes/", {"facility": lending.amphora_facility.id, "amount_minor": 900_00})
    assert quote.status_code == 201
    assert (quote.json()["annual_rate"], quote.json()["expected_outcome"]) == ("0.09", "APPROVED")
    assert amphora.get(f"quotes/{quote.json()['id']}/").json() == quote.json()

    application = amphora.post("applications/", {"quote": quote.json()["id"]})
    assert application.status_code == 201 and application.json()["status"] == "SUBMITTED"
    number = application.json()["id"]
    decide_waiting(actor=SYSTEM_ACTOR, application_ids=[number], now=NOW)
    said = amphora.get(f"applications/{number}/").json()
    assert (said["status"], said["decision"]["outcome"]) == ("APPROVED", "APPROVED")
    assert said["decision"]["is_automatic"] is True

    confirm_funding(actor=SYSTEM_ACTOR, value_dates={said["advance"]: TODAY}, now=NOW)
    advance = amphora.get(f"advances/{said['advance']}/").json()
    assert (advance["status"], advance["principal_minor"]) == ("ACTIVE", 900_00)
    assert [each["name"] for each in advance["timeline"]][:2] == ["quote.given", "application.submitted"]
    assert len(advance["securities"]) == len(quote.json()["security"])


def test_a_supplier_never_sees_policy_points_inputs_or_who_decided(lending, amphora):
    application = decided(lending, amphora)
    quote = Quote.objects.get().id
    for path in (
        f"facilities/{lending.amphora_facility.id}/availability/", f"applications/{application}/", f"quotes/{quote}/",
        "applications/", "programmes/", f"advances/{Advance.objects.get().id}/",
    ):  # fmt: skip
        answer = amphora.get(path)
        assert answer.status_code == 200, path
        assert not keys_in(answer.json()) & {"body", "points", "max_points", "policy", "features", "inputs"}, path
    decision = amphora.get(f"applications/{application}/").json()["decision"]
    assert (decision["facts"], decision["inputs_hash"], decision["decided_by"]) == (None, None, None)


def test_the_funder_sees_facts_hash_and_points(lending, amphora):
    application = decided(lending, amphora)
    harbour = caller_for(lending.cast.harbour)
    decision = harbour.get(f"applications/{application}/").json()["decision"]
    assert set(decision["facts"]) == {"policy", "features", "position", "receivables"}
    assert len(decision["inputs_hash"]) == 64 and decision["decided_by"] == "system"
    assert decision["result"]["score"][0]["max_points"] > 0
    replayed = harbour.get(f"decisions/{decision['id']}/replay/")
    assert replayed.json() == {"decision": decision["id"], "identical": True, "differences": []}


def test_a_platform_sees_its_receivables_assigned_and_whom_to_pay_and_no_borrowing(lending, amphora):
    application = decided(lending, amphora)
    meridian = caller_for(lending.cast.meridian)
    assigned = meridian.get("receivables/?status=ASSIGNED").json()["results"]
    assert {each["payee"] for each in assigned} == {lending.cast.harbour.id}
    shown = meridian.get(f"receivables/{assigned[0]['id']}/").json()
    assert [each["funder"]["name"] for each in shown["assignments"]] == ["Harbour"]
    assert not keys_in(shown) & {"facility", "assigned_facility_id", "advance"}
    for path in (f"applications/{application}/", f"advances/{Advance.objects.get().id}/",
                 f"facilities/{lending.amphora_facility.id}/",
                 f"facilities/{lending.amphora_facility.id}/availability/"):  # fmt: skip
        assert meridian.get(path).status_code == 404, path
    for path in ("applications/", "advances/", "facilities/"):
        assert meridian.get(path).status_code == 403, path


def test_an_amount_that_is_not_available_is_refused_with_reasons_in_words(lending, amphora):
    answer = amphora.post("quotes/", {"facility": lending.amphora_facility.id, "amount_minor": 5_000_00})
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "AMOUNT_NOT_AVAILABLE")
    assert answer["Content-Type"].startswith("application/problem+json")
    assert said["facts"]["available_minor"] == 3_000_00
    assert said["facts"]["explained"][0] == {
        "code": "ABOVE_LIMIT", "sentence": "With what you owe already, the amount is above your limit."
    }  # fmt: skip
    assert not Quote.objects.exists()


def test_a_quote_is_taken_up_once(lending, amphora):
    quote = amphora.post("quotes/", {"facility": lending.amphora_facility.id, "amount_minor": None}).json()
    assert amphora.post("applications/", {"quote": quote["id"]}).status_code == 201
    again = amphora.post("applications/", {"quote": quote["id"]})
    assert (again.status_code, again.json()["code"]) == (409, "QUOTE_TAKEN_UP")
    assert Application.objects.count() == 1


def test_a_supplier_withdraws_what_is_not_decided_yet(lending, amphora):
    application = applied(lending, amphora)
    assert amphora.post(f"applications/{application}/withdraw/").json()["status"] == "WITHDRAWN"
    again = amphora.post(f"applications/{application}/withdraw/")
    assert (again.status_code, again.json()["code"]) == (409, "INVALID_TRANSITION")


def _needed(caller) -> list[tuple[str, str]]:
    return [(each["kind"], each["resource"]) for each in caller.get("needs/").json()["results"]]


def test_a_referral_goes_through_maker_and_checker_on_what_they_saw(db):
    body = world.DEFAULT_BODY | {"authority": world.DEFAULT_BODY["authority"] | {"max_amount_minor": 500_00}}
    lending = world.with_trade(world.lending(body=body))
    amphora = caller_for(lending.cast.amphora)
    maker, checker = caller_for(lending.cast.harbour, MAKER), caller_for(lending.cast.harbour, CHECKER)
    application = decided(lending, amphora)
    referred = maker.get("applications/?status=REFERRED").json()["results"]
    assert [each["id"] for each in referred] == [application]
    assert _needed(maker) == [("RECOMMEND", f"applications/{application}/")]
    seen = maker.get(f"applications/{application}/").json()["seen_hash"]
    by_hand = {"outcome": "APPROVED", "note": "Known for years.", "seen_hash": seen}
    path = f"applications/{application}"

    early = checker.post(f"{path}/decide/", by_hand)
    assert (early.status_code, early.json()["code"]) == (409, "NO_RECOMMENDATION")
    assert maker.post(f"{path}/decide/", by_hand).status_code == 403
    assert amphora.post(f"{path}/recommend/", by_hand).status_code == 404
    recommended = maker.post(f"{path}/recommend/", by_hand).json()
    assert recommended["recommendation"]["outcome"] == "APPROVED"
    assert _needed(checker) == [("DECIDE", f"applications/{application}/")]
    unread = maker.post(f"{path}/recommend/", by_hand | {"outcome": "DECLINED"})
    assert (unread.status_code, unread.json()["code"]) == (409, "STALE")
    by_hand["seen_hash"] = recommended["seen_hash"]
    told = amphora.get(f"{path}/").json()
    assert (told["recommendation"], told["seen_hash"]) == (None, None)
    stale = checker.post(f"{path}/decide/", by_hand | {"seen_hash": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "STALE")
    assert checker.post(f"{path}/decide/", by_hand).json()["status"] == "APPROVED"
    assert _needed(checker) == []
    assert amphora.get(f"{path}/").json()["decision"]["is_automatic"] is False


def test_an_admitted_supplier_joins_a_programme_and_has_a_facility(lending):
    clover = world.Party.objects.create(
        kind="SUPPLIER", name="Clover", country="DE", registration_number="HRB 77", status="ADMITTED", created_at=NOW
    )
    caller = caller_for(clover)
    refused = caller.post(f"programmes/{lending.programme.id}/join/")
    assert (refused.status_code, refused.json()["code"]) == (422, "SUPPLIER_NOT_ADMITTED")
    world.verify(clover)
    joined = caller.post(f"programmes/{lending.programme.id}/join/")
    assert joined.status_code == 201
    assert joined.json()["supplier"] == {"id": clover.id, "name": "Clover"}
    assert (joined.json()["status"], joined.json()["currency"]) == ("ACTIVE", CURRENCY)
    assert [each["id"] for each in caller.get("facilities/").json()["results"]] == [joined.json()["id"]]
