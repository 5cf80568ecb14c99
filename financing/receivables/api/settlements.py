"""REST: the platform's orders to pay what it owes."""

from datetime import date

from django.db.models import F, QuerySet, Sum
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.parties.api import PartyName
from financing.receivables import services
from financing.receivables.models import OrderedLine, Receivable, Settlement, SettlementLine, SettlementPayment
from financing.receivables.queries import IS_PROPOSED, UNVERIFIED
from portal.shared.access import require
from portal.shared.bodies import Answered, Items, counted, created, told, values
from portal.shared.errors import InvalidInput
from portal.shared.openapi import refuses
from portal.shared.paging import day
from portal.shared.rest import KEY_PARAMETER, Reading

MAX_LINES = 10_000
PAYING = (
    "NOT_SETTLEABLE", "PAYEE_NOT_VERIFIED", "ABOVE_OPEN_AMOUNT", "MIXED_CURRENCIES", "SETTLEMENT_KEY_REUSED",
    "RECEIVABLE_NAMED_TWICE", "NO_BANK_ACCOUNT",
)  # fmt: skip


class LineAsked(serializers.Serializer):
    receivable = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    amount_minor = serializers.IntegerField(
        allow_null=True, default=None, min_value=1, max_value=10**15, help_text="null: all that is open"
    )


class SettlementAsked(serializers.Serializer):
    key = serializers.CharField(max_length=80, help_text="Names the settlement: asked for again, it is the same one")
    lines = serializers.ListField(child=LineAsked(), min_length=1, max_length=MAX_LINES)


class SettlementInPart(SettlementAsked):
    lines = Items(child=LineAsked(), min_length=1, max_length=MAX_LINES)


class SettlementLineShown(serializers.ModelSerializer):
    class Meta:
        model = SettlementLine
        fields = ("receivable", "amount_minor")


class PaymentShown(serializers.ModelSerializer):
    payee = PartyName()

    class Meta:
        model = SettlementPayment
        fields = ("id", "payee", "amount_minor", "status", "instruction", "booked_at", "value_date", "failure")


class PaymentInFull(PaymentShown):
    lines = SettlementLineShown(many=True)

    class Meta(PaymentShown.Meta):
        fields = (*PaymentShown.Meta.fields, "lines")


class SettlementShown(serializers.ModelSerializer):
    payments = PaymentShown(many=True)

    class Meta:
        model = Settlement
        fields = ("id", "key", "currency", "created_at", "status", "decided_at", "reason", "payments")


class OrderedLineShown(serializers.ModelSerializer):
    class Meta:
        model = OrderedLine
        fields = ("receivable", "amount_minor")


class PayeeShown(serializers.Serializer):
    payee = PartyName(source="party")
    creditor_name = serializers.CharField(source="holder")
    creditor_iban = serializers.CharField(source="iban")


class SettlementInFull(SettlementShown):
    """`ordered` are the lines of one that a person proposed; its payments are made when a second one approves it."""

    payments = PaymentInFull(many=True)
    ordered = OrderedLineShown(many=True)
    seen_hash = serializers.SerializerMethodField(
        help_text="Binds an approval to these lines, who gets each, and on which account"
    )
    payees = serializers.SerializerMethodField(
        help_text="Of a proposed one: who would be paid, and where, as of now; without those who have no account"
    )

    class Meta(SettlementShown.Meta):
        # The hash is taken before the accounts are read: one that changes in between is noticed at the approval.
        fields = (*SettlementShown.Meta.fields, "ordered", "seen_hash", "payees")

    def get_seen_hash(self, settlement: Settlement) -> str:
        return services.seen_hash(settlement) if settlement.is_proposed else ""

    @extend_schema_field(PayeeShown(many=True))
    def get_payees(self, settlement: Settlement) -> list[dict]:
        if not settlement.is_proposed:
            return []
        payees = {row.due_to_id for row in Receivable.objects.filter(ordered__settlement=settlement)}
        return PayeeShown(services.payout_accounts(settlement, payees).values(), many=True).data


class Approval(serializers.Serializer):
    seen_hash = serializers.CharField(max_length=64, help_text="Of the settlement as it was read")


class Cancellation(serializers.Serializer):
    reason = serializers.CharField(max_length=280, required=False, allow_blank=True, default="")


class SettledLineShown(Answered):
    """What became of one line: in the settlement with its amount, or left out with code and sentence."""

    receivable = serializers.IntegerField(source="receivable_id", allow_null=True, help_text="null: none could be read")
    amount_minor = serializers.IntegerField(allow_null=True)


class SettledEachShown(serializers.Serializer):
    settlement = serializers.IntegerField(help_text="Read it at settlements/{id}/")
    entered = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = SettledLineShown(many=True)


