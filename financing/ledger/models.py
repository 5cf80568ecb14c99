"""Books of the funders: accounts, entries, legs, and balances kept per account and value date.

Append-only. A leg's amount is positive for a debit and negative for a credit; the legs of an entry add up to zero.
"""

from django.db import models
from django.db.models import Q

from accounts.parties.models import Party
from portal.shared import access
from portal.shared.access import Actor
from portal.shared.choices import Choices


class OfBook(models.QuerySet):
    """Rows of a book are the funder's own; `path` leads from the row to the funder's id."""

    path = "book__funder_id"

    def visible_to(self, actor: Actor):
        if actor.is_system or actor.party_kind == access.OPERATOR:
            return self
        return self.filter(**{self.path: actor.party_id})


class BookQuerySet(OfBook):
    path = "funder_id"


class Book(models.Model):
    """A funder's books and its day. `business_date` only moves forward; nothing is booked into a past one."""

    funder = models.OneToOneField(Party, models.PROTECT, related_name="book")
    business_date = models.DateField()
    time_zone = models.CharField(max_length=40, default="UTC")
    calendar = models.CharField(max_length=10, blank=True, help_text="Country of the public holidays, ISO 3166-1")

    objects = BookQuerySet.as_manager()

    def __str__(self):
        return f"Book of {self.funder}"


class Account(models.Model):
    """An account of a book, per currency; per facility where `facility_id` is set (credit.Facility, a floor above)."""

    class Kind(Choices):
        CASH = "CASH"
        DISBURSEMENT_CLEARING = "DISBURSEMENT_CLEARING"
        SETTLEMENT_CLEARING = "SETTLEMENT_CLEARING"
        ADVANCES = "ADVANCES"
        INTEREST_RECEIVABLE = "INTEREST_RECEIVABLE"
        FEES_RECEIVABLE = "FEES_RECEIVABLE"
        DEFERRED_FEES = "DEFERRED_FEES"
        DUE_TO_SUPPLIER = "DUE_TO_SUPPLIER"
        CASH_COLLATERAL = "CASH_COLLATERAL"
        UNAPPLIED_RECEIPTS = "UNAPPLIED_RECEIPTS"
        CAPITAL = "CAPITAL"
        INTEREST_INCOME = "INTEREST_INCOME"
        FEE_INCOME = "FEE_INCOME"
        PENALTY_INCOME = "PENALTY_INCOME"
        LOSS_ALLOWANCE = "LOSS_ALLOWANCE"
        IMPAIRMENT_LOSS = "IMPAIRMENT_LOSS"
        RECOVERIES = "RECOVERIES"

    # No index of its own: the unique key begins with the book.
    book = models.ForeignKey(Book, models.PROTECT, related_name="accounts", db_index=False)
    kind = models.CharField(max_length=24, choices=Kind)
    currency = models.CharField(max_length=3)
    facility_id = models.BigIntegerField(null=True)

    objects = OfBook.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["book", "kind", "currency", "facility_id"], nulls_distinct=False, name="ledger_account_once"
            )
        ]

    def __str__(self):
        return f"{self.kind} {self.currency}" + (f" of facility {self.facility_id}" if self.facility_id else "")


class Entry(models.Model):
    """One balanced movement. `key` makes a retry safe; `reverses` names the entry that it takes back, at most once."""

    book = models.ForeignKey(Book, models.PROTECT, related_name="entries", db_index=False)
    key = models.CharField(max_length=140)
    kind = models.CharField(max_length=40)
    business_date = models.DateField()
    value_date = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.BigIntegerField(null=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")

    objects = OfBook.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            # The same movement booked twice.
            models.UniqueConstraint(fields=["book", "key"], name="ledger_entry_key_once"),
            models.CheckConstraint(
                condition=Q(value_date__lte=models.F("business_date")), name="ledger_entry_value_date"
            ),
        ]
        indexes = [
            models.Index(fields=["subject_type", "subject_id"], name="ledger_entry_by_subject"),
            models.Index(fields=["book", "value_date"], name="ledger_entry_by_day"),
            models.Index(fields=["book", "business_date", "id"], name="ledger_entry_by_business_day"),
        ]

    def __str__(self):
        return self.key


class LegQuerySet(OfBook):
    path = "account__book__funder_id"


class Leg(models.Model):
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="legs")
    account = models.ForeignKey(Account, models.PROTECT, related_name="legs")
    amount_minor = models.BigIntegerField(help_text="Debit positive, credit negative.")

    objects = LegQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="ledger_leg_moves_something")]

    @property
    def credit_minor(self) -> int:
        """What stands on the credit side, without a sign; zero for a debit."""
        return max(0, -self.amount_minor)


class Balance(models.Model):
    """Turnover of one account on one value date; the balance at a date is the sum of the turnovers until then."""

    pk = models.CompositePrimaryKey("account_id", "value_date")
    account = models.ForeignKey(Account, models.PROTECT, related_name="balances", db_index=False)
    value_date = models.DateField()
    debit_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)

    objects = LegQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(debit_minor__gte=0, credit_minor__gte=0), name="ledger_turnover_positive"
            )
        ]
