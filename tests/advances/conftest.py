import pytest

from tests import world


@pytest.fixture
def lending(db):
    """Harbour lends to Amphora, which has four accepted invoices of 1,000.00."""
    return world.with_trade(world.lending())
