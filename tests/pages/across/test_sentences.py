"""What others wrote stands in our sentences as they wrote it; our own days are written as the reader writes days."""

import pytest

from accounts.trail.models import Event
from portal.workspaces.sentences import sentence


@pytest.mark.parametrize("number", ["2026-01-01", "2026-13-45", "２０２６-01-01"], ids=["day", "no-day", "wide"])
def test_a_number_that_looks_like_a_day_is_told_as_it_was_written(number):
    assert sentence(Event(name="receivable.received", payload={"number": number})) == f"Invoice {number} received"


def test_days_of_ours_are_written_as_days():
    moved = Event(name="book.business_date_advanced", payload={"from": "2026-03-02", "to": "2026-03-03"})
    assert sentence(moved) == "Business date moved from Mar 2, 2026 to Mar 3, 2026"
    assert sentence(Event(name="statement.reconciled", payload={"date": "2026-03-02"})) == (
        "Statement of Mar 2, 2026 reconciled"
    )
