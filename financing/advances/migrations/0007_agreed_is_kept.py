"""What was offered, asked for and lent stands as it was agreed; only when it is due, and what becomes of it, may change."""

from django.db import migrations

from portal.shared.database import append_only


class Migration(migrations.Migration):
    dependencies = [("advances", "0006_recommended_reasons")]

    operations = [
        append_only("advances_quote"),
        append_only(
            "advances_application",
            but="status, decision_id, decided_at, recommendation, recommendation_note, recommended_reasons, "
            "recommended_explanation, recommended_by, recommended_at, decision_note",
        ),
        append_only(
            "advances_advance",
            but="status, due_date, funded_at, funded_date, instruction_id, principal_minor, interest_minor, interest_carry, "
            "fees_minor, deferred_fee_minor, accrued_until, closed_at, closed_date",
        ),
        append_only("advances_advancereceivable", but="released_at"),
    ]
