"""What the API shows of reports: statements of account, and totals that a funder shares with a debtor."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from financing.advances.shapes import Rate
from financing.advances.statement import ORDER
from financing.credit.api import ProgrammeShown


class MovementShown(serializers.Serializer):
    on = serializers.DateField(help_text="Value date")
    what = serializers.ChoiceField(
        choices=ORDER, help_text="ACCRUED: interest that has come to it since and is not charged yet"
    )
    advance = serializers.IntegerField(source="advance_id")
    amount_minor = serializers.IntegerField(help_text="More owed is above zero, paid back below")
    owed_minor = serializers.IntegerField(help_text="Owed after it in this currency, over all advances")


class AccountShown(serializers.Serializer):
    currency = serializers.CharField()
    opening_minor = serializers.IntegerField(help_text="Owed before `from`")
    closing_minor = serializers.IntegerField(help_text="Owed at the end of `until`")
    movements = MovementShown(many=True)


class StatementOfAccount(serializers.Serializer):
    until = serializers.DateField(allow_null=True)
    accounts = AccountShown(many=True, help_text="One for each currency")

    def get_fields(self):
        # `from` is a word of the language, and no name of a field in its source.
        return {"from": serializers.DateField(allow_null=True)} | super().get_fields()


class PaceShown(serializers.Serializer):
    begins_on = serializers.DateField(allow_null=True, help_text="The week's Monday; null: the last thirty days")
    decided = serializers.IntegerField(allow_null=True)
    automatic_share = Rate(allow_null=True, help_text="Decided with no hand: 0.5 is half of them")
    median_ms = serializers.IntegerField(allow_null=True, help_text="From application to decision by the policy")
    p99_ms = serializers.IntegerField(allow_null=True)


class GradeShown(serializers.Serializer):
    grade = serializers.CharField(allow_blank=True, help_text="Empty: not scored")
    suppliers = serializers.IntegerField(allow_null=True)

    def to_representation(self, row: tuple[str, int | None]) -> dict:
        return {"grade": row[0], "suppliers": row[1]}


class FiguresShown(serializers.Serializer):
    """Null wherever a figure would tell of fewer than three suppliers."""

    programme = ProgrammeShown()
    suppliers = serializers.IntegerField()
    lent_minor = serializers.IntegerField(allow_null=True)
    left_minor = serializers.IntegerField(allow_null=True, help_text="On the funder's account; null: it keeps no book")
    funded_today = serializers.IntegerField(allow_null=True)
    funded_today_minor = serializers.IntegerField(allow_null=True)
    month = PaceShown()
    weeks = PaceShown(many=True)
    grades = GradeShown(many=True)


class WaitingForPeople(serializers.Serializer):
    count = serializers.IntegerField(help_text="Referred by the policy, and not decided")
    for_maker = serializers.IntegerField(help_text="Not recommended yet")
    for_checker = serializers.IntegerField(help_text="Recommended, and not decided")
    since = serializers.DateTimeField(allow_null=True, help_text="When the oldest was applied for")


class ThirtyDaysShown(serializers.Serializer):
    decided = serializers.IntegerField(source="all")
    by_hand = serializers.IntegerField()
    declined = serializers.IntegerField()
    automatic_share = serializers.FloatField(allow_null=True, help_text="Decided with no hand: 0.5 is half of them")
    funded = serializers.IntegerField(help_text="Of those decided with no hand")
    median_ms = serializers.IntegerField(allow_null=True, help_text="From application to money, with no hand")
    p99_ms = serializers.IntegerField(allow_null=True)


class PositionShown(serializers.Serializer):
    currency = serializers.CharField()
    cash_minor = serializers.IntegerField(source="cash")
    lent_minor = serializers.IntegerField(source="lent")
    due_to_suppliers_minor = serializers.IntegerField(source="due")


class FunderAtAGlance(serializers.Serializer):
    waiting = WaitingForPeople()
    thirty_days = ThirtyDaysShown()
    positions = PositionShown(many=True, help_text="By its book, one for each currency")


class ShareShown(serializers.Serializer):
    """`key`: a party's or programme's id, a grade, or a bucket of days until due."""

    key = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()
    principal_minor = serializers.IntegerField()
    interest_minor = serializers.IntegerField()
    fees_minor = serializers.IntegerField()


class EarnedShown(serializers.Serializer):
    month = serializers.DateField(help_text="Its first day")
    kind = serializers.CharField()
    amount_minor = serializers.IntegerField()


class LentShown(serializers.Serializer):
    currency = serializers.CharField()
    business_date = serializers.DateField()
    total = ShareShown()
    by_supplier = ShareShown(many=True, source="by.supplier")
    by_programme = ShareShown(many=True, source="by.programme")
    by_grade = ShareShown(many=True, source="by.grade")
    by_debtor = ShareShown(many=True, source="by.debtor")
    by_bucket = ShareShown(many=True, source="by.bucket")
    overdue_minor = serializers.IntegerField()
    on_its_way_minor = serializers.IntegerField(help_text="Approved and not paid out")
    limit_minor = serializers.IntegerField(help_text="Granted to all facilities")
    cash_minor = serializers.IntegerField()
    earned = serializers.SerializerMethodField()

    @extend_schema_field(EarnedShown(many=True))
    def get_earned(self, lent) -> list[dict]:
        return EarnedShown(self.context["earned"], many=True).data
