"""Every POST that creates is done once under its key: read from the document, so that none is forgotten."""

import re

import psycopg
import pytest
from django.db import connection

from financing.banking.models import BankAccount
from financing.credit.rules import DEFAULT_BODY
from financing.receivables.models import Receivable
from logistics.orders.models import SupplierNumber
from portal.reference.views import document
from portal.shared.access import ADMIN
from tests.api.conftest import Caller, caller_for
from tests.api.stage import Stage, set_up
from tests.api.test_idempotency import invoice

HELD = "held"
SHOWN_ONCE = {"secret"}


@pytest.fixture
def stage(db) -> Stage:
    return set_up()


def creating() -> set[str]:
    """Paths of the POSTs that answer 201."""
    return {
        path.removeprefix("/api/v1/")
        for path, operations in document()["paths"].items()
        if "201" in operations.get("post", {}).get("responses", {})
    }


def requests(stage: Stage) -> dict[str, tuple[str, object]]:
    """Path -> who asks, and what it sends; a call makes the body anew, as it stands by then."""
    lending = stage.lending
    invoices = {"number": "ONCE-1", "supplier": "amphora"}
    return {
        "parties/": ("watch", {"kind": "BANK", "name": "Once", "country": "DE"}),
        "members/": ("amphora", {"email": "once@amphora.example", "role": "VIEWER"}),
        "invitations/": ("amphora", {"email": "invited@amphora.example", "role": "VIEWER"}),
        "clients/": ("amphora", {"name": "Once", "role": "VIEWER", "scopes": ["portolan"]}),
        "verifications/": ("amphora", {"legal_name": "Amphora", "registration_number": "1", "country": "DE"}),
        "bank-accounts/": ("crown", {"holder": "Crown", "iban": "DE02120300000000202051", "currency": "USD"}),
        f"bank-accounts/{_account(lending)}/replace/": ("amphora", {"holder": "A", "iban": "DE89370400440532013000"}),
        "trade-history/?mapping=portolan": (
            "meridian", b"order,line,supplier,sku,quantity,unit_price,currency,ordered_at\n",
        ),
        "receivables/": ("amphora", invoice(lending, **invoices)),
        "credit-notes/": ("amphora", {
            "type": "CREDIT_NOTE", "number": "ONCE-2", "issue_date": "2026-03-01", "currency": "EUR",
            "supplier": "amphora", "debtor": {"registration_number": lending.cast.meridian.registration_number},
            "invoice": "INV-0", "payable": "1.00",
        }),
        "supplier-numbers/": (_nameless(lending), {"platform": lending.cast.meridian.id, "number": "S-1"}),
        "quotes/": ("amphora", {"facility": lending.amphora_facility.id, "amount_minor": 100_00}),
        "applications/": ("amphora", {"quote": _quoted(stage)}),
        "applications/bulk/": ("amphora", {"applications": [{"quote": _quoted(stage)}]}),
        "settlements/": ("meridian", {"key": "once-1", "lines": [{"receivable": _accepted(0)}]}),
        "settlements/bulk/": ("meridian", {"key": "once-2", "lines": [{"receivable": _accepted(1)}]}),
        "programmes/{id}/join/": ("amphora", None),
        "policies/": ("harbour", {"body": DEFAULT_BODY, "effective_from": "2030-01-01"}),
        "policies/{id}/replays/": ("harbour", {"months": 3}),
    }  # fmt: skip


def _account(lending) -> int:
    return BankAccount.objects.get(party=lending.cast.amphora, closed_at=None).id


def _nameless(lending) -> str:
    """A supplier that its platform does not know by a number yet."""
    SupplierNumber.objects.filter(supplier=lending.cast.bellows).delete()
    return "bellows"


def _accepted(number: int) -> int:
    return Receivable.objects.filter(status="ACCEPTED", settling_minor=0).order_by("-id")[number].id


def _quoted(stage: Stage) -> int:
    asked = {"facility": stage.lending.amphora_facility.id, "amount_minor": 100_00}
    return caller_for(stage.lending.cast.amphora).post("quotes/", asked).json()["id"]


def send(caller: Caller, path: str, body, key: str):
    content_type = "text/csv" if path.startswith("trade-history/") else "application/json"
    return caller.post(path, body, content_type, Idempotency_Key=key)


def other(body):
    """Another request than this one."""
    return body + b" " if isinstance(body, bytes) else {"another": True} | (body or {})


@pytest.fixture
def elsewhere():
    """A second connection to the same database."""
    given = connection.get_connection_params()
    known = ("host", "port", "user", "password", "dbname")
    with psycopg.connect(**{name: given[name] for name in known if given.get(name)}) as wire:
        yield wire


def test_each_of_them_is_done_once_replayed_marked_and_refused_with_another_body_or_while_it_runs(stage, elsewhere):
    asked = requests(stage)
    assert {re.sub(r"\d+", "{id}", path.partition("?")[0]) for path in asked} == creating()
    callers = {name: caller_for(getattr(stage.lending.cast, name), ADMIN) for name in {by for by, _ in asked.values()}}
    for name in callers:
        party = getattr(stage.lending.cast, name).id
        elsewhere.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 1))", [f"{party}/{HELD}"])
    for number, (template, (by, body)) in enumerate(asked.items()):
        caller, key = callers[by], f"once-{number}"
        path = template.replace("{id}", str(stage.numbers.get(template.split("/")[0], "")))
        waiting = send(caller, path, body, HELD)
        assert (waiting.status_code, waiting.json()["code"]) == (409, "IDEMPOTENCY_KEY_IN_FLIGHT"), path
        first, again = send(caller, path, body, key), send(caller, path, body, key)
        assert (first.status_code, again.status_code) == (201, 201), (path, first.json())
        assert "Idempotency-Replayed" not in first and again["Idempotency-Replayed"] == "true", path
        kept = {name: value for name, value in first.json().items() if name not in SHOWN_ONCE}
        assert {name: value for name, value in again.json().items() if name not in SHOWN_ONCE} == kept, path
        refused = send(caller, path, other(body), key)
        # What takes no body has no other one.
        code = "IDEMPOTENCY_KEY_REUSED" if body else "FIELD_UNKNOWN"
        assert (refused.status_code, refused.json()["code"]) == (422, code), path
