"""Who enters the back office, and what nobody does there: add, change, delete."""

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import get_messages
from django.test import Client, RequestFactory, override_settings

from accounts.parties.models import Membership, Party, User
from accounts.trail.models import Delivery, Event
from financing.ledger.models import Leg
from portal.backoffice.site import site
from portal.shared.access import ADMIN, OPERATOR, Actor
from tests.architecture.test_house import our_models
from tests.backoffice.conftest import address, parked, registered
from tests.world import NOW

STRICT = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def test_every_model_of_ours_can_be_looked_at():
    """A row with a composite key has no page of its own: Django's admin takes none."""
    missing = {m._meta.label for m in our_models() if m not in site._registry and not m._meta.is_composite_pk}
    assert missing == set()


def test_nobody_may_add_change_or_delete_anything_not_even_a_superuser(db):
    request = RequestFactory().get("/admin/")
    request.user = User(is_superuser=True, is_staff=True, is_active=True)
    request.actor = Actor(1, OPERATOR, frozenset({ADMIN}), user_id=1)
    for model, admin in site._registry.items():
        may = admin.get_model_perms(request)
        assert may == {"add": False, "change": False, "delete": False, "view": True}, model
        assert admin.get_inline_instances(request) == [], model
        assert admin.list_editable == () and "delete_selected" not in admin.get_actions(request), model


@pytest.mark.parametrize("model", ["parties.party", "parties.user", "trail.event", "credit.facility"])
def test_what_adds_changes_or_deletes_is_refused_and_changes_nothing(wim, model):
    User.objects.update(is_superuser=True, is_staff=True)
    model = apps.get_model(model)
    row = model.objects.order_by("pk").first()
    before = list(model.objects.order_by("pk").values())
    paths = [address(model, "add"), address(model, "change", row.pk), address(model, "delete", row.pk)]
    for path in paths:
        assert wim.post(path, {"name": "Mallory", "email": "mallory@example.com"}).status_code == 403
    assert [wim.get(path).status_code for path in paths] == [403, 200, 403]
    assert list(model.objects.order_by("pk").values()) == before


PATHS = ("/admin/", "/admin/parties/party/", "/admin/parties/party/export/csv/", "/admin/parties/party/1/change/",
         "/admin/jsi18n/", "/admin/autocomplete/", "/admin/search/", "/admin/parties/")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_strangers_are_asked_to_sign_in_by_the_portals_own_page(db, path):
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_the_admins_own_sign_in_is_the_portals(db):
    assert Client().get("/admin/login/")["Location"] == "/accounts/login/?next=/admin/"
    assert Client().post("/admin/login/", {"username": "x", "password": "y"}).status_code == 302


@pytest.mark.parametrize(
    "email", ["ana@amphora.example", "maya@meridian.example", "hugo@harbour.example", "carl@crown.example"]
)
def test_whoever_acts_for_another_party_finds_nothing_whatever_flags_they_carry(lending, as_user, email):
    User.objects.filter(email=email).update(is_staff=True, is_superuser=True)
    browser = as_user(email)
    assert {browser.get(path).status_code for path in PATHS} == {404}
    asked = {"action": "suspend", "_selected_action": [lending.cast.bellows.id], "reason": "x", "confirmed": "1"}
    assert browser.post("/admin/parties/party/", asked).status_code == 404
    assert Party.objects.get(id=lending.cast.bellows.id).status == "ADMITTED"


def test_a_person_enters_only_while_acting_for_the_operator(lending, as_user):
    wim = User.objects.get(email="wim@watch.example")
    Membership.objects.create(user=wim, party=lending.cast.amphora, role="VIEWER", created_at=NOW)
    browser = as_user("wim@watch.example")
    browser.post("/party/", {"party": lending.cast.amphora.id})
    assert browser.get("/admin/").status_code == 404
    browser.post("/party/", {"party": lending.cast.watch.id})
    assert browser.get("/admin/").status_code == 200


def test_the_membership_is_what_lets_in_and_its_end_shuts_out(wim):
    assert not User.objects.get(email="wim@watch.example").is_staff
    assert wim.get("/admin/parties/party/").status_code == 200
    Membership.objects.filter(user__email="wim@watch.example").update(ended_at=NOW)
    assert wim.get("/admin/parties/party/").status_code == 404


def test_without_a_second_factor_nobody_enters_where_one_is_required(vito):
    """Not even who may only look: what can be seen here is everybody's."""
    with override_settings(SECOND_FACTOR_REQUIRED=True, SECOND_FACTOR_FOR="deciding"):
        refused = vito.get("/admin/parties/party/")
        assert (refused.status_code, refused["Location"]) == (302, "/accounts/2fa/")
        assert [str(m) for m in get_messages(refused.wsgi_request)] == [
            "The back office opens with a second factor. Set one up first."
        ]
        Authenticator.objects.create(user=User.objects.get(email="vito@watch.example"), type="totp", data={})
        assert vito.get("/admin/parties/party/").status_code == 200


def test_the_admin_has_a_policy_of_its_own_and_the_portals_stays_strict(wim):
    assert wim.get("/operations/parties/")["Content-Security-Policy"] == STRICT
    assert wim.get("/admin/parties/party/")["Content-Security-Policy"] == (
        STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'") + "; style-src-attr 'unsafe-inline'"
    )
    assert wim.get("/admin/nowhere/")["Content-Security-Policy"] == STRICT


def test_the_operators_navigation_leads_in_and_the_back_office_leads_back(wim, as_user):
    assert 'href="/admin/"' in wim.get("/operations/parties/").text
    assert 'href="/admin/"' not in as_user("ana@amphora.example").get("/events/").text
    assert 'href="/"' in wim.get("/admin/parties/party/").text


def test_an_act_that_the_role_does_not_carry_is_neither_offered_nor_done(vito, lending):
    (delivery,) = parked(lending.cast.amphora)
    page = vito.get(address(Delivery, "change", delivery.pk)).text
    assert "Try again" not in page
    vito.post(address(Delivery), {"action": "try_again", "_selected_action": [delivery.pk], "select_across": "0"})
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("PARKED", 8)


def test_history_is_read_as_the_role_that_serves_reads_it(wim):
    """The admin writes no log of its own: what happened is in the trail."""
    assert [model for model in registered() if model._meta.app_label == "admin"] == []
    assert {Event, Leg} <= set(registered())
    assert AnonymousUser().is_authenticated is False
