"""Long lists are read from an index in their order, as far as the page reaches: never whole, never sorted."""

import os
from datetime import date

import psycopg
import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.parties.models import Party
from financing.advances.exposure import in_bucket
from financing.credit.models import Facility
from financing.credit.queries import debtor_ages
from financing.receivables.queries import found_by, receivables
from portal.workspaces.funder.queries import open_advances
from portal.workspaces.payments.views import payments_of
from tests import world
from tests.orders.test_plans import nodes, plans
from tests.world import NOW, TODAY, as_member

SUPPLIERS, EACH = 60, 100
# Of these tables alone: what they refer to is not looked at.
FILL = """
INSERT INTO banking_paymentinstruction (key, purpose, account_id, payer_id, payee_id, creditor_name, creditor_iban,
  creditor_bic, amount_minor, currency, end_to_end_id, remittance, contra_kind, subject_type, subject_id, status,
  reason, reason_text, created_at)
SELECT f.id || '/' || n, 'DISBURSEMENT', 1, %(funder)s, f.supplier_id, 'S', 'DE00', '', 90000, 'EUR',
  'PTL' || upper(md5(f.id || '/' || n)), 'Advance ' || n, '', 'advances.advance', n, 'DUE', '', '',
  %(now)s::timestamptz - make_interval(mins => n * 60 + f.id::int)
FROM credit_facility f, generate_series(1, %(each)s) n;
INSERT INTO banking_paymentinstruction (key, purpose, account_id, payer_id, payee_id, creditor_name, creditor_iban,
  creditor_bic, amount_minor, currency, end_to_end_id, remittance, contra_kind, subject_type, subject_id, status,
  reason, reason_text, created_at)
SELECT 'in/' || n, 'SETTLEMENT', 2, %(debtor)s, %(funder)s, 'S', 'DE00', '', 90000, 'EUR', 'PTLIN' || n,
  'Settlement ' || n, '', 'receivables.settlementpayment', n, 'DUE', '', '',
  %(now)s::timestamptz - make_interval(hours => n)
FROM generate_series(1, %(each)s * 20) n;
INSERT INTO advances_advance (application_id, facility_id, supplier_id, funder_id, currency, amount_minor, annual_rate,
  day_count, fee_minor, grade, status, approved_at, approved_date, due_date, funded_date, principal_minor,
  interest_minor, interest_carry, fees_minor, deferred_fee_minor)
SELECT n * 1000 + f.id, f.id, f.supplier_id, f.funder_id, 'EUR', 90000, 0.09, 'ACT/360', 270, 'A',
  CASE WHEN n %% 2 = 0 THEN 'ACTIVE' ELSE 'REPAID' END, %(now)s, %(today)s, %(today)s::date + n - 20, %(today)s,
  CASE WHEN n %% 2 = 0 THEN 90000 ELSE 0 END, 0, 0, 0, 0
FROM credit_facility f, generate_series(1, %(each)s) n;
INSERT INTO receivables_receivable (supplier_id, debtor_id, funder_id, assigned_facility_id, document_type, number,
  normalised_number, fiscal_year, issue_date, due_date, currency, gross_minor, deductions_minor, credited_minor,
  settling_minor, settled_minor, status, match, match_note, dispute_reason, document_id, received_at, accepted_by)
SELECT f.supplier_id, f.debtor_id, f.funder_id, f.id, 'INVOICE', 'INV-' || n, 'INV-' || n, 2026, %(today)s,
  %(today)s::date + n, 'EUR', 90000, 0, 0, 0, 0, CASE WHEN n %% 10 = 0 THEN 'ASSIGNED' ELSE 'SETTLED' END, 'MATCHED',
  '', '', 1, %(now)s, 'system'
FROM credit_facility f, generate_series(1, %(each)s) n;
"""
TABLES = ("banking_paymentinstruction", "advances_advance", "receivables_receivable")


