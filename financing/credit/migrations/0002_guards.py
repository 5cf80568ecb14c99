"""Decisions, assessments and the content of policies are history; what names a facility elsewhere names a real one."""

from django.db import migrations

from portal.shared.database import append_only

# Lower features keep a facility's number without knowing its table: the database knows it for them.
REFERENCES = {
    "receivables_receivable": "assigned_facility_id",
    "receivables_assignment": "facility_id",
    "ledger_account": "facility_id",
}


def refer(table: str, column: str) -> migrations.RunSQL:
    name = f"{table}_facility_fk"
    return migrations.RunSQL(
        f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY ("{column}") '
        'REFERENCES "credit_facility" ("id") DEFERRABLE INITIALLY IMMEDIATE',
        f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"',
    )


class Migration(migrations.Migration):
    dependencies = [
        ("credit", "0001_initial"),
        ("receivables", "0001_initial"),
        ("ledger", "0001_initial"),
    ]

    operations = [
        append_only("credit_decision", "credit_assessment"),
        append_only("credit_policyversion", but="status, decided_by, decided_at, approved_hash"),
        *[refer(table, column) for table, column in REFERENCES.items()],
    ]
