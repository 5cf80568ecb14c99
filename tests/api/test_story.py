"""The whole job over HTTP: invoice, acceptance, quote, application, funding, settlement, repayment."""

import pytest

from accounts.parties.models import Party
from financing.advances.models import Advance
from financing.advances.services import confirm_funding, decide_waiting
from financing.receivables.models import Receivable, SettlementPayment
from portal.shared.access import ADMIN, CHECKER, MAKER, SYSTEM_ACTOR
from tests import world
from tests.api.conftest import caller_for, person
from tests.api.test_idempotency import invoice
from tests.world import NOW, TODAY


@pytest.fixture
def lending(db):
    made = world.lending()
    world.trade(made.cast.amphora, made.cast.meridian)
    return made


def test_an_invoice_is_handed_in_accepted_financed_and_settled(lending):
    amphora, meridian = caller_for(lending.cast.amphora), caller_for(lending.cast.meridian)
    harbour = caller_for(lending.cast.harbour, CHECKER)
    facility = lending.amphora_facility.id
    documents = [
        invoice(lending, f"A-{n}", issue_date="2026-02-10", lines=[{"quantity": "1", "amount": "1000.00"}],
                payable="1000.00")
        for n in range(3)
    ]  # fmt: skip
    numbers = [each["receivable"] for each in amphora.post("receivables/", documents).json()["results"]]
    assert amphora.get(f"facilities/{facility}/availability/").json()["available_minor"] == 0

    accepted = meridian.post("receivables/accept/", {"ids": [*numbers, 999_999]}).json()
    assert accepted["done"] == 3 and accepted["results"][3]["code"] == "NOT_FOUND"
    quote = amphora.post("quotes/", {"facility": facility, "amount_minor": 800_00}).json()
    application = amphora.post("applications/", {"quote": quote["id"]}).json()["id"]
    decide_waiting(actor=SYSTEM_ACTOR, application_ids=[application], now=NOW)
    advance = Advance.objects.get()
    confirm_funding(actor=SYSTEM_ACTOR, value_dates={advance.id: TODAY}, now=NOW)

    due = meridian.get("settlements/due/?on=2026-04-30").json()
    assert (due["count"], due["totals"]) == (3, {"EUR": 3_000_00})
    settled = meridian.post("settlements/", {"key": "april", "lines": due["lines"]})
    assert settled.status_code == 201
    paid = {each["payee"]["name"]: each["amount_minor"] for each in settled.json()["payments"]}
    assert paid == {"Harbour": 1_000_00, "Amphora": 2_000_00}
    assert meridian.post("settlements/", {"key": "april", "lines": due["lines"]}).json() == settled.json()
    assert SettlementPayment.objects.count() == 2
    assert amphora.get(f"settlements/{settled.json()['id']}/").status_code == 404
    assert meridian.get("settlements/due/?on=2026-04-30").json()["lines"] == []

    instructions = meridian.get("instructions/?purpose=SETTLEMENT").json()["results"]
    assert sorted(each["amount_minor"] for each in instructions) == [1_000_00, 2_000_00]
    assert meridian.get("instructions/?purpose=DISBURSEMENT").json()["results"] == []
    book = harbour.get("book/").json()
    assert book["business_date"] == "2026-03-02"
    assert sum(line["balance_minor"] for line in book["trial_balance"]) == 0
    moved = harbour.post("book/business-date/", {"to_date": "2026-03-03"})
    assert moved.json()["business_date"] == "2026-03-03"
    back = harbour.post("book/business-date/", {"to_date": "2026-03-01"})
    assert back.status_code in (409, 422) and harbour.get("book/").json()["business_date"] == "2026-03-03"


