"""An advance, what was repaid of it, and what happened to it."""

from rest_framework import serializers

from accounts.parties.api import PartyName
from financing.advances.models import Advance, AdvanceReceivable, Repayment
from financing.advances.shapes.offers import Rate
from portal.shared.rows import Row


class AdvanceSummary(Row):
    supplier, funder = PartyName(), PartyName()
    annual_rate = Rate()
    owed_minor = serializers.IntegerField()

    class Meta:
        model = Advance
        fields = (
            "id", "application", "facility", "supplier", "funder", "status", "amount_minor", "currency", "annual_rate",
            "day_count", "fee_minor", "principal_minor", "interest_minor", "fees_minor", "owed_minor", "approved_at",
            "funded_at", "funded_date", "due_date", "closed_at", "instruction",
        )  # fmt: skip


class RepaymentShown(Row):
    """Of an advance that FAILED it was given back to the supplier, unless its settlement came back."""

    returned_at = serializers.DateTimeField(
        source="returned.recorded_at", allow_null=True, default=None,
        help_text="When its settlement came back, so that it is owed again",
    )  # fmt: skip

    class Meta:
        model = Repayment
        fields = ("id", "fees_minor", "interest_minor", "principal_minor", "value_date", "recorded_at", "returned_at")


class SecurityShown(Row):
    class Meta:
        model = AdvanceReceivable
        fields = ("receivable", "released_at")


class Happening(serializers.Serializer):
    event = serializers.IntegerField(source="id")
    name = serializers.CharField()
    at = serializers.DateTimeField(source="recorded_at")
    payload = serializers.DictField(source="facts")


class AdvanceShown(AdvanceSummary):
    repayments = RepaymentShown(many=True)
    securities = SecurityShown(many=True)
    timeline = Happening(many=True)

    class Meta(AdvanceSummary.Meta):
        fields = (*AdvanceSummary.Meta.fields, "repayments", "securities", "timeline")
