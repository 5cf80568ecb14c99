from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # bookings go on meanwhile

    dependencies = [("ledger", "0003_entries_by_day")]

    operations = [
        AddIndexConcurrently(
            "entry", models.Index(fields=["book", "business_date", "id"], name="ledger_entry_by_business_day")
        ),
    ]