def test_a_receivable_is_disputed_resolved_credited_and_cancelled(lending):
    amphora, meridian = caller_for(lending.cast.amphora), caller_for(lending.cast.meridian)
    first, second = (
        each["receivable"]
        for each in amphora.post("receivables/", [invoice(lending), invoice(lending, "A-2")]).json()["results"]
    )
    disputed = meridian.post(f"receivables/{first}/dispute/", {"reason": "Two are broken."}).json()
    assert (disputed["status"], disputed["dispute_reason"]) == ("DISPUTED", "Two are broken.")
    assert meridian.post(f"receivables/{first}/resolve/").json()["status"] == "ACCEPTED"
    note = {
        "type": "CREDIT_NOTE", "number": "C-1", "issue_date": "2026-03-02", "currency": "EUR", "supplier": "amphora",
        "debtor": {"registration_number": lending.cast.meridian.registration_number}, "invoice": "A-1",
        "payable": "20.00",
    }  # fmt: skip
    entered = amphora.post("credit-notes/", note)
    assert entered.status_code == 201
    shown = amphora.get(f"receivables/{first}/").json()
    assert shown["open_minor"] == 80_00 and shown["credit_notes"][0]["amount_minor"] == 20_00
    listed = amphora.get(f"credit-notes/?receivable={first}").json()["results"]
    assert [each["id"] for each in listed] == [entered.json()["results"][0]["credit_note"]]
    cancelled = amphora.post(f"receivables/{second}/cancel/", {"reason": "Typed wrongly."})
    assert cancelled.json()["status"] == "CANCELLED"
    again = amphora.post(f"receivables/{first}/cancel/", {"reason": "No."})
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_ACCEPTED")
    assert Receivable.objects.get(id=first).status == "ACCEPTED"


def test_a_supplier_is_registered_verified_and_opens_an_account(lending):
    maker = caller_for(lending.cast.watch, MAKER)
    wim, wanda = person("wim@watch.example"), person("wanda@watch.example")
    named = {"kind": "SUPPLIER", "name": "Clover", "country": "DE", "registration_number": "HRB 9"}
    made = maker.post("parties/", named)
    assert (made.status_code, made.json()["status"]) == (201, "PROSPECT")
    twice = maker.post("parties/", named)
    assert (twice.status_code, twice.json()["code"]) == (422, "PARTY_EXISTS")
    clover = caller_for(Party.objects.get(id=made.json()["id"]), ADMIN)
    asked = {
        "legal_name": "Clover GmbH", "registration_number": "HRB 9", "country": "DE",
        "owners": [{"full_name": "Cleo Clover", "country": "DE", "share_percent": "60.00"}],
    }  # fmt: skip
    submitted = clover.post("verifications/", asked)
    assert (submitted.status_code, submitted.json()["status"]) == (201, "SUBMITTED")
    path = f"verifications/{submitted.json()['id']}"
    assert maker.post(f"{path}/screen/", {"clear": True}).status_code == 403  # two people answer for it
    screened = wim.post(f"{path}/screen/", {"clear": True, "note": "Nothing found."}).json()
    assert (screened["screening"], len(screened["beneficial_owners"])) == ("CLEAR", 1)
    assert "screening" not in clover.get(f"{path}/").json()
    decided = wanda.post(f"{path}/decide/", {"approve": True, "note": ""}).json()
    assert decided["status"] == "APPROVED"
    assert clover.get(f"parties/{made.json()['id']}/").json()["status"] == "ADMITTED"
    account = {"holder": "Clover GmbH", "iban": "NL91 ABNA 0417 1643 00", "currency": "EUR"}
    opened = clover.post("bank-accounts/", account)
    assert (opened.status_code, opened.json()["iban"]) == (201, "NL91ABNA0417164300")
    assert [each["id"] for each in clover.get("bank-accounts/").json()["results"]] == [opened.json()["id"]]


def test_a_policy_is_proposed_by_one_and_approved_by_another_as_it_was_read(lending):
    maker, checker = caller_for(lending.cast.harbour, MAKER), caller_for(lending.cast.harbour, CHECKER)
    proposal = {"body": world.DEFAULT_BODY, "effective_from": "2026-04-01", "note": "As before"}
    wrong = maker.post("policies/", proposal | {"body": {"score": []}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "POLICY_INVALID") and wrong.json()["facts"]["faults"]
    late = maker.post("policies/", proposal | {"effective_from": "2026-03-01"})
    assert (late.status_code, late.json()["code"]) == (422, "EFFECTIVE_DATE_PASSED")
    made = maker.post("policies/", proposal).json()
    path = f"policies/{made['id']}"
    stale = checker.post(f"{path}/approve/", {"seen_hash": "0"})
    assert (stale.status_code, stale.json()["code"]) == (409, "STALE")
    approved = checker.post(f"{path}/approve/", {"seen_hash": made["body_hash"]}).json()
    assert (approved["status"], approved["approved_hash"]) == ("APPROVED", made["body_hash"])
    assert maker.get("policies/?status=APPROVED").json()["results"][0]["id"] == made["id"]
