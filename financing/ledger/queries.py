"""Reading the books: balances at a date, the trial balance, and whether what is kept agrees with what was booked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncMonth

from financing.ledger.models import Account, Balance, Book, Leg
from portal.shared.access import OPERATOR, Actor

type AccountName = tuple[str, str, int | None]
"""(kind, currency, facility id)"""


def balance(
    *, book_id: int | Subquery, kind: str, currency: str, facility_id: int | None = None, as_of: date | None = None
) -> int:
    """Minor units, debit positive, by value dates until `as_of`; without a facility: of all accounts of the kind."""
    rows = _rows(book_id, as_of).filter(account__kind=kind, account__currency=currency)
    if facility_id is not None:
        rows = rows.filter(account__facility_id=facility_id)
    return rows.aggregate(total=Sum(F("debit_minor") - F("credit_minor"), default=0))["total"]


def balances(
    *,
    book_id: int,
    kinds: Collection[str] = (),
    currency: str = "",
    facility_ids: Collection[int] = (),
    as_of: date | None = None,
) -> dict[AccountName, int]:
    """Balance of every account that has ever moved, of the kinds, currency and facilities where given."""
    rows = _rows(book_id, as_of)
    if kinds:
        rows = rows.filter(account__kind__in=kinds)
    if currency:
        rows = rows.filter(account__currency=currency)
    if facility_ids:
        rows = rows.filter(account__facility_id__in=facility_ids)
    summed = rows.values_list("account__kind", "account__currency", "account__facility_id").annotate(
        total=Sum(F("debit_minor") - F("credit_minor"))
    )
    return {(kind, currency, facility_id): total for kind, currency, facility_id, total in summed}


@dataclass(frozen=True, slots=True)
class TrialBalanceLine:
    """Turnovers and balance of one kind of account in one currency, minor units; `balance_minor`: debit positive."""

    kind: str
    currency: str
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        return self.debit_minor - self.credit_minor


def trial_balance(book_id: int, as_of: date | None = None) -> list[TrialBalanceLine]:
    """One line per currency and kind; debits and credits of each currency are equal."""
    rows = (
        _rows(book_id, as_of)
        .values_list("account__kind", "account__currency")
        .annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
        .order_by("account__currency", "account__kind")
    )
    return [TrialBalanceLine(*row) for row in rows]


EARNED = ("INTEREST_INCOME", "FEE_INCOME", "PENALTY_INCOME")
"""Kinds of account that hold what a funder has earned."""


@dataclass(frozen=True, slots=True)
class Earned:
    """`month`: its first day. Minor units, what was taken back taken off."""

    month: date
    kind: str
    amount_minor: int


def earned(*, book_id: int, currency: str, until: date, months: int = 12) -> list[Earned]:
    """Income by month of value date and kind of account, over so many months until that of the day, oldest first."""
    first = until.year * 12 + until.month - months
    since = date(first // 12, first % 12 + 1, 1)
    rows = _rows(book_id, until).filter(account__kind__in=EARNED, account__currency=currency, value_date__gte=since)
    summed = (
        rows.annotate(month=TruncMonth("value_date")).values_list("month", "account__kind")
        .annotate(total=Sum(F("credit_minor") - F("debit_minor"))).order_by("month", "account__kind")
    )  # fmt: skip
    return [Earned(*row) for row in summed]


def accounts(actor: Actor) -> QuerySet[Account]:
    """Each account with its turnovers and its balance, minor units; `balance_minor`: debit positive."""
    turned = Balance.objects.filter(account=OuterRef("pk")).order_by().values("account")
    sums = {"debit_minor": F("debit_minor"), "credit_minor": F("credit_minor"),
            "balance_minor": F("debit_minor") - F("credit_minor")}  # fmt: skip
    return Account.objects.visible_to(actor).annotate(
        # Each a sum of its own: an order by the balance is then one look into each account.
        **{name: Coalesce(Subquery(turned.annotate(n=Sum(of)).values("n")), 0) for name, of in sums.items()}
    )


def books(actor: Actor) -> list[int] | None:
    """The books that the actor reads, by their numbers; None for who reads all.

    Entries and movements are asked for by these: of a number the server knows how much there is, and does not look for
    the few of a small book among all of the others, from the newest on.
    """
    if actor.is_system or actor.party_kind == OPERATOR:
        return None
    return list(Book.objects.visible_to(actor).values_list("id", flat=True))


def book_legs(
    *, account: Account, since: date | None = None, until: date | None = None, before: int | None = None
) -> QuerySet[Leg]:
    """Movements of one account with their entries, the latest first; by value date, and older than a leg's id."""
    rows = Leg.objects.filter(account=account).select_related("entry", "account").order_by("-id")
    if since or until:
        rows = rows.filter(entry__book=account.book_id)  # whose entries an index has by their day
    if since:
        rows = rows.filter(entry__value_date__gte=since)
    if until:
        rows = rows.filter(entry__value_date__lte=until)
    return rows.filter(id__lt=before) if before else rows


