"""Evidence stays as it came: only its outcome is written afterwards, and nothing is deleted."""

from django.db import migrations

from portal.shared.database import append_only


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial")]

    operations = [append_only("intake_document", but="kind, outcome, code, explanation, report")]
