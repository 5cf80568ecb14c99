"""The accounts that money comes from and goes to: registered, replaced, closed."""

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
    Raises InvalidInput: IBAN_INVALID, BIC_INVALID, CURRENCY_INVALID, ACCOUNT_OPEN (the party has another one in this
    currency), ACCOUNT_TAKEN (connected already).
    """
    particulars = _particulars(holder, iban, bic, currency)
    with acting(actor):
        _require_own(actor, party_id, connected)
        known = BankAccount.objects.filter(party_id=party_id, closed_at=None, **_same(particulars)).first()
        return known or _open(actor, party_id, particulars, connected, now)


def replace_account(
    *, actor: Actor, account_id: int, holder: str, iban: str, bic: str = "", now: datetime
) -> BankAccount:  # fmt: skip
    """From now on the party is paid to this account instead; payments that are on their way go where they were sent.

    Everybody who acts for the party is told, whoever did it too: it may have been done in their name.
    Raises NotFound, Forbidden, InvalidInput (as register_account; CONNECTED_BY_OPERATOR where bookings come from it).
    """
    with acting(actor):
        old = _lock(actor, account_id)
        particulars = _particulars(holder, iban, bic, old.currency)
        if _same(particulars) == {"iban": old.iban, "currency": old.currency}:
            return old
        old.closed_at = now
        old.save(update_fields=["closed_at"])
        new = _enter(old.party_id, particulars, False, now)
        # No more than the last digits: enough for a colleague to see that it is none of theirs.
        facts = {"currency": new.currency, "old_end": old.iban[-4:], "new_end": new.iban[-4:]}
        record(actor, now, [News("bank_account.replaced", new, (new.party_id,), facts)])
        return new


def close_account(*, actor: Actor, account_id: int, now: datetime) -> BankAccount:
    """Nothing is paid to the account any more; payments that are on their way still arrive. Repeatable.

    Raises NotFound, Forbidden, InvalidInput (CONNECTED_BY_OPERATOR).
    """
    with acting(actor):
        account = _lock(actor, account_id)
        if account.closed_at is None:
            _close(actor, account, now)
        return account


def _lock(actor: Actor, account_id: int) -> BankAccount:
    account = BankAccount.objects.select_for_update().visible_to(actor).filter(id=account_id).first()
    if account is None:
        raise NotFound()
    _require_own(actor, account.party_id, account.connected)
    return account


def _close(actor: Actor, account: BankAccount, now: datetime) -> None:
    account.closed_at = now
    account.save(update_fields=["closed_at"])
    record(actor, now, [News("bank_account.closed", account, (account.party_id,), {"currency": account.currency})])


def _open(actor: Actor, party_id: int, particulars: dict[str, str], connected: bool, now: datetime) -> BankAccount:
    account = _enter(party_id, particulars, connected, now)
    # No IBAN in the event: a sole trader's account number is personal data.
    facts = {"currency": account.currency, "connected": connected}
    record(actor, now, [News("bank_account.registered", account, (party_id,), facts)])
    return account


def _enter(party_id: int, particulars: dict[str, str], connected: bool, now: datetime) -> BankAccount:
    account = BankAccount(party_id=party_id, connected=connected, created_at=now, **particulars)
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise _refusal(error, account.currency) from None
    return account


def _particulars(holder: str, iban: str, bic: str, currency: str) -> dict[str, str]:
    given = {
        "holder": fields.name(holder),
        "iban": "".join(iban.split()).upper(),
        "bic": bic.strip().upper(),
        "currency": currency.strip().upper(),
    }
    _check(given["iban"], given["bic"], given["currency"])
    return given


def _same(particulars: dict[str, str]) -> dict[str, str]:
    return {"iban": particulars["iban"], "currency": particulars["currency"]}


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
        raise InvalidInput(refused.said, code="BIC_INVALID") from None
    try:
        fields.currency(currency)
    except MessageError as refused:
        raise InvalidInput(refused.said, code="CURRENCY_INVALID") from None


def _refusal(error: IntegrityError, currency: str) -> InvalidInput:
    name = error.__cause__.diag.constraint_name if error.__cause__ else ""
    if name == "bank_account_one_open":
        return InvalidInput("The party already has an account in {currency}.", code="ACCOUNT_OPEN", currency=currency)
    return InvalidInput("This account is connected already.", code="ACCOUNT_TAKEN")
