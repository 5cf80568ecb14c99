"""Everybody who should not: signed out 401, another party 404, an insider without the role 403; nothing is changed."""

import re

from django.test import Client as Browser
from django.urls import URLPattern, URLResolver

from portal import api
from portal.shared.access import ADMIN, CHECKER, MAKER, VIEWER
from tests.api.conftest import STRANGER, caller_for
from tests.api.stage import Stage, built, footprint, stage
from tests.world import PASSWORD, User

__all__ = ["built", "stage"]


def routes(patterns=None, prefix="") -> list[tuple[str, str]]:
    """Every (method, path) of the route table; `{}` stands for a number."""
    found = []
    for each in api.urlpatterns if patterns is None else patterns:
        path = prefix + re.sub(r"\(\?P<pk>.*?\)(?=/|$)", "{}", str(each.pattern)).strip("^$").replace("\\", "")
        if isinstance(each, URLResolver):
            found += routes(each.url_patterns, path)
        elif isinstance(each, URLPattern) and path.startswith("v1/"):
            methods = getattr(each.callback, "actions", None) or each.callback.view_class.http_method_names
            found += [(method, path.removeprefix("v1/")) for method in methods if method in _handlers(each.callback)]
    return found


def _handlers(callback) -> set[str]:
    if actions := getattr(callback, "actions", None):
        return set(actions) - {"head"}
    return {name for name in ("get", "post", "put", "patch", "delete") if hasattr(callback.view_class, name)}


ROUTES = routes()
BODIES = {
    "quotes/": {"facility": 0, "amount_minor": 100_00},
    "applications/": {"quote": 0},
    "applications/bulk/": {"applications": [{"quote": 0}]},
    "settlements/bulk/": {"key": "k", "lines": [{"receivable": 0}]},
    "recommend/": {"outcome": "APPROVED", "note": "", "seen_hash": "0"},
    "verifications/{}/decide/": {"approve": True, "note": ""},
    "decide/": {"outcome": "APPROVED", "note": "", "seen_hash": "0"},
    "receivables/accept/": {"ids": [1]},
    "dispute/": {"reason": "Broken"},
    "cancel/": {"reason": "Typed wrongly"},
    "suspend/": {"reason": "Look into it"},
    "settlements/": {"key": "k", "lines": [{"receivable": 0}]},
    "policies/": {"body": {}, "effective_from": "2026-04-01"},
    "approve/": {"seen_hash": "0"},
    "replays/": {"months": 1},
    "supplier-numbers/": {"platform": 0, "number": "S-1"},
    "supplier-numbers/{}/refuse/": {"reason": "Another's"},
    "screen/": {"clear": True, "note": ""},
    "business-date/": {"to_date": "2026-03-03"},
    "replace/": {"holder": "X", "iban": "DE89370400440532013000"},
    "bank-accounts/": {"holder": "X", "iban": "DE89370400440532013000", "currency": "EUR"},
    "parties/": {"kind": "BANK", "name": "X", "country": "DE"},
    "members/": {"email": "new@amphora.example", "role": "VIEWER"},
    "deliveries/retry/": {"ids": [1]},
    "clients/": {"name": "X", "role": "VIEWER", "scopes": ["portolan"]},
    "rotate/": {"overlap_hours": 0},
    "figures/": {"shared": True},
    "clients/{}/": {"name": "X"},
    "parties/{}/": {"time_zone": "Europe/Berlin"},
    "verifications/": {"legal_name": "X", "registration_number": "1", "country": "DE"},
}


def body_for(path: str, stage: Stage):
    body = dict(next((each for end, each in BODIES.items() if path.endswith(end)), {}))
    body |= {"facility": stage.numbers["facilities"]} if "facility" in body else {}
    body |= {"platform": stage.lending.cast.meridian.id} if "platform" in body else {}
    body |= {"quote": stage.numbers["quotes"]} if "quote" in body else {}
    if "applications" in body:
        body["applications"] = [{"quote": stage.numbers["quotes"]}]
    if "lines" in body:
        body["lines"] = [{"receivable": stage.numbers["receivables"]}]
    return body or None


def call(caller, method: str, path: str, stage: Stage):
    filled = path.replace("{}", str(stage.numbers[path.split("/")[0]])) if "{}" in path else path
    query = {"settlements/due/": "?on=2026-12-31", "trade-history/": "?mapping=portolan"}.get(path, "")
    if method == "get":
        return caller.get(filled + query)
    if method != "post":
        return caller.send(method, filled, body_for(path, stage) if method == "patch" else None)
    if path == "trade-history/":
        return caller.post(filled + query, b"order_number\n", "text/csv")
    return caller.post(filled, body_for(path, stage))


