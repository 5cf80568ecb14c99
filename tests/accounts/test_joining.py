"""How organisations and people come in, and how people leave."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.parties import services
from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Event
from portal.shared.errors import Forbidden, InvalidInput, NotFound
from tests.accounts.conftest import signed_up
from tests.threads import at_once, successes
from tests.world import NOW, as_member
from tests.world import member as add

ROLE = Membership.Role


def register(user: User, number: str = "HRB 7", name: str = "Novum") -> Party:
    return services.register_supplier(user=user, name=name, country="DE", registration_number=number, now=NOW)


def test_who_signs_a_supplier_up_administers_it_and_it_is_not_admitted_yet(db):
    nora = User.objects.create_user("nora@novum.example")
    party = register(nora, " HRB   7 ")
    assert (party.kind, party.status, party.registration_number) == ("SUPPLIER", "PROSPECT", "HRB 7")
    assert list(party.memberships.values_list("user", "role", "ended_at")) == [(nora.id, "ADMIN", None)]
    event = Event.objects.get()
    assert (event.name, event.payload, event.actor_user_id) == ("party.registered", {"kind": "SUPPLIER"}, nora.id)
    assert list(event.parties.values_list("party_id", flat=True)) == [party.id]


@pytest.mark.parametrize("number", ["HRB 7", "hrb 7", " HRB  7", "h.r.b.-7 ", "HRB7", "\uff28RB\u3000\uff17"])
def test_the_same_registration_number_is_not_signed_up_twice(db, number):
    register(User.objects.create_user("nora@novum.example"))
    with pytest.raises(InvalidInput) as refused:
        register(User.objects.create_user("otto@novum.example"), number)
    assert refused.value.code == "PARTY_EXISTS"
    assert (Party.objects.count(), Membership.objects.count(), Event.objects.count()) == (1, 1, 1)


def test_the_same_number_is_free_in_another_country_and_for_another_kind(cast):
    number = cast.harbour.registration_number
    party = register(User.objects.create_user("nora@novum.example"), number)
    user = User.objects.create_user("nils@novum.example")
    other = services.register_supplier(user=user, name="Novum BV", country="NL", registration_number=number, now=NOW)
    assert party.id != other.id


@pytest.mark.parametrize("number", ["  ", "--/-"])
def test_a_supplier_without_a_number_cannot_sign_up(db, number):
    with pytest.raises(InvalidInput) as refused:
        register(User.objects.create_user("nora@novum.example"), number)
    assert refused.value.code == "REGISTRATION_NUMBER_MISSING"
    assert not Party.objects.exists()


UNSEEN = ["Amphora\u200b", "\u202eahpmA", "Amphora\x00", "Am\u00adphora"]
LINKS = ["Claim at https://evil.example now", "WWW.evil.example"]


@pytest.mark.parametrize("name", ["4711 !!", "N" * 141, *UNSEEN, *LINKS])
def test_a_company_has_a_name_that_can_be_read(db, name):
    with pytest.raises(InvalidInput) as refused:
        register(User.objects.create_user("nora@novum.example"), name=name)
    assert refused.value.code == "PARTY_NAME_INVALID"
    assert not Party.objects.exists()


def test_a_name_of_several_lines_is_kept_as_one(db):
    assert (
        register(User.objects.create_user("nora@novum.example"), name=" Novum\r\nBcc: x\u00a0B.V. ").name
        == "Novum Bcc: x B.V."
    )


def test_two_who_sign_one_company_up_at_once_make_one_supplier(committed_db):
    people = [User.objects.create_user(f"p{n}@novum.example") for n in range(4)]
    results = at_once(*(lambda user=user: register(user) for user in people))
    assert len(successes(results)) == 1
    refused = [each for each in results if isinstance(each, Exception)]
    assert [getattr(each, "code", each) for each in refused] == ["PARTY_EXISTS"] * 3
    assert (Party.objects.count(), Membership.objects.count()) == (1, 1)


def test_the_database_itself_keeps_one_company_one_supplier(db):
    register(User.objects.create_user("nora@novum.example"))
    with pytest.raises(IntegrityError, match="party_registration_once"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO parties_party (kind, name, country, registration_number, external_reference, time_zone, "
            "status, created_at) VALUES ('SUPPLIER', 'Novum', 'DE', 'hrb-7 ', '', 'UTC', 'PROSPECT', now())"
        )


def test_a_time_zone_that_nobody_knows_is_refused_before_it_fails_every_page(cast):
    with pytest.raises(InvalidInput) as refused:
        services.enter_party(
            actor=as_member("wim@watch.example"), kind="BANK", name="Nowhere", country="DE", now=NOW,
            time_zone="Mars/Olympus",
        )  # fmt: skip
    assert refused.value.code == "TIME_ZONE_UNKNOWN"


def test_only_the_operators_maker_enters_organisations(cast):
    party = services.enter_party(
        actor=as_member("wim@watch.example"), kind="BANK", name="Levant", country="CY", now=NOW,
        registration_number="HE 5",
    )  # fmt: skip
    assert (party.kind, party.status) == ("BANK", "PROSPECT")
    for who in ("wanda@watch.example", "hana@harbour.example", "ana@amphora.example"):
        with pytest.raises(Forbidden):
            services.enter_party(actor=as_member(who), kind="BANK", name="X", country="CY", now=NOW)
    with pytest.raises(InvalidInput) as refused:
        services.enter_party(
            actor=as_member("wim@watch.example"), kind="BANK", name="Levant II", country="CY", now=NOW,
            registration_number="HE 5",
        )  # fmt: skip
    assert refused.value.code == "PARTY_EXISTS"


# ── Leaving ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def end(member: Membership, by: str = "ana@amphora.example") -> Membership:
    return services.end_membership(actor=as_member(by), membership_id=member.id, now=NOW)


def membership(email: str) -> Membership:
    return Membership.objects.get(user__email=email, ended_at=None)


def test_a_role_that_ended_is_kept_told_and_can_be_given_again(cast):
    member = membership("aldo@amphora.example")
    end(member)
    member.refresh_from_db()
    assert member.ended_at == NOW
    event = Event.objects.get(name="party.member_removed")
    assert (event.payload, event.audience) == ({"user": member.user_id, "role": "VIEWER"}, "INTERNAL")
    with pytest.raises(NotFound):
        end(member)
    assert add("aldo@amphora.example", cast.amphora, ROLE.VIEWER).id != member.id


def test_the_last_administrator_stays(cast):
    with pytest.raises(InvalidInput) as refused:
        end(membership("ana@amphora.example"))
    assert refused.value.code == "LAST_ADMINISTRATOR"
    assert membership("ana@amphora.example")


def test_an_administrator_who_may_not_sign_in_does_not_count(cast):
    add("gone@amphora.example", cast.amphora)
    User.objects.filter(email="gone@amphora.example").update(is_active=False)
    with pytest.raises(InvalidInput) as refused:
        end(membership("ana@amphora.example"))
    assert refused.value.code == "LAST_ADMINISTRATOR"
    assert end(membership("gone@amphora.example")).ended_at == NOW


def test_strangers_and_viewers_remove_nobody(cast):
    with pytest.raises(NotFound):
        end(membership("aldo@amphora.example"), by="ben@bellows.example")
    with pytest.raises(NotFound):
        end(membership("hana@harbour.example"))
    with pytest.raises(Forbidden):
        end(membership("ana@amphora.example"), by="aldo@amphora.example")
    assert not Membership.objects.exclude(ended_at=None).exists()


def test_two_administrators_who_remove_each_other_at_once_leave_one(committed_cast):
    for _ in range(5):
        second = add("second@amphora.example", committed_cast.amphora)
        first = membership("ana@amphora.example")
        actors = as_member("ana@amphora.example"), as_member("second@amphora.example")
        results = at_once(
            lambda second=second, actors=actors: services.end_membership(
                actor=actors[0], membership_id=second.id, now=NOW
            ),
            lambda first=first, actors=actors: services.end_membership(
                actor=actors[1], membership_id=first.id, now=NOW
            ),
        )
        assert len(successes(results)) == 1
        assert [e.code for e in results if isinstance(e, Exception)] == ["LAST_ADMINISTRATOR"]
        left = Membership.objects.get(party=committed_cast.amphora, role=ROLE.ADMIN, ended_at=None)
        if left.user.email != "ana@amphora.example":
            add("ana@amphora.example", committed_cast.amphora)
            end(left)


def test_the_database_knows_no_other_roles(cast):
    with pytest.raises(IntegrityError, match="membership_role_known"), connection.cursor() as cursor:
        cursor.execute("UPDATE parties_membership SET role = 'OWNER'")


# ── Who sees whom ────────────────────────────────────────────────────────────────────────────────────────────────────
SEEN = {
    "ana@amphora.example": {"Amphora", "Meridian", "Harbour", "Crown"},
    "ben@bellows.example": {"Bellows", "Meridian", "Harbour", "Crown"},
    "maya@meridian.example": {"Amphora", "Bellows", "Meridian", "Harbour", "Crown", "Watch"},
    "hana@harbour.example": {"Amphora", "Bellows", "Meridian", "Harbour", "Crown", "Watch"},
    "cleo@crown.example": {"Amphora", "Bellows", "Meridian", "Harbour", "Crown", "Watch"},
    "wim@watch.example": {"Amphora", "Bellows", "Meridian", "Harbour", "Crown", "Watch", "Novum"},
    "nora@novum.example": {"Novum", "Meridian", "Harbour", "Crown"},
}


@pytest.mark.parametrize("email", SEEN)
def test_suppliers_do_not_see_each_other_and_prospects_are_seen_by_the_operator_alone(cast, email):
    signed_up("nora@novum.example", "Novum", "HRB 7")
    found = Party.objects.visible_to(as_member(email)).values_list("name", flat=True)
    assert sorted(found) == sorted(SEEN[email])


def test_a_refused_registration_leaves_its_transaction_usable(db):
    register(User.objects.create_user("nora@novum.example"))
    with transaction.atomic():
        with pytest.raises(InvalidInput):
            register(User.objects.create_user("otto@novum.example"))
        assert Party.objects.count() == 1
