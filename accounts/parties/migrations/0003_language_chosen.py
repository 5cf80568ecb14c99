"""Empty means that nobody has chosen yet: until now nobody could, and "en" stood there by default."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("parties", "0002_attempts")]
    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True, default="", help_text="Empty: not chosen, the browser's holds.", max_length=10
            ),
        ),
        migrations.RunSQL("UPDATE parties_user SET language = '' WHERE language = 'en'", migrations.RunSQL.noop),
    ]
