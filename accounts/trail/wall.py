"""Which rows the database shows to whom: events by their parties, as EventQuerySet.visible_to has them."""

from portal.shared.wall import ME, NO_PARTY, to_all

_NAMED = f"EXISTS (SELECT FROM trail_eventparty told WHERE told.event_id = trail_event.id AND told.party_id = {ME})"

SHOWN = {
    "trail_event": to_all(_NAMED, operator=_NAMED),
    "trail_eventparty": to_all(f"party_id = {ME}", operator=f"party_id = {ME}"),
    "trail_delivery": NO_PARTY,
}
