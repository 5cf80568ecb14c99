"""Which rows the database shows to whom: what a person was told, to that person and for that party."""

from portal.shared.wall import ME, PERSON, to_all

_OWN = f"user_id = {PERSON} AND party_id = {ME}"

SHOWN = {
    "notices_notice": to_all(_OWN, operator=_OWN),
    "notices_mailing": to_all(_OWN),
    "notices_preferences": to_all(f"user_id = {PERSON}"),
}
