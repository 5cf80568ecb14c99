from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Collate, Upper


class Migration(migrations.Migration):
    atomic = False  # the table holds few rows yet: those of receivables.0006_numbers_by_platform come after

    dependencies = [("orders", "0002_supplier_numbers")]

    operations = [
        migrations.AlterField("suppliernumber", "proposed_by", models.CharField(
            max_length=80, blank=True, help_text="Empty: the platform's own trade brought it"
        )),
        migrations.RemoveConstraint("suppliernumber", "supplier_number_one"),
        migrations.AddConstraint("suppliernumber", models.UniqueConstraint(
            fields=["supplier", "platform", "status"], condition=Q(status__in=["PROPOSED", "CONFIRMED"]),
            name="supplier_number_one",
        )),
        AddIndexConcurrently("suppliernumber", models.Index(
            "platform", Collate(Upper("number"), "C"), condition=Q(status="CONFIRMED"), name="supplier_number_here"
        )),
        AddIndexConcurrently("suppliernumber", models.Index(
            Collate(Upper("number"), "C"), condition=Q(status="CONFIRMED"), name="supplier_number_anywhere"
        )),
    ]  # fmt: skip
