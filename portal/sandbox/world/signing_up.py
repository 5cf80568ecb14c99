"""Suppliers sign up: verification, account, a machine that acts for them. In bulk, for hundreds of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from accounts.clients.services import create_clients
from accounts.parties.models import Party
from portal.sandbox.bank.client import BankClient
from portal.sandbox.world.founding import open_accounts, verify
from portal.shared.access import MAKER, SYSTEM_ACTOR
from portal.shared.database import acting

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Machine:
    """An OAuth2 client as its party keeps it."""

    party_id: int
    party: str
    role: str
    client_id: str
    client_secret: str


def sign_up(
    suppliers: Iterable[Party], *, bank: BankClient, currency: str, today: date, now: datetime
) -> list[Machine]:
    """Verify them at once, open their accounts and let a machine act for each of them, as makers."""
    suppliers, machines = list(suppliers), []
    for start in range(0, len(suppliers), AT_ONCE):
        some = suppliers[start : start + AT_ONCE]
        with acting(SYSTEM_ACTOR):
            verify(some, today=today, handed_in=now, now=now)
            open_accounts(bank, dict.fromkeys((each.id for each in some), 0), currency, now)
            machines += let_in(some, role=MAKER, name="ERP", now=now)
    return machines


def let_in(parties: list[Party], *, role: str, name: str, now: datetime) -> list[Machine]:
    names = {each.id: each.name for each in parties}
    made = create_clients(actor=SYSTEM_ACTOR, party_ids=list(names), name=name, role=role, now=now)
    return [Machine(bound.party_id, names[bound.party_id], role, bound.client_id, secret) for bound, secret in made]
