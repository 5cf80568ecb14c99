from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

from portal.shared.database import fill

GRADES = """
UPDATE advances_advance v SET grade = q.grade
FROM advances_application a JOIN advances_quote q ON q.id = a.quote_id
WHERE a.id = v.application_id AND v.grade <> q.grade AND v.id > %(after)s AND v.id <= %(until)s
"""


class Migration(migrations.Migration):
    atomic = False  # lending goes on meanwhile

    dependencies = [("advances", "0004_grade")]

    operations = [
        fill("advances_advance", GRADES),
        AddIndexConcurrently("advance", models.Index(
            fields=["funder", "due_date", "id"], condition=Q(status__in=["ACTIVE", "OVERDUE", "DEFAULTED"]),
            name="advance_open_by_due",
        )),
        AddIndexConcurrently("advance", models.Index(fields=["funder", "funded_at"], name="advance_funded")),
        AddIndexConcurrently("advance", models.Index(fields=["due_date", "id"], name="advance_due")),
        AddIndexConcurrently("application", models.Index(fields=["funder", "decided_at"], name="application_decided")),
        # Of their own: other indexes begin with them.
        *(migrations.AlterField(model, side, models.ForeignKey(
            "parties.party", models.PROTECT, related_name="+", db_index=False
        )) for model in ("advance", "application") for side in ("supplier", "funder")),
    ]  # fmt: skip
