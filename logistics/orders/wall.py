"""Which rows the database shows to whom: an order with all that belongs to it, to its buyer and its seller."""

from portal.shared.wall import ME, Shown, along_with

_OF_BOTH = Shown(supplier=f"supplier_id = {ME}", platform=f"platform_id = {ME}")

SHOWN = {
    "orders_purchaseorder": _OF_BOTH,
    "orders_orderline": along_with("orders_orderline", "orders_purchaseorder", by="order_id"),
    "orders_receiptline": along_with("orders_receiptline", "orders_orderline", by="order_line_id"),
    "orders_returnline": along_with("orders_returnline", "orders_orderline", by="order_line_id"),
    "orders_suppliernumber": _OF_BOTH,
}
