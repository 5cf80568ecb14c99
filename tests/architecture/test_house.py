"""The house stands as its map says: floors, migrations, subscribers, permissions, life-cycles, history."""

import inspect
import io
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from importlinter.cli import lint_imports

from accounts.trail.subscribers import subscribers
from portal.shared.access import APPROVES_OR_PAYS, PERMISSIONS
from portal.shared.workflow import Lifecycle

PROJECT = Path(__file__).resolve().parents[2]
OURS = ("accounts", "logistics", "financing", "portal")
HISTORY = (
    "trail_event",
    "trail_eventparty",
    "ledger_entry",
    "ledger_leg",
    "credit_decision",
    "credit_assessment",
    "credit_replayeddecision",
)
"""Tables that the serving role may only add to."""
AGREED = {
    "banking_paymentinstruction": ("payer_id", "payee_id", "creditor_iban", "amount_minor", "end_to_end_id"),
    "receivables_receivable": ("debtor_id", "number", "currency", "gross_minor", "deductions_minor"),
    "receivables_creditnote": ("receivable_id", "amount_minor"),
    "receivables_settlementpayment": ("payee_id", "amount_minor"),
    "advances_quote": ("facility_id", "amount_minor", "annual_rate", "fee_minor", "valid_until"),
    "advances_application": ("quote_id", "amount_minor", "submitted_by"),
    "advances_advance": ("application_id", "amount_minor", "annual_rate"),
    "advances_advancereceivable": ("advance_id", "receivable_id"),
}
"""Tables whose rows change as they go on, and never in what was agreed."""


def our_models():
    return [model for model in apps.get_models() if model.__module__.split(".")[0] in OURS]


def sources():
    for package in OURS:
        for path in (PROJECT / package).rglob("*.py"):
            if "migrations" not in path.parts:
                yield path, path.read_text()


def test_imports_go_down_and_pure_modules_stay_pure():
    assert lint_imports(config_filename=str(PROJECT / "pyproject.toml"), no_logo=True) == 0


@pytest.mark.django_db
def test_no_migration_is_missing():
    out = io.StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())


def test_every_subscriber_can_be_imported_and_takes_events():
    for subscriber in subscribers().values():
        assert list(inspect.signature(subscriber.load()).parameters) == ["events"], subscriber.name


def test_every_event_that_somebody_listens_to_is_recorded_somewhere():
    text = "\n".join(text for path, text in sources() if path.name != "subscriptions.py")
    for subscriber in subscribers().values():
        for name in subscriber.events:
            assert f'"{name}"' in text, f"{subscriber.name} waits for {name}, which nobody records"


def test_every_permission_that_is_asked_for_is_in_the_table():
    asked = {
        name for _, text in sources() for name in re.findall(r'(?:require|permits)\(\w[\w.]*, "([a-z_.]+)"\)', text)
    }
    assert asked <= PERMISSIONS.keys()
    assert PERMISSIONS.keys() >= APPROVES_OR_PAYS


def test_every_life_cycle_names_states_that_exist_and_can_be_reached():
    for model in (each for each in our_models() if issubclass(each, Lifecycle)):
        states = {value for value, _ in model._meta.get_field("status").choices}
        initial = model._meta.get_field("status").default
        reachable = {initial}.union(*model.NEXT.values())
        assert model.NEXT.keys() <= states, model
        assert reachable == states, f"{model.__name__}: {states - reachable} cannot be reached"


def test_only_move_to_changes_a_status():
    for path, text in sources():
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"\.status = .*(Status\.|[\"'][A-Z]{3})", line):
                pytest.fail(f"{path.relative_to(PROJECT)}:{number} sets a status: {line.strip()}")


def test_rows_are_locked_without_their_keys():
    """docs/decisions/0013: who only refers to a row does not wait for who changes it."""
    plain = re.compile(r"select_for_update\((?!no_key=True)|^\s*FOR UPDATE", re.MULTILINE)
    assert [path.name for path, text in sources() if plain.search(text)] == []


BEYOND_THE_WALL = {
    "accounts/intake/services.py", "accounts/parties/queries.py", "accounts/parties/services.py",
    "financing/advances/queries.py", "financing/advances/sharing.py", "financing/advances/standing.py",
    "financing/banking/queries.py", "financing/banking/services/asking.py",
    "financing/receivables/services/approving.py", "portal/live.py", "portal/middleware.py",
    "portal/shared/database.py", "portal/shared/rest.py", "portal/shared/wall.py", "portal/ui/tables.py",
    "portal/workspaces/funder/referrals.py", "portal/workspaces/platform/acceptance.py",
    "portal/workspaces/supplier/getting_paid.py",
}  # fmt: skip
"""What reads for a party as the portal, and says why. Whoever adds one has `visible_to` inside, and no other way."""


def test_few_read_for_a_party_as_the_portal():
    """docs/decisions/0014"""
    found = {
        str(path.relative_to(PROJECT)) for path, text in sources() if "wall.inside()" in text or "def inside" in text
    }
    assert found == BEYOND_THE_WALL


def test_no_model_stores_money_as_a_float():
    floats = [f"{m.__name__}.{f.name}" for m in our_models() for f in m._meta.get_fields() if _type(f) == "FloatField"]
    assert floats == []


def _type(field) -> str:
    return getattr(field, "get_internal_type", lambda: "")()


def test_domain_code_never_reads_the_clock():
    edges = {"views.py", "tasks.py", "handlers.py", "api.py", "delivery.py", "channel.py"}
    # Called by frameworks, which hand over no time, and with a request, whose session knows when it began.
    edges |= {"authentication.py", "hashing.py", "freshness.py"}
    clock = re.compile(r"timezone\.now\(|datetime\.now\(|date\.today\(|time\.time\(|localdate\(")
    for path, text in sources():
        at_edge = (
            path.name in edges
            or path.parent.name == "api"
            or path.parts[len(PROJECT.parts)] == "portal"
            or "management" in path.parts
        )
        if not at_edge:
            assert not clock.search(text), f"{path.relative_to(PROJECT)} reads the clock"


@pytest.mark.django_db
@pytest.mark.parametrize("table", HISTORY)
@pytest.mark.parametrize("privilege", ["UPDATE", "DELETE", "TRUNCATE"])
def test_the_roles_that_serve_cannot_rewrite_history(table, privilege):
    with connection.cursor() as cursor:
        asked = "has_table_privilege(current_user, %s, %s), has_table_privilege(session_user, %s, %s)"
        cursor.execute(f"SELECT current_user, session_user, {asked}", [table, privilege] * 2)
        assert cursor.fetchone() == ("portal", "app", False, False)


@pytest.mark.django_db
@pytest.mark.parametrize("table", AGREED)
def test_the_roles_that_serve_cannot_rewrite_what_was_agreed(table):
    with connection.cursor() as cursor:
        for role in ("portal", "app"):
            for privilege in ("DELETE", "TRUNCATE"):
                cursor.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, privilege])
                assert cursor.fetchone() == (False,), (role, privilege)
            for column in AGREED[table]:
                cursor.execute("SELECT has_column_privilege(%s, %s, %s, 'UPDATE')", [role, table, column])
                assert cursor.fetchone() == (False,), (role, column)
