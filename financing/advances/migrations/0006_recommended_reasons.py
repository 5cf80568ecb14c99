"""What the supplier would be told, if an application is declined as it was recommended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("advances", "0005_grade_of_each")]

    operations = [
        migrations.AddField(
            model_name="application",
            name="recommended_explanation",
            field=models.TextField(blank=True, default="", help_text="What the supplier would be told, to decline"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="application",
            name="recommended_reasons",
            field=models.JSONField(default=list, help_text="Reason codes for the supplier, to decline"),
        ),
    ]
