from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # nobody who writes waits for it

    dependencies = [("trail", "0003_eventparty_facts")]

    operations = [
        AddIndexConcurrently(
            "delivery", models.Index(fields=["subscriber"], condition=models.Q(state="PARKED"), name="delivery_parked")
        ),
    ]