class DueShown(serializers.Serializer):
    on = serializers.DateField()
    count = serializers.IntegerField()
    totals = serializers.DictField(child=serializers.IntegerField(), help_text="Minor units by currency")
    lines = LineAsked(
        many=True,
        help_text="At most 10,000, oldest due first: the body of a settlement. Without what a proposed one is to pay",
    )
    not_payable = LineAsked(many=True, help_text="Owed to suppliers that are not verified: refused until they are")


@extend_schema(tags=["settlements"])
class Settlements(Reading):
    """The platform's orders to pay what it owes.

    A machine's is paid at once: the system that speaks through it has approved it. A person's waits for a second one.
    """

    model, view, group = Settlement, "receivables.view_settlements", "settlements"
    filters = {"status": "status"}

    def get_queryset(self):
        found = super().get_queryset().prefetch_related("payments__payee")
        return found if self.action == "list" else found.prefetch_related("payments__lines", "ordered")

    def get_serializer_class(self):
        return SettlementShown if self.action == "list" else SettlementInFull

    @extend_schema(request=SettlementAsked, responses={201: SettlementInFull}, parameters=[KEY_PARAMETER])
    @refuses(*PAYING)
    def create(self, request) -> Response:
        """Order the payment of receivables: all of them, or nothing.

        A machine's is INSTRUCTED, a person's PROPOSED.
        """
        given = self.checked(SettlementAsked)
        made = services.settle(
            actor=self.actor, key=given["key"], now=timezone.now(),
            lines=[(each["receivable"], each["amount_minor"]) for each in given["lines"]],
        )  # fmt: skip
        return self.answer(made, 201)

    @extend_schema(request=SettlementInPart, responses={201: SettledEachShown}, parameters=[KEY_PARAMETER])
    @action(detail=False, methods=["post"])
    @refuses("NOTHING_ENTERED", "SETTLEMENT_KEY_REUSED", "NO_BANK_ACCOUNT")
    def bulk(self, request) -> Response:
        """Order the payment of those receivables that can be paid: each line is answered for itself, in their order.

        201 where one is paid at least: the settlement holds those lines. Where none is, the answer is 422
        `NOTHING_ENTERED` with the same results in `facts`, and the key is still free.
        """
        given = self.checked(SettlementInPart)
        made, answers = services.settle_each(
            actor=self.actor, key=given["key"], now=timezone.now(),
            lines=[(each["receivable"], each["amount_minor"]) for each in values(given["lines"])],
        )  # fmt: skip
        said = counted(told(given["lines"], answers)) | {"settlement": made and made.id}
        return created(SettledEachShown(said).data, given["lines"])

    @extend_schema(request=Approval, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses(
        "OWN_WORK", "LET_IN_LATELY", "INVALID_TRANSITION", "STALE", "NOT_SETTLEABLE", "PAYEE_NOT_VERIFIED",
        "ABOVE_OPEN_AMOUNT", "NO_BANK_ACCOUNT",
    )  # fmt: skip
    def approve(self, request, pk: str) -> Response:
        """Pay what another one proposed: the part of a checker that was let in three days ago or longer."""
        given = self.checked(Approval)
        return self.answer(
            services.approve_settlement(actor=self.actor, settlement_id=int(pk), now=timezone.now(), **given)
        )

    @extend_schema(request=Cancellation, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def cancel(self, request, pk: str) -> Response:
        """Withdraw or refuse what is proposed; nothing was paid."""
        given = self.checked(Cancellation)
        return self.answer(
            services.cancel_settlement(actor=self.actor, settlement_id=int(pk), now=timezone.now(), **given)
        )

    @extend_schema(
        responses=DueShown,
        parameters=[OpenApiParameter("on", date, required=True, description="Due on this day or before")],
    )
    @action(detail=False)
    @refuses("DATE_INVALID")
    def due(self, request) -> Response:
        """What the platform has to pay by a day, ready to be sent as a settlement."""
        require(self.actor, "receivables.settle")
        on = day(request.query_params.get("on", ""))
        if on is None:
            raise InvalidInput("Give a day as in 2026-03-31.", code="DATE_INVALID")
        owed = (
            Receivable.objects.visible_to(self.actor)
            .filter(
                status__in=[Receivable.Status.ACCEPTED, Receivable.Status.ASSIGNED], due_date__lte=on,
                open_minor__gt=F("settling_minor"),
            )
            .exclude(IS_PROPOSED)
            .annotate(payable=F("open_minor") - F("settling_minor"))
        )  # fmt: skip
        payable = owed.exclude(UNVERIFIED)
        totals = dict(payable.order_by().values_list("currency").annotate(Sum("payable")))
        lines = _lines(payable)
        due = {"on": on, "count": len(lines), "totals": totals, "lines": lines}
        return Response(DueShown(due | {"not_payable": _lines(owed.filter(UNVERIFIED))}).data)


def _lines(owed: QuerySet[Receivable]) -> list[dict]:
    rows = owed.order_by("due_date", "id").values_list("id", "payable")[:MAX_LINES]
    return [{"receivable": receivable, "amount_minor": payable} for receivable, payable in rows]
