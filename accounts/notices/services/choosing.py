"""What a person wants to have mailed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts.notices.models import Cadence, Preferences
from accounts.notices.queries import table
from accounts.notices.rules import NEVER
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.database import acting
from portal.shared.errors import Forbidden, InvalidInput


class PersonsOnly(Forbidden):
    """Notices are told to people; a machine reads events."""

    code = "PERSONS_ONLY"
    sentence = "Notices are for people who sign in. A machine reads events instead."


def choose(*, actor: Actor, cadences: Mapping[str, str], discreet: bool, now: datetime) -> Preferences:
    """Set the cadence of the topics named, and whether mails are discreet; topics not named stay as they are.

    Raises PersonsOnly, InvalidInput (TOPIC_UNKNOWN, CADENCE_UNKNOWN).
    """
    if actor.user_id is None:
        raise PersonsOnly()
    known = {topic.code for topic in table().topics}
    for topic, cadence in cadences.items():
        if topic not in known:
            raise InvalidInput("There is no topic '{topic}'.", code="TOPIC_UNKNOWN", topic=topic[:20])
        if cadence not in Cadence.values:
            raise InvalidInput("There is no cadence '{cadence}'.", code="CADENCE_UNKNOWN", cadence=cadence[:20])
    with acting(actor):
        return _keep(actor.user_id, cadences, now, discreet=discreet)


def turn_off(*, user_id: int, topics: Sequence[str], now: datetime) -> Preferences:
    """No more mails of these topics to whoever holds a link that was mailed to them: signed out, by one click."""
    with acting(SYSTEM_ACTOR):
        return _keep(user_id, dict.fromkeys(topics, NEVER), now)


def _keep(user_id: int, cadences: Mapping[str, str], now: datetime, **others) -> Preferences:
    Preferences.objects.get_or_create(user_id=user_id, defaults={"changed_at": now})
    kept = Preferences.objects.select_for_update(no_key=True).get(user_id=user_id)
    kept.cadences = kept.cadences | dict(cadences)
    kept.changed_at = now
    for name, value in others.items():
        setattr(kept, name, value)
    kept.save()
    return kept
