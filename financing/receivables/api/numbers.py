"""REST: by which number a platform's trade names a supplier that came by itself."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.parties.api import PartyShown
from financing.receivables import services
from logistics.orders import numbers
from logistics.orders.models import SupplierNumber
from portal.shared.openapi import refuses
from portal.shared.rest import KEY_PARAMETER, Reading


class Beneath(serializers.Serializer):
    """What the platform's trade holds under the number, and would become the supplier's."""

    name = serializers.CharField(source="holder.name", allow_null=True, default=None, help_text="null: nothing yet")
    is_taken = serializers.BooleanField(help_text="It belongs to a supplier of which more is known: refused")
    orders = serializers.IntegerField()
    first_ordered_at = serializers.DateTimeField(allow_null=True)
    last_ordered_at = serializers.DateTimeField(allow_null=True)
    invoices = serializers.IntegerField()
    doubles = serializers.IntegerField(help_text="Invoices that the supplier has handed in itself: these stay behind")
    owed_minor = serializers.DictField(child=serializers.IntegerField(), help_text="Open, in minor units by currency")


class NumberShown(serializers.ModelSerializer):
    supplier, platform = PartyShown(), PartyShown()
    registration_number = serializers.CharField(source="supplier.registration_number", help_text="Of the supplier")

    class Meta:
        model = SupplierNumber
        fields = (
            "id", "number", "supplier", "registration_number", "platform", "status", "proposed_at", "decided_at",
            "reason",
        )  # fmt: skip


class NumberRead(NumberShown):
    beneath = serializers.SerializerMethodField(help_text="To the platform, while it is asked; else null")

    class Meta(NumberShown.Meta):
        fields = (*NumberShown.Meta.fields, "beneath")

    @extend_schema_field(Beneath(allow_null=True))
    def get_beneath(self, asked: SupplierNumber) -> dict | None:
        actor = self.context["request"].actor
        if actor.party_id != asked.platform_id or asked.status != SupplierNumber.Status.PROPOSED:
            return None
        return Beneath(services.beneath(asked)).data


class NumberProposed(serializers.Serializer):
    platform = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="As in parties/?kind=PLATFORM")
    number = serializers.CharField(max_length=numbers.LONGEST, help_text="As it stands on the platform's orders")


class NumberRefused(serializers.Serializer):
    reason = serializers.CharField(max_length=280, help_text="The supplier reads it")


@extend_schema(tags=["supplier numbers"])
class SupplierNumbers(Reading):
    """A supplier that came by itself says by which number a platform knows it; the platform confirms or refuses.

    With the confirmation, what the platform's trade holds under the number becomes the supplier's.
    """

    model, view, group = SupplierNumber, "orders.view", "trade"
    related, filters = ("supplier", "platform"), {"status": "status"}

    def get_serializer_class(self):
        return NumberShown if self.action == "list" else NumberRead

    @extend_schema(request=NumberProposed, responses={201: NumberRead}, parameters=[KEY_PARAMETER])
    @refuses("NOT_FOUND", "SUPPLIER_NUMBER_INVALID", "SUPPLIER_NUMBER_KNOWN", "SUPPLIER_NUMBER_ASKED")
    def create(self, request) -> Response:
        """Name the supplier's number at a platform, as the supplier."""
        given = self.checked(NumberProposed)
        made = numbers.propose_number(
            actor=self.actor, platform_id=given["platform"], number=given["number"], now=timezone.now()
        )
        return self.answer(made, 201)

    @extend_schema(request=None, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION")
    def withdraw(self, request, pk: str) -> Response:
        """Take back what was said, as the supplier."""
        return self.answer(numbers.withdraw_number(actor=self.actor, number_id=int(pk), now=timezone.now()))

    @extend_schema(request=None, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses(
        "OWN_WORK", "LET_IN_LATELY", "INVALID_TRANSITION", "SUPPLIER_UNVERIFIED", "SUPPLIER_NUMBER_KNOWN",
        "SUPPLIER_NUMBER_TAKEN", "SUPPLIER_NUMBER_CLASH",
    )  # fmt: skip
    def confirm(self, request, pk: str) -> Response:
        """Know the supplier by the number, as the platform: the part of a checker."""
        return self.answer(services.confirm_number(actor=self.actor, number_id=int(pk), now=timezone.now()))

    @extend_schema(request=NumberRefused, parameters=[KEY_PARAMETER])
    @action(detail=True, methods=["post"])
    @refuses("INVALID_TRANSITION", "REASON_MISSING")
    def refuse(self, request, pk: str) -> Response:
        """Not know the supplier by the number, as the platform."""
        given = self.checked(NumberRefused)
        return self.answer(numbers.refuse_number(actor=self.actor, number_id=int(pk), now=timezone.now(), **given))
