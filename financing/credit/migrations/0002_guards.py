"""Decisions, assessments and the content of policies are history: nobody who serves rewrites them."""

from django.db import migrations

from portal.shared.database import append_only


class Migration(migrations.Migration):
    dependencies = [("credit", "0001_initial")]

    operations = [
        append_only("credit_decision", "credit_assessment"),
        append_only("credit_policyversion", but="status, decided_by, decided_at, approved_hash"),
    ]
