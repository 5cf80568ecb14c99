"""What a database has to learn after a restore: that the world outside went on without it."""

from django.core.management.base import BaseCommand
from django.db import connection, transaction

MOVE_ON = """
SELECT count(setval(format('%%I.%%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + %s))
FROM pg_sequences WHERE schemaname = 'public'
"""
BEHIND = "SELECT coalesce(max(transaction), 0) + %s - pg_current_xact_id()::text::bigint FROM trail_event"
BEFORE = "CREATE OR REPLACE FUNCTION trail_transactions_before() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
TRANSACTIONS = 1_000_000_000
"""More than were lost: readers stand at numbers of transactions that this database has never seen."""


class Command(BaseCommand):
    help = (
        "After a restore, as owner, before anything is started: no number that was given out and lost is given out "
        "again, and whoever reads events reads on behind what it knows. Run twice it does no harm."
    )

    def add_arguments(self, parser):
        parser.add_argument("--by", type=int, default=1_000_000, help="how far numbers are moved on (1,000,000)")

    @transaction.atomic
    def handle(self, *args, **options):
        with connection.cursor() as cursor:
            cursor.execute(MOVE_ON, [options["by"]])
            [moved] = cursor.fetchone()
            cursor.execute(BEHIND, [TRANSACTIONS])
            before = max(0, *cursor.fetchone())
            cursor.execute(f"{BEFORE} 'SELECT {before}::bigint'")
        self.stdout.write(f"{moved} sequences moved on by {options['by']:,}; events count on behind {before:,}.")
