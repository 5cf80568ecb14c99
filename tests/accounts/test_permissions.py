"""Who may do what: the whole table, written out so that an auditor can read it, and checked combination by combination.

Columns: kind of party. Letters: V viewer, M maker, C checker, A administrator; a dot where the role may not.
A star: asked for a second factor where the setting says so.
"""

from itertools import product

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import override_settings

from accounts.parties import inviting, services
from accounts.parties.models import Invitation, Membership, User
from financing.banking.services import register_account
from portal.live import acting_on
from portal.middleware import acting_for
from portal.shared.access import (
    ALL_KINDS,
    APPROVES_OR_PAYS,
    PERMISSIONS,
    ROLES,
    SYSTEM_ACTOR,
    Actor,
    approves_or_pays,
    permits,
    require,
)
from portal.shared.errors import Forbidden, SecondFactorRequired
from tests.accounts.conftest import browser_of, screened, submitted
from tests.world import NOW, TODAY, as_member

TABLE = """
                               SUPPLIER PLATFORM FINANCIER BANK SUPERVISOR OPERATOR
parties.view                   VMCA     VMCA     VMCA      VMCA VMCA       VMCA
parties.edit                   ...A     ...A     ...A      ...A ...A       ...A
parties.manage_members*        ...A     ...A     ...A      ...A ...A       ...A
clients.manage*                ...A     ...A     ...A      ...A ...A       ...A
parties.register               ....     ....     ....      .... ....       .M.A
parties.submit_verification    .M.A     ....     ....      .... ....       ....
parties.screen                 ....     ....     ....      .... ....       .M.A
parties.decide_verification*   ....     ....     ....      .... ....       ..CA
parties.shut_out*              ....     ....     ....      .... ....       .M.A
parties.let_in*                ....     ....     ....      .... ....       ..CA
trail.retry_delivery           ....     ....     ....      .... ....       .M.A
intake.replay                  ....     ....     ....      .... ....       .M.A
backoffice.view                ....     ....     ....      .... ....       VMCA
orders.import_trade            ....     .M.A     ....      .... ....       .M.A
orders.propose_number          .M.A     ....     ....      .... ....       ....
orders.confirm_number*         ....     ..CA     ....      .... ....       ....
orders.view                    VMCA     VMCA     VMCA      VMCA ....       VMCA
receivables.submit             .M.A     .M.A     ....      .... ....       ....
receivables.accept*            ....     .M.A     ....      .... ....       ....
receivables.dispute            ....     .M.A     ....      .... ....       ....
receivables.credit_note        .M.A     .M.A     ....      .... ....       ....
receivables.settle*            ....     .M.A     ....      .... ....       ....
receivables.approve_payment*   ....     ..CA     ....      .... ....       ....
receivables.view_settlements   ....     VMCA     ....      .... ....       ....
receivables.view               VMCA     VMCA     VMCA      VMCA ....       VMCA
credit.propose_policy          ....     ....     .M.A      .M.A ....       ....
credit.approve_policy*         ....     ....     ..CA      ..CA ....       ....
credit.replay_policy           ....     ....     .MCA      .MCA ....       ....
credit.view_policy             ....     ....     VMCA      VMCA ....       ....
credit.join_programme          .M.A     ....     ....      .... ....       ....
credit.manage_facility*        ....     ....     ..CA      ..CA ....       ....
advances.quote                 .M.A     ....     ....      .... ....       ....
advances.apply                 .M.A     ....     ....      .... ....       ....
advances.withdraw              .M.A     ....     ....      .... ....       ....
advances.recommend             ....     ....     .M.A      .M.A ....       ....
advances.decide_referral*      ....     ....     ..CA      ..CA ....       ....
advances.view                  VMCA     ....     VMCA      VMCA ....       VMCA
ledger.open_book               ....     ....     ....      .... ....       .M.A
ledger.view                    ....     ....     VMCA      VMCA ....       ....
ledger.advance_business_date*  ....     ....     ..CA      ..CA ....       ....
banking.register_account*      ...A     ...A     ...A      ...A ...A       ...A
banking.verify_account*        ....     ....     ....      .... ....       ..CA
banking.view                   VMCA     VMCA     VMCA      VMCA ....       VMCA
banking.retry*                 ....     ....     .M.A      .M.A ....       .M.A
"""


