from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("ledger", "0002_guards")]

    operations = [
        AddIndexConcurrently("entry", models.Index(fields=["book", "value_date"], name="ledger_entry_by_day")),
    ]
