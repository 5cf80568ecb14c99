"""REST: a funder's own book, its day, and every movement in it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from financing.ledger import queries, services
from financing.ledger.models import Account, Book, Entry, Leg
from financing.ledger.queries import trial_balance
from portal.shared.access import Actor, require
from portal.shared.errors import NotFound
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Reading, Resource
from portal.shared.rows import Row


class TrialBalanceLineShown(serializers.Serializer):
    """Minor units; the balance is positive for a debit."""

    kind = serializers.CharField()
    currency = serializers.CharField()
    debit_minor = serializers.IntegerField()
    credit_minor = serializers.IntegerField()
    balance_minor = serializers.IntegerField()


class BookShown(serializers.ModelSerializer):
    trial_balance = TrialBalanceLineShown(many=True)

    class Meta:
        model = Book
        fields = ("id", "business_date", "time_zone", "calendar", "trial_balance")


class DayAsked(serializers.Serializer):
    to_date = serializers.DateField()


@extend_schema(tags=["book"])
class OwnBook(Resource):
    """A funder's own ledger, summed by kind of account."""

    group = "ledger"

    @extend_schema(operation_id="book", responses=BookShown)
    @refuses("NOT_FOUND")
    def get(self, request) -> Response:
        """Read the own book: business date and trial balance."""
        require(self.actor, "ledger.view")
        return _shown(_own(self.actor))


@extend_schema(tags=["book"])
class BusinessDate(Resource):
    """The day that a funder's book is at: it goes forward by the word of a checker."""

    group = "ledger"

    @extend_schema(
        operation_id="advance_business_date", request=DayAsked, responses=BookShown, parameters=[KEY_PARAMETER]
    )
    @refuses("LEDGER_DATE_CLOSED", "LEDGER_DATE_TOO_FAR")
    def post(self, request) -> Response:
        """Close the book's day and open a later one: interest accrues, and nothing enters a closed day."""
        require(self.actor, "ledger.view")
        book = services.advance_business_date(
            actor=self.actor, book_id=_own(self.actor).id, now=timezone.now(), **self.checked(DayAsked)
        )
        return _shown(book)


def _own(actor: Actor) -> Book:
    found = Book.objects.visible_to(actor).filter(funder_id=actor.party_id).first()
    if found is None:
        raise NotFound()
    return found


def _shown(book: Book) -> Response:
    book.trial_balance = trial_balance(book.id)
    return Response(BookShown(book).data)


class LedgerAccountShown(Row):
    """`facility` where the account is one facility's; minor units, the balance positive for a debit."""

    facility = serializers.IntegerField(source="facility_id", allow_null=True)
    debit_minor = serializers.IntegerField()
    credit_minor = serializers.IntegerField()
    balance_minor = serializers.IntegerField()

    class Meta:
        model = Account
        fields = ("id", "kind", "currency", "facility", "debit_minor", "credit_minor", "balance_minor")


@extend_schema(tags=["book"])
class LedgerAccounts(Reading):
    """Accounts of the funder's own book, with turnovers and balance."""

    model, view, group = Account, "ledger.view", "ledger"
    filters = {"kind": "kind", "facility": "facility_id"}
    serializer_class = LedgerAccountShown

    def rows(self):
        return queries.accounts(self.actor)


class LegShown(Row):
    kind = serializers.CharField(source="account.kind", help_text="Of the account")
    currency = serializers.CharField(source="account.currency")

    class Meta:
        model = Leg
        fields = ("account", "kind", "currency", "amount_minor")


class EntrySummary(Row):
    """`reverses`: the entry that this one takes back; `reversed_by`: the one that takes this back."""

    reversed_by = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True)

    class Meta:
        model = Entry
        fields = (
            "id", "key", "kind", "business_date", "value_date", "recorded_at", "subject_type", "subject_id",
            "reverses", "reversed_by",
        )  # fmt: skip


class EntryShown(EntrySummary):
    legs = LegShown(many=True, help_text="Debits positive, credits negative; they add up to nothing")

    class Meta(EntrySummary.Meta):
        fields = (*EntrySummary.Meta.fields, "legs")


@extend_schema(tags=["book"])
class LedgerEntries(Reading):
    """What was booked: never changed, and corrected by an entry that takes another back."""

    model, view, group = Entry, "ledger.view", "ledger"
    related, dated = ("reversed_by",), "value_date"

    def rows(self):
        own = queries.books(self.actor)
        return super().rows() if own is None else super().rows().filter(book__in=own)

    def get_queryset(self):
        found = super().get_queryset()
        return found if self.action == "list" else found.prefetch_related("legs__account")

    def get_serializer_class(self):
        return EntrySummary if self.action == "list" else EntryShown


class LedgerMovementShown(Row):
    entry = EntrySummary()
    currency = serializers.CharField(source="account.currency")

    class Meta:
        model = Leg
        fields = ("id", "account", "entry", "amount_minor", "currency")


@extend_schema(tags=["book"])
class LedgerMovements(Reading):
    """Debits (positive) and credits (negative) of accounts, each with its entry, the latest first."""

    model, view, group = Leg, "ledger.view", "ledger"
    related = ("entry__reversed_by", "account")
    filters, dated = {"account": "account_id", "entry": "entry_id"}, "entry__value_date"
    serializer_class = LedgerMovementShown

    def rows(self):
        own = queries.books(self.actor)
        return super().rows() if own is None else super().rows().filter(account__book__in=own)
