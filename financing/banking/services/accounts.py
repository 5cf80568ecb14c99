"""Registering the accounts that money comes from and goes to."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.parties.models import Party
from accounts.trail.services import News, record
from financing.banking.iso20022 import fields
from financing.banking.iso20022 import iban as ibans
from financing.banking.iso20022.errors import MessageError
from financing.banking.models import BankAccount
from portal.shared import access
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound


def register_account(
    *, actor: Actor, party_id: int, holder: str, iban: str, currency: str, bic: str = "", connected: bool = False,
    now: datetime,
) -> BankAccount:  # fmt: skip
    """Enter the account of a party in one currency; the same again is the account that is there.

    `connected`: the bank tells the portal its bookings, and money can be paid from it; for the operator to say.
    Raises InvalidInput: IBAN_INVALID, BIC_INVALID, CURRENCY_INVALID, ACCOUNT_TAKEN (another party's or with other
    particulars), ACCOUNT_OPEN (the party has another one in this currency).
    """
    iban, bic = "".join(iban.split()).upper(), bic.strip().upper()
    holder, currency = fields.name(holder), currency.strip().upper()
    with acting(actor):
        _require_own(actor, party_id, connected)
        _check(iban, bic, currency)
        known = BankAccount.objects.filter(iban=iban).first()
        if known is not None:
            if (known.party_id, known.currency, known.closed_at) != (party_id, currency, None):
                raise InvalidInput("This account is already registered.", code="ACCOUNT_TAKEN")
            return known
        account = BankAccount(
            party_id=party_id, holder=holder, iban=iban, bic=bic, currency=currency, connected=connected, created_at=now
        )
        try:
            with transaction.atomic():
                account.save()
        except IntegrityError as error:
            raise _refusal(error, currency) from None
        # No IBAN in the event: a sole trader's account number is personal data.
        facts = {"currency": currency, "connected": connected}
        record(actor, now, [News("bank_account.registered", account, (party_id,), facts)])
        return account


def _require_own(actor: Actor, party_id: int, connected: bool) -> None:
    operates = actor.is_system or actor.party_kind == access.OPERATOR
    visible = Party.objects.visible_to(actor).filter(id=party_id).exists()
    if not visible or not (operates or actor.party_id == party_id):
        raise NotFound()
    require(actor, "banking.register_account")
    if connected and not operates:
        raise InvalidInput("The operator connects accounts.", code="CONNECTED_BY_OPERATOR")


def _check(iban: str, bic: str, currency: str) -> None:
    if not ibans.is_valid(iban):
        raise InvalidInput("This is not a valid IBAN.", code="IBAN_INVALID")
    try:
        fields.bic("BIC", bic)
    except MessageError as refused:
        raise InvalidInput(refused.sentence, code="BIC_INVALID") from None
    try:
        fields.currency(currency)
    except MessageError as refused:
        raise InvalidInput(refused.sentence, code="CURRENCY_INVALID") from None


def _refusal(error: IntegrityError, currency: str) -> InvalidInput:
    name = error.__cause__.diag.constraint_name if error.__cause__ else ""
    if name == "bank_account_one_open":
        return InvalidInput(f"The party already has an account in {currency}.", code="ACCOUNT_OPEN")
    return InvalidInput("This account is already registered.", code="ACCOUNT_TAKEN")
