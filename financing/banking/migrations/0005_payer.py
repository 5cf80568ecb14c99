from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("banking", "0004_second_person"), ("parties", "0006_search_by_beginning")]

    operations = [
        migrations.AddField("paymentinstruction", "payer", models.ForeignKey(
            "parties.party", models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
        )),
    ]  # fmt: skip
