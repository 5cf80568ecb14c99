"""What the API shows of a policy replayed over earlier decisions."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.parties.api import PartyName
from financing.credit import replays, saying, wording
from financing.credit.models import Decision, PolicyReplay, ReplayedDecision
from financing.credit.services.replaying import MONTHS


class ReplayAsked(serializers.Serializer):
    months = serializers.IntegerField(min_value=1, max_value=max(MONTHS), help_text="1, 3 or 6")


class ReplaySummary(serializers.ModelSerializer):
    class Meta:
        model = PolicyReplay
        fields = (
            "id", "policy", "body_hash", "months", "since", "as_of", "status", "decisions", "replayed", "changed",
            "requested_by", "requested_at", "finished_at",
        )  # fmt: skip


class SideShown(serializers.Serializer):
    """`amount_minor`, `income_minor`: of what is approved with no hand; `limit_minor`: the latest limits together."""

    approved = serializers.IntegerField()
    referred = serializers.IntegerField()
    declined = serializers.IntegerField()
    amount_minor = serializers.IntegerField()
    income_minor = serializers.IntegerField()
    limit_minor = serializers.IntegerField()


class ComparisonShown(serializers.Serializer):
    currency = serializers.CharField()
    grade = serializers.CharField(allow_blank=True, help_text="Empty: all grades, or not scored")
    before = SideShown()
    after = SideShown()


class MoveShown(serializers.Serializer):
    currency = serializers.CharField()
    before = serializers.ChoiceField(choices=Decision.Outcome.choices)
    after = serializers.ChoiceField(choices=Decision.Outcome.choices)
    count = serializers.IntegerField()
    amount_minor = serializers.IntegerField()


class ReplayFound(ReplaySummary):
    """In full. Until `status` is DONE it is about what has been replayed so far."""

    totals = serializers.SerializerMethodField()
    grades = serializers.SerializerMethodField()
    moves = serializers.SerializerMethodField()
    unreadable = serializers.SerializerMethodField(help_text="Decisions whose facts can no longer be read")

    class Meta(ReplaySummary.Meta):
        fields = (*ReplaySummary.Meta.fields, "totals", "grades", "moves", "unreadable")

    def to_representation(self, replay: PolicyReplay) -> dict:
        self._whole, self._graded = replays.totals(replay)
        return super().to_representation(replay)

    @extend_schema_field(ComparisonShown(many=True))
    def get_totals(self, replay: PolicyReplay) -> list[dict]:
        return ComparisonShown(self._whole, many=True).data

    @extend_schema_field(ComparisonShown(many=True))
    def get_grades(self, replay: PolicyReplay) -> list[dict]:
        return ComparisonShown(self._graded, many=True).data

    @extend_schema_field(MoveShown(many=True))
    def get_moves(self, replay: PolicyReplay) -> list[dict]:
        return MoveShown(replays.moves(replay), many=True).data

    def get_unreadable(self, replay: PolicyReplay) -> int:
        return replays.unreadable(replay)


class ReasonOfReplay(serializers.Serializer):
    code = serializers.CharField()
    sentence = serializers.CharField()


class ReplayedShown(serializers.ModelSerializer):
    supplier = PartyName()
    application = serializers.IntegerField(source="decision.application_id")
    reasons_before = serializers.SerializerMethodField()
    reasons_after = serializers.SerializerMethodField()

    class Meta:
        model = ReplayedDecision
        fields = (
            "id", "decision", "application", "supplier", "currency", "amount_minor", "outcome_before", "outcome_after",
            "grade_before", "grade_after", "limit_before_minor", "limit_after_minor", "income_before_minor",
            "income_after_minor", "reasons_before", "reasons_after",
        )  # fmt: skip

    @extend_schema_field(ReasonOfReplay(many=True))
    def get_reasons_before(self, line: ReplayedDecision) -> list[dict]:
        return saying.reasons(line.reasons_before, wording.OFFICER)

    @extend_schema_field(ReasonOfReplay(many=True))
    def get_reasons_after(self, line: ReplayedDecision) -> list[dict]:
        return saying.reasons(line.reasons_after, wording.OFFICER)
