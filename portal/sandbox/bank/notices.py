"""The outbox: camt.054 messages written to the book before they are sent, and sent until the portal has taken them.

One account's notices go out one after another, so their order is kept; while one is under way, what is booked meanwhile
gathers for the next. A notice once written never changes: after a crash the same message goes out again.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from sqlite3 import Connection, Row

from standardwebhooks import Webhook

from financing.banking.iso20022 import camt054
from portal.sandbox.bank import book, faults, reports, schema
from portal.sandbox.bank.channel import Channel, ChannelDown

log = logging.getLogger(__name__)

BATCH = 500
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0  # seconds between attempts, doubled each time
OVERTAKEN_AFTER = 1.0  # seconds that `out_of_order` waits for another notice of the account


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def write(db: Connection, iban: str, now: datetime) -> None:
    """Put the account's unannounced entries into notices. Within a write transaction."""
    rows = db.execute(
        f"{reports.ENTRIES} WHERE entries.iban = ? AND announced = 0 ORDER BY entries.id LIMIT ?", (iban, BATCH)
    ).fetchall()
    if not rows:
        return
    account = book.get(db, iban)
    if faults.any_set(db):
        _write_spoiled(db, account, rows, now)
    else:
        _insert(db, account, rows, now)
    db.execute("UPDATE entries SET announced = 1 WHERE iban = ? AND announced = 0 AND id <= ?", (iban, rows[-1]["id"]))


def _write_spoiled(db: Connection, account: Row, rows: list[Row], now: datetime) -> None:
    sound, twice = [], []
    for row in rows:
        facts = {"iban": account["iban"], "end_to_end_id": row["end_to_end_id"]}
        if faults.take(db, "lost_push", facts) is not None:
            continue
        held = faults.take(db, "out_of_order", facts)
        if held is not None:
            _insert(db, account, [row], now, hold_seconds=held.get("seconds", OVERTAKEN_AFTER))
            continue
        sound.append(row)
        if faults.take(db, "twice", facts) is not None:
            twice.append(row)
    if sound:
        written = _insert(db, account, sound, now)
        if twice:
            db.execute(
                "INSERT INTO notices (message_id, iban, body) SELECT message_id, iban, body FROM notices WHERE id = ?",
                (written,),
            )
            _insert(db, account, twice, now)


def _insert(db: Connection, account: Row, rows: list[Row], now: datetime, hold_seconds: float = 0) -> int:
    (number,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM notices").fetchone()
    message_id = f"N{number:012d}"
    body = camt054.build(reports.notice(message_id, account, rows, now))
    not_before = now.timestamp() + hold_seconds if hold_seconds else 0
    db.execute(
        "INSERT INTO notices (id, message_id, iban, body, not_before) VALUES (?, ?, ?, ?, ?)",
        (number, message_id, account["iban"], body, not_before),
    )
    return number


# ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class Courier:
    """Delivers notices; one task per account that has something to deliver."""

    def __init__(self, db: Connection, portal_url: str, secret: str):
        self._db = db
        self._channel = Channel(portal_url.rstrip("/") + "/bank/messages/")
        self._webhook = Webhook(secret)
        self._tasks: dict[str, asyncio.Task] = {}
        self._news: dict[str, asyncio.Event] = {}

    def resume(self) -> None:
        """Take up what a former run of the bank left undelivered."""
        waiting = self._db.execute(
            "SELECT iban FROM entries WHERE announced = 0 UNION SELECT iban FROM notices WHERE delivered = 0"
        )
        self.deliver({row["iban"] for row in waiting})

    def deliver(self, ibans: set[str]) -> None:
        for iban in ibans:
            if iban in self._tasks:
                self._news[iban].set()
            else:
                self._news[iban] = asyncio.Event()
                self._tasks[iban] = asyncio.create_task(self._deliver(iban))

    async def deliver_now(self, ibans: set[str], timeout: float = 5) -> None:
        """Return when the portal has taken everything booked on these accounts, or after so many seconds."""
        self.deliver(ibans)
        tasks = [self._tasks[iban] for iban in ibans]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout)

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._channel.close()

    async def _deliver(self, iban: str) -> None:
        while True:
            self._news[iban].clear()
            notice = self._next(iban)
            if notice is None:
                # Nothing is awaited between this look and the removal: a booking after it starts a task of its own.
                del self._tasks[iban], self._news[iban]
                return
            pause = notice["not_before"] - time.time()
            if pause > 0:
                # Held back: until the account's next notice has gone first, but not for ever.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news[iban].wait(), pause)
            elif await self._send(notice):
                self._mark_delivered(notice)
            else:
                await asyncio.sleep(self._mark_failed(notice))

    def _next(self, iban: str) -> Row | None:
        """The oldest notice that may go now; one that is held back goes when nothing else is left."""
        with schema.writing(self._db):
            write(self._db, iban, datetime.now(UTC))
        return self._db.execute(
            "SELECT * FROM notices WHERE iban = ? AND delivered = 0 ORDER BY (not_before > ?), id LIMIT 1",
            (iban, time.time()),
        ).fetchone()

    async def _send(self, notice: Row) -> bool:
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/xml",
            "webhook-id": notice["message_id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(notice["message_id"], now, notice["body"].decode()),
        }
        try:
            status = await self._channel.post(notice["body"], headers)
        except ChannelDown as failure:
            log.warning("%s not delivered: %s", notice["message_id"], failure)
            return False
        if not 200 <= status < 300:
            log.warning("%s not taken: the portal answered %s", notice["message_id"], status)
        return 200 <= status < 300

    def _mark_delivered(self, notice: Row) -> None:
        self._db.execute("UPDATE notices SET delivered = 1 WHERE id = ?", (notice["id"],))
        # What this one has overtaken may follow at once.
        self._db.execute(
            "UPDATE notices SET not_before = 0 WHERE iban = ? AND delivered = 0 AND id < ?",
            (notice["iban"], notice["id"]),
        )

    def _mark_failed(self, notice: Row) -> float:
        """Seconds until the next attempt."""
        self._db.execute("UPDATE notices SET attempts = attempts + 1 WHERE id = ?", (notice["id"],))
        return min(FIRST_PAUSE * 2 ** min(notice["attempts"], 10), LONGEST_PAUSE)
