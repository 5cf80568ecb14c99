"""What the policy leaves to persons: a maker recommends, a checker decides, and both have seen the same facts."""

import copy

import pytest

from financing.advances.models import Advance, Application
from financing.credit.rules import DEFAULT_BODY
from portal.shared.access import CHECKER, MAKER
from tests import world
from tests.stories.house import House, Supplier
from tests.world import TODAY


@pytest.fixture
def referred(house: House, request) -> tuple[Supplier, Application]:
    """An application over 900.00 under a policy that decides up to 500.00 by itself."""
    supplier = house.supplier(request.param)
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = 500_00
    world.approved_policy(house.cast.harbour, body, TODAY)
    application_id = supplier.apply(900_00)
    # Pinned at submission: the policy of the other stories is in force again before anybody decides.
    world.approved_policy(house.cast.harbour, DEFAULT_BODY, TODAY)
    return supplier, house.decided(application_id)


def of_funder(house: House, role: str, application: Application, outcome: str, note: str, **told) -> dict:
    verb = "recommend" if role == MAKER else "decide"
    funder = house.machine(house.cast.harbour, role)
    seen = funder.get(f"applications/{application.id}/")["seen_hash"]
    word = {"outcome": outcome, "note": note, "seen_hash": seen} | told
    return funder.post(f"applications/{application.id}/{verb}/", word)


@pytest.mark.parametrize("referred", ["Fennel"], indirect=True)
def test_above_authority_a_maker_recommends_a_checker_approves_and_it_is_paid(house: House, referred):
    supplier, application = referred
    assert (application.status, application.decision.reasons) == ("REFERRED", ["AMOUNT_ABOVE_AUTHORITY"])
    assert supplier.states() == ["ACCEPTED"] * 4
    assert house.booked_at_bank(supplier.iban) == []

    of_funder(house, MAKER, application, "APPROVED", "Orders and receipts agree.")
    assert house.booked_at_bank(supplier.iban) == []
    assert of_funder(house, CHECKER, application, "APPROVED", "Agreed.")["status"] == "APPROVED"

    advance = house.advance(application.id)
    assert advance.principal_minor == 900_00
    assert house.booked_at_bank(supplier.iban) == [900_00]
    assert supplier.states() == ["ASSIGNED", "ACCEPTED", "ACCEPTED", "ACCEPTED"]
    decision = Application.objects.get(id=application.id).decision
    assert decision.recommended_by.startswith("client:") and decision.decided_by.startswith("client:")
    assert decision.recommended_by != decision.decided_by


@pytest.mark.parametrize("referred", ["Garnet"], indirect=True)
def test_above_authority_a_checker_declines_and_nothing_has_moved(house: House, referred):
    supplier, application = referred
    why = {"reasons": ["TRADE_TOO_WEAK"], "explanation": "Show us one more month."}
    of_funder(house, MAKER, application, "DECLINED", "Sales are falling.", **why)
    assert of_funder(house, CHECKER, application, "DECLINED", "We wait a month.", **why)["status"] == "DECLINED"
    told = supplier.api.get(f"applications/{application.id}/")["decision"]
    assert ([each["code"] for each in told["reasons"]], told["explanation"]) == (["TRADE_TOO_WEAK"], why["explanation"])
    assert "We wait a month." not in str(told)
    house.quiet()
    assert not Advance.objects.filter(application=application).exists()
    assert supplier.states() == ["ACCEPTED"] * 4
    assert house.booked_at_bank(supplier.iban) == []
    assert (supplier.facility.principal_minor, supplier.facility.reserved_minor) == (0, 0)
