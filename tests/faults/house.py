"""The house of the stories with machines that go on asking, on servers of its own that can be killed."""

import copy

from financing.credit.rules import DEFAULT_BODY
from portal.runtime.world import World
from portal.sandbox.bank.client import BankClient
from tests import world
from tests.faults.lives import AUTHORITY_MINOR
from tests.faults.patient import Patient
from tests.stories import house as stories
from tests.world import TODAY


class House(stories.House):
    caller = Patient


def found(running: World) -> House:
    """The cast with accounts and books; what is above the authority of the policy is left to persons."""
    return house_of(running, BankClient(running.bank_url, running.environment["BANK_SECRET"]), House)


def house_of[H: House](running: World, bank: BankClient, kind: type[H]) -> H:
    house = stories.found(running, bank, kind)
    body = copy.deepcopy(DEFAULT_BODY)
    body["authority"]["max_amount_minor"] = AUTHORITY_MINOR
    world.approved_policy(house.cast.harbour, body, TODAY)
    return house
