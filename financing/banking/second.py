"""Whose word it takes beside the proposer's, before a party is paid to an account."""

from datetime import datetime, timedelta

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.parties.models import Membership
from financing.banking.models import BankAccount
from portal.shared.access import PERMISSIONS

SEASONED = timedelta(days=3)
"""How long a person must have been trusted with it before its word counts.

Whoever has taken one administrator's place could otherwise let itself in as the other. Its colleagues are told of
everybody who is let in, and have these days to see it.
"""


def is_seasoned(member: Membership, now: datetime) -> bool:
    return member.created_at <= now - SEASONED


def trusted() -> QuerySet[Membership]:
    """Memberships that carry the permission to say where their party is paid."""
    pairs = [Q(party__kind=kind, role=role) for kind, role in PERMISSIONS["banking.register_account"]]
    return Membership.objects.filter(Q.create(pairs, Q.OR), ended_at=None, user__is_active=True)


def for_operator(accounts: QuerySet[BankAccount], now: datetime) -> QuerySet[BankAccount]:
    """Those of the waiting ones that the operator may confirm.

    The first account of a party, with who it is; and those that no other person of the party may confirm. What a
    machine proposed is among them: which of its colleagues has the secret in hand the portal cannot know.
    """
    seconds = (
        trusted()
        .filter(party=OuterRef("party"), created_at__lte=now - SEASONED)
        .annotate(identity=Concat(Value("user:"), Cast("user_id", CharField())))
        .exclude(identity=OuterRef("proposed_by"))
    )
    before = BankAccount.objects.filter(party=OuterRef("party"), confirmed_at__isnull=False)
    by_person = Q(proposed_by__startswith="user:")
    return accounts.filter(~Q(Exists(before)) | ~by_person | ~Q(Exists(seconds)), status=BankAccount.Status.WAITING)


def whose_word(account: BankAccount, now: datetime) -> str:
    """BankAccount.Word: the operator's, where it may confirm; else a colleague's."""
    is_for_operator = for_operator(BankAccount.objects.filter(id=account.id), now).exists()
    return BankAccount.Word.OPERATOR if is_for_operator else BankAccount.Word.COLLEAGUE
