"""REST: a funder's own book, and its day."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from financing.ledger import services
from financing.ledger.models import Book
from financing.ledger.queries import trial_balance
from portal.shared.access import Actor, require
from portal.shared.errors import NotFound
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Resource


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
        given = DayAsked(data=request.data)
        given.is_valid(raise_exception=True)
        book = services.advance_business_date(
            actor=self.actor, book_id=_own(self.actor).id, now=timezone.now(), **given.validated_data
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
