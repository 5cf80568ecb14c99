"""What the API takes and shows of quotes, applications and advances."""

from decimal import Decimal

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.parties.api import PartyName
from financing.advances import pricing
from financing.advances.models import Advance, AdvanceReceivable, Application, Quote, Repayment
from financing.advances.standing import Bound
from financing.credit import rules, saying, wording
from financing.credit.models import Decision
from portal.shared.access import Actor

MAX_APPLICATIONS = 200


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
    receivable = serializers.IntegerField()
    counted_minor = serializers.IntegerField()
    due_date = serializers.DateField()
    is_eligible = serializers.BooleanField()
    is_assigned_here = serializers.BooleanField()
    reasons = ReasonSaid(many=True)


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
    amount_minor = serializers.IntegerField(allow_null=True, default=None, help_text="null: all that is available")


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


class ApplicationMade(serializers.Serializer):
    quote = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class ManyMade(serializers.Serializer):
    applications = serializers.ListField(child=ApplicationMade(), min_length=1, max_length=MAX_APPLICATIONS)


class AppliedShown(serializers.Serializer):
    """What became of one: `application` and done, or refused with code and sentence."""

    quote = serializers.IntegerField(source="quote_id")
    done = serializers.SerializerMethodField()
    application = serializers.IntegerField(source="application_id", allow_null=True)
    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)

    def get_done(self, row) -> bool:
        return row.application_id is not None


class ManyShown(serializers.Serializer):
    entered = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = AppliedShown(many=True, help_text="In the order asked; a quote that was named twice is told once")


class ByHand(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=["APPROVED", "DECLINED"])
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")
    seen_hash = serializers.CharField(max_length=64, help_text="Of the application, as it was read")


class DecisionSummary(serializers.ModelSerializer):
    reasons = serializers.SerializerMethodField()
    is_automatic = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = ("id", "outcome", "reasons", "business_date", "decided_at", "is_automatic")

    @extend_schema_field(ReasonSaid(many=True))
    def get_reasons(self, decision: Decision) -> list[dict]:
        return saying.reasons(decision.reasons, audience_of(self.context["request"].actor, decision))

    def get_is_automatic(self, decision: Decision) -> bool:
        return decision.decided_by == "system"


class Facts(serializers.Serializer):
    """What the funder's decision was made of; the policy is named by its id."""

    policy = serializers.IntegerField()
    features = serializers.DictField()
    position = serializers.DictField()
    receivables = serializers.ListField(child=serializers.DictField())


class DecisionShown(DecisionSummary):
    """In full: `facts`, `inputs_hash` and who decided are told to the funder only, and null to everybody else."""

    result = serializers.SerializerMethodField()
    facts = serializers.SerializerMethodField()
    inputs_hash = serializers.SerializerMethodField()
    decided_by = serializers.SerializerMethodField()

    class Meta(DecisionSummary.Meta):
        fields = (*DecisionSummary.Meta.fields, "result", "facts", "inputs_hash", "decided_by")

    def _for_funder(self, decision: Decision) -> bool:
        return audience_of(self.context["request"].actor, decision) == wording.OFFICER

    @extend_schema_field(ResultSaid)
    def get_result(self, decision: Decision) -> dict:
        found = rules.Result.from_json(decision.result)
        audience = audience_of(self.context["request"].actor, decision)
        return ResultSaid(saying.result(found, decision.inputs["currency"], audience)).data

    @extend_schema_field(Facts(allow_null=True))
    def get_facts(self, decision: Decision) -> dict | None:
        if not self._for_funder(decision):
            return None
        kept = {name: decision.inputs[name] for name in ("features", "position")}
        receivables = [_as_known(each, decision.facility_id) for each in decision.inputs["receivables"]]
        return kept | {"receivables": receivables, "policy": decision.policy_id}

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_inputs_hash(self, decision: Decision) -> str | None:
        return decision.inputs_hash if self._for_funder(decision) else None

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_decided_by(self, decision: Decision) -> str | None:
        return decision.decided_by if self._for_funder(decision) else None


def _as_known(receivable: dict, facility_id: int) -> dict:
    """What is assigned elsewhere is not available, and the funder hears nothing else of it."""
    if receivable.get("assigned_facility_id") in (None, facility_id):
        return receivable
    return {"id": receivable["id"], "status": "NOT_AVAILABLE_AS_SECURITY"}


