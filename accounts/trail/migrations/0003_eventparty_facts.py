from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trail", "0002_guards")]

    operations = [
        migrations.AddField(
            model_name="eventparty",
            name="facts",
            field=models.JSONField(null=True),
        ),
    ]
