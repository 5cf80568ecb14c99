"""The database backend: PostgreSQL's, with a connection that is asked as whoever `portal.shared.wall` says.

The server is told before the statement, on the same way to it, or by a statement beside Django's cursors; nobody's
counted queries move. In a transaction it is told only when that has changed since it was told last; what it was told is
undone with the transaction, so that every rollback forgets, and so does a statement that fails. Outside of one the
portal is told for good, and a party for one statement: the portal, as which every request begins, is there again.
"""

from functools import lru_cache
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper as BareCursor
from psycopg import ClientCursor
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Literal

from portal.shared import wall


@lru_cache(maxsize=1024)
def _telling(asking: wall.Asking, *, once: bool = False) -> str:
    """As a statement in itself: it stands before others that have parameters of their own, or none.

    `once`: until the end of the transaction, which statements sent together outside of one are.
    """
    told = {"role": asking.role, "app.party": asking.party, "app.user": asking.person}
    calls = [
        SQL("pg_catalog.set_config({}, {}, {})").format(Literal(name), Literal(value), once).as_string()
        for name, value in told.items()
    ]
    return f"SELECT {', '.join(calls)}"


class Telling:
    """A cursor that has the server told before it asks anything of it."""

    db: "DatabaseWrapper"

    def _execute(self, sql, params, *ignored):
        news = self.db.news()
        if news is None:
            return super()._execute(sql, params, *ignored)
        if not isinstance(sql, str) or not isinstance(self.cursor, ClientCursor):  # which sends text, of two statements
            self.db.tell()
            return super()._execute(sql, params, *ignored)
        once = self.db.autocommit and news != wall.THE_PORTAL
        before, self.db.told = self.db.told, None
        super()._execute(f"{_telling(news, once=once)}; {sql}", params, *ignored)
        self.cursor.nextset()  # what the statement itself answered
        self.db.told = before if once else news
        return self.cursor

    def _executemany(self, sql, param_list, *ignored):
        self.db.tell()
        return super()._executemany(sql, param_list, *ignored)

    def callproc(self, *arguments):
        self.db.tell()
        return super().callproc(*arguments)

    def copy(self, statement, *arguments):
        self.db.tell()
        return super().__getattr__("copy")(statement, *arguments)


class Cursor(Telling, BareCursor):
    pass


class DebugCursor(Telling, base.CursorDebugWrapper):
    def copy(self, statement, *arguments):
        self.db.tell()
        return base.CursorDebugWrapper.copy(self, statement)


class KeepingCursor(base.ServerBindingCursor):
    """Its statements go to the server apart from their parameters, and are planned once while the connection lasts."""

    def execute(self, query, params=None):
        # For this statement alone: of all others psycopg would keep the text, with the values in it, to count them.
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, prepare=True)
        finally:
            self.connection.prepare_threshold = None


class DatabaseWrapper(base.DatabaseWrapper):
    """`told`: as whom the server takes us; None where that is not known."""

    told: wall.Asking | None = None

    def news(self) -> wall.Asking | None:
        """Who asks, where the server takes us for another.

        Only who logs in as `app` is anybody else: the owner migrates, and no policy holds for it.
        """
        asking = wall.asking()
        if asking == self.told or self.settings_dict["USER"] != wall.APP:
            return None
        # Nothing is answered before the rollback, which forgets.
        in_error = self.connection.info.transaction_status == TransactionStatus.INERROR
        return None if in_error else asking

    def tell(self) -> None:
        asking = self.news()
        if asking is None:
            return
        self.told = None
        with self.wrap_database_errors, self.connection.cursor() as cursor:
            cursor.execute(_telling(asking))
        self.told = asking

    def make_cursor(self, cursor: Any) -> Cursor:
        return Cursor(cursor, self)

    def make_debug_cursor(self, cursor: Any) -> DebugCursor:
        return DebugCursor(cursor, self)

    def get_connection_params(self):
        """A plan that is kept is the same for all parameters: to weigh it against others would be to plan again."""
        parameters = super().get_connection_params()
        given = parameters.get("options", "")
        return parameters | {"options": f"{given} -c plan_cache_mode=force_generic_plan".strip()}

    def keeping_cursor(self) -> Cursor | DebugCursor:
        """For a statement that takes longer to plan than to run, and is best planned alike for all parameters."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(KeepingCursor(self.connection))

    def get_new_connection(self, conn_params):
        self.told = None
        following = self.settings_dict.get("NEXT_PASSWORD")
        try:
            return super().get_new_connection(conn_params)
        except self.Database.OperationalError:
            if not following:
                raise
        return super().get_new_connection(conn_params | {"password": following})

    def _commit(self):
        # A transaction with a failed statement in it is rolled back by COMMIT, and nobody says so.
        if self.connection is not None and self.connection.info.transaction_status == TransactionStatus.INERROR:
            self.told = None
        try:
            return super()._commit()
        except BaseException:
            self.told = None
            raise

    def _rollback(self):
        self.told = None
        return super()._rollback()

    def _savepoint_rollback(self, sid):
        try:
            super()._savepoint_rollback(sid)
        finally:
            self.told = None

    def _close(self):
        self.told = None
        return super()._close()
