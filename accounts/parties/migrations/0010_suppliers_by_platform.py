from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False  # suppliers are entered meanwhile

    dependencies = [("parties", "0009_supplier_numbers")]

    operations = [
        migrations.AlterField("party", "external_reference", models.CharField(
            max_length=80, blank=True,
            help_text="The code by which documents name this party, a platform mostly. A supplier has none: each platform "
            "knows it by a number of its own, in orders.SupplierNumber.",
        )),
        AddIndexConcurrently("party", models.Index(fields=["registration_number"], name="party_by_registration")),
        # Of new rows: no number of all platforms comes after the old ones went where they belong
        # (receivables.0006_numbers_by_platform, which then looks at all rows).
        AddConstraintNotValid("party", models.CheckConstraint(
            condition=~Q(kind="SUPPLIER") | Q(external_reference=""), name="party_supplier_by_platform"
        )),
    ]  # fmt: skip
