from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("advances", "0003_undone_receipts")]

    operations = [
        migrations.AddField("advance", "grade", models.CharField(
            blank=True, default="", help_text="At which it was lent, as the quote says.", max_length=2
        ), preserve_default=False),
    ]  # fmt: skip
