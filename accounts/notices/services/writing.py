"""Writing notices: one statement for a batch of events, whatever number of people they concern."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from accounts.notices.queries import table
from accounts.notices.rules import NEVER
from accounts.trail.models import Event
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting

WRITE = """
INSERT INTO notices_notice (event_id, user_id, party_id, topic, mail, created_at)
SELECT DISTINCT ON (event.id, member.user_id, party.id)
    event.id, member.user_id, party.id, rule.topic,
    CASE WHEN rule.mailed THEN COALESCE(chosen.cadences ->> rule.topic, rule.mail) ELSE %(never)s END, %(now)s
FROM trail_event event
JOIN trail_eventparty told ON told.event_id = event.id
JOIN parties_party party ON party.id = told.party_id
JOIN parties_membership member ON member.party_id = party.id AND member.ended_at IS NULL
JOIN parties_user person ON person.id = member.user_id AND person.is_active
JOIN unnest(
    %(names)s::text[], %(kinds)s::text[], %(roles)s::text[], %(topics)s::text[], %(mails)s::text[], %(mailed)s::bool[],
    %(facts)s::text[], %(doer)s::bool[]
) WITH ORDINALITY AS rule(name, kind, role, topic, mail, mailed, facts, doer, place)
    ON rule.name = event.name AND rule.kind = party.kind AND rule.role = member.role
    AND event.payload @> rule.facts::jsonb
LEFT JOIN notices_preferences chosen ON chosen.user_id = member.user_id
WHERE event.id = ANY(%(events)s) AND (rule.doer OR member.user_id IS DISTINCT FROM event.actor_user_id)
ORDER BY event.id, member.user_id, party.id, array_position(ARRAY['AT_ONCE', 'DAILY', 'NEVER'], rule.mail), rule.place
ON CONFLICT (event_id, user_id, party_id) DO NOTHING
RETURNING party_id
"""


def write(*, events: Sequence[Event], now: datetime) -> int:
    """Tell everybody whom these events concern, as a rule but who did them; returns how many notices are new.

    Written again, they stay as they are. Open pages of the parties are told that there is something new.
    """
    rules = _rules({event.name for event in events})
    if not rules:
        return 0
    columns = ("names", "kinds", "roles", "topics", "mails", "mailed", "facts", "doer")
    given = dict(zip(columns, map(list, zip(*rules, strict=True)), strict=True))
    with acting(SYSTEM_ACTOR), connection.cursor() as cursor:
        cursor.execute(WRITE, given | {"events": [event.id for event in events], "now": now, "never": NEVER})
        parties = [party_id for (party_id,) in cursor.fetchall()]
        stir(cursor, set(parties))
    return len(parties)


def _rules(names: set[str]) -> list[tuple]:
    """Rows of the table for these events: one for each role that is told."""
    mail = {topic.code: topic.mail for topic in table().topics}
    return [
        (
            name,
            told.kind,
            role,
            told.topic,
            mail[told.topic].get(role, NEVER),
            told.mailed,
            json.dumps(dict(told.facts)),
            told.doer,
        )
        for name in sorted(names)
        for told in table().events.get(name, ())
        for role in told.roles
    ]


def stir(cursor, party_ids: set[int], at_a_time: int = 300) -> None:
    """Wake the streams of these parties on commit: their pages look at the bell again."""
    ids = sorted(party_ids)
    for start in range(0, len(ids), at_a_time):  # a notification holds 8,000 bytes
        piece = ",".join(map(str, ids[start : start + at_a_time]))
        cursor.execute("SELECT pg_notify('notices', %s)", [piece])
