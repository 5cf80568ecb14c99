"""The trade: what was ordered, received, and sent back."""

from django.contrib import admin

from logistics.orders.models import OrderLine, PurchaseOrder, ReceiptLine, ReturnLine, SupplierNumber
from portal.backoffice.base import ReadOnly
from portal.backoffice.filters import party, period
from portal.backoffice.site import site


@admin.register(PurchaseOrder, site=site)
class PurchaseOrders(ReadOnly):
    columns = ("number", "platform", "supplier", "ordered_at", "recorded_at")
    search_fields = ("number", "supplier__name")
    list_filter = (party("supplier"), party("platform"), period("ordered_at"))


@admin.register(OrderLine, site=site)
class OrderLines(ReadOnly):
    columns = ("id", "order", "line_number", "sku", "quantity", "amount_minor", "despatched_at", "cancelled_at")
    search_fields = ("=order__number", "=sku", "category")
    list_filter = (period("despatched_at"), period("cancelled_at"))


@admin.register(ReceiptLine, site=site)
class ReceiptLines(ReadOnly):
    columns = ("id", "order_line", "number", "quantity", "invoiced_quantity", "received_at")
    search_fields = ("=number", "=order_line__order__number")
    list_filter = (period("received_at"),)


@admin.register(ReturnLine, site=site)
class ReturnLines(ReadOnly):
    columns = ("id", "order_line", "number", "quantity", "amount_minor", "reason", "returned_at")
    search_fields = ("=number", "=order_line__order__number", "reason")
    list_filter = (period("returned_at"),)
    currency = "order_line__currency"


@admin.register(SupplierNumber, site=site)
class SupplierNumbers(ReadOnly):
    columns = ("number", "supplier", "platform", "status", "proposed_at", "decided_at")
    search_fields = ("=number", "supplier__name")
    list_filter = ("status", party("supplier"), party("platform"), period("proposed_at"))
