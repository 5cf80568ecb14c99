"""Waiting until everything that was set off has come to its end: woken by the database, never by guessing."""

import time

import psycopg

from portal.sandbox.bank.client import BankClient
from portal.shared import wall

PATIENCE = 180  # seconds

OPEN = """
SELECT (SELECT count(*) FROM advances_application WHERE status = 'SUBMITTED'),
       (SELECT count(*) FROM banking_paymentinstruction WHERE status IN ('DUE', 'SENT', 'UNKNOWN', 'ACCEPTED')),
       (SELECT count(*) FROM trail_delivery WHERE state = 'WAITING')
"""
BOOKED = """
SELECT a.iban, count(e.id) FROM banking_bankaccount a LEFT JOIN banking_bankentry e ON e.account_id = a.id
WHERE a.connected GROUP BY a.iban
"""


class Quiet:
    """Listens to the events of the portal, and asks the bank how much it has booked."""

    def __init__(self, database_url: str, bank: BankClient):
        self._bank = bank
        self._listener = psycopg.connect(database_url, autocommit=True, **wall.AS_THE_PORTAL)
        self._listener.execute("LISTEN trail_event")

    def wait(self) -> None:
        """Return when nothing waits to be decided, paid or delivered, and every booking of the bank is in.

        Raises TimeoutError with what is left open.
        """
        deadline = time.monotonic() + PATIENCE
        while (left := self._left()) is not None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"After {PATIENCE} s there is still open: {left}")
            # Most steps record an event, which wakes us; the last mark of a delivery does not.
            for _ in self._listener.notifies(timeout=0.05, stop_after=1):
                pass

    def _left(self) -> str | None:
        applications, payments, deliveries = self._listener.execute(OPEN).fetchone()
        if applications or payments or deliveries:
            return f"{applications} applications, {payments} payments, {deliveries} deliveries"
        known = dict(self._listener.execute(BOOKED).fetchall())
        told = {each["iban"]: each["entries"] for each in self._bank.control("GET", "/accounts")}
        missing = sum(told[iban] - count for iban, count in known.items())
        return f"{missing} bookings that the bank has not told" if missing else None

    def close(self) -> None:
        self._listener.close()