def _rows(book_id: int | Subquery, as_of: date | None):
    until = Q() if as_of is None else Q(value_date__lte=as_of)
    return Balance.objects.filter(until, account__book_id=book_id)


FINDINGS = {
    "kept balance differs from its legs": """
        SELECT format('account %%s on %%s: kept %%s/%%s, booked %%s/%%s', account_id, value_date,
                      kept.debit_minor, kept.credit_minor, booked.debit_minor, booked.credit_minor)
        FROM (SELECT b.* FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id
              WHERE a.book_id = %(book)s) kept
        FULL JOIN (
            SELECT l.account_id, e.value_date, sum(greatest(l.amount_minor, 0)) AS debit_minor,
                   sum(greatest(-l.amount_minor, 0)) AS credit_minor
            FROM ledger_leg l JOIN ledger_entry e ON e.id = l.entry_id JOIN ledger_account a ON a.id = l.account_id
            WHERE a.book_id = %(book)s
            GROUP BY l.account_id, e.value_date
        ) booked USING (account_id, value_date)
        WHERE (kept.debit_minor, kept.credit_minor) IS DISTINCT FROM (booked.debit_minor, booked.credit_minor)
          AND (coalesce(kept.debit_minor, 0), coalesce(kept.credit_minor, 0))
              <> (coalesce(booked.debit_minor, 0), coalesce(booked.credit_minor, 0))
        ORDER BY 1""",
    "entry does not balance": """
        SELECT format('entry %%s: %%s legs, sum %%s, currencies %%s', e.key, count(l.id),
                      coalesce(sum(l.amount_minor), 0), array_agg(DISTINCT a.currency))
        FROM ledger_entry e
        LEFT JOIN ledger_leg l ON l.entry_id = e.id LEFT JOIN ledger_account a ON a.id = l.account_id
        WHERE e.book_id = %(book)s
        GROUP BY e.id
        HAVING count(l.id) < 2 OR sum(l.amount_minor) <> 0 OR count(DISTINCT a.currency) <> 1
            OR bool_or(a.book_id <> e.book_id)
        ORDER BY 1""",
    "reversal is not the mirror of its entry": """
        SELECT format('entry %%s', e.key)
        FROM ledger_entry e
        WHERE e.book_id = %(book)s AND e.reverses_id IS NOT NULL AND EXISTS (
            SELECT 1 FROM ledger_leg WHERE entry_id IN (e.id, e.reverses_id)
            GROUP BY account_id HAVING sum(amount_minor) <> 0)
        ORDER BY 1""",
    "entry is dated after its book": """
        SELECT format('entry %%s: business date %%s', e.key, e.business_date)
        FROM ledger_entry e JOIN ledger_book b ON b.id = e.book_id
        WHERE b.id = %(book)s AND e.business_date > b.business_date
        ORDER BY 1""",
}


def findings(book_id: int) -> list[tuple[str, str]]:
    """(what is wrong, where) for everything in a book that contradicts itself; empty for a sound one.

    Each check is one statement, so it sees one moment of a book that is being written to.
    """
    found = []
    with connection.cursor() as cursor:
        for what, sql in FINDINGS.items():
            cursor.execute(sql, {"book": book_id})
            found += [(what, where) for (where,) in cursor.fetchall()]
    return found
