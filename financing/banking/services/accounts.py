"""The accounts that money comes from and goes to: proposed, proposed in the place of another, closed."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.parties.models import Party
from accounts.parties.queries import operators
from accounts.trail.services import News, record
from financing.banking.iso20022 import fields
from financing.banking.iso20022 import iban as ibans
from financing.banking.iso20022.errors import MessageError
from financing.banking.models import BankAccount
from financing.banking.second import whose_word
from portal.shared import access
from portal.shared.access import Actor, require
from portal.shared.database import acting
from portal.shared.errors import InvalidInput, NotFound, Stale
from portal.shared.money import is_currency


def register_account(
    *, actor: Actor, party_id: int, holder: str, iban: str, currency: str, bic: str = "", connected: bool = False,
    now: datetime,
) -> BankAccount:  # fmt: skip
    """Propose the account of a party in one currency; the same again is the account that is there.

    Nothing is paid to it before somebody else has confirmed it (`confirm_account`); what the portal itself enters is in
    force at once. `connected`: the bank tells the portal its bookings, and money can be paid from it; for the operator
    to say.
    Raises InvalidInput: IBAN_INVALID, BIC_INVALID, CURRENCY_INVALID, ACCOUNT_OPEN (the party has another one in this
    currency), ACCOUNT_WAITING (another one waits in it), ACCOUNT_TAKEN (connected already).
    """
    particulars = _particulars(holder, iban, bic, currency)
    with acting(actor):
        _require_own(actor, party_id, connected)
        known = BankAccount.objects.open().filter(party_id=party_id, **_same(particulars)).first()
        if known:
            return known
        if BankAccount.objects.in_force().filter(party_id=party_id, currency=particulars["currency"]).exists():
            raise _open_already(particulars["currency"])
        return _propose(actor, party_id, particulars, connected, now)


def replace_account(
    *, actor: Actor, account_id: int, holder: str, iban: str, bic: str = "", now: datetime
) -> BankAccount:  # fmt: skip
    """Propose another account in the place of this one, which stays in force until the other is confirmed.

    Everybody who acts for the party is told, whoever did it too: it may have been done in their name. The same number
    under another holder's name is another account: a name takes two people as well. What takes the place of a connected
    account is connected.
    Raises NotFound, Forbidden, Stale (not in force), InvalidInput (as register_account; CONNECTED_BY_OPERATOR where
    bookings come from it).
    """
    with acting(actor):
        old = _lock(actor, account_id)
        if old.status != BankAccount.Status.IN_FORCE:
            raise Stale()
        particulars = _particulars(holder, iban, bic, old.currency)
        same = _same(particulars) | {name: particulars[name] for name in ("holder", "bic") if particulars[name]}
        known = BankAccount.objects.open().filter(party_id=old.party_id, **same).first()
        if known:
            return known
        if actor.is_system:
            end_account(old, BankAccount.Status.CLOSED, now)
        return _propose(actor, old.party_id, particulars, old.connected, now)


def close_account(*, actor: Actor, account_id: int, now: datetime) -> BankAccount:
    """Nothing is paid to the account any more; payments that are on their way still arrive. Repeatable.

    A connected account, without which its party could pay nobody any more, is not closed: by two people another one
    takes its place.
    Raises NotFound, Forbidden, InvalidTransition (it waits: withdraw or refuse it), InvalidInput
    (CONNECTED_BY_OPERATOR).
    """
    with acting(actor):
        account = _lock(actor, account_id)
        if account.connected:
            raise InvalidInput(
                "The party pays from this account. Propose another one in its place.", code="CONNECTED_BY_OPERATOR"
            )
        if account.status != BankAccount.Status.CLOSED:
            end_account(account, BankAccount.Status.CLOSED, now)
            facts = {"currency": account.currency, "end": account.iban[-4:]}
            record(actor, now, [News("bank_account.closed", account, (account.party_id,), facts)])
        return account


def end_account(account: BankAccount, state: str, now: datetime) -> None:
    """Locked: close it, or end what was only proposed. Raises InvalidTransition."""
    account.move_to(state)
    account.closed_at = now
    account.save(update_fields=["status", "closed_at"])


def lock_account(actor: Actor, account_id: int) -> BankAccount:
    account = BankAccount.objects.select_for_update(no_key=True).visible_to(actor).filter(id=account_id).first()
    if account is None:
        raise NotFound()
    return account


def _lock(actor: Actor, account_id: int) -> BankAccount:
    account = lock_account(actor, account_id)
    _require_own(actor, account.party_id, account.connected)
    return account


def _propose(actor: Actor, party_id: int, particulars: dict[str, str], connected: bool, now: datetime) -> BankAccount:
    account = BankAccount(
        party_id=party_id, connected=connected, created_at=now, proposed_by=actor.identity, **particulars
    )
    if actor.is_system:
        account.move_to(BankAccount.Status.IN_FORCE)
        account.confirmed_at, account.confirmed_by = now, actor.identity
        account.confirmed_as = BankAccount.Word.PORTAL
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise _refusal(error, account.currency) from None
    # No more than the last digits: enough for a colleague to see that it is none of theirs.
    facts = {"currency": account.currency, "end": account.iban[-4:], "connected": connected}
    if actor.is_system:
        record(actor, now, [News("bank_account.registered", account, (party_id,), facts)])
    else:
        word = whose_word(account, now)
        asked = operators() if word == BankAccount.Word.OPERATOR else ()
        record(actor, now, [News("bank_account.proposed", account, (party_id, *asked), facts | {"word": word})])
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
    if not is_currency(currency):
        raise InvalidInput(
            "'{given}' is not a currency code of ISO 4217.", code="CURRENCY_INVALID", given=currency[:20]
        )


def _open_already(currency: str) -> InvalidInput:
    return InvalidInput("The party already has an account in {currency}.", code="ACCOUNT_OPEN", currency=currency)


def _refusal(error: IntegrityError, currency: str) -> InvalidInput:
    name = error.__cause__.diag.constraint_name if error.__cause__ else ""
    if name == "bank_account_one_waiting":
        return InvalidInput(
            "Another account in {currency} waits to be confirmed. Withdraw or refuse it first.",
            code="ACCOUNT_WAITING", currency=currency,
        )  # fmt: skip
    if name == "bank_account_one_in_force":
        return _open_already(currency)
    return InvalidInput("This account is connected already.", code="ACCOUNT_TAKEN")
