"""REST: the platform's suppliers, as its page shows them."""

from collections.abc import Sequence
from functools import cached_property

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.parties.models import Party
from financing.advances.shapes import Rate
from logistics.orders.queries import Deliveries
from portal.shared.access import PLATFORM
from portal.shared.errors import Forbidden
from portal.shared.rest import Reading
from portal.workspaces.platform.trading import health, main_currency, recent_deliveries, trading


class SupplierSummary(serializers.ModelSerializer):
    """Shares are of twelve months, null where there is nothing to measure."""

    external_reference = serializers.CharField(
        source="known_as", help_text="By which number this platform's documents name it: no other platform's"
    )
    orders = serializers.IntegerField(help_text="Of the platform's, since ever")
    waiting = serializers.IntegerField(help_text="Invoices received or disputed")
    currency = serializers.SerializerMethodField()
    owed_minor = serializers.IntegerField(help_text="Accepted and not paid, in this currency")
    on_time_share = Rate(source="delivered.on_time_share", allow_null=True)
    fulfilled_share = Rate(source="delivered.fulfilled_share", allow_null=True)
    return_share = Rate(source="delivered.return_share", allow_null=True)

    class Meta:
        model = Party
        fields = (
            "id", "name", "external_reference", "status", "orders", "waiting", "currency", "owed_minor",
            "on_time_share", "fulfilled_share", "return_share",
        )  # fmt: skip

    def get_currency(self, supplier: Party) -> str:
        return self.context["view"].currency


class TradeShown(serializers.Serializer):
    """Twelve months until `as_of`; months are of thirty days. Null where there is nothing to measure."""

    as_of = serializers.DateField()
    days_of_trade = serializers.IntegerField()
    order_lines = serializers.IntegerField()
    active_months = serializers.IntegerField()
    monthly_delivered_3m_minor = serializers.IntegerField()
    monthly_delivered_6m_minor = serializers.IntegerField()
    monthly_accepted_3m_minor = serializers.IntegerField()
    trend = Rate(allow_null=True, help_text="Delivered in 90 days, by the 90 days before: 1.1 is a tenth more")
    volatility = Rate(allow_null=True, help_text="Standard deviation by mean of six months' deliveries")
    return_share = Rate(allow_null=True)
    dispute_share = Rate(allow_null=True)
    cancelled_share = Rate(allow_null=True)
    on_time_share = Rate(allow_null=True)
    fulfilled_share = Rate(allow_null=True)
    top_category_share = Rate(allow_null=True)
    dilution = Rate(allow_null=True)


class SupplierShown(SupplierSummary):
    trade = TradeShown()

    class Meta(SupplierSummary.Meta):
        fields = (*SupplierSummary.Meta.fields, "trade")


@extend_schema(tags=["suppliers"])
class Suppliers(Reading):
    """How suppliers trade with the platform, by its own records. What a supplier borrows is not among them."""

    model, view, group = Party, "receivables.view", "trade"
    filters, sorts = {"status": "status"}, {"name": "name"}

    def rows(self):
        return trading(self.actor, self.currency) if self.actor.party_kind == PLATFORM else Party.objects.none()

    def get_serializer_class(self):
        return SupplierSummary if self.action == "list" else SupplierShown

    @cached_property
    def currency(self) -> str:
        return main_currency(self.actor)

    def list(self, request, *args, **kwargs) -> Response:
        """Suppliers with orders, how they were sent and arrived, and what is owed to each."""
        if self.actor.party_kind != PLATFORM:
            raise Forbidden()
        return super().list(request, *args, **kwargs)

    def completed(self, rows: Sequence[Party]) -> Sequence[Party]:
        found = recent_deliveries(self.actor, [row.pk for row in rows])
        for row in rows:
            row.delivered = found.get(row.pk) or Deliveries()
        return rows

    def seen(self, pk: str) -> Party:
        found = super().seen(pk)
        self.completed([found])
        found.trade = health(self.actor, found, self.currency)
        return found
