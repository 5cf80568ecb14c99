"""Whoever declines says why. What was declined before stays as it was: history is not held against the rule."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("credit", "0007_replays_found")]

    operations = [
        migrations.AddField(
            model_name="decision",
            name="explanation",
            field=models.TextField(blank=True, default="", help_text="What that person wrote to the supplier"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="decision",
            name="given_reasons",
            field=models.JSONField(default=list, help_text="Reason codes of a person who declined"),
        ),
        AddConstraintNotValid(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=Q(decided_by="system") | ~Q(outcome="DECLINED") | ~Q(given_reasons=[]) | ~Q(explanation=""),
                name="decision_declined_with_a_reason",
            ),
        ),
    ]
