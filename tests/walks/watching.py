"""Whether anything in the database is other than it was: cheap enough to be asked after every request."""

from django.db import connection

MAY_CHANGE = {"django_session", "parties_attempt", "usersessions_usersession", "clients_window"}
"""Sessions and counted attempts change by being looked at, and so does a person's last sign-in."""


class Tables:
    """`changed()` names the tables that differ from how they were when this was made, in this transaction."""

    def __init__(self):
        self.names = [name for (name,) in self._ask(_NAMES) if name not in MAY_CHANGE]
        self.before = {name: self._digest(name) for name in self.names}
        self.counted = self._counters()

    def touched(self) -> set[str]:
        """Tables that somebody has written to since this was asked last, even if it was undone."""
        earlier, self.counted = self.counted, self._counters()
        return {name for name, count in self.counted.items() if count != earlier.get(name)}

    def changed(self) -> set[str]:
        """Of those touched, the ones whose rows differ."""
        return {name for name in self.touched() if self._digest(name) != self.before.get(name)}

    def _counters(self) -> dict[str, int]:
        return {name: count for name, count in self._ask(_COUNTERS) if name not in MAY_CHANGE}

    def _digest(self, name: str) -> tuple:
        row = "to_jsonb(t) - 'last_login'" if name == "parties_user" else "t"
        return self._ask(f'SELECT count(*), sum(hashtextextended(({row})::text, 0)) FROM "{name}" t')[0]

    @staticmethod
    def _ask(statement: str) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


_NAMES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_COUNTERS = """
SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
WHERE schemaname = 'public' AND n_tup_ins + n_tup_upd + n_tup_del > 0
"""
