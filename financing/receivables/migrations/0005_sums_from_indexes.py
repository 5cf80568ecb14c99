from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # invoices come in meanwhile

    dependencies = [("receivables", "0004_settlements_by_two")]

    operations = [
        AddIndexConcurrently("receivable", models.Index(
            fields=["funder", "debtor", "currency", "due_date"], include=["open_minor"],
            condition=Q(status__in=["ASSIGNED", "DISPUTED"]), name="receivable_ages",
        )),
        AddIndexConcurrently("receivable", models.Index(
            fields=["debtor", "received_at", "id"], include=["currency", "status", "open_minor", "supplier"],
            condition=Q(status__in=["RECEIVED", "DISPUTED"]), name="receivable_to_accept",
        )),
        AddIndexConcurrently("receivable", models.Index(
            fields=["debtor", "due_date", "currency"], include=["id", "status", "open_minor", "settling_minor", "supplier"],
            condition=Q(status__in=["ACCEPTED", "ASSIGNED"]), name="receivable_payable",
        )),
        AddIndexConcurrently("receivable", models.Index(
            fields=["debtor", "accepted_at"], include=["accepted_by"], condition=Q(accepted_at__isnull=False),
            name="receivable_accepted",
        )),
        AddIndexConcurrently("receivable", models.Index(
            fields=["funder", "due_date", "id"], condition=Q(funder__isnull=False), name="receivable_due_funder"
        )),
        AddIndexConcurrently("receivable", models.Index(fields=["due_date", "id"], name="receivable_due")),
        AddIndexConcurrently("receivable", models.Index(
            fields=["supplier", "debtor", "id"], include=["status", "currency", "open_minor"],
            condition=Q(status__in=["RECEIVED", "ACCEPTED", "ASSIGNED", "DISPUTED"]), name="receivable_open_of",
        )),
        RemoveIndexConcurrently("receivable", "receivable_open"),
        AddIndexConcurrently("receivable", models.Index(
            fields=["match", "-id"], condition=~Q(match="MATCHED"), name="receivable_unmatched"
        )),
    ]  # fmt: skip