def test_the_route_table_is_the_contract():
    assert len(ROUTES) == len(set(ROUTES))
    resources = {path.split("/")[0] for _, path in ROUTES}
    assert resources == {
        "me", "trade-history", "receivables", "credit-notes", "settlements", "programmes", "facilities", "quotes",
        "applications", "advances", "decisions", "policies", "policy-replays", "verifications", "parties", "book",
        "instructions", "bank-accounts", "statements", "events", "clients",
        "members", "invitations", "documents", "deliveries", "notices", "search", "bank-entries", "bank-messages",
        "needs", "suppliers", "purchase-orders", "supplier-numbers", "ledger-accounts", "ledger-entries",
        "ledger-movements",
    }  # fmt: skip


def test_whoever_is_signed_out_is_asked_who_they_are_everywhere(stage):
    before = footprint()
    for method, path in ROUTES:
        answer = call(STRANGER, method, path, stage)
        assert answer.status_code == 401, (method, path)
        assert answer["WWW-Authenticate"].startswith("Bearer"), path
        assert answer.json()["code"] == "NOT_AUTHENTICATED", path
    assert footprint() == before


OPEN_TO_SUPPLIERS = {"me", "parties", "programmes", "events", "notices", "search", "needs"}


def test_another_supplier_finds_nothing_of_a_supplier_and_changes_nothing(stage):
    bellows = caller_for(stage.lending.cast.bellows, ADMIN)
    before = footprint()
    for method, path in ROUTES:
        resource = path.split("/")[0]
        if "{}" in path and resource not in OPEN_TO_SUPPLIERS:
            answer = call(bellows, method, path, stage)
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), (method, path)
    for path in ("quotes/", "applications/", "settlements/"):
        assert call(bellows, "post", path, stage).status_code == 404, path
    assert call(bellows, "get", "parties/{}/", stage).status_code == 404
    assert footprint() == before


def test_lists_of_another_supplier_hold_nothing_of_a_supplier(stage):
    bellows = caller_for(stage.lending.cast.bellows, ADMIN)
    own = {"facilities": stage.lending.bellows_facility.id}
    for resource in sorted({path.split("/")[0] for _, path in ROUTES} - OPEN_TO_SUPPLIERS):
        answer = bellows.get(f"{resource}/")
        if answer.status_code == 200:
            shown = {each["id"] for each in answer.json()["results"]}
            assert stage.numbers[resource] not in shown, resource
            assert resource not in own or shown == {own[resource]}
        else:
            assert answer.status_code in (403, 404, 405), resource
    for resource, number in stage.numbers.items():
        found = bellows.get(f"search/?q={number}").json()["results"]
        assert all(hit["id"] == own.get(f"{hit['kind']}s") for hit in found), (resource, found)


