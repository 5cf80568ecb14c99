"""Two words on one account at the same moment: real threads, real commits."""

from datetime import timedelta
from functools import partial

import pytest

from accounts.parties.models import Membership, User
from accounts.trail.models import Event
from financing.banking.models import BankAccount
from financing.banking.services import confirm_account, replace_account, withdraw_account
from portal.shared.access import Actor
from portal.shared.errors import InvalidTransition
from tests import world
from tests.threads import at_once, successes
from tests.world import NOW, as_member

ROUNDS = 4
OTHERS = ("NL91ABNA0417164300", "BE68539007547034")


@pytest.fixture
def amphora(committed_db):
    return world.lending().cast.amphora


def administrator(party, name: str) -> Actor:
    user = User.objects.create(email=f"{name}@amphora.example", password="!")
    Membership.objects.create(user=user, party=party, role="ADMIN", created_at=NOW - timedelta(days=30))
    return as_member(user.email)


def proposed(amphora) -> tuple[BankAccount, BankAccount]:
    """Ana's proposal, and the account in force."""
    old = BankAccount.objects.in_force().get(party=amphora)
    ana, iban = as_member("ana@amphora.example"), OTHERS[old.iban == OTHERS[0]]
    return replace_account(actor=ana, account_id=old.id, holder="Amphora", iban=iban, now=NOW), old


def confirming(actor: Actor, account: BankAccount):
    return partial(confirm_account, actor=actor, account_id=account.id, now=NOW)


def test_an_account_that_two_confirm_at_once_is_confirmed_once(amphora):
    bea, cas = administrator(amphora, "bea"), administrator(amphora, "cas")
    for _ in range(ROUNDS):
        new, _old = proposed(amphora)
        results = at_once(confirming(bea, new), confirming(cas, new))
        (won,) = successes(results)
        assert [type(each) for each in results if each is not won] == [InvalidTransition]
        held = BankAccount.objects.in_force().get(party=amphora)
        assert (held, held.confirmed_by) == (new, won.confirmed_by)
    assert Event.objects.filter(name="bank_account.replaced").count() == ROUNDS


def test_an_account_confirmed_and_withdrawn_at_once_is_one_of_the_two(amphora):
    bea, ana = administrator(amphora, "bea"), as_member("ana@amphora.example")
    for _ in range(ROUNDS):
        new, old = proposed(amphora)
        results = at_once(confirming(bea, new), partial(withdraw_account, actor=ana, account_id=new.id, now=NOW))
        (won,) = successes(results)
        assert [type(each) for each in results if each is not won] == [InvalidTransition]
        new.refresh_from_db()
        is_confirmed = won is results[0]
        assert new.status == ("IN_FORCE" if is_confirmed else "WITHDRAWN")
        assert BankAccount.objects.in_force().get(party=amphora) == (new if is_confirmed else old)
