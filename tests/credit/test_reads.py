"""What is read for a decision: standing, receivables, the debtor's age."""

from datetime import timedelta

from accounts.parties.models import BusinessVerification, Party
from financing.credit.queries import Standing, debtor_ages, receivable_facts, standings
from financing.credit.rules import DebtorAge, ReceivableFacts
from financing.receivables.models import Receivable
from tests.credit.test_features import claim
from tests.world import CURRENCY, TODAY


def test_standing_is_admission_and_the_last_day_of_an_approved_kyb(scene):
    amphora, bellows, meridian = scene.cast.amphora, scene.cast.bellows, scene.cast.meridian
    BusinessVerification.objects.filter(party=bellows).update(status="EXPIRED")
    Party.objects.filter(id=bellows.id).update(status="SUSPENDED")
    until = TODAY.replace(year=TODAY.year + 1)
    found = standings(party_ids=[amphora.id, bellows.id, meridian.id])
    assert found == {
        amphora.id: Standing(True, until), bellows.id: Standing(False, None), meridian.id: Standing(True, None),
    }  # fmt: skip
    assert found[amphora.id].is_valid(until)
    assert not found[amphora.id].is_valid(until + timedelta(1))
    assert not found[meridian.id].is_valid(TODAY)


def test_the_base_looks_at_open_receivables_of_supplier_and_debtor_oldest_due_first(scene):
    facility = scene.facility()
    later = claim(scene, "A1", 10, 5_000, deductions_minor=1_000)
    sooner = claim(scene, "A2", 20, 3_000, status="RECEIVED", accepted_at=None)
    Receivable.objects.filter(id=sooner.id).update(due_date=TODAY + timedelta(30))
    claim(scene, "A3", 10, 5_000, status="SETTLED")
    expected = (
        ReceivableFacts(
            sooner.id, 3_000, TODAY - timedelta(20), TODAY + timedelta(30), CURRENCY, "RECEIVED", None, None, 0
        ),
        ReceivableFacts(
            later.id, 4_000, TODAY - timedelta(10), TODAY + timedelta(60), CURRENCY, "ACCEPTED", None, None, 0
        ),
    )
    assert receivable_facts(facilities=[facility]) == {facility.id: expected}
    assert receivable_facts(facilities=[facility], lock=True) == {facility.id: expected}


def test_the_debtor_s_age_counts_what_this_funder_holds(scene):
    facility = scene.facility()
    held = {"status": "ASSIGNED", "assigned_facility_id": facility.id, "funder": scene.cast.harbour}
    claim(scene, "A1", 10, 5_000, **held)
    old = claim(scene, "A2", 100, 3_000, **held)
    claim(scene, "A3", 100, 9_000)
    Receivable.objects.exclude(number="A1").update(due_date=TODAY - timedelta(31))

    def age(beyond: int) -> tuple:
        return scene.cast.harbour.id, old.debtor_id, CURRENCY, TODAY - timedelta(beyond)

    elsewhere = (scene.cast.crown.id, *age(30)[1:])
    assert debtor_ages([age(30), age(31), elsewhere]) == {
        age(30): DebtorAge(open_minor=8_000, aged_minor=3_000),
        age(31): DebtorAge(open_minor=0, aged_minor=0),
        elsewhere: DebtorAge(open_minor=0, aged_minor=0),
    }