INSIDERS_WITHOUT_ROLE = [
    ("amphora", VIEWER, "post", "quotes/"),
    ("amphora", VIEWER, "post", "applications/"),
    ("amphora", VIEWER, "post", "applications/bulk/"),
    ("harbour", ADMIN, "post", "applications/bulk/"),
    ("amphora", VIEWER, "post", "applications/{}/withdraw/"),
    ("harbour", VIEWER, "get", "advances/statement/"),
    ("meridian", VIEWER, "post", "settlements/bulk/"),
    ("amphora", VIEWER, "post", "supplier-numbers/"),
    ("amphora", VIEWER, "post", "supplier-numbers/{}/withdraw/"),
    ("meridian", MAKER, "post", "supplier-numbers/{}/confirm/"),
    ("meridian", MAKER, "post", "supplier-numbers/{}/refuse/"),
    ("amphora", VIEWER, "post", "receivables/"),
    ("amphora", VIEWER, "post", "credit-notes/"),
    ("amphora", MAKER, "post", "receivables/accept/"),
    ("amphora", ADMIN, "get", "receivables/overview/"),
    ("amphora", ADMIN, "get", "receivables/{}/comparison/"),
    ("amphora", MAKER, "post", "receivables/{}/dispute/"),
    ("amphora", MAKER, "post", "receivables/{}/resolve/"),
    ("amphora", VIEWER, "post", "receivables/{}/cancel/"),
    ("amphora", MAKER, "post", "settlements/"),
    ("amphora", VIEWER, "post", "programmes/{}/join/"),
    ("amphora", MAKER, "post", "facilities/{}/suspend/"),
    ("amphora", MAKER, "post", "facilities/{}/resume/"),
    ("amphora", VIEWER, "post", "verifications/"),
    ("amphora", MAKER, "post", "bank-accounts/"),
    ("amphora", MAKER, "post", "parties/"),
    ("amphora", MAKER, "get", "members/"),
    ("amphora", MAKER, "get", "members/{}/"),
    ("amphora", CHECKER, "post", "members/"),
    ("amphora", MAKER, "delete", "members/{}/"),
    ("amphora", ADMIN, "post", "deliveries/retry/"),
    ("watch", CHECKER, "post", "deliveries/retry/"),
    ("amphora", MAKER, "get", "clients/"),
    ("amphora", MAKER, "get", "clients/{}/"),
    ("amphora", CHECKER, "post", "clients/"),
    ("amphora", CHECKER, "post", "clients/{}/rotate/"),
    ("amphora", MAKER, "patch", "clients/{}/"),
    ("amphora", CHECKER, "delete", "clients/{}/"),
    ("amphora", MAKER, "get", "applications/{}/standing/"),
    ("amphora", MAKER, "get", "book/"),
    ("amphora", MAKER, "get", "book/exposure/"),
    ("amphora", ADMIN, "get", "suppliers/"),
    ("amphora", ADMIN, "get", "applications/overview/"),
    ("amphora", ADMIN, "get", "ledger-accounts/"),
    ("watch", ADMIN, "get", "ledger-entries/"),
    ("watch", ADMIN, "get", "ledger-movements/{}/"),
    ("harbour", MAKER, "post", "programmes/{}/figures/"),
    ("amphora", MAKER, "get", "policies/"),
    ("amphora", MAKER, "get", "decisions/{}/replay/"),
    ("meridian", VIEWER, "post", "trade-history/"),
    ("meridian", VIEWER, "post", "receivables/accept/"),
    ("meridian", VIEWER, "post", "settlements/"),
    ("meridian", VIEWER, "get", "settlements/due/"),
    ("meridian", MAKER, "post", "settlements/{}/approve/"),
    ("meridian", VIEWER, "post", "settlements/{}/cancel/"),
    ("harbour", MAKER, "post", "facilities/{}/suspend/"),
    ("harbour", CHECKER, "post", "policies/"),
    ("harbour", VIEWER, "post", "policies/{}/replays/"),
    ("amphora", MAKER, "get", "policy-replays/"),
    ("harbour", MAKER, "post", "policies/{}/approve/"),
    ("harbour", MAKER, "post", "policies/{}/reject/"),
    ("harbour", CHECKER, "post", "policies/{}/withdraw/"),
    ("harbour", MAKER, "post", "book/business-date/"),
    ("harbour", MAKER, "post", "quotes/"),
    ("watch", CHECKER, "post", "verifications/{}/screen/"),
    ("watch", MAKER, "post", "verifications/{}/decide/"),
    ("watch", CHECKER, "post", "parties/"),
]


def test_an_insider_without_the_role_is_refused_and_changes_nothing(stage):
    callers = {}
    for party, role, *_ in INSIDERS_WITHOUT_ROLE:
        callers.setdefault((party, role), caller_for(getattr(stage.lending.cast, party), role))
    before = footprint()
    for party, role, method, path in INSIDERS_WITHOUT_ROLE:
        answer = call(callers[party, role], method, path, stage)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), (party, role, method, path)
    assert footprint() == before


def test_a_second_funder_finds_nothing_of_the_first(stage):
    crown = caller_for(stage.lending.cast.crown, ADMIN)
    for method, path in ROUTES:
        if "{}" in path and path.split("/")[0] not in {"parties", "verifications", "notices"}:
            answer = call(crown, method, path, stage)
            assert answer.status_code == 404, (method, path)
    for resource in ("facilities", "applications", "advances", "policies", "instructions", "statements"):
        assert crown.get(f"{resource}/").json() == {"results": [], "next": None}, resource


def test_a_person_of_the_pages_may_read_by_session_and_needs_the_csrf_token_to_write(stage):
    ana = User.objects.get(email="ana@amphora.example")
    ana.set_password(PASSWORD)
    ana.save()
    browser = Browser(enforce_csrf_checks=True)
    assert browser.login(email=ana.email, password=PASSWORD)
    me = browser.get("/api/v1/me/").json()
    assert (me["party"]["name"], me["roles"], me["user"]) == ("Amphora", ["ADMIN"], ana.id)
    asked = {"facility": stage.lending.amphora_facility.id, "amount_minor": 100_00}
    refused = browser.post("/api/v1/quotes/", asked, "application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "PERMISSION_DENIED")


def test_a_made_up_token_is_refused_and_no_answer_is_cached(stage):
    caller = caller_for(stage.lending.cast.amphora)
    assert caller.get("me/").status_code == 200 and caller.get("me/")["Cache-Control"] == "private, no-cache"
    answer = type(caller)("made-up").get("me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_INVALID")
    assert answer["WWW-Authenticate"].startswith("Bearer")
