"""Whose account each payment is made from, of payments so far and for ever."""

from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Collate, Upper

from portal.shared.database import fill

PAYERS = """
UPDATE banking_paymentinstruction i SET payer_id = a.party_id FROM banking_bankaccount a
WHERE a.id = i.account_id AND i.payer_id IS NULL AND i.id > %(after)s AND i.id <= %(until)s
"""
# The payer is whose the account is: both columns together refer to the account's row.
TOGETHER = """
ALTER TABLE banking_paymentinstruction ADD CONSTRAINT instruction_payer_has_account
FOREIGN KEY (account_id, payer_id) REFERENCES banking_bankaccount (id, party_id) NOT VALID
"""
APART = "ALTER TABLE banking_paymentinstruction DROP CONSTRAINT instruction_payer_has_account"
VALID = "ALTER TABLE banking_paymentinstruction VALIDATE CONSTRAINT instruction_payer_has_account"


class Migration(migrations.Migration):
    atomic = False  # payments go on meanwhile: no lock is held for longer than a part of the table takes

    dependencies = [("banking", "0005_payer")]

    operations = [
        fill("banking_paymentinstruction", PAYERS),
        migrations.AlterField("paymentinstruction", "payer", models.ForeignKey(
            "parties.party", models.PROTECT, related_name="+", db_index=False, db_constraint=False
        )),
        migrations.AddConstraint(
            "bankaccount", models.UniqueConstraint(fields=["id", "party"], name="bank_account_of_party")
        ),
        migrations.RunSQL(TOGETHER, APART),
        migrations.RunSQL(VALID, migrations.RunSQL.noop),
        AddConstraintNotValid("paymentinstruction", models.CheckConstraint(
            condition=~Q(payer=F("payee")), name="instruction_pays_another"
        )),
        ValidateConstraint("paymentinstruction", "instruction_pays_another"),
        AddIndexConcurrently(
            "paymentinstruction", models.Index(fields=["payer", "created_at", "id"], name="instruction_by_payer")
        ),
        AddIndexConcurrently(
            "paymentinstruction", models.Index(fields=["payee", "created_at", "id"], name="instruction_by_payee")
        ),
        AddIndexConcurrently(
            "paymentinstruction", models.Index(fields=["created_at", "id"], name="instruction_by_time")
        ),
        AddIndexConcurrently("paymentinstruction", models.Index(
            Collate(Upper("remittance"), "C"), name="instruction_by_remittance"
        )),
        # Its own index: the one by payee and time begins with it.
        migrations.AlterField("paymentinstruction", "payee", models.ForeignKey(
            "parties.party", models.PROTECT, related_name="+", db_index=False
        )),
    ]  # fmt: skip
