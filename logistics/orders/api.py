"""REST: trade history comes in, and what it says of orders."""

from datetime import UTC, datetime

from django.db.models import F
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from accounts.intake.models import Document
from accounts.parties.api import PartyName
from logistics.orders import services
from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine, ReturnLine
from logistics.orders.queries import summed
from portal.shared import access
from portal.shared.errors import InvalidInput
from portal.shared.openapi import refuses
from portal.shared.parsers import RawParser
from portal.shared.rest import KEY_PARAMETER, Reading, body_of
from portal.shared.rows import Row


class Csv(RawParser):
    media_type, limit = "text/csv", services.MAX_BYTES


class Gzip(RawParser):
    media_type, limit = "application/gzip", services.MAX_BYTES


class RowRefused(serializers.Serializer):
    line = serializers.IntegerField()
    code = serializers.CharField()
    reason = serializers.CharField()


class ReportShown(serializers.Serializer):
    """Rows of the file: new, known from before, updated, of a later time than asked for, refused."""

    document = serializers.IntegerField()
    lines = serializers.IntegerField()
    new = serializers.IntegerField()
    known = serializers.IntegerField()
    updated = serializers.IntegerField()
    receipts = serializers.IntegerField()
    returns = serializers.IntegerField()
    suppliers = serializers.IntegerField()
    not_yet = serializers.IntegerField()
    refused_lines = serializers.IntegerField()
    refused_by_code = serializers.DictField(child=serializers.IntegerField())
    refused = RowRefused(many=True)


class ImportSummary(serializers.ModelSerializer):
    lines = serializers.IntegerField(allow_null=True)
    new = serializers.IntegerField(allow_null=True)
    refused_lines = serializers.IntegerField(allow_null=True)

    class Meta:
        model = Document
        fields = (
            "id", "file_name", "media_type", "size", "sha256", "received_at", "outcome", "code", "explanation", "lines",
            "new", "refused_lines",
        )  # fmt: skip


class ImportShown(ImportSummary):
    report = serializers.DictField(source="report_said")

    class Meta(ImportSummary.Meta):
        fields = (*ImportSummary.Meta.fields, "report")


TRADE_EXAMPLE = """order,line,supplier,sku,quantity,unit_price,currency,ordered_at,receipt,received_quantity,received_at
PO-7,1,S-10001,KETTLE-2L,10,10.00,EUR,2026-01-05 10:00:00,GR-1,10,2026-01-09 08:00:00
"""


@extend_schema(tags=["trade history"])
class TradeHistory(Reading):
    """Files of order lines, as they came and what became of them."""

    model, view, group = Document, "orders.view", "trade"
    filters = {"outcome": "outcome"}
    parser_classes = [Csv, Gzip]

    def get_queryset(self):
        found = super().get_queryset().filter(kind=Document.Kind.TRADE_HISTORY).defer("content")
        found = found.annotate(**{name: F(f"report__{name}") for name in ("lines", "new", "refused_lines")})
        # A report may name twenty thousand rows; only the detail tells them.
        return found.defer("content", "report") if self.action == "list" else found

    def get_serializer_class(self):
        return ImportSummary if self.action == "list" else ImportShown

    @extend_schema(
        request={
            "text/csv": {"type": "string", "description": "As in docs/trade-files.md", "examples": [TRADE_EXAMPLE]},
            "application/gzip": {
                "type": "string",
                "format": "binary",
                "description": "The same, packed",
                "examples": ["(gzip of the CSV)"],
            },
        },
        responses={201: ReportShown},
        parameters=[
            KEY_PARAMETER,
            OpenApiParameter("mapping", str, required=True, description="Which columns mean what: portolan, olist"),
            OpenApiParameter("known_until", datetime, description="Read the file as it stood then"),
            OpenApiParameter("platform", int, description="Whose trade it is; only the operator says so"),
        ],
    )
    @refuses(
        "MAPPING_UNKNOWN", "COLUMNS_MISSING", "FILE_UNREADABLE", "KNOWN_UNTIL_INVALID", "PLATFORM_MISSING",
        "CONTENT_HARMFUL", "SCANNER_UNAVAILABLE",
    )  # fmt: skip
    def create(self, request) -> Response:
        """Hand in order lines as CSV."""
        asked = request.query_params
        report = services.import_trade(
            actor=self.actor, platform_id=self._platform(asked.get("platform", "")), content=body_of(request),
            mapping=asked.get("mapping", ""), known_until=_instant(asked.get("known_until", "")), now=timezone.now(),
            file_name=request.headers.get("X-File-Name", ""),
        )  # fmt: skip
        return Response(ReportShown(report).data, status=201)

    def _platform(self, given: str) -> int:
        if self.actor.party_kind != access.OPERATOR:
            return self.actor.party_id
        if not given.isascii() or not given.isdigit() or len(given) > 18:
            raise InvalidInput("Name the platform whose trade this is: ?platform=its number.", code="PLATFORM_MISSING")
        return int(given)


class ReceiptShown(Row):
    class Meta:
        model = ReceiptLine
        fields = ("number", "quantity", "invoiced_quantity", "received_at")


class ReturnShown(Row):
    class Meta:
        model = ReturnLine
        fields = ("number", "quantity", "amount_minor", "reason", "returned_at")


class OrderLineShown(Row):
    receipts, returns = ReceiptShown(many=True), ReturnShown(many=True)

    class Meta:
        model = OrderLine
        fields = (
            "line_number", "sku", "category", "quantity", "unit", "unit_price", "amount_minor", "currency",
            "despatch_by", "despatched_at", "cancelled_at", "receipts", "returns",
        )  # fmt: skip


class OrderSummary(Row):
    platform, supplier = PartyName(), PartyName()
    lines_count = serializers.IntegerField()
    amount_minor = serializers.IntegerField(help_text="Of all its lines")
    currency = serializers.CharField(allow_null=True)

    class Meta:
        model = PurchaseOrder
        fields = (
            "id", "number", "platform", "supplier", "ordered_at", "recorded_at", "lines_count", "amount_minor",
            "currency",
        )  # fmt: skip


class OrderShown(OrderSummary):
    lines = OrderLineShown(many=True)

    class Meta(OrderSummary.Meta):
        fields = (*OrderSummary.Meta.fields, "lines")


@extend_schema(tags=["purchase orders"])
class PurchaseOrders(Reading):
    """What the platform ordered, to buyer and seller: what an invoice is held against."""

    model, view, group = PurchaseOrder, "orders.view", "trade"
    related = ("platform", "supplier")
    filters, dated = {"supplier": "supplier_id", "platform": "platform_id"}, "ordered_at"

    def rows(self):
        found = summed(super().rows())
        return found if self.action == "list" else found.prefetch_related("lines__receipts", "lines__returns")

    def get_serializer_class(self):
        return OrderSummary if self.action == "list" else OrderShown


def _instant(given: str) -> datetime | None:
    if not given:
        return None
    try:
        found = parse_datetime(given)
    except ValueError:
        found = None
    if found is None:
        raise InvalidInput("Give an instant as in 2026-03-31T00:00:00Z.", code="KNOWN_UNTIL_INVALID")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
