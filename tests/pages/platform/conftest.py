"""Meridian's people at their pages: invoices that wait, are owed, and are paid."""

import pytest

from financing.receivables.models import Receivable
from tests import world


@pytest.fixture
def lending(db):
    return world.lending()


@pytest.fixture
def maya(lending, as_user):
    """May accept, dispute, settle and import."""
    return as_user("maya@meridian.example")


@pytest.fixture
def marc(lending, as_user):
    """Approves settlements; the rest it may look at."""
    return as_user("marc@meridian.example")


@pytest.fixture
def ana(lending, as_user):
    return as_user("ana@amphora.example")


@pytest.fixture
def wait(lending):
    """`wait("A-1")`: an invoice of Amphora's for which no order is known."""

    def make(number: str, **known) -> Receivable:
        facts = {
            "debtor": lending.cast.meridian, "status": Receivable.Status.RECEIVED, "match": Receivable.Match.NO_ORDER,
            "match_note": "Line 1: no such order line is known.",
        }  # fmt: skip
        return world.receivable(lending.cast.amphora, lending.cast.meridian, number, **facts | known)

    return make
