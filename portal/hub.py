"""The one listener of a process: what was written to the database, handed out to the open streams of each party.

It LISTENs on one connection; a notification is a wake-up, upon which the rows since the horizon are read again. The
horizon is a transaction number below which everything has ended: what commits late is below no horizon yet, and is
missed by nobody.
"""

import asyncio
import json
import logging
from collections import Counter, defaultdict, deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from django.conf import settings

from accounts.trail.models import OLDEST_RUNNING
from portal.shared import wall
from portal.shared.access import Actor

logger = logging.getLogger(__name__)

RESUMED_AT_MOST = 500
"""Events that are told one by one after a cut; and those that wait for a slow client before it is dropped."""
READ_AT_MOST = 5_000
IDLE_SECONDS = 10
"""How long a lost wake-up can go unnoticed."""
STREAMS_PER_PERSON = 20
"""Open streams of one person in one process, as many as it has windows."""

LOOK = f"""
    SELECT ceiling, EXISTS (SELECT FROM trail_event WHERE transaction >= ceiling)
    FROM (SELECT {OLDEST_RUNNING} AS ceiling) AS now
"""
READ = f"""
    SELECT e.transaction, e.id, e.name, e.subject_type, e.subject_id, e.recorded_at, array_agg(p.party_id)
    FROM trail_event e JOIN trail_eventparty p ON p.event_id = e.id
    WHERE (e.transaction, e.id) > (%s, %s) AND e.transaction < %s AND p.party_id = ANY(%s)
    GROUP BY e.id ORDER BY e.transaction, e.id LIMIT {READ_AT_MOST}
"""

Position = tuple[int, int]
"""Transaction and event id: the order in which news are told."""


@dataclass(frozen=True, slots=True)
class Message:
    position: Position
    content: bytes


def news(transaction: int, id: int, name: str, subject_type: str, subject_id: int, at: datetime) -> Message:
    data = {"name": name, "subject_type": subject_type, "subject_id": subject_id, "at": at.astimezone(UTC).isoformat()}
    text = f"id: {transaction}-{id}\nevent: news\ndata: {json.dumps(data)}\n\n"
    return Message((transaction, id), text.encode())


def reload(horizon: int) -> Message:
    return Message((horizon, 0), f"id: {horizon}-0\nevent: reload\ndata: {{}}\n\n".encode())


