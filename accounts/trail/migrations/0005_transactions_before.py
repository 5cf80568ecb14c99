"""A restored database counts its transactions anew, or goes back: what was counted before is added (`after_restore`)."""

from django.db import migrations, models

import accounts.trail.models

BEFORE = """
CREATE FUNCTION trail_transactions_before() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 0::bigint';
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0004_parked_counted")]

    operations = [
        migrations.RunSQL(BEFORE, "DROP FUNCTION trail_transactions_before()"),
        migrations.AlterField(
            model_name="event",
            name="transaction",
            field=models.BigIntegerField(db_default=accounts.trail.models.Recording(), editable=False),
        ),
    ]
