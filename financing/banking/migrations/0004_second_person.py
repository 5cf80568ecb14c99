"""An account is in force once another person has confirmed it, and nothing is paid to one that never was."""

from django.db import migrations, models
from django.db.models import F, Q

from portal.shared.database import append_only

# Accounts of before: they were in force the moment they were entered.
IN_FORCE_SO_FAR = """
UPDATE banking_bankaccount SET confirmed_at = created_at, confirmed_by = 'system', confirmed_as = 'PORTAL',
    status = CASE WHEN closed_at IS NULL THEN 'IN_FORCE' ELSE 'CLOSED' END
"""

# The second guard of every payment, for however many a statement instructs. One that was confirmed and is closed at
# this very moment may still be paid to: it was in force when the payment was decided.
PAID_TO_CONFIRMED = """
CREATE FUNCTION banking_paid_to_confirmed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
    SELECT string_agg(key, ', ') INTO bad FROM (
        SELECT key FROM new_instruction i
        WHERE NOT EXISTS (SELECT FROM banking_bankaccount a
                          WHERE a.party_id = i.payee_id AND a.iban = i.creditor_iban AND a.confirmed_at IS NOT NULL)
        LIMIT 5) found;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'To an account of the payee that nobody has confirmed: %', bad
            USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_paid_to_confirmed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER banking_paid_to_confirmed AFTER INSERT ON banking_paymentinstruction
    REFERENCING NEW TABLE AS new_instruction FOR EACH STATEMENT EXECUTE FUNCTION banking_paid_to_confirmed();
"""
DROP = """
DROP TRIGGER banking_paid_to_confirmed ON banking_paymentinstruction;
DROP FUNCTION banking_paid_to_confirmed();
"""

UNCONFIRMED, CONFIRMED = ["WAITING", "WITHDRAWN", "REFUSED"], ["IN_FORCE", "CLOSED"]


class Migration(migrations.Migration):
    dependencies = [("banking", "0003_accounts_replaced")]

    operations = [
        migrations.AddField("bankaccount", "status", models.CharField(
            choices=[("WAITING", "Waiting"), ("IN_FORCE", "In Force"), ("CLOSED", "Closed"), ("WITHDRAWN", "Withdrawn"),
                     ("REFUSED", "Refused")],
            default="WAITING", max_length=9,
        )),
        migrations.AddField(
            "bankaccount", "proposed_by", models.CharField(default="system", max_length=80), preserve_default=False
        ),
        migrations.AddField("bankaccount", "confirmed_at", models.DateTimeField(null=True)),
        migrations.AddField("bankaccount", "confirmed_by", models.CharField(blank=True, default="", max_length=80)),
        migrations.AddField("bankaccount", "confirmed_as", models.CharField(
            blank=True, default="", max_length=9,
            choices=[("COLLEAGUE", "Colleague"), ("OPERATOR", "Operator"), ("PORTAL", "Portal")],
        )),
        migrations.AddField("bankaccount", "evidence", models.CharField(
            blank=True, default="", max_length=500,
            help_text="What the operator has from the bank: that name and number belong together.",
        )),
        migrations.RunSQL(IN_FORCE_SO_FAR, migrations.RunSQL.noop),
        migrations.RemoveConstraint("bankaccount", "bank_account_one_open"),
        migrations.AddConstraint("bankaccount", models.UniqueConstraint(
            fields=["party", "currency"], condition=Q(status="IN_FORCE"), name="bank_account_one_in_force"
        )),
        migrations.AddConstraint("bankaccount", models.UniqueConstraint(
            fields=["party", "currency"], condition=Q(status="WAITING"), name="bank_account_one_waiting"
        )),
        migrations.AddConstraint("bankaccount", models.CheckConstraint(
            condition=Q(status__in=UNCONFIRMED)
            | ~Q(confirmed_by="") & ~Q(confirmed_by=F("proposed_by"))
            | Q(confirmed_by="system", proposed_by="system"),
            name="bank_account_confirmed_by_another",
        )),
        migrations.AddConstraint("bankaccount", models.CheckConstraint(
            condition=~Q(confirmed_as="OPERATOR") | ~Q(evidence=""), name="bank_account_evidence_of_the_bank"
        )),
        migrations.AddConstraint("bankaccount", models.CheckConstraint(
            condition=Q(status__in=CONFIRMED, confirmed_at__isnull=False)
            | Q(status__in=UNCONFIRMED, confirmed_at__isnull=True),
            name="bank_account_in_force_confirmed",
        )),
        migrations.AddConstraint("bankaccount", models.CheckConstraint(
            condition=Q(status__in=["WAITING", "IN_FORCE"], closed_at__isnull=True)
            | Q(status__in=["CLOSED", "WITHDRAWN", "REFUSED"], closed_at__isnull=False),
            name="bank_account_over_when_closed",
        )),
        # What was proposed is what is confirmed: holder, number and who proposed it are never rewritten.
        append_only(
            "banking_bankaccount",
            but="status, connected, read_until, confirmed_at, confirmed_by, confirmed_as, evidence, closed_at",
        ),
        migrations.RunSQL(PAID_TO_CONFIRMED, DROP),
    ]  # fmt: skip
