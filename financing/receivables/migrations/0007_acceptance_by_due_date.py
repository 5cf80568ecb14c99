from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # invoices come in meanwhile

    dependencies = [("receivables", "0006_numbers_by_platform")]

    operations = [
        AddIndexConcurrently("receivable", models.Index(
            fields=["debtor", "due_date", "id"], condition=Q(status__in=["RECEIVED", "DISPUTED"]),
            name="receivable_to_accept_by_due",
        )),
    ]  # fmt: skip
