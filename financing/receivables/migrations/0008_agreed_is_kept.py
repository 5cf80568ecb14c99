"""What was invoiced, assigned and ordered to be paid stands as it came; only when it is due, and what becomes of it, may
change."""

from django.db import migrations

from portal.shared.database import append_only


class Migration(migrations.Migration):
    dependencies = [("receivables", "0007_acceptance_by_due_date")]

    operations = [
        append_only(
            "receivables_receivable",
            but="supplier_id, funder_id, assigned_facility_id, credited_minor, settling_minor, settled_minor, status, "
            "due_date, match, match_note, dispute_reason, accepted_at, accepted_by, settled_at",
        ),
        append_only("receivables_invoiceline", "receivables_settlementline"),
        append_only("receivables_creditnote", but="supplier_id"),
        append_only("receivables_assignment", but="notified_at, acknowledged_at, registry_reference, released_at"),
        append_only("receivables_settlement", but="status, decided_at, decided_by, reason"),
        append_only("receivables_settlementpayment", but="status, instruction_id, booked_at, value_date, failure"),
    ]
