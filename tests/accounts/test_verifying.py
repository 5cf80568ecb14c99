"""KYB: handed in by the party, screened by one person, decided by another, told without a warning."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from accounts.parties import inviting, services
from accounts.parties.models import BeneficialOwner, BusinessVerification, Membership, Party, User
from accounts.parties.second import LetInLately
from accounts.parties.services import Owner
from accounts.trail.models import Event
from portal.shared.access import ADMIN, SUPPLIER, Actor
from portal.shared.errors import Forbidden, InvalidInput, InvalidTransition, NotFound, OwnWork
from tests.accounts.conftest import decided, screened, submitted
from tests.threads import at_once, successes
from tests.world import NOW, as_member, member

NORA = "nora@novum.example"


def seen_by(email: str) -> list[str]:
    return list(Event.objects.visible_to(as_member(email)).order_by("id").values_list("name", flat=True))


def test_a_supplier_is_admitted_by_two_people_and_for_a_year(cast, prospect):
    verification = decided(screened(submitted(prospect, NORA)))
    prospect.refresh_from_db()
    assert (prospect.status, verification.status, verification.screening) == ("ADMITTED", "APPROVED", "CLEAR")
    assert verification.expires_on == date(2027, 3, 2)
    assert verification.screened_by.email == "wim@watch.example"
    assert verification.decided_by.email == "wanda@watch.example"
    owner = verification.beneficial_owners.get()
    assert (owner.full_name, owner.country, owner.share_percent) == ("Nora Novak", "DE", Decimal(60))


@pytest.mark.parametrize(
    "today, expires_on",
    [
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2026, 3, 31), date(2027, 3, 31)),
        (date(2026, 12, 30), date(2027, 12, 30)),
    ],
)
def test_a_verification_holds_for_a_year_also_from_29_february(cast, prospect, today, expires_on):
    assert decided(screened(submitted(prospect, NORA)), today=today).expires_on == expires_on


def test_the_party_is_told_of_handing_in_and_of_the_decision_never_of_the_screening(cast, prospect):
    decided(screened(submitted(prospect, NORA), clear=False), approve=False)
    assert seen_by(NORA) == ["party.registered", "verification.submitted", "verification.rejected"]
    assert seen_by("wim@watch.example") == [
        "verification.submitted", "verification.screened", "verification.rejected",
    ]  # fmt: skip
    for stranger in ("ana@amphora.example", "hana@harbour.example", "maya@meridian.example"):
        assert seen_by(stranger) == []
    assert Event.objects.get(name="verification.screened").audience == Event.Audience.INTERNAL


def test_clear_and_hit_look_the_same_to_the_party(cast, prospect):
    """A screening that is told of by its timing or its payload would be a warning, too."""
    screened(submitted(prospect, NORA), clear=False)
    assert seen_by(NORA) == ["party.registered", "verification.submitted"]
    assert {str(each.payload) for each in Event.objects.filter(name__startswith="verification.")} == {"{}"}


def test_no_event_holds_personal_data(cast, prospect):
    decided(screened(submitted(prospect, NORA)))
    inviting.invite(
        actor=as_member(NORA), party_id=prospect.id, email="paul@novum.example", role="MAKER", now=NOW
    )  # fmt: skip
    told = " ".join(str(payload).lower() for payload in Event.objects.values_list("payload", flat=True))
    for personal in ("nora", "novak", "paul", "@", "quay", "lists of the day", "as declared"):
        assert personal not in told


def test_maker_is_never_checker_whatever_roles_they_hold(cast, prospect):
    member("wim@watch.example", cast.watch, "CHECKER")
    verification = screened(submitted(prospect, NORA))
    with pytest.raises(OwnWork):
        decided(verification, by="wim@watch.example")
    verification.refresh_from_db()
    assert (verification.status, verification.decided_by) == ("SCREENED", None)


def test_whoever_belongs_to_a_company_does_not_verify_it_for_the_operator(cast, prospect):
    verification = submitted(prospect, NORA)
    Membership.objects.create(
        user=User.objects.get(email="wim@watch.example"), party=prospect, role="VIEWER", created_at=NOW
    )
    with pytest.raises(OwnWork):
        screened(verification)
    verification.refresh_from_db()
    assert verification.status == "SUBMITTED"


def test_a_machine_neither_screens_nor_decides(cast, prospect):
    """One client with the role of an administrator could do both, and nobody would answer for it."""
    verification = submitted(prospect, NORA)
    machine = Actor(cast.watch.id, "OPERATOR", frozenset({ADMIN}), client_id="robot")
    with pytest.raises(Forbidden):
        services.screen(actor=machine, verification_id=verification.id, clear=True, note="", now=NOW)
    screened(verification)
    with pytest.raises(Forbidden):
        services.decide_verification(
            actor=machine, verification_id=verification.id, approve=True, note="", today=NOW.date(), now=NOW
        )


def test_on_admission_the_party_takes_over_the_name_and_number_that_were_verified(cast, prospect):
    verification = submitted(prospect, NORA)
    BusinessVerification.objects.filter(id=verification.id).update(registration_number="HRB 4471")
    decided(screened(verification))
    prospect.refresh_from_db()
    assert (prospect.name, prospect.registration_number, prospect.status) == ("Novum GmbH", "HRB 4471", "ADMITTED")
    assert Event.objects.get(name="party.renamed").payload == {
        "name": "Novum GmbH", "name_before": "Novum", "country": "DE", "country_before": "DE",
        "registration_number": "HRB 4471", "registration_number_before": "HRB 7",
    }  # fmt: skip
    assert "party.renamed" in seen_by(NORA) and "party.renamed" in seen_by("wim@watch.example")


def test_nobody_is_admitted_under_the_number_of_another_party(cast, prospect):
    verification = screened(submitted(prospect, NORA))
    taken = cast.amphora.registration_number.lower().replace(" ", "-")
    BusinessVerification.objects.filter(id=verification.id).update(registration_number=taken)
    with pytest.raises(InvalidInput) as refused:
        decided(verification)
    assert refused.value.code == "PARTY_EXISTS"
    prospect.refresh_from_db()
    verification.refresh_from_db()
    assert (prospect.name, prospect.status, verification.status) == ("Novum", "PROSPECT", "SCREENED")
    assert not Event.objects.filter(name__in=["party.renamed", "verification.approved"]).exists()


def test_a_hit_cannot_be_approved(cast, prospect):
    verification = screened(submitted(prospect, NORA), clear=False)
    with pytest.raises(InvalidInput) as refused:
        decided(verification)
    assert refused.value.code == "SCREENING_NOT_CLEAR"
    prospect.refresh_from_db()
    assert prospect.status == "PROSPECT"


@pytest.mark.parametrize(
    "change, guard",
    [
        ("decided_by_id = screened_by_id", "verification_checker_is_not_maker"),
        (
            "screening = 'HIT', status = 'APPROVED', expires_on = '2027-01-01', decided_by_id = {other}",
            "approved_only_when_clear",
        ),
        ("status = 'APPROVED', expires_on = NULL, decided_by_id = {other}", "approved_only_when_clear"),
        ("status = 'APPROVED', expires_on = '2027-01-01'", "verification_approved_by_two"),
        ("status = 'APPROVED', expires_on = '2027-01-01', screened_by_id = NULL", "verification_approved_by_two"),
    ],
)
def test_the_database_itself_refuses(cast, prospect, change, guard):
    verification = screened(submitted(prospect, NORA))
    with pytest.raises(IntegrityError, match=guard), connection.cursor() as cursor:
        change = change.format(other=as_member("wanda@watch.example").user_id)
        cursor.execute(f"UPDATE parties_businessverification SET {change} WHERE id = %s", [verification.id])


def test_nothing_is_decided_in_the_wrong_order(cast, prospect):
    verification = submitted(prospect, NORA)
    with pytest.raises(InvalidInput):
        decided(verification)
    screened(verification)
    with pytest.raises(InvalidTransition):
        screened(verification)
    decided(verification)
    with pytest.raises(InvalidTransition):
        decided(verification, approve=False)


def test_what_is_evidently_wrong_is_rejected_before_it_is_screened(cast, prospect):
    verification = decided(submitted(prospect, NORA), approve=False)
    assert (verification.status, verification.expires_on) == ("REJECTED", None)


def test_after_a_rejection_one_may_hand_in_again(cast, prospect):
    decided(submitted(prospect, NORA), approve=False)
    assert submitted(prospect, NORA).status == "SUBMITTED"


def test_one_verification_is_open_at_a_time(cast, prospect):
    submitted(prospect, NORA)
    with pytest.raises(InvalidInput) as refused:
        submitted(prospect, NORA)
    assert refused.value.code == "VERIFICATION_OPEN"
    assert BeneficialOwner.objects.count() == 1


def test_of_two_handed_in_at_once_one_is_taken(committed_cast):
    party = committed_cast.amphora
    results = at_once(*[lambda: submitted(party, "ana@amphora.example")] * 3)
    assert len(successes(results)) == 1
    assert [e.code for e in results if isinstance(e, Exception)] == ["VERIFICATION_OPEN"] * 2
    assert party.verifications.filter(status="SUBMITTED").count() == 1


@pytest.mark.parametrize(
    "shares, code",
    [
        ([60, "40.01"], "OWNERS_ABOVE_WHOLE"),
        ([25, 25, 25, 25, 25], "OWNERS_ABOVE_WHOLE"),
        (["24.99"], "OWNER_SHARE_INVALID"),
        ([101], "OWNER_SHARE_INVALID"),
        ([-30], "OWNER_SHARE_INVALID"),
    ],
)
def test_owners_hold_from_a_quarter_to_the_whole(cast, prospect, shares, code):
    with pytest.raises(InvalidInput) as refused:
        submitted(prospect, NORA, [Owner("N", "DE", Decimal(share)) for share in shares])
    assert refused.value.code == code
    assert not prospect.verifications.exists()


@pytest.mark.parametrize("shares", [[], [100], [25, 75], [25, 25, 25, 25]])
def test_a_whole_may_be_held_by_nobody_one_or_four(cast, prospect, shares):
    verification = submitted(prospect, NORA, [Owner("N", "DE", Decimal(share)) for share in shares])
    assert verification.beneficial_owners.count() == len(shares)


def test_a_verification_is_nobody_elses_business(cast, prospect):
    verification = submitted(prospect, NORA)
    for stranger in ("ana@amphora.example", "hugo@harbour.example", "marc@meridian.example", NORA):
        with pytest.raises(NotFound):
            screened(verification, by=stranger)
        with pytest.raises(NotFound):
            decided(verification, by=stranger)
    with pytest.raises(Forbidden):
        screened(verification, by="wanda@watch.example")
    with pytest.raises(Forbidden):
        decided(screened(verification), by="wim@watch.example")


def test_nobody_hands_in_for_another_party(cast, prospect):
    outsider = Actor(cast.bellows.id, SUPPLIER, frozenset({ADMIN}), user_id=1)
    for party in (prospect, cast.meridian):
        with pytest.raises(NotFound):
            services.submit_verification(
                actor=outsider, party_id=party.id, legal_name="X", registration_number="X", country="DE", address="",
                owners=[], now=NOW,
            )  # fmt: skip
    assert not BusinessVerification.objects.filter(party__in=[prospect, cast.meridian]).exists()
    assert Party.objects.get(id=prospect.id).status == "PROSPECT"


def test_who_was_let_in_a_moment_ago_refuses_a_party_and_admits_none(cast, prospect):
    verification = screened(submitted(prospect, NORA))
    wanda = Membership.objects.filter(user__email="wanda@watch.example")
    wanda.update(created_at=NOW - timedelta(days=2))
    with pytest.raises(LetInLately) as refused:
        decided(verification)
    assert refused.value.facts == {"until": "2026-03-03T09:00+00:00"}
    prospect.refresh_from_db()
    verification.refresh_from_db()
    assert (prospect.status, verification.status, verification.decided_by) == ("PROSPECT", "SCREENED", None)
    assert decided(verification, approve=False).status == "REJECTED"
    again = screened(submitted(prospect, NORA))
    wanda.update(created_at=NOW - timedelta(days=3))
    assert decided(again).status == "APPROVED"
