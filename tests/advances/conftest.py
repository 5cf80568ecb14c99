import pytest

from tests import world


@pytest.fixture
def lending(db):
    """Harbour lends to Amphora, which has four accepted invoices of 1,000.00."""
    made = world.lending()
    world.trade(made.cast.amphora, made.cast.meridian)
    for number in range(4):
        world.receivable(made.cast.amphora, made.cast.meridian, f"INV-{number}", due_in=30 + number)
    return made
