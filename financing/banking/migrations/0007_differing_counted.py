from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    atomic = False  # nobody who writes waits for it

    dependencies = [("banking", "0006_payer_of_each")]

    operations = [
        AddIndexConcurrently(
            "statement",
            models.Index(
                fields=["date"],
                condition=(Q(ledger_minor__isnull=False) & ~Q(ledger_minor=F("closing_minor"))) | Q(unmatched__gt=0),
                name="statement_differing",
            ),
        ),
    ]
