"""What the bank has said is never rewritten: an entry only learns which payment and which statement it belongs to."""

from django.db import migrations

from portal.shared.database import append_only


class Migration(migrations.Migration):
    dependencies = [("banking", "0001_initial")]

    operations = [
        append_only("banking_bankentry", but="instruction_id, statement_id"),
        # The bytes of a message stay as they went over the wire: a payment is sent again only as it was sent before.
        append_only("banking_bankmessage", but="state, asked_at"),
    ]
