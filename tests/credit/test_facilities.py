"""Programmes on offer, and the suppliers who join them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.parties.models import BusinessVerification, Party
from accounts.trail.models import Event
from financing.credit import services
from financing.credit.models import Facility, Programme
from financing.ledger.models import Account, Book
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound
from tests.world import CURRENCY, NOW, TODAY


def join(scene, programme, actor=None):
    return services.join_programme(actor=actor or scene.ana, programme_id=programme.id, now=NOW)


def test_a_supplier_joins_once(scene):
    programme = scene.programme()
    facility = join(scene, programme)
    assert (facility.status, facility.limit_minor, facility.funder, facility.debtor, facility.currency) == (
        "ACTIVE", 0, scene.cast.harbour, scene.cast.meridian, CURRENCY,
    )  # fmt: skip
    assert join(scene, programme) == facility
    assert Event.objects.filter(name="facility.joined").count() == 1


def test_supplier_and_funder_hear_of_a_facility_and_the_platform_does_not(scene):
    join(scene, scene.programme())
    parties = set(Event.objects.get(name="facility.joined").parties.values_list("party_id", flat=True))
    assert parties == {scene.cast.amphora.id, scene.cast.harbour.id}


def test_who_is_not_admitted_or_whose_kyb_has_run_out_cannot_join(scene):
    programme = scene.programme()
    Party.objects.filter(id=scene.cast.amphora.id).update(status="SUSPENDED")
    BusinessVerification.objects.filter(party=scene.cast.bellows).update(expires_on=TODAY - timedelta(1))
    for actor in (scene.ana, scene.ben):
        with pytest.raises(services.NotAdmitted):
            join(scene, programme, actor)
    assert not Facility.objects.exists()


def test_kyb_is_measured_by_the_business_date_of_the_funder(scene):
    programme = scene.programme()
    BusinessVerification.objects.filter(party=scene.cast.amphora).update(expires_on=TODAY + timedelta(5))
    Book.objects.filter(funder=scene.cast.harbour).update(business_date=TODAY + timedelta(6))
    with pytest.raises(services.NotAdmitted):
        join(scene, programme)


def test_only_suppliers_with_the_role_join(scene):
    programme = scene.programme()
    with pytest.raises(Forbidden):
        join(scene, programme, scene.aldo)
    with pytest.raises(Forbidden):
        join(scene, programme, scene.hana)
    with pytest.raises(NotFound):
        join(scene, programme, scene.cleo)


def test_a_closed_programme_is_not_there_for_suppliers(scene):
    programme = scene.programme()
    Programme.objects.update(is_open=False)
    with pytest.raises(NotFound):
        join(scene, programme)


def test_a_programme_is_the_funder_s_own_with_a_platform_as_debtor(scene):
    terms = services.ProgrammeTerms("P", scene.cast.bellows.id, CURRENCY, agreement="A")
    with pytest.raises(NotFound):
        services.open_programme(actor=scene.hugo, funder_id=scene.cast.harbour.id, terms=terms, now=NOW)
    with pytest.raises(NotFound):
        services.open_programme(actor=scene.carl, funder_id=scene.cast.harbour.id, terms=terms, now=NOW)
    with pytest.raises(Forbidden):
        services.open_programme(actor=scene.hana, funder_id=scene.cast.harbour.id, terms=terms, now=NOW)
    scene.programme("Once")
    with pytest.raises(InvalidInput, match="already"):
        scene.programme("Once")


def test_a_facility_is_suspended_and_resumed_by_a_checker_of_the_funder(scene):
    facility = scene.facility()
    suspended = services.suspend_facility(actor=scene.hugo, facility_id=facility.id, reason="Fraud check", now=NOW)
    assert suspended.status == "SUSPENDED"
    with pytest.raises(InvalidTransition):
        services.suspend_facility(actor=scene.hugo, facility_id=facility.id, reason="Again", now=NOW)
    assert services.resume_facility(actor=scene.hugo, facility_id=facility.id, now=NOW).status == "ACTIVE"
    with pytest.raises(Forbidden):
        services.suspend_facility(actor=scene.ana, facility_id=facility.id, reason="", now=NOW)
    with pytest.raises(NotFound):
        services.suspend_facility(actor=scene.carl, facility_id=facility.id, reason="", now=NOW)


def test_no_draw_goes_beyond_the_limit_whatever_races(scene):
    facility = scene.facility()
    with pytest.raises(IntegrityError, match="facility_within_limit"), transaction.atomic():
        Facility.objects.filter(id=facility.id).update(limit_minor=100, principal_minor=60, reserved_minor=41)


def test_what_names_a_facility_names_a_real_one(scene):
    facility = scene.facility()
    book = Book.objects.get(funder=scene.cast.harbour)
    Account.objects.create(book=book, kind="ADVANCES", currency=CURRENCY, facility_id=facility.id)
    with pytest.raises(IntegrityError, match="ledger_account_facility_fk"), transaction.atomic():
        Account.objects.create(book=book, kind="ADVANCES", currency=CURRENCY, facility_id=facility.id + 1)
