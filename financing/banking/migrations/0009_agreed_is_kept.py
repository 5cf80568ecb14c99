"""What is to be paid to whom stands as it was decided: an instruction is sent, answered and booked, and never rewritten."""

from django.db import migrations

from portal.shared.database import append_only


class Migration(migrations.Migration):
    dependencies = [("banking", "0008_paymentinstruction_request_id")]

    operations = [
        append_only(
            "banking_paymentinstruction",
            but="status, message_id, reason, reason_text, sent_at, answered_at, settled_at",
        ),
    ]
