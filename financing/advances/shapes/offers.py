"""What can be had and what it costs: availability and quotes."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from financing.advances import pricing
from financing.advances.models import Application, Quote
from financing.credit import saying, wording
from financing.credit.models import Decision
from portal.shared.access import Actor


def audience_of(actor: Actor, row: Quote | Application) -> int:
    """The funder reads as an officer; everybody else in the supplier's words and without the funder's measures."""
    return wording.OFFICER if actor.is_system or actor.party_id == row.funder_id else wording.SUPPLIER


class Rate(serializers.CharField):
    """A share or a yearly rate as decimal text without idle zeros: "0.125" is 12.5 %."""

    def to_representation(self, value: Decimal) -> str:
        return f"{value.normalize():f}"


class RoundedRate(Rate):
    """A rate that was reckoned: six digits of it."""

    def to_representation(self, value: Decimal) -> str:
        return super().to_representation(Decimal(f"{value:.6g}"))


class ReasonSaid(serializers.Serializer):
    code = serializers.CharField()
    sentence = serializers.CharField()


class ImprovementSaid(ReasonSaid):
    gain_minor = serializers.IntegerField()


class GainSaid(ImprovementSaid):
    """What would raise it, and by how much: the same decision again with that fact alone changed."""

    available_gain_minor = serializers.IntegerField(help_text="More to be had now by this alone; 0: only with others")
    limit_gain_minor = serializers.IntegerField(help_text="More limit by this alone")


class FallSaid(serializers.Serializer):
    """A step of the waterfall: a total states the sum so far, any other amount is added to it, or taken off."""

    code = serializers.CharField(
        help_text="OPEN_INVOICES, then why some are left out (codes as of `base.lines[].reasons`), ELIGIBLE, NOT_LENT, "
        "RESERVE, CARRIED, OVER_LIMIT, OWED_ALREADY, AVAILABLE"
    )
    amount_minor = serializers.IntegerField()
    is_total = serializers.BooleanField()
    invoices = serializers.IntegerField(allow_null=True, help_text="How many receivables the step is made of")


class ScoreLineSaid(ReasonSaid):
    feature = serializers.CharField()
    points = serializers.IntegerField(required=False, help_text="Told to the funder only")
    max_points = serializers.IntegerField(required=False, help_text="Told to the funder only")


class BaseLineSaid(serializers.Serializer):
    """As `saying.base` says it, which has these names and no others: there may be thousands."""

    receivable = serializers.IntegerField()
    counted_minor = serializers.IntegerField()
    due_date = serializers.DateField()
    is_eligible = serializers.BooleanField()
    is_assigned_here = serializers.BooleanField()
    reasons = ReasonSaid(many=True)

    def to_representation(self, line: dict) -> dict:
        return line | {"due_date": line["due_date"].isoformat()}


class BaseSaid(serializers.Serializer):
    eligible_minor = serializers.IntegerField()
    advance_rate = Rate()
    reserve_share = Rate()
    gross_minor = serializers.IntegerField()
    reserve_minor = serializers.IntegerField()
    base_minor = serializers.IntegerField()
    limit_minor = serializers.IntegerField()
    exposure_minor = serializers.IntegerField()
    available_minor = serializers.IntegerField()
    lines = BaseLineSaid(many=True)


class TermsSaid(serializers.Serializer):
    annual_rate = Rate()
    day_count = serializers.CharField()
    fee_minor = serializers.IntegerField()
    interest_minor = serializers.IntegerField(help_text="Expected, if settled on the expected date")
    total_cost_minor = serializers.IntegerField()
    expected_settlement_date = serializers.DateField()
    due_date = serializers.DateField()


class ResultSaid(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=Decision.Outcome.choices)
    reasons = ReasonSaid(many=True)
    grade = serializers.CharField(allow_blank=True, help_text="Empty: not scored")
    score = ScoreLineSaid(many=True)
    limit_minor = serializers.IntegerField()
    available_minor = serializers.IntegerField()
    base = BaseSaid()
    terms = TermsSaid(allow_null=True)
    improvements = ImprovementSaid(many=True)


class PriceSaid(serializers.Serializer):
    """It is paid back in parts, as invoices fall due: `average_days` is for how many the whole of it is owed."""

    average_days = serializers.IntegerField(allow_null=True, help_text="null: nothing is offered, or no day passes")
    effective_rate = RoundedRate(
        allow_null=True, help_text="Fee and interest as a rate a year, compounded over those days; six digits"
    )


class Availability(ResultSaid):
    price = PriceSaid()
    facility = serializers.IntegerField()
    business_date = serializers.DateField()
    currency = serializers.CharField()
    amount_minor = serializers.IntegerField()
    least_minor = serializers.IntegerField(help_text="The smallest advance that the policy makes")
    held_minor = serializers.IntegerField(help_text="Held for the supplier by the funder until it can be paid")
    waterfall = FallSaid(many=True)
    improvements = GainSaid(many=True)


class QuoteAsked(serializers.Serializer):
    facility = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    amount_minor = serializers.IntegerField(
        allow_null=True,
        help_text="null asks for all that is available: the answer's `amount_minor` tells how much that is. It has to "
        "be said: left out, nothing is quoted",
    )


class QuoteShown(serializers.ModelSerializer):
    total_cost_minor = serializers.SerializerMethodField()
    price = serializers.SerializerMethodField()
    expected_outcome = serializers.SerializerMethodField()
    reasons = serializers.SerializerMethodField()
    security = serializers.SerializerMethodField()
    annual_rate = Rate()

    class Meta:
        model = Quote
        fields = (
            "id", "facility", "amount_minor", "available_minor", "currency", "grade", "annual_rate", "day_count",
            "fee_minor", "interest_minor", "total_cost_minor", "price", "business_date", "expected_settlement_date",
            "due_date", "created_at", "valid_until", "expected_outcome", "reasons", "security",
        )  # fmt: skip

    def get_total_cost_minor(self, quote: Quote) -> int:
        return quote.fee_minor + quote.interest_minor

    @extend_schema_field(PriceSaid)
    def get_price(self, quote: Quote) -> dict:
        return PriceSaid(pricing.said(quote.amount_minor, quote)).data

    @extend_schema_field(serializers.ChoiceField(choices=["APPROVED", "REFERRED"]))
    def get_expected_outcome(self, quote: Quote) -> str:
        return quote.result["outcome"]

    @extend_schema_field(ReasonSaid(many=True))
    def get_reasons(self, quote: Quote) -> list[dict]:
        return saying.reasons(quote.result["reasons"], audience_of(self.context["request"].actor, quote))

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_security(self, quote: Quote) -> list[int]:
        return quote.result["security_ids"]
