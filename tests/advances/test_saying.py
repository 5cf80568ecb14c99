"""What the API says of a decision to the funder who made it."""

from financing.advances.shapes.applications import _as_known


def test_what_is_assigned_elsewhere_is_not_available_and_nothing_else_is_said_of_it():
    elsewhere = {"id": 7, "status": "ASSIGNED", "assigned_facility_id": 2, "open_minor": 100, "settling_minor": 40}
    assert _as_known(elsewhere, 1) == {"id": 7, "status": "NOT_AVAILABLE_AS_SECURITY"}
    assert _as_known(elsewhere, 2) == elsewhere
    free = {"id": 8, "status": "ACCEPTED", "assigned_facility_id": None, "open_minor": 100}
    assert _as_known(free, 1) == free
