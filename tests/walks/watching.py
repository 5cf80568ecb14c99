"""Whether anything in the database is other than it was: cheap enough to be asked after every request."""

from itertools import count

from django.db import connection

MAY_CHANGE = {"django_session", "parties_attempt", "usersessions_usersession", "clients_window"}
"""Sessions and counted attempts change by being looked at, and so does a person's last sign-in."""


_NUMBERS = count()


class Tables:
    """`changed()` names the tables that differ from how they were when this was made, in this transaction."""

    def __init__(self):
        self.tables = {name: oid for name, oid in self._ask(_TABLES) if name not in MAY_CHANGE}
        self.before = {name: self._digest(name) for name in self.tables}
        self.counters = f"counters_{next(_NUMBERS)}"  # never used again: a connection keeps what it has prepared
        self._tell(f"PREPARE {self.counters} AS {_COUNTERS}", [list(self.tables), list(self.tables.values())])
        self.counted = self._counters()

    def touched(self) -> set[str]:
        """Tables that somebody has written to since this was asked last, even if it was undone."""
        earlier, self.counted = self.counted, self._counters()
        return {name for name, _ in self.counted.items() ^ earlier.items()}

    def changed(self) -> set[str]:
        """Of those touched, the ones whose rows differ."""
        return {name for name in self.touched() if self._digest(name) != self.before.get(name)}

    def _counters(self) -> dict[str, int]:
        return dict(self._ask(f"EXECUTE {self.counters}"))

    def _digest(self, name: str) -> tuple:
        row = "to_jsonb(t) - 'last_login'" if name == "parties_user" else "t"
        return self._ask(f'SELECT count(*), sum(hashtextextended(({row})::text, 0)) FROM "{name}" t')[0]

    @staticmethod
    def _tell(statement: str, arguments: list) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)

    @staticmethod
    def _ask(statement: str, arguments: list | None = None) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall()


_TABLES = "SELECT relname, oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
_COUNTERS = """
SELECT name, writes FROM unnest(%s::text[], %s::oid[]) AS tables (name, t), LATERAL (
    SELECT pg_stat_get_xact_tuples_inserted(t) + pg_stat_get_xact_tuples_updated(t)
        + pg_stat_get_xact_tuples_deleted(t) AS writes OFFSET 0
) AS written WHERE writes > 0
"""
"""What pg_stat_xact_user_tables tells, in a tenth of the time: it looks every table up in the catalogue."""
