from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("credit", "0006_measured_anew")]

    operations = [
        AddIndexConcurrently("replayeddecision", models.Index(fields=["decision"], name="replayed_decision_of")),
        AddIndexConcurrently("replayeddecision", models.Index(fields=["supplier"], name="replayed_decision_supplier")),
        AddIndexConcurrently("replayeddecision", models.Index(fields=["facility"], name="replayed_decision_facility")),
        # Of their own: other indexes begin with them.
        *(migrations.AlterField("decision", side, models.ForeignKey(
            "parties.party", models.PROTECT, related_name="+", db_index=False
        )) for side in ("supplier", "funder")),
    ]  # fmt: skip
