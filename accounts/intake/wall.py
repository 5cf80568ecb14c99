"""Which rows the database shows to whom: what came in, to who handed it in."""

from portal.shared.wall import ME, to_all

SHOWN = {"intake_document": to_all(f"party_id = {ME}")}
