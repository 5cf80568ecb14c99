"""History is append-only for the role that serves, and whoever streams is woken when something was recorded."""

from django.db import migrations

from portal.shared.database import append_only

NOTIFY = """
CREATE FUNCTION trail_event_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A wake-up, not a message: listeners read what is new themselves. Equal ones of a transaction are one.
    PERFORM pg_notify('trail_event', '');
    RETURN NULL;
END $$;
CREATE TRIGGER trail_event_notify AFTER INSERT ON trail_event
    FOR EACH STATEMENT EXECUTE FUNCTION trail_event_notify();
"""


class Migration(migrations.Migration):
    dependencies = [("trail", "0001_initial")]

    operations = [
        append_only("trail_event", "trail_eventparty"),
        migrations.RunSQL(NOTIFY, "DROP FUNCTION trail_event_notify() CASCADE"),
    ]
