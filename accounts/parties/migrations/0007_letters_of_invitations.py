from django.db import migrations, models
from django.db.models import F


def sent_already(apps, schema_editor):
    """Letters left within the request until now."""
    apps.get_model("parties", "Invitation").objects.update(mailed_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0006_search_by_beginning"),
    ]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="language",
            field=models.CharField(
                blank=True, default="", help_text="Of who invites, and of the letter", max_length=10
            ),
        ),
        migrations.AddField(
            model_name="invitation",
            name="mail_attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="invitation",
            name="mail_due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="invitation",
            name="mailed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="invitation",
            name="token_hash",
            field=models.CharField(
                help_text="SHA-256, in hexadecimal, of the token in the letter sent last", max_length=64, unique=True
            ),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(
                condition=models.Q(("mail_due_at__isnull", False)),
                fields=["mail_due_at"],
                name="invitation_to_be_mailed",
            ),
        ),
        migrations.RunPython(sent_already, migrations.RunPython.noop),
    ]