def matrix() -> str:
    """The table of portal.shared.access as the text above shows it."""
    lines = [f"{'':30} {' '.join(ALL_KINDS)}"]
    for permission in PERMISSIONS:
        cells = []
        for kind in ALL_KINDS:
            letters = "".join(r[0] if (kind, r) in PERMISSIONS[permission] else "." for r in ROLES)
            cells.append(letters.ljust(len(kind)))
        name = permission + ("*" if permission in APPROVES_OR_PAYS else "")
        lines.append(f"{name:30} {' '.join(cells)}".rstrip())
    return "\n".join(lines)


def test_the_table_is_as_it_is_written_here():
    assert matrix() == TABLE.strip("\n")


def cell(line: str, kind: str) -> str:
    return dict(zip(ALL_KINDS, line[31:].split(), strict=True))[kind]


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_of_a_kind_may_exactly_what_its_letter_says(kind, role):
    actor = Actor(1, kind, frozenset({role}), user_id=1)
    for line in TABLE.strip("\n").splitlines()[1:]:
        permission, may = line[:31].strip().rstrip("*"), role[0] in cell(line, kind)
        assert permits(actor, permission) == may, permission
        if may:
            require(actor, permission)
        else:
            with pytest.raises(Forbidden) as refused:
                require(actor, permission)
            assert refused.value.code == "FORBIDDEN"


def test_nobody_without_a_role_or_of_an_unknown_kind_may_anything():
    for permission, kind in product(PERMISSIONS, (*ALL_KINDS, "REGULATOR", "CONSUMER", "")):
        assert not permits(Actor(1, kind, frozenset()), permission)
        assert not permits(Actor(1, kind, frozenset({"OWNER"})), permission)
    for permission, role in product(PERMISSIONS, ROLES):
        assert not permits(Actor(1, "REGULATOR", frozenset({role})), permission)


def test_a_viewer_changes_nothing():
    reads = {name for name in PERMISSIONS if name.split(".")[1].startswith("view")}
    for permission, kind in product(PERMISSIONS, ALL_KINDS):
        if permits(Actor(1, kind, frozenset({"VIEWER"})), permission):
            assert permission in reads


def test_a_permission_that_is_not_in_the_table_is_a_mistake_and_not_a_no():
    with pytest.raises(KeyError):
        require(SYSTEM_ACTOR, "parties.everything")


@pytest.mark.parametrize("has, refused", [(None, False), (True, False), (False, True)])
def test_the_second_factor_is_asked_for_what_approves_or_pays_and_nothing_else(has, refused):
    for permission, kind, role in product(PERMISSIONS, ALL_KINDS, ROLES):
        actor = Actor(1, kind, frozenset({role}), user_id=1, has_second_factor=has)
        if not permits(actor, permission):
            continue
        if refused and permission in APPROVES_OR_PAYS:
            with pytest.raises(SecondFactorRequired):
                require(actor, permission)
        else:
            require(actor, permission)


def test_whoever_may_decide_with_a_stroke_of_the_pen_is_asked_for_it():
    asked = {
        (kind, role) for kind, role in product(ALL_KINDS, ROLES) if approves_or_pays(Actor(1, kind, frozenset({role})))
    }
    assert sorted(asked) == [
        ("BANK", "ADMIN"), ("BANK", "CHECKER"), ("BANK", "MAKER"),
        ("FINANCIER", "ADMIN"), ("FINANCIER", "CHECKER"), ("FINANCIER", "MAKER"),
        ("OPERATOR", "ADMIN"), ("OPERATOR", "CHECKER"), ("OPERATOR", "MAKER"),
        ("PLATFORM", "ADMIN"), ("PLATFORM", "CHECKER"), ("PLATFORM", "MAKER"),
        ("SUPERVISOR", "ADMIN"), ("SUPPLIER", "ADMIN"),
    ]  # fmt: skip


# ── The second factor of real people ─────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def required():
    with override_settings(SECOND_FACTOR_REQUIRED=True):
        yield


def factor(email: str, kind: str) -> None:
    Authenticator.objects.create(user=User.objects.get(email=email), type=kind, data={})


def actor_of(email: str) -> Actor:
    return acting_for(User.objects.get(email=email), None)[0]


def test_where_the_setting_does_not_ask_nobody_is_asked(cast):
    assert actor_of("wanda@watch.example").has_second_factor is None
    assert browser_of(User.objects.get(email="hugo@harbour.example")).get("/events/").status_code == 200


