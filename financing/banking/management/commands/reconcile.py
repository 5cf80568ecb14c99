"""Fetch the bank's statements of a day and hold them against the ledger."""

from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from financing.banking import queries, services
from financing.banking.channel import Unanswered
from portal.shared.money import from_minor


class Command(BaseCommand):
    help = "Reconcile every connected account with the bank's statement of DATE; exit 1 where something differs."

    def add_arguments(self, parser):
        parser.add_argument("date", type=date.fromisoformat, metavar="DATE", help="business day, such as 2026-03-02")

    def handle(self, *args, **options):
        try:
            statements = services.collect_statements(now=timezone.now(), date=options["date"])
        except Unanswered as failure:
            raise CommandError(f"The bank does not answer: {failure}") from failure
        for statement in statements:
            self._show(statement)
        if not statements:
            raise CommandError(f"The bank gave no statement of {options['date']}.")
        if any(statement.difference_minor or statement.unmatched for statement in statements):
            raise CommandError("Bank and ledger do not agree.")

    def _show(self, statement) -> None:
        account = statement.account
        closing = from_minor(statement.closing_minor, account.currency)
        ledger = "no book" if statement.ledger_minor is None else from_minor(statement.ledger_minor, account.currency)
        self.stdout.write(
            f"{statement.date} {account.iban} {account.currency} bank {closing} ledger {ledger}"
            f" unmatched {statement.unmatched}"
        )
        for each in queries.unmatched(statement):
            amount = from_minor(each.amount_minor, each.currency)
            self.stdout.write(f"  {each.side} {each.reference} {amount} {each.currency}")
