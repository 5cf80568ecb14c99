from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("banking", "0007_differing_counted")]

    operations = [
        migrations.AddField(
            model_name="paymentinstruction",
            name="request_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