@pytest.mark.parametrize("kind, counts", [("totp", True), ("webauthn", True), ("recovery_codes", False)])
def test_an_app_or_a_passkey_counts_and_recovery_codes_alone_do_not(cast, required, kind, counts):
    factor("wanda@watch.example", kind)
    assert actor_of("wanda@watch.example").has_second_factor is counts


def test_services_refuse_until_there_is_one_and_change_nothing(cast, prospect, required):
    verification = screened(submitted(prospect, "nora@novum.example"))

    def decide():
        return services.decide_verification(
            actor=actor_of("wanda@watch.example"), verification_id=verification.id, approve=True, note="",
            today=TODAY, now=NOW,
        )  # fmt: skip

    with pytest.raises(SecondFactorRequired):
        decide()
    prospect.refresh_from_db()
    assert prospect.status == "PROSPECT"
    factor("wanda@watch.example", "recovery_codes")
    with pytest.raises(SecondFactorRequired):
        decide()
    factor("wanda@watch.example", "totp")
    assert decide().status == "APPROVED"


def test_who_appoints_others_or_says_where_money_goes_is_asked_too(cast, required):
    ana = actor_of("ana@amphora.example")
    with pytest.raises(SecondFactorRequired):
        inviting.invite(actor=ana, party_id=ana.party_id, email="x@amphora.example", role="CHECKER", now=NOW)
    with pytest.raises(SecondFactorRequired):
        register_account(
            actor=ana, party_id=ana.party_id, holder="Amphora", iban="DE27100777770209299700", currency="EUR", now=NOW
        )
    assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "email", ["hugo@harbour.example", "hana@harbour.example", "maya@meridian.example", "ana@amphora.example"]
)
def test_pages_lead_whoever_may_approve_or_pay_to_the_set_up_first(cast, required, email):
    browser = browser_of(User.objects.get(email=email))
    for path in ("/", "/events/", "/funding/"):
        answer = browser.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/2fa/")
    assert browser.post("/events/").status_code == 302
    told = browser.get("/accounts/2fa/")
    assert told.status_code == 200
    assert "Set up a second factor first" in told.text
    factor(email, "totp")
    assert browser.get("/events/").status_code == 200


@pytest.mark.parametrize("email", ["vera@harbour.example", "aldo@amphora.example"])
def test_who_neither_approves_nor_pays_is_left_alone_where_the_setting_says_so(cast, required, email):
    browser = browser_of(User.objects.get(email=email))
    with override_settings(SECOND_FACTOR_FOR="deciding"):
        assert browser.get("/events/").status_code == 200
        assert browser.get("/api/v1/me/").status_code == 200
    assert browser.get("/events/").headers["Location"] == "/accounts/2fa/"
    assert acting_on(scope_of(browser)) is None
    refused = browser.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (403, "SECOND_FACTOR_REQUIRED")
    factor(email, "totp")
    assert browser.get("/events/").status_code == browser.get("/api/v1/me/").status_code == 200
    assert acting_on(scope_of(browser)) is not None


def scope_of(browser) -> dict:
    """Of the stream of news that the browser asks for."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    headers = [(b"cookie", cookie.encode()), (b"host", b"testserver")]
    return {"type": "http", "method": "GET", "path": "/live/", "query_string": b"", "headers": headers}


def test_the_api_of_a_session_is_refused_by_the_service_with_its_code(cast, prospect, required):
    verification = screened(submitted(prospect, "nora@novum.example"))
    browser = browser_of(User.objects.get(email="wanda@watch.example"))
    path = f"/api/v1/verifications/{verification.id}/decide/"
    answer = browser.post(path, {"approve": True}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "SECOND_FACTOR_REQUIRED")
    factor("wanda@watch.example", "webauthn")
    assert browser.post(path, {"approve": True}, content_type="application/json").status_code == 200


def test_a_membership_without_power_elsewhere_does_not_ask(cast, required, settings):
    """One is asked for what the acting party permits, not for what another does."""
    hugo = User.objects.get(email="hugo@harbour.example")
    Membership.objects.create(user=hugo, party=cast.amphora, role="VIEWER", created_at=NOW)
    browser = browser_of(hugo)
    settings.SECOND_FACTOR_FOR = "deciding"
    assert browser.get("/events/").status_code == 200  # acts for Amphora, the first by name
    browser.post("/party/", {"party": cast.harbour.id})
    assert browser.get("/events/").status_code == 302
    assert browser.post("/party/", {"party": cast.amphora.id}).status_code == 302
    assert browser.get("/events/").status_code == 200
    assert as_member("vera@harbour.example").has_second_factor is None
