"""How organisations and people come in, and how people leave."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.parties import services
from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Event
from portal.shared.errors import Forbidden, InvalidInput, NotFound
from tests.accounts.conftest import signed_up
from tests.threads import at_once, successes
from tests.world import NOW, PASSWORD, as_member

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


@pytest.mark.parametrize("name", ["4711 !!", "N" * 141])
def test_a_company_has_a_name_that_can_be_read(db, name):
    with pytest.raises(InvalidInput) as refused:
        register(User.objects.create_user("nora@novum.example"), name=name)
    assert refused.value.code == "PARTY_NAME_INVALID"
    assert not Party.objects.exists()


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


# ── Members ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def add(email: str = "new@amphora.example", role: str = ROLE.MAKER, *, by: str = "ana@amphora.example", party=None):
    actor = as_member(by)
    return services.add_member(actor=actor, party_id=party or actor.party_id, email=email, role=role, now=NOW)


def test_a_member_is_added_once_whatever_the_case_of_the_address(cast):
    first, second = add("New@Amphora.example"), add(" new@amphora.example ")
    assert first.id == second.id
    assert first.user.email == "new@amphora.example"
    events = Event.objects.filter(name="party.member_added")
    assert [(each.payload, each.audience) for each in events] == [
        ({"user": first.user_id, "role": "MAKER"}, "INTERNAL")
    ]


def test_one_person_may_hold_several_roles_and_belong_to_several_parties(cast):
    add(role=ROLE.MAKER), add(role=ROLE.CHECKER), add(by="ben@bellows.example")
    user = User.objects.get(email="new@amphora.example")
    assert sorted(user.memberships.values_list("party__name", "role")) == [
        ("Amphora", "CHECKER"), ("Amphora", "MAKER"), ("Bellows", "MAKER"),
    ]  # fmt: skip


def test_two_administrators_who_add_one_person_at_once_make_one_user(committed_cast):
    results = at_once(*(lambda role=role: add(role=role) for role in (ROLE.MAKER, ROLE.CHECKER, ROLE.MAKER)))
    assert len(successes(results)) == 3, results
    assert User.objects.filter(email="new@amphora.example").count() == 1
    assert Membership.objects.filter(user__email="new@amphora.example").count() == 2


@pytest.mark.parametrize(
    "given, code", [({"role": "OWNER"}, "ROLE_UNKNOWN"), ({"email": "no address"}, "EMAIL_INVALID")]
)
def test_what_is_no_role_or_no_address_adds_nobody(cast, given, code):
    before = User.objects.count()
    with pytest.raises(InvalidInput) as refused:
        add(**given)
    assert refused.value.code == code
    assert User.objects.count() == before


def test_the_database_knows_no_other_roles(cast):
    with pytest.raises(IntegrityError, match="membership_role_known"), connection.cursor() as cursor:
        cursor.execute("UPDATE parties_membership SET role = 'OWNER'")


def test_only_an_administrator_adds_and_only_to_its_own_party(cast):
    with pytest.raises(Forbidden):
        add(by="aldo@amphora.example")
    with pytest.raises(NotFound):
        add(party=cast.bellows.id)
    with pytest.raises(NotFound):  # visible to it, and none of its business all the same
        add(party=cast.meridian.id)


def test_a_person_who_was_added_comes_in_by_forgotten_password(cast):
    add()
    user = User.objects.get(email="new@amphora.example")
    assert not user.has_usable_password()
    assert set_password(user.email, PASSWORD)
    browser = Client()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert browser.get("/api/v1/me/").json()["party"]["name"] == "Amphora"


def set_password(email: str, password: str) -> bool:
    """What a person does who reads that mailbox."""
    mail.outbox.clear()
    browser = Client()
    browser.post("/accounts/password/reset/", {"email": email})
    address = re.search(r"https?://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[-1].body)[1]
    form = browser.get(address, follow=True)
    path = form.redirect_chain[-1][0]
    answer = browser.post(path, {"password1": password, "password2": password})
    return answer.status_code == 302 and User.objects.get(email=email).check_password(password)


def test_who_signed_up_with_anothers_address_gets_nothing_when_the_other_is_added(cast):
    thief = User.objects.create_user("new@amphora.example", "thief-thief-thief")
    EmailAddress.objects.create(user=thief, email=thief.email, primary=True, verified=False)
    Authenticator.objects.create(user=thief, type="totp", data={"secret": "x"})
    browser = Client()
    assert browser.login(email=thief.email, password="thief-thief-thief")
    add()
    assert browser.get("/api/v1/me/").status_code == 401
    assert not Client().login(email=thief.email, password="thief-thief-thief")
    assert not Authenticator.objects.filter(user=thief).exists()
    assert set_password(thief.email, PASSWORD)


def test_a_confirmed_address_keeps_its_password_when_added_elsewhere(cast):
    user = User.objects.create_user("new@amphora.example", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    add()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


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
    assert add("aldo@amphora.example", ROLE.VIEWER).id != member.id


def test_the_last_administrator_stays(cast):
    with pytest.raises(InvalidInput) as refused:
        end(membership("ana@amphora.example"))
    assert refused.value.code == "LAST_ADMINISTRATOR"
    assert membership("ana@amphora.example")


def test_an_administrator_who_may_not_sign_in_does_not_count(cast):
    add("gone@amphora.example", ROLE.ADMIN)
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
        second = add("second@amphora.example", ROLE.ADMIN)
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
            add("ana@amphora.example", ROLE.ADMIN, by="second@amphora.example")
            end(left)


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
