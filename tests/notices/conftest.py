"""The cast, and events told to them as a worker would."""

import pytest

from accounts.notices import services
from accounts.notices.models import Notice
from accounts.trail.services import News, record
from financing.advances.models import Advance
from portal.shared.access import SYSTEM_ACTOR, Actor
from portal.shared.database import acting
from tests import world
from tests.world import NOW


@pytest.fixture
def cast(db) -> world.Cast:
    return world.cast()


def happened(name: str, subject, *parties, by: Actor = SYSTEM_ACTOR, now=NOW, payload=None, **facts):
    """Record an event that these parties may know."""
    with acting(by):
        return record(by, now, [News(name, subject, tuple(party.id for party in parties), payload or facts)])[0]


def told(*events, now=NOW) -> list[tuple[str, str]]:
    """Write the notices of these events: (event, person) of all there are now."""
    services.write(events=list(events), now=now)
    return everybody()


def everybody() -> list[tuple[str, str]]:
    rows = Notice.objects.select_related("event", "user").order_by("event_id", "user__email")
    return [(row.event.name, row.user.email.split("@")[0]) for row in rows]


def funded(cast: world.Cast, number: int = 1, now=NOW):
    """Amphora has its money; Harbour lent it."""
    return happened(
        "advance.funded", Advance(id=number), cast.amphora, cast.harbour, now=now, amount_minor=900_00, currency="EUR"
    )
