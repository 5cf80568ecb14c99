"""The second word on an account: confirmed by another person, withdrawn by who proposed it, or refused."""

from datetime import datetime

from accounts.parties.queries import operators
from accounts.parties.second import companies_of, require_seasoned
from accounts.trail.services import News, record
from financing.banking.models import BankAccount
from financing.banking.second import SAYS, for_operator, may_be_by_colleague
from financing.banking.services.accounts import end_account, lock_account
from portal.shared import access
from portal.shared.access import Actor, permits, require
from portal.shared.database import acting
from portal.shared.errors import Forbidden, InvalidInput, OwnWork, RuleViolation

Status, Word = BankAccount.Status, BankAccount.Word


class OperatorConfirms(RuleViolation):
    """A machine's secret may be in the hands of whoever would confirm."""

    code, status = "OPERATOR_CONFIRMS", 409
    sentence = "A machine proposed this account, so the operator of the portal asks the bank and confirms it."


class FirstAccount(OperatorConfirms):
    """Two who have just signed a company up may be one: who it is and where it is paid are looked at together."""

    sentence = "The first account of a party is confirmed by the operator of the portal, who asks the bank."


class ColleagueConfirms(RuleViolation):
    code, status = "COLLEAGUE_CONFIRMS", 409
    sentence = "The party has a second person who confirms this account."


def confirm_account(*, actor: Actor, account_id: int, evidence: str = "", now: datetime) -> BankAccount:
    """Pay the party to this account from now on; the one that was in force in its currency is closed.

    For another person of the party than who proposed it; or for the operator where there is none, and for a party's
    first account, with the bank's `evidence` that holder and number belong together. Payments that are on their way
    go where they were sent.
    Raises NotFound, Forbidden, OwnWork, LetInLately, OperatorConfirms, ColleagueConfirms, InvalidTransition,
    InvalidInput (EVIDENCE_MISSING).
    """
    with acting(actor):
        account = lock_account(actor, account_id)
        word = word_on(actor, account)
        account.move_to(Status.IN_FORCE)
        if word == Word.OPERATOR:
            _check_of_operator(actor, account, evidence, now)
            account.evidence = evidence.strip()
        else:
            _check_of_colleague(actor, account, now)
        account.confirmed_at, account.confirmed_by, account.confirmed_as = now, actor.identity, word
        before = _in_force_before(account)
        if before:
            end_account(before, Status.CLOSED, now)
        account.save(update_fields=["status", "confirmed_at", "confirmed_by", "confirmed_as", "evidence"])
        record(actor, now, [_news(actor, account, before)])
        return account


def withdraw_account(*, actor: Actor, account_id: int, now: datetime) -> BankAccount:
    """Whoever proposed an account takes it back. Raises NotFound, Forbidden, InvalidTransition."""
    with acting(actor):
        account = lock_account(actor, account_id)
        require(actor, "banking.register_account")
        if actor.identity != account.proposed_by:
            raise Forbidden("Somebody else proposed this account: you can refuse it.")
        return _end(actor, account, Status.WITHDRAWN, now)


def refuse_account(*, actor: Actor, account_id: int, now: datetime) -> BankAccount:
    """The second word is no: the party is paid as before. Raises NotFound, Forbidden, OwnWork, InvalidTransition."""
    with acting(actor):
        account = lock_account(actor, account_id)
        word_on(actor, account)
        return _end(actor, account, Status.REFUSED, now)


def word_on(actor: Actor, account: BankAccount) -> str:
    """As whom the actor has a word on the account (BankAccount.Word). Two people answer for it: a machine has none.

    Raises Forbidden, OwnWork.
    """
    is_own = account.party_id == actor.party_id
    is_operator = actor.party_kind == access.OPERATOR
    as_operator = is_operator and not (is_own and permits(actor, "banking.register_account"))
    permission = "banking.verify_account" if as_operator else "banking.register_account"
    require(actor, permission)
    if actor.user_id is None:
        raise Forbidden(permission=permission)
    if actor.identity == account.proposed_by:
        raise OwnWork("You proposed this account, so somebody else has to confirm it.")
    return Word.OPERATOR if as_operator else Word.COLLEAGUE


def _check_of_colleague(actor: Actor, account: BankAccount, now: datetime) -> None:
    if not account.proposed_by.startswith("user:"):
        raise OperatorConfirms()
    if not may_be_by_colleague(account.party_id, account.party.kind):
        raise FirstAccount()
    # In the first days the operator confirms.
    require_seasoned(actor, SAYS, now, maker=account.proposed_by, founders=False)


def _check_of_operator(actor: Actor, account: BankAccount, evidence: str, now: datetime) -> None:
    if account.party.kind != access.OPERATOR and account.party_id in companies_of(actor):
        raise OwnWork("You belong to this company, so somebody else has to confirm its account.")
    if not for_operator(BankAccount.objects.filter(id=account.id), now).exists():
        raise ColleagueConfirms()
    if not evidence.strip():
        raise InvalidInput(
            "Say by what the bank showed that holder and number belong together.", code="EVIDENCE_MISSING"
        )


def _in_force_before(account: BankAccount) -> BankAccount | None:
    rows = BankAccount.objects.select_for_update(no_key=True).in_force()
    return rows.filter(party=account.party_id, currency=account.currency).first()


def _news(actor: Actor, account: BankAccount, before: BankAccount | None) -> News:
    facts = {"currency": account.currency, "end": account.iban[-4:], "word": account.confirmed_as}
    parties = (account.party_id, *(operators() if account.confirmed_as == Word.OPERATOR else ()))
    if before is None:
        return News("bank_account.confirmed", account, parties, facts)
    ends = {"old_end": before.iban[-4:], "new_end": account.iban[-4:]}
    differs = (each for each in ("iban", "holder", "bic") if getattr(before, each) != getattr(account, each))
    return News("bank_account.replaced", account, parties, facts | ends | {"changed": next(differs, "iban")})


def _end(actor: Actor, account: BankAccount, state: str, now: datetime) -> BankAccount:
    end_account(account, state, now)
    facts = {"currency": account.currency, "end": account.iban[-4:]}
    name = "bank_account.withdrawn" if state == Status.WITHDRAWN else "bank_account.refused"
    record(actor, now, [News(name, account, (account.party_id,), facts)])
    return account
