"""The bank's day against ours: every entry on both sides, and cash by the ledger equal to the closing balance."""

import logging
from datetime import date, datetime

from django.db.models import Sum

from accounts.trail.services import News, record
from financing.banking import channel, queries
from financing.banking.iso20022 import camt053
from financing.banking.iso20022.errors import UnreadableMessage
from financing.banking.models import BankAccount, BankEntry, Statement
from financing.banking.services.booking import arrived, book_entries
from financing.ledger import queries as ledger
from financing.ledger.models import Account, Book
from portal.shared.access import SYSTEM_ACTOR
from portal.shared.database import acting

logger = logging.getLogger(__name__)


def collect_statements(*, now: datetime, date: date) -> list[Statement]:
    """Fetch the bank's statement of a day for each connected account, book what was missed, and compare.

    An account that the bank gives no statement for is left out and logged. Raises channel.Unanswered where the bank is
    away altogether.
    """
    collected = []
    for account in BankAccount.objects.in_force().filter(connected=True).order_by("id"):
        try:
            content = channel.statement(account.iban, date)
        except (channel.NotThere, channel.Refused) as refused:
            logger.error("No statement of %s for account %s: %s", date, account.id, refused)
            continue
        collected += reconcile(content=content, now=now)
    return collected


def reconcile(*, content: bytes, now: datetime) -> list[Statement]:
    """Hold a statement (camt.053) against the ledger; entries that the portal has missed are booked by it.

    One day may be reconciled as often as the bank states it; the last time counts. Raises UnreadableMessage.
    """
    message = camt053.parse(content)
    known = BankAccount.objects.told_of(stated.account_iban for stated in message.accounts)
    if any(stated.difference_minor() for stated in message.accounts):
        raise UnreadableMessage("TOTALS_DIFFER", "Opening balance and entries do not make the closing balance.")
    return [
        _reconcile(known[stated.account_iban], stated, message.message_id, content, now)
        for stated in message.accounts
        if stated.account_iban in known
    ]


def _reconcile(
    account: BankAccount, stated: camt053.AccountStatement, message_id: str, content: bytes, now: datetime
) -> Statement:
    with acting(SYSTEM_ACTOR):
        message = arrived(kind="camt.053", message_id=message_id, account=account, content=content, now=now)
        book_entries(message=message, entries=stated.entries, now=now)
        if message.pk is None:
            return Statement.objects.get(account=account, date=stated.period_date)
        statement, _ = Statement.objects.update_or_create(
            account=account,
            date=stated.period_date,
            defaults={
                "message": message,
                "opening_minor": stated.opening_minor,
                "closing_minor": stated.closing_minor,
                "ledger_minor": _ledger_cash(account, stated.period_date),
                "unmatched": 0,
                "reconciled_at": now,
            },
        )
        references = [entry.bank_reference for entry in stated.entries]
        BankEntry.objects.filter(account=account, bank_reference__in=references).update(statement=statement)
        statement.unmatched = len(queries.unmatched(statement))
        statement.save(update_fields=["unmatched"])
        facts = {
            "date": stated.period_date.isoformat(),
            "closing_minor": statement.closing_minor,
            "difference_minor": statement.difference_minor,
            "unmatched": statement.unmatched,
        }
        record(SYSTEM_ACTOR, now, [News("statement.reconciled", statement, (account.party_id,), facts)])
        return statement


def _ledger_cash(account: BankAccount, day: date) -> int | None:
    """Cash by the ledger without what the bank has booked on later days.

    By the bank's booking dates, not by the ledger's value dates: these follow the book's day, which may lag the bank's.
    """
    book = Book.objects.filter(funder_id=account.party_id).first()
    if book is None:
        return None
    cash = ledger.balance(book_id=book.id, kind=Account.Kind.CASH, currency=account.currency)
    later = BankEntry.objects.filter(account=account, booking_date__gt=day)
    return cash - later.aggregate(total=Sum("amount_minor", default=0))["total"]