@pytest.fixture
def filled(committed_db) -> world.Lending:
    """Sixty suppliers with a hundred payments, advances and invoices each, and as many payments the other way."""
    lending = world.lending()
    suppliers = Party.objects.bulk_create(
        Party(kind=Party.Kind.SUPPLIER, name=f"Supplier {n}", country="DE", created_at=NOW) for n in range(SUPPLIERS)
    )
    programme = lending.programme
    Facility.objects.bulk_create(
        Facility(programme=programme, supplier=each, funder=programme.funder, debtor=programme.debtor, currency="EUR",
                 joined_at=NOW, joined_by="system") for each in suppliers
    )  # fmt: skip
    url = os.environ["SUPERUSER_DATABASE_URL"].rsplit("/", 1)[0] + "/" + connection.settings_dict["NAME"]
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as server:
        server.execute("SET session_replication_role = replica")
        server.execute(FILL, {"funder": programme.funder_id, "debtor": programme.debtor_id, "each": EACH, "now": NOW,
                              "today": TODAY})  # fmt: skip
        server.execute(f"VACUUM ANALYZE {', '.join(TABLES)}, credit_facility, parties_party")
    return lending


def read_by(read) -> tuple[set[str], set[str]]:
    """By what the rows of big tables were found (an index by its name), and what else was done with them.

    How many there are is another question, which stops at ten thousand however it is answered.
    """
    with CaptureQueriesContext(connection) as asked:
        read()
    found = []
    with connection.cursor() as cursor:
        for each in (each["sql"] for each in asked if "COUNT(" not in each["sql"]):
            cursor.execute("EXPLAIN (FORMAT JSON) " + each.replace("%", "%%"))
            found += nodes(cursor.fetchone()[0][0]["Plan"])
    names = {node["Index Name"] for node in found if "Index Name" in node and node["Index Name"].startswith(OF_TABLES)}
    whole = {node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan"} & {*TABLES}
    sorts = {"Sort"} & {node["Node Type"] for node in found if node.get("Plan Rows", 0) > 100}
    return names, whole | sorts


OF_TABLES = ("instruction_", "advance_", "receivable_", "banking_", "advances_", "receivables_")


def shown(email: str, **asked) -> list:
    request = RequestFactory().get("/payments/", asked)
    request.actor = as_member(email)
    return [row.record for row in payments_of(request).rows]


def test_long_lists_are_read_in_order_from_an_index(filled):
    hana, maya = as_member("hana@harbour.example"), as_member("maya@meridian.example")
    both_ways = lambda: shown("hana@harbour.example")  # noqa: E731
    names, else_done = read_by(both_ways)
    # Of who pays nearly all there is, the latest payments of all are as good.
    assert names <= {"instruction_by_payer", "instruction_by_payee", "instruction_by_time"} and not else_done
    assert [row.direction for row in both_ways()].count("IN") > 0
    moments = [row.created_at for row in both_ways()]
    assert moments == sorted(moments, reverse=True) and len(moments) == 25

    searched, else_done = read_by(lambda: shown("hana@harbour.example", **{"payments-q": "PTLIN77"}))
    assert searched and not else_done
    assert [row.end_to_end_id for row in shown("hana@harbour.example", **{"payments-q": "ptlin77"})] == [
        "PTLIN77", *(f"PTLIN77{n}" for n in range(10)),
    ]  # fmt: skip
    assert {row.payee.name for row in shown("hana@harbour.example", **{"payments-q": "supplier 17"})} == {"Supplier 17"}
    assert len(shown("hana@harbour.example", **{"payments-q": "advance 100"})) == 25

    due = open_advances(hana).order_by("due_date", "pk")
    assert read_by(lambda: list(due[:25])) == ({"advance_open_by_due"}, set())
    assert read_by(lambda: list(due.filter(in_bucket("IN_61", TODAY))[:25])) == ({"advance_open_by_due"}, set())

    latest = receivables(actor=maya).order_by("-due_date", "-pk")
    names, else_done = read_by(lambda: list(latest[:25]))  # all that there is is owed by one debtor
    assert names <= {"receivable_due_from", "receivable_due"} and not else_done
    named, _sorts = read_by(lambda: list(latest.filter(found_by("inv-77"))[:25]))
    assert named and "receivables_receivable" not in _sorts
    assert {row.number for row in latest.filter(found_by("inv 77"))} == {"INV-77"}


def test_the_age_of_a_debtors_debt_is_read_from_the_index_alone(filled):
    programme = filled.programme
    debt = (programme.funder_id, programme.debtor_id, "EUR", date(2030, 1, 1))
    found = plans(lambda: debtor_ages([debt]))
    scans = [node for node in found if node.get("Relation Name") == "receivables_receivable"]
    read = ("Index Only Scan", "receivable_ages")
    assert [(node["Node Type"], node["Index Name"]) for node in scans] == [read, read], "what has aged, and all of it"
    assert debtor_ages([debt])[debt].open_minor == (SUPPLIERS + 2) * 10 * 90_000