class Subscription:
    """What waits for one stream. Bounded: who does not read is dropped, and resumes by the id it saw last."""

    def __init__(self, actor: Actor):
        self.party_id, self.user_id = actor.party_id, actor.user_id
        self.waiting: deque[Message] = deque()
        self.stirred = asyncio.Event()
        self.has_notices = False
        self.has_begun = False
        self.ended = asyncio.Event()

    def offer(self, messages: list[Message]) -> None:
        if self.ended.is_set():
            return
        if len(self.waiting) + len(messages) > RESUMED_AT_MOST:
            logger.info("A stream of party %s does not keep up and is dropped.", self.party_id)
            self.ended.set()
            return
        self.waiting.extend(messages)
        self.stirred.set()

    def offer_notices(self) -> None:
        self.has_notices = True
        self.stirred.set()

    async def take(self, seconds: float) -> list[Message]:
        """All that waits; after `seconds` without any, an empty list."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stirred.wait()
        self.stirred.clear()
        taken = list(self.waiting)
        self.waiting.clear()
        return taken


class Hub:
    """The one listener of a process. `horizon`: every event of a lower transaction was handed out, or never will be."""

    def __init__(self):
        self.subscriptions: dict[int, set[Subscription]] = {}
        self.horizon = 0
        self.connected = asyncio.Event()
        self.reading = asyncio.Lock()
        self.admitted: list[Subscription] = []
        """Those of all streams, the oldest first."""
        self.task = asyncio.create_task(self.run())

    def admit(self, actor: Actor) -> Subscription | None:
        """One stream more, or None where its person has its share. Whoever is given one hands it back (`dismiss`).

        Where all places are taken, the party that has most makes way for one that has less: nobody can take everybody
        else's, and nobody is refused while there is room.
        """
        living = [each for each in self.admitted if not each.ended.is_set()]
        if sum(each.user_id == actor.user_id for each in living) >= STREAMS_PER_PERSON:
            return None
        if len(living) >= settings.LIVE_STREAMS:
            parties = Counter(each.party_id for each in living)
            ((largest, most),) = parties.most_common(1)
            if most <= parties[actor.party_id] + 1:  # else the two would take each other's in turns
                return None
            theirs = [each for each in living if each.party_id == largest]
            ((person, _),) = Counter(each.user_id for each in theirs).most_common(1)
            next(each for each in theirs if each.user_id == person).ended.set()
        subscription = Subscription(actor)
        self.admitted.append(subscription)
        return subscription

    def dismiss(self, subscription: Subscription) -> None:
        self.admitted.remove(subscription)

    @asynccontextmanager
    async def hearing(self, subscription: Subscription):
        """Yields the horizon from which on it hears everything."""
        party_id = subscription.party_id
        async with self.reading:  # a reading under way asks only for the parties of before
            self.subscriptions.setdefault(party_id, set()).add(subscription)
            horizon = self.horizon
        try:
            yield horizon
        finally:
            others = self.subscriptions[party_id]
            others.discard(subscription)
            if not others:
                del self.subscriptions[party_id]

    async def run(self) -> None:
        """Listen for ever. After a cut the horizon is where it was, so that nothing of the meantime is missed."""
        pause = 0.1
        while True:
            try:
                async with await connected(listening()) as listener:
                    await listener.execute("LISTEN trail_event")
                    await listener.execute("LISTEN notices")
                    pause = 0.1
                    await self.follow(listener)
            except (psycopg.Error, OSError) as error:
                logger.warning("The listener lost the database and tries again in %.1f s: %s", pause, error)
            except Exception:
                logger.exception("The listener failed and starts again in %.1f s", pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)

    async def follow(self, listener: psycopg.AsyncConnection) -> None:
        patience = IDLE_SECONDS
        while True:
            held_back = await self.read(listener)
            if not held_back:
                patience = IDLE_SECONDS
            else:
                # It becomes readable when an older transaction ends, which may not notify anybody.
                patience = 0.005 if patience == IDLE_SECONDS else min(patience * 2, 0.5)
            async for heard in listener.notifies(timeout=patience, stop_after=1):
                if heard.channel == "notices":
                    self.offer_notices(heard.payload)

    def offer_notices(self, parties: str) -> None:
        """Tell the streams of these parties ("3,17") to look at their notices: a wake-up that carries nothing."""
        for party_id in parties.split(","):
            for subscription in self.subscriptions.get(int(party_id), ()):
                subscription.offer_notices()

    async def read(self, listener: psycopg.AsyncConnection) -> bool:
        """Hand out what became readable. Returns whether something is written that is not readable yet."""
        async with self.reading:
            ceiling, held_back = await (await listener.execute(LOOK)).fetchone()
            if not self.connected.is_set():
                self.horizon = ceiling
                self.connected.set()
            elif ceiling > self.horizon:
                await self.hand_out(listener, ceiling)
                self.horizon = ceiling
            return held_back

    async def hand_out(self, listener: psycopg.AsyncConnection, ceiling: int) -> None:
        """Read from the horizon to the ceiling, piece by piece, and give each party its share."""
        parties, position = list(self.subscriptions), (self.horizon, 0)
        while parties:
            rows = await (await listener.execute(READ, [*position, ceiling, parties])).fetchall()
            self.share(rows, ceiling)
            if len(rows) < READ_AT_MOST:
                return
            position = rows[-1][:2]

    def share(self, rows: list[tuple], ceiling: int) -> None:
        by_party = defaultdict(list)
        for *fields, parties in rows:
            message = news(*fields)
            for party_id in parties:
                by_party[party_id].append(message)
        for party_id, messages in by_party.items():
            offered = messages if len(messages) <= RESUMED_AT_MOST else [reload(ceiling)]
            for subscription in self.subscriptions.get(party_id, ()):
                subscription.offer(offered)

    async def is_connected(self) -> bool:
        """Whether the database was ever reached; waits a little for the first time."""
        try:
            async with asyncio.timeout(10):
                return await self.connected.wait()
        except TimeoutError:
            return False

    def end_streams(self) -> None:
        for subscription in self.admitted:
            subscription.ended.set()


async def connected(arguments: dict) -> psycopg.AsyncConnection:
    """A connection beside Django's: by the next password where the present one is not taken any more."""
    following = settings.DATABASES["default"].get("NEXT_PASSWORD")
    try:
        return await psycopg.AsyncConnection.connect(**arguments)
    except psycopg.OperationalError:
        if not following:
            raise
    return await psycopg.AsyncConnection.connect(**arguments | {"password": following})


def listening() -> dict:
    """psycopg's arguments for the listener; a server that vanished without a word is noticed within half a minute."""
    database = settings.DATABASES["default"]
    return {
        **wall.as_the_portal(**database.get("OPTIONS", {})),
        "host": database["HOST"],
        "port": database["PORT"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "dbname": database["NAME"],
        "application_name": "portolan live",
        "autocommit": True,
        "prepare_threshold": None,  # a plan for any span of transactions would read the whole table for the last few
        "connect_timeout": 5,
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "tcp_user_timeout": 20_000,
    }
