from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import F, Q

DECIDED = """
UPDATE receivables_settlement SET decided_at = created_at WHERE status <> 'PROPOSED'
"""
"""What was ordered before there were approvals was decided in the same moment."""


class Migration(migrations.Migration):
    dependencies = [("receivables", "0003_search_by_beginning")]

    operations = [
        migrations.AddField(
            "settlement",
            "status",
            models.CharField(
                choices=[("PROPOSED", "Proposed"), ("INSTRUCTED", "Instructed"), ("CANCELLED", "Cancelled")],
                default="INSTRUCTED",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            "settlement",
            "status",
            models.CharField(
                choices=[("PROPOSED", "Proposed"), ("INSTRUCTED", "Instructed"), ("CANCELLED", "Cancelled")],
                default="PROPOSED",
                max_length=10,
            ),
        ),
        migrations.AddField("settlement", "decided_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "settlement",
            "decided_by",
            models.CharField(blank=True, default="", help_text="Empty where nobody was needed", max_length=80),
            preserve_default=False,
        ),
        migrations.AddField(
            "settlement",
            "reason",
            models.CharField(blank=True, default="", help_text="Why it was cancelled", max_length=280),
            preserve_default=False,
        ),
        migrations.RunSQL(DECIDED, migrations.RunSQL.noop),
        AddConstraintNotValid(
            "settlement",
            models.CheckConstraint(
                condition=~Q(status="INSTRUCTED")
                | ~Q(created_by__startswith="user:")
                | (~Q(decided_by="") & ~Q(decided_by=F("created_by"))),
                name="settlement_by_two",
            ),
        ),
        migrations.AddConstraint(
            "settlement",
            models.CheckConstraint(
                condition=Q(status="PROPOSED", decided_at__isnull=True)
                | (~Q(status="PROPOSED") & Q(decided_at__isnull=False)),
                name="settlement_decided_has_time",
            ),
        ),
        migrations.AddIndex(
            "settlement",
            models.Index(fields=["debtor"], condition=Q(status="PROPOSED"), name="settlement_proposed"),
        ),
        migrations.CreateModel(
            "OrderedLine",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_minor", models.BigIntegerField()),
                (
                    "receivable",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="ordered", to="receivables.receivable"),
                ),
                (
                    "settlement",
                    models.ForeignKey(on_delete=models.PROTECT, related_name="ordered", to="receivables.settlement"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("settlement", "receivable"), name="ordered_line_once"),
                    models.CheckConstraint(condition=Q(amount_minor__gt=0), name="ordered_line_positive"),
                ],
            },
        ),
    ]
