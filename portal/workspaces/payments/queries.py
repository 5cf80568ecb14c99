"""A party's money at its bank: accounts by bank and by book, payments in and out, and what each of them pays."""

from dataclasses import dataclass

from django.urls import reverse

from financing.advances.models import Advance
from financing.banking.models import BankAccount, PaymentInstruction
from financing.banking.queries import accounts, cash_by_book
from financing.receivables.models import SettlementPayment
from portal.shared import access
from portal.shared.access import Actor

ADVANCES = {access.SUPPLIER: "supplier:advance", access.FINANCIER: "funder:advance", access.BANK: "funder:advance"}


@dataclass(frozen=True, slots=True)
class Own:
    """An account with what the owner's book says of it; None without a book."""

    account: BankAccount
    ledger_minor: int | None

    @property
    def dialog(self) -> str:
        """Of the question whether to close it."""
        return f"close-{self.account.id}"


def own_accounts(actor: Actor) -> list[Own]:
    """The party's accounts that are or were in force, open ones first. Four queries at most, however many there are."""
    confirmed = accounts(actor=actor).filter(party_id=actor.party_id, confirmed_at__isnull=False)
    found = sorted(confirmed, key=lambda each: each.closed_at is not None)
    cash = cash_by_book(actor=actor) if found else None

    def by_book(account: BankAccount) -> int | None:
        return None if cash is None or not account.connected else cash.get(account.currency, 0)

    return [Own(each, by_book(each)) for each in found]


def paid_for(actor: Actor, payment: PaymentInstruction) -> str:
    """Address of the advance or settlement that the payment pays, where the actor has a page of it."""
    kind, number = payment.subject_type, payment.subject_id
    if kind == "advances.advance" and actor.party_kind in ADVANCES:
        is_seen = Advance.objects.visible_to(actor).filter(id=number).exists()
        return reverse(ADVANCES[actor.party_kind], args=[number]) if is_seen else ""
    if kind == "receivables.settlementpayment" and actor.party_kind == access.PLATFORM:
        found = SettlementPayment.objects.visible_to(actor).filter(id=number).first()
        return reverse("platform:settlement", args=[found.settlement_id]) if found else ""
    return ""
