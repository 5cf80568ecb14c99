"""The operator's people at their pages."""

from decimal import Decimal

import pytest

from accounts.parties.models import BusinessVerification, Party
from accounts.parties.services import Owner, register_party, submit_verification
from portal.shared.access import SYSTEM_ACTOR
from tests import world
from tests.world import NOW


@pytest.fixture
def lending(db):
    return world.lending()


@pytest.fixture
def wim(lending, as_user):
    """Maker: screens and tries again."""
    return as_user("wim@watch.example")


@pytest.fixture
def wanda(lending, as_user):
    """Checker: decides."""
    return as_user("wanda@watch.example")


@pytest.fixture
def asks(lending):
    """`asks("Quince")`: a supplier that has handed in who it is."""

    def make(name: str, number: str = "K-1", said: str = "") -> BusinessVerification:
        party = register_party(
            actor=SYSTEM_ACTOR, kind=Party.Kind.SUPPLIER, name=name, country="PT", registration_number=number, now=NOW
        )
        return submit_verification(
            actor=SYSTEM_ACTOR, party_id=party.id, legal_name=f"{name} Lda", registration_number=said or number,
            country="PT", address="Porto", owners=[Owner("Inês Carvalho", "PT", Decimal("60"))], now=NOW,
        )  # fmt: skip

    return make