class ApplicationSummary(serializers.ModelSerializer):
    supplier, funder = PartyName(), PartyName()
    advance = serializers.SerializerMethodField()
    decision = DecisionSummary(allow_null=True)

    class Meta:
        model = Application
        fields = (
            "id", "quote", "facility", "supplier", "funder", "status", "amount_minor", "currency", "submitted_at",
            "decided_at", "advance", "decision",
        )  # fmt: skip

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_advance(self, application: Application) -> int | None:
        """Number of the advance that an approval led to."""
        advance = getattr(application, "advance", None)
        return advance.id if advance else None


class Recommendation(serializers.Serializer):
    outcome = serializers.CharField(source="recommendation")
    note = serializers.CharField(source="recommendation_note")
    by = serializers.CharField(source="recommended_by")
    at = serializers.DateTimeField(source="recommended_at")


class ApplicationShown(ApplicationSummary):
    decision = DecisionShown(allow_null=True)
    recommendation = serializers.SerializerMethodField()
    seen_hash = serializers.SerializerMethodField()

    class Meta(ApplicationSummary.Meta):
        fields = (*ApplicationSummary.Meta.fields, "recommendation", "seen_hash")

    @extend_schema_field(Recommendation(allow_null=True))
    def get_recommendation(self, application: Application) -> dict | None:
        """What the funder's maker recommends: the funder's own business."""
        return Recommendation(application).data if self._judges(application) and application.recommended_by else None

    def get_seen_hash(self, application: Application) -> str | None:
        """To be sent back with a judgement: it binds to the decision and the recommendation shown here."""
        return application.seen_hash if self._judges(application) else None

    def _judges(self, application: Application) -> bool:
        return audience_of(self.context["request"].actor, application) == wording.OFFICER


class ExposureShown(serializers.Serializer):
    """Principal paid out or promised, before and after the application; own funds: against what is lent and in cash."""

    bound = serializers.ChoiceField(choices=Bound.choices)
    name = serializers.CharField(allow_blank=True)
    before_minor = serializers.IntegerField()
    asked_minor = serializers.IntegerField(help_text="What the application adds; nothing once it is decided")
    after_minor = serializers.IntegerField()
    limit_minor = serializers.IntegerField()
    left_minor = serializers.IntegerField()


class RecordShown(serializers.Serializer):
    """How the supplier's earlier advances from this funder went."""

    advances = serializers.IntegerField()
    lent_minor = serializers.IntegerField()
    open = serializers.IntegerField()
    owed_minor = serializers.IntegerField()
    repaid = serializers.IntegerField()
    repaid_late = serializers.IntegerField()
    late_days = serializers.IntegerField(allow_null=True, help_text="Average of those repaid late")
    overdue = serializers.IntegerField()
    first_on = serializers.DateField(allow_null=True)
    last_on = serializers.DateField(allow_null=True)


class BehindShown(serializers.Serializer):
    """A receivable that the decision looked at; number, match and status are null where it is not available."""

    receivable = serializers.IntegerField(source="line.receivable_id")
    number = serializers.CharField(source="receivable.number", default=None, allow_null=True)
    status = serializers.CharField(source="receivable.status", default=None, allow_null=True)
    match = serializers.CharField(source="receivable.match", default=None, allow_null=True)
    due_date = serializers.DateField(source="line.due_date")
    counted_minor = serializers.IntegerField(source="line.counted_minor")
    is_security = serializers.BooleanField()


class StandingShown(serializers.Serializer):
    exposures = ExposureShown(many=True)
    record = RecordShown()
    behind = BehindShown(many=True)


class AdvanceSummary(serializers.ModelSerializer):
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


class RepaymentShown(serializers.ModelSerializer):
    """Of an advance that FAILED it was given back to the supplier, unless its settlement came back."""

    returned_at = serializers.DateTimeField(
        source="returned.recorded_at", allow_null=True, default=None,
        help_text="When its settlement came back, so that it is owed again",
    )  # fmt: skip

    class Meta:
        model = Repayment
        fields = ("id", "fees_minor", "interest_minor", "principal_minor", "value_date", "recorded_at", "returned_at")


class SecurityShown(serializers.ModelSerializer):
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
