"""An application, its decision, and what the funder judges it by."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.parties.api import PartyName
from financing.advances.models import Application
from financing.advances.shapes.offers import ReasonSaid, ResultSaid, audience_of
from financing.advances.standing import Bound
from financing.credit import rules, saying, wording
from financing.credit.models import Decision
from portal.shared.bodies import Answered, Items
from portal.shared.rows import Row

MAX_APPLICATIONS = 200


class ApplicationMade(serializers.Serializer):
    quote = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class ManyMade(serializers.Serializer):
    applications = Items(child=ApplicationMade(), min_length=1, max_length=MAX_APPLICATIONS)


class AppliedShown(Answered):
    """What became of one: done with its `application`, or refused with code and sentence."""

    quote = serializers.IntegerField(source="quote_id", allow_null=True, help_text="null: none could be read")
    application = serializers.IntegerField(source="application_id", allow_null=True)


class ManyShown(serializers.Serializer):
    entered = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = AppliedShown(many=True, help_text="One for each that was asked, in their order")


class ByHand(serializers.Serializer):
    outcome = serializers.ChoiceField(choices=["APPROVED", "DECLINED"])
    note = serializers.CharField(max_length=2000, allow_blank=True, default="", help_text="Stays with the funder")
    reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=rules.BY_PERSONS), default=list, max_length=len(rules.BY_PERSONS),
        help_text="Told to the supplier. Whoever declines names a reason or an explanation",
    )  # fmt: skip
    explanation = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="A sentence to the supplier; an approval has none"
    )
    seen_hash = serializers.CharField(max_length=64, help_text="Of the application, as it was read")


class DecisionSummary(Row):
    reasons = serializers.SerializerMethodField()
    is_automatic = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = ("id", "outcome", "reasons", "explanation", "business_date", "decided_at", "is_automatic")

    @extend_schema_field(ReasonSaid(many=True))
    def get_reasons(self, decision: Decision) -> list[dict]:
        return saying.deciding(decision, audience_of(self.context["request"].actor, decision))

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


class ApplicationSummary(Row):
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
    reasons = serializers.ListField(child=serializers.CharField(), source="recommended_reasons")
    explanation = serializers.CharField(source="recommended_explanation")
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
