"""The shared cache: how often somebody tried to sign in, and which one-time codes were used.

Every web process has to count together, and the count has to survive a restart. Kept in the database, which is needed
for signing in anyway: the broker may lose everything, may be no Redis at all, and its failure would open the door to
endless guessing or shut it for everybody. The columns are those of Django's database cache.
"""

from django.db import migrations

CREATE = """
CREATE TABLE parties_attempt (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX parties_attempt_expires ON parties_attempt (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_initial")]
    operations = [migrations.RunSQL(CREATE, "DROP TABLE parties_attempt")]
