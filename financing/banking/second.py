"""Whose word it takes beside the proposer's, before a party is paid to an account."""

from datetime import datetime

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Cast, Concat

from accounts.parties.second import seasoned
from financing.banking.models import BankAccount
from portal.shared import access

SAYS = "banking.register_account"
"""The permission to say where a party is paid."""


def for_operator(accounts: QuerySet[BankAccount], now: datetime) -> QuerySet[BankAccount]:
    """Those of the waiting ones that the operator may confirm."""
    return accounts.filter(_is_for_operator(now))


def waits_for(now: datetime) -> Case:
    """Whose word an account waits for (BankAccount.Word); None where it waits for nobody."""
    return Case(
        When(_is_for_operator(now), then=Value(BankAccount.Word.OPERATOR.value)),
        When(status=BankAccount.Status.WAITING, then=Value(BankAccount.Word.COLLEAGUE.value)),
        default=None, output_field=CharField(null=True),
    )  # fmt: skip


def _is_for_operator(now: datetime) -> Q:
    """The first account of a party, with who it is; and those that no other person of the party may confirm.

    What a machine proposed is among them: which of its colleagues has the secret in hand the portal cannot know.
    """
    seconds = (
        seasoned(SAYS, now)
        .filter(party=OuterRef("party"))
        .annotate(identity=Concat(Value("user:"), Cast("user_id", CharField())))
        .exclude(identity=OuterRef("proposed_by"))
    )
    before = BankAccount.objects.filter(party=OuterRef("party"), confirmed_at__isnull=False)
    by_person = Q(proposed_by__startswith="user:")
    return Q(~Q(Exists(before)) | ~by_person | ~Q(Exists(seconds)), status=BankAccount.Status.WAITING)


def may_be_by_colleague(party_id: int, kind: str) -> bool:
    """A party's first account is the operator's to confirm, who has none above it."""
    confirmed = BankAccount.objects.filter(party=party_id, confirmed_at__isnull=False)
    return kind == access.OPERATOR or confirmed.exists()


def whose_word(account: BankAccount, now: datetime) -> str:
    """BankAccount.Word: the operator's, where it may confirm; else a colleague's."""
    is_for_operator = for_operator(BankAccount.objects.filter(id=account.id), now).exists()
    return BankAccount.Word.OPERATOR if is_for_operator else BankAccount.Word.COLLEAGUE
